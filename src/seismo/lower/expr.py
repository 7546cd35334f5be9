"""Expressions that fit a register, and conditions."""

from __future__ import annotations

from seismo.base.errors import CompilerBug
from seismo.ir.func import Block
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.lang.ast import (
    Binary,
    BlockExpr,
    Boolean,
    Call,
    Cast,
    Comptime,
    Expr,
    Field,
    Increment,
    MapAccess,
    Name,
    Number,
    Ternary,
    Unary,
    Variable,
)
from seismo.lang.types import BoolType, IntType, PointerType, Type
from seismo.lower.arithmetic import arithmetic, comparison
from seismo.lower.compare import memory_equal
from seismo.lower.context import FuncContext
from seismo.lower.layout import field_type, is_scalar, member_type
from seismo.lower.maps import find_entry, guarded_update, read_entry
from seismo.lower.places import (
    element_size,
    increment,
    is_part,
    load_place,
    locate,
    step,
)

__all__ = ("convert", "lower_condition", "lower_scalar", "set_scalar")

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


def lower_scalar(low: FuncContext, expr: Expr) -> Value:
    """The expression's value, extended to 64 bits by its type."""
    low.b.span = expr.span
    if low.is_constant(expr):
        known = low.settled(expr)
        if known is not None:
            return known
    expr = low.meant(expr)
    match expr:
        case Number():
            return low.b.const(expr.value)
        case Boolean():
            return low.b.const(int(expr.value))
        case Name():
            return _builtin(low, Call(expr.name, (), expr.span, expr.span))
        case Call():
            return (
                low.call(expr.name, expr.args)
                if low.is_function(expr.name)
                else _builtin(low, expr)
            )
        case Variable():
            return low.b.read(low.local(expr))
        case MapAccess():
            return read_entry(low, expr)
        case Unary() if not is_part(expr):
            return _unary(low, expr)
        case Binary():
            return _binary(low, expr)
        case Ternary():
            return _ternary(low, expr)
        case Increment():
            return _increment(low, expr)
        case Cast():
            return _cast(low, expr)
        case BlockExpr() if expr.value is not None:
            low.statements(expr.statements)
            low.b.reopen()
            return low.scalar(expr.value)
        case Comptime():
            return low.scalar(expr.operand)
        case _ if is_part(expr):
            return _part(low, expr)
        case _:
            raise CompilerBug("types", f"{type(expr).__name__} reached lowering as a number")


def convert(low: FuncContext, value: Value, to: Type) -> Value:
    """The value cut and extended again to a narrower integer type."""
    if isinstance(to, IntType) and to.bits < 64:
        return low.b.extend(value, to.bits, signed=to.signed)
    return value


def _builtin(low: FuncContext, call: Call) -> Value:
    lowered = low.builtin(call.name).lower(low, call)
    if not isinstance(lowered, Value):
        raise CompilerBug("types", f"{call.name} does not fit a register")
    return lowered


def _part(low: FuncContext, expr: Expr) -> Value:
    """A field, an element, what a pointer points to."""
    field = low.member(expr) if isinstance(expr, Field) and low.has_member(expr) else None
    return load_place(low, locate(low, expr), member_type(low.type_of(expr)), field)


def _unary(low: FuncContext, expr: Unary) -> Value:
    b = low.b
    if expr.op == "&":
        return _address_of(low, expr.operand)
    value = lower_scalar(low, expr.operand)
    match expr.op:
        case "-":
            return b.binary(BinaryKind.SUB, b.const(0), value)
        case "~":
            return b.binary(BinaryKind.XOR, value, b.const(-1))
        case "!":
            return b.compare(Cond.EQ, value, b.const(0))
        case _:
            raise CompilerBug("types", f"operator {expr.op} reached lowering")


def _address_of(low: FuncContext, target: Expr) -> Value:
    """Where a variable or the value of a map lies in the program's own memory, or a whole map."""
    if isinstance(target, Variable):
        return low.address(low.home(target))
    if isinstance(target, MapAccess) and len(target.keys) < len(low.map_symbol(target.name).keys):
        return low.b.map(target.name)
    if isinstance(target, MapAccess):
        return find_entry(low, target)
    raise CompilerBug("types", "& of what is no variable reached lowering")


def set_scalar(low: FuncContext, target: Variable, value: Value) -> None:
    """Assign to a variable that fits a register, and to its memory where something points there."""
    b, name = low.b, low.local(target)
    kept = convert(low, value, low.local_type(target))
    b.write(name, kept)
    if name in low.body.addressed:
        home = low.home(target)
        size = low.field_type(low.local_type(target)).size
        b.store(home.base, home.offset, kept, size)


def _binary(low: FuncContext, expr: Binary) -> Value:
    if expr.op in ("&&", "||"):
        return _truth(low, expr)
    if expr.op in _COMPARISONS:
        return _comparison(low, expr)
    left, right = lower_scalar(low, expr.left), lower_scalar(low, expr.right)
    low.b.span = expr.span
    types = low.type_of(expr.left), low.type_of(expr.right)
    if expr.op in ("+", "-") and any(isinstance(one, PointerType) for one in types):
        return _pointer_arithmetic(low, expr.op, (left, types[0]), (right, types[1]))
    return arithmetic(low, expr.op, (left, types[0]), (right, expr.right), expr.span)


def _pointer_arithmetic(
    low: FuncContext, op: str, left: tuple[Value, Type], right: tuple[Value, Type]
) -> Value:
    """C's rules: a number steps over whole elements."""
    b = low.b
    values: list[Value] = []
    for (value, type_), (_, other) in ((left, right), (right, left)):
        if isinstance(other, PointerType) and not isinstance(type_, PointerType):
            value = step(low, value, other.target)
        values.append(value)
    kind = BinaryKind.ADD if op == "+" else BinaryKind.SUB
    result = b.binary(kind, values[0], values[1])
    if isinstance(left[1], PointerType) and isinstance(right[1], PointerType):
        return b.binary(BinaryKind.DIV, result, element_size(low, left[1].target))
    return result


def _comparison(low: FuncContext, expr: Binary) -> Value:
    left_type, right_type = low.type_of(expr.left), low.type_of(expr.right)
    if not is_scalar(left_type):
        equal = memory_equal(low, expr)
        return equal if expr.op == "==" else low.b.compare(Cond.EQ, equal, low.b.const(0))
    left, right = lower_scalar(low, expr.left), lower_scalar(low, expr.right)
    low.b.span = expr.span
    return low.b.compare(comparison(expr.op, left_type, right_type), left, right)


def _truth(low: FuncContext, expr: Expr) -> Value:
    """A condition as 1 or 0."""
    b, result = low.b, low.fresh("truth")
    b.fork(
        lambda then, other: lower_condition(low, expr, then, other),
        lambda: b.write(result, b.const(1)),
        lambda: b.write(result, b.const(0)),
    )
    return b.read(result)


def _ternary(low: FuncContext, expr: Ternary) -> Value:
    b, result, then = low.b, low.fresh("chosen"), expr.then
    if then is None:
        value = lower_scalar(low, expr.condition)
        b.write(result, value)
        b.when(Cond.EQ, value, b.const(0), lambda: b.write(result, low.scalar(expr.other)))
        return b.read(result)
    b.fork(
        lambda yes, no: lower_condition(low, expr.condition, yes, no),
        lambda: b.write(result, low.scalar(then)),
        lambda: b.write(result, low.scalar(expr.other)),
    )
    return b.read(result)


def _increment(low: FuncContext, expr: Increment) -> Value:
    """`x++` gives the old value, `++x` the new one; on a map it is atomic."""
    b = low.b
    type_ = low.type_of(expr)
    amount = increment(low, type_, expr.op)
    if isinstance(expr.target, Variable):
        name = low.local(expr.target)
        old = b.read(name)
        new = convert(low, b.binary(BinaryKind.ADD, old, amount), low.local_type(expr.target))
        set_scalar(low, expr.target, new)
        return new if expr.prefix else old
    result = low.fresh("old")
    b.write(result, b.const(0))
    guarded_update(low, expr.target, lambda slot: b.write(result, b.fetch_add(slot, 0, amount)))
    old = b.read(result)
    return b.binary(BinaryKind.ADD, old, amount) if expr.prefix else old


def _cast(low: FuncContext, expr: Cast) -> Value:
    """Between numbers and pointers; an array's bytes are an integer's."""
    target, own = low.type_of(expr), low.type_of(expr.operand)
    if not is_scalar(own):
        at = low.memory(expr.operand)
        form = field_type(target)
        signed = isinstance(target, IntType) and target.signed
        return low.b.load(at.base, at.offset, form.size, signed=signed)
    value = low.scalar(expr.operand)
    if isinstance(target, BoolType):
        return low.b.compare(Cond.NE, value, low.b.const(0))
    return convert(low, value, target)


def lower_condition(low: FuncContext, expr: Expr, then: Block, other: Block) -> None:
    """Branch on an expression; the right side of `&&` and `||` runs only if it decides."""
    b = low.b
    if isinstance(expr, Unary) and expr.op == "!":
        lower_condition(low, expr.operand, other, then)
        return
    if isinstance(expr, Binary) and expr.op in ("&&", "||") and not low.is_constant(expr):
        right = b.new_block("and" if expr.op == "&&" else "or")
        if expr.op == "&&":
            lower_condition(low, expr.left, right, other)
        else:
            lower_condition(low, expr.left, then, right)
        b.seal(right)
        b.start(right)
        lower_condition(low, expr.right, then, other)
        return
    b.branch_if(lower_scalar(low, expr), then, other)
