"""Expressions that fit a register, and those evaluated only for what they do."""

from __future__ import annotations

from collections.abc import Callable

from seismo.base.errors import CompilerBug
from seismo.c.lower.arithmetic import integer_of, normalised
from seismo.c.lower.call import LowerCall
from seismo.c.lower.kernel_place import Elsewhere, address_of_member, assume_storage
from seismo.c.lower.memory import plain
from seismo.c.lower.operators import operate, truth
from seismo.c.lower.place import Memory, find, get, put
from seismo.c.lower.state import Body
from seismo.c.lower.value import DIRECT, KERNEL, NULL, Address, Operand, Space, join
from seismo.c.tree import (
    AddressOf,
    Assign,
    BuiltinCall,
    Cast,
    Comma,
    Conditional,
    Constant,
    Evaluate,
    Expr,
    FunctionAddress,
    FunctionCall,
    HelperCall,
    KernelConstant,
    Load,
    Logical,
    MethodCall,
    StatementExpr,
    TableAddress,
)
from seismo.c.types import U64, CType, Pointer, Void, is_aggregate, is_scalar
from seismo.ir.func import Block

__all__ = ("convert", "effect", "fork", "operand")


def operand(low: Body, expr: Expr) -> Operand:
    """See `Lowering.operand`."""
    answer = _evaluate(low, expr)
    if answer is None:
        raise CompilerBug("ir", f"{type(expr).__name__} gives nothing")
    return answer


def _evaluate(low: Body, expr: Expr) -> Operand | None:
    """The value of an expression, if it has one."""
    b = low.b
    b.span = expr.span
    match expr:
        case Constant(value, type_):
            return Operand(b.const(value), type_, NULL if isinstance(type_, Pointer) else KERNEL)
        case KernelConstant(value, relocation, type_):
            return Operand(low.state.host.kernel_value(b, relocation, value), type_)
        case Load(place, type_):
            located = find(low, place)
            b.span = expr.span
            return get(low, located, type_)
        case AddressOf(place, type_):
            located = find(low, place)
            if isinstance(located, Elsewhere):
                return low.pointer(address_of_member(low, located), type_)
            if not isinstance(located, Memory):
                raise CompilerBug("ir", f"the address of {located}")
            return low.pointer(located.address, type_)
        case TableAddress(table, type_):
            return Operand(b.map(table.name), type_, DIRECT)
        case FunctionAddress(function, type_):
            return Operand(b.func_address(low.subprogram(function)), type_, DIRECT)
        case Cast(inner, type_):
            return _cast(low, inner, type_)
        case Comma(first, second):
            low.effect(first)
            return _evaluate(low, second)
        case StatementExpr():
            return _statement_expr(low, expr)
        case HelperCall() | BuiltinCall() | MethodCall() | FunctionCall():
            return _call(low, expr)
        case Conditional():
            return _conditional(low, expr)
        case Logical():
            return truth(low, expr)
        case Assign(place, value):
            new = low.operand(value)
            located = find(low, place)
            b.span = expr.span
            return put(low, located, new)
        case _:
            return operate(low, expr)


def effect(low: Body, expr: Expr) -> None:
    """See `Lowering.effect`."""
    low.b.span = expr.span
    match expr:
        case Cast(inner, Void()):
            low.effect(inner)
        case Conditional(condition, then, other) if then is not None:
            low.b.fork(
                lambda yes, no: low.condition(condition, yes, no),
                lambda: low.effect(then),
                lambda: low.effect(other),
            )
        case Comma(first, second):
            low.effect(first)
            low.effect(second)
        case StatementExpr(block):
            low.statement(block)
        case _ if is_aggregate(expr.type):
            low.memory(expr)
        case Logical():
            done = low.b.new_block("join")
            low.condition(expr, done, done)
            low.b.seal(done)
            low.b.start(done)
        case _:
            _evaluate(low, expr)


def convert(low: Body, value: Operand, to: CType) -> Operand:
    """See `Lowering.convert`."""
    source, target = integer_of(value.type), integer_of(to)
    if value.space.is_context and target.size == 8:
        return Operand(value.value, to, value.space, value.alignment)
    made = normalised(low.b, plain(low, value), source, target)
    is_kept = made is value.value and (value.space != NULL or isinstance(to, Pointer))
    return Operand(made, to, value.space if is_kept else KERNEL, value.alignment)


def _cast(low: Body, inner: Expr, to: CType) -> Operand | None:
    if isinstance(to, Void):
        low.effect(inner)
        return None
    if is_scalar(inner.type):
        return low.convert(low.operand(inner), to)
    # The low half of 16 bytes.
    return low.convert(low.load(low.memory(inner), U64), to)


def _statement_expr(low: Body, expr: StatementExpr) -> Operand | None:
    """The value of `({ … })`: that of its last statement."""
    statements = expr.block.statements
    if isinstance(expr.type, Void) or not statements:
        low.statement(expr.block)
        return None
    for one in statements[:-1]:
        low.statement(one)
    low.b.reopen()
    last = statements[-1]
    if not isinstance(last, Evaluate):
        raise CompilerBug("ir", "({ … }) does not end in an expression")
    return low.operand(last.value)


def _call(low: Body, expr: HelperCall | BuiltinCall | MethodCall | FunctionCall) -> Operand | None:
    host = low.state.host
    if isinstance(expr, MethodCall):
        assume_storage(low, expr.table.key)
        assume_storage(low, expr.table.leaf)
    match expr:
        case HelperCall(name, args, type_, span):
            return host.helper(LowerCall(low=low, name=name, args=args, type=type_, span=span))
        case BuiltinCall(name, args, type_, span, types):
            return host.builtin(
                LowerCall(low=low, name=name, args=args, type=type_, span=span, types=types)
            )
        case MethodCall(table, name, args, type_, span):
            return host.method(
                LowerCall(low=low, name=name, args=args, type=type_, span=span, table=table)
            )
        case FunctionCall():
            answer = low.inline(expr)
            if isinstance(answer, Address):
                raise CompilerBug("ir", f"{expr.function.name} gives a {expr.type}")
            return answer


def _conditional(low: Body, expr: Conditional) -> Operand:
    then, other = expr.then, expr.other
    if then is not None:
        return low.fork(
            lambda yes, no: low.condition(expr.condition, yes, no),
            lambda: low.operand(then),
            lambda: low.operand(other),
            expr.type,
        )
    first = low.operand(expr.condition)
    value = plain(low, first)
    return low.fork(
        lambda yes, no: low.b.branch_if(value, yes, no),
        lambda: low.convert(first, expr.type),
        lambda: low.operand(other),
        expr.type,
    )


def fork(
    low: Body,
    branch: Callable[[Block, Block], None],
    then: Callable[[], Operand],
    other: Callable[[], Operand],
    type_: CType,
) -> Operand:
    """See `Lowering.fork`."""
    name, spaces = low.fresh("choice"), list[Space]()

    def arm(make: Callable[[], Operand]) -> None:
        value = make()
        spaces.append(KERNEL if value.space.is_context else value.space)
        low.b.write(name, low.settle(value, DIRECT))

    low.b.fork(branch, lambda: arm(then), lambda: arm(other))
    return Operand(low.b.read(name), type_, join(*spaces))
