"""Expressions that fit a register, and conditions."""

from __future__ import annotations

from seismo.base.errors import CompilerBug
from seismo.ir.func import Block
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.lang.ast import (
    Binary,
    Boolean,
    Call,
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
from seismo.lang.types import IntType, StringType, Type
from seismo.lower.access import lower_field
from seismo.lower.arithmetic import arithmetic, comparison
from seismo.lower.context import ProbeContext, fork
from seismo.lower.maps import guarded_update, read_entry
from seismo.lower.memory import string_equal

__all__ = ("convert", "lower_condition", "lower_scalar")

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


def lower_scalar(low: ProbeContext, expr: Expr) -> Value:
    """The expression's value, extended to 64 bits by its type."""
    low.b.span = expr.span
    match expr:
        case Number():
            return low.b.const(expr.value)
        case Boolean():
            return low.b.const(int(expr.value))
        case Name():
            return _builtin(low, Call(expr.name, (), expr.span, expr.span))
        case Call():
            return _builtin(low, expr)
        case Variable():
            return low.b.read(low.local(expr))
        case MapAccess():
            return read_entry(low, expr)
        case Field():
            return lower_field(low, expr)
        case Unary():
            return _unary(low, expr)
        case Binary():
            return _binary(low, expr)
        case Ternary():
            return _ternary(low, expr)
        case Increment():
            return _increment(low, expr)
        case _:
            raise CompilerBug("types", f"{type(expr).__name__} reached lowering as a number")


def convert(low: ProbeContext, value: Value, to: Type) -> Value:
    """The value cut and extended again to a narrower integer type."""
    if isinstance(to, IntType) and to.bits < 64:
        return low.b.extend(value, to.bits, signed=to.signed)
    return value


def _builtin(low: ProbeContext, call: Call) -> Value:
    lowered = low.builtin(call.name).lower(low, call)
    if not isinstance(lowered, Value):
        raise CompilerBug("types", f"{call.name} does not fit a register")
    return lowered


def _unary(low: ProbeContext, expr: Unary) -> Value:
    b = low.b
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


def _binary(low: ProbeContext, expr: Binary) -> Value:
    if expr.op in ("&&", "||"):
        return _truth(low, expr)
    if expr.op in _COMPARISONS:
        return _comparison(low, expr)
    left, right = lower_scalar(low, expr.left), lower_scalar(low, expr.right)
    low.b.span = expr.span
    left_type = low.type_of(expr.left)
    return arithmetic(low, expr.op, (left, left_type), (right, expr.right), expr.span)


def _comparison(low: ProbeContext, expr: Binary) -> Value:
    left_type, right_type = low.type_of(expr.left), low.type_of(expr.right)
    if isinstance(left_type, StringType):
        equal = string_equal(low, expr)
        return equal if expr.op == "==" else low.b.compare(Cond.EQ, equal, low.b.const(0))
    left, right = lower_scalar(low, expr.left), lower_scalar(low, expr.right)
    low.b.span = expr.span
    return low.b.compare(comparison(expr.op, left_type, right_type), left, right)


def _truth(low: ProbeContext, expr: Expr) -> Value:
    """A condition as 1 or 0."""
    b, result = low.b, low.fresh("truth")
    fork(
        low,
        lambda then, other: lower_condition(low, expr, then, other),
        lambda: b.write(result, b.const(1)),
        lambda: b.write(result, b.const(0)),
    )
    return b.read(result)


def _ternary(low: ProbeContext, expr: Ternary) -> Value:
    b, result = low.b, low.fresh("chosen")
    fork(
        low,
        lambda then, other: lower_condition(low, expr.condition, then, other),
        lambda: b.write(result, lower_scalar(low, expr.then)),
        lambda: b.write(result, lower_scalar(low, expr.other)),
    )
    return b.read(result)


def _increment(low: ProbeContext, expr: Increment) -> Value:
    """`x++` gives the old value, `++x` the new one; on a map it is atomic."""
    b = low.b
    step = b.const(1 if expr.op == "++" else -1)
    if isinstance(expr.target, Variable):
        name = low.local(expr.target)
        old = b.read(name)
        new = convert(low, b.binary(BinaryKind.ADD, old, step), low.local_type(expr.target))
        b.write(name, new)
        return new if expr.prefix else old
    result = low.fresh("old")
    b.write(result, b.const(0))
    guarded_update(low, expr.target, lambda slot: b.write(result, b.fetch_add(slot, 0, step)))
    old = b.read(result)
    return b.binary(BinaryKind.ADD, old, step) if expr.prefix else old


def lower_condition(low: ProbeContext, expr: Expr, then: Block, other: Block) -> None:
    """Branch on an expression; the right side of `&&` and `||` runs only if it decides."""
    b = low.b
    if isinstance(expr, Unary) and expr.op == "!":
        lower_condition(low, expr.operand, other, then)
        return
    if isinstance(expr, Binary) and expr.op in ("&&", "||"):
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
