"""Statements: assignments, `if`, loops, expressions for their effect."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import assert_never

from seismo.base.errors import CompilerBug
from seismo.builtin.bytes import copy_bytes
from seismo.builtin.record import Address, Writer
from seismo.ir.ops import BinaryKind, Value
from seismo.lang.ast import (
    AssignMap,
    AssignVariable,
    Block,
    BlockExpr,
    Break,
    Call,
    Continue,
    Expr,
    ExprStatement,
    ForMap,
    ForRange,
    If,
    Increment,
    MapAccess,
    Name,
    Return,
    Stmt,
    Ternary,
    Unroll,
    Variable,
    While,
)
from seismo.lang.types import AggregateType, PointerType, Type, VoidType
from seismo.lang.walk import walk
from seismo.lower.arithmetic import arithmetic
from seismo.lower.context import FuncContext
from seismo.lower.expr import convert, set_scalar
from seismo.lower.layout import is_scalar, value_type
from seismo.lower.loops import lower_for_map, lower_for_range, lower_unroll, lower_while
from seismo.lower.maps import guarded_update, put_entry
from seismo.lower.places import increment, step

__all__ = ("assign", "lower_statements")


def lower_statements(low: FuncContext, statements: Sequence[Stmt]) -> None:
    """Statement by statement, up to the first that ends the function.

    `print(@m); clear(@m);` is one action, so that nothing is lost in between.
    """
    is_cleared = False
    for statement, following in zip_longest(statements, statements[1:]):
        if not low.b.is_open:
            return
        if is_cleared:
            is_cleared = False
            continue
        low.merges_clear = is_cleared = _is_print_and_clear(statement, following)
        mark = low.mark()
        _statement(low, statement)
        low.release(mark)
        low.merges_clear = False


def _is_print_and_clear(statement: Stmt, following: Stmt | None) -> bool:
    printed, cleared = _whole_map(statement, "print"), _whole_map(following, "clear")
    return printed != "" and printed == cleared


def _whole_map(statement: Stmt | None, function: str) -> str:
    """The name of the map in `function(@name, …)`, '' for any other statement."""
    if not isinstance(statement, ExprStatement) or not isinstance(statement.expr, Call):
        return ""
    call = statement.expr
    target = call.args[0] if call.name == function and call.args else None
    return target.name if isinstance(target, MapAccess) and not target.keys else ""


def _statement(low: FuncContext, statement: Stmt) -> None:
    """One statement; afterwards the builder's block is closed if the function has ended."""
    low.b.span = statement.span
    match statement:
        case ExprStatement():
            _effect(low, statement.expr)
        case AssignVariable():
            _assign_variable(low, statement)
        case AssignMap():
            _assign_map(low, statement)
        case If():
            _if(low, statement)
        case Block():
            low.statements(statement.statements)
        case While():
            lower_while(low, statement)
        case Unroll():
            lower_unroll(low, statement)
        case ForRange():
            lower_for_range(low, statement)
        case ForMap():
            lower_for_map(low, statement)
        case Break():
            low.loops[-1].leave()
        case Continue():
            low.loops[-1].go_on()
        case Return():
            _return(low, statement)
        case _:
            assert_never(statement)


def _effect(low: FuncContext, expr: Expr) -> None:
    """An expression whose value nobody wants."""
    if low.is_constant(expr):
        return
    expr = low.meant(expr)
    if isinstance(expr, Increment) and isinstance(expr.target, MapAccess):
        type_ = low.type_of(expr)
        _add(low, expr.target, increment(low, type_, expr.op))
        return
    type_ = low.type_of(expr)
    match expr:
        case BlockExpr():
            low.statements(expr.statements)
            if expr.value is not None and low.b.is_open:
                _effect(low, expr.value)
        case Call() if low.is_function(expr.name):
            low.call(expr.name, expr.args)
        case Call() if isinstance(type_, VoidType):
            low.builtin(expr.name).lower(low, expr)
        case Name() if isinstance(type_, VoidType):
            low.builtin(expr.name).lower(low, Call(expr.name, (), expr.span, expr.span))
        case Ternary():
            _choose(low, expr)
        case _ if is_scalar(type_):
            low.scalar(expr)
        case _:
            low.writer(expr)


def _choose(low: FuncContext, expr: Ternary) -> None:
    """`c ? f() : g()`: only one of them is called."""
    then = expr.then

    def arm(value: Expr) -> None:
        mark = low.mark()
        _effect(low, value)
        low.release(mark)

    low.b.fork(
        lambda yes, no: low.condition(expr.condition, yes, no),
        (lambda: arm(then)) if then is not None else (lambda: None),
        lambda: arm(expr.other),
    )


def _return(low: FuncContext, statement: Return) -> None:
    if statement.value is None:
        low.give(None)
        return
    returns = low.body.returns
    if is_scalar(returns):
        low.give(convert(low, low.scalar(statement.value), returns))
    elif isinstance(returns, VoidType):
        _effect(low, statement.value)
        low.give(None)
    else:
        form = low.field_type(returns)
        result = Address(low.scratch_base, low.body.result)
        write = low.writer_as(statement.value, form)
        low.b.fill(result.base, result.offset, (form.size + 7) & -8)
        low.give(write)


def _assign_variable(low: FuncContext, statement: AssignVariable) -> None:
    """`let $x;` has no value: the variable is zero, or the empty string."""
    target, value = statement.target, statement.value
    type_ = low.local_type(target)
    if not is_scalar(type_):
        assign(low, target, _own_writer(low, target, value))
        return
    if value is None:
        result = low.b.const(0)
    elif statement.op:
        left = (low.b.read(low.local(target)), type_)
        result = _combined(low, statement.op, left, (low.scalar(value), value), statement)
    else:
        result = low.scalar(value)
    assign(low, target, result)


def _own_writer(low: FuncContext, target: Variable, value: Expr | None) -> Writer:
    """What writes a variable's new value; one that is made of the old value is made apart from it
    first."""
    if value is None:
        return lambda _: low.b.const(0)
    form = low.field_type(low.local_type(target))
    write = low.writer_as(value, form)
    name = low.local(target)
    if not any(
        isinstance(node, Variable) and low.is_typed(node) and low.local(node) == name
        for node in walk(value)
    ):
        return write
    apart = low.scratch(form.size)
    low.b.fill(apart.base, apart.offset, (form.size + 7) & -8)
    write(apart)
    return copy_bytes(low, apart, form.size)


def assign(low: FuncContext, target: Variable, value: Value | Writer) -> None:
    """See `Lowering.set_variable`."""
    type_ = low.local_type(target)
    if isinstance(value, Value):
        set_scalar(low, target, value)
        return
    home, size = low.home(target), low.field_type(type_).size
    low.b.fill(home.base, home.offset, (size + 7) & -8)
    value(home)


def _combined(
    low: FuncContext,
    op: str,
    left: tuple[Value, Type],
    right: tuple[Value, Expr],
    statement: AssignVariable | AssignMap,
) -> Value:
    """left op right, where `$p += 1` steps over a whole element."""
    if isinstance(left[1], PointerType) and op in ("+", "-"):
        distance = step(low, right[0], left[1].target)
        kind = BinaryKind.ADD if op == "+" else BinaryKind.SUB
        return low.b.binary(kind, left[0], distance)
    return arithmetic(low, op, left, right, statement.span)


def _assign_map(low: FuncContext, statement: AssignMap) -> None:
    target, value = statement.target, statement.value
    map_type = low.map_symbol(target.name).value
    if isinstance(map_type, AggregateType):
        _aggregate(low, statement)
    elif statement.op in ("+", "-") and not isinstance(map_type, PointerType):
        amount = low.scalar(value)
        if statement.op == "-":
            amount = low.b.binary(BinaryKind.SUB, low.b.const(0), amount)
        _add(low, target, amount)
    elif statement.op:
        _update(low, statement, low.scalar(value))
    else:
        put_entry(low, target, value)


def _aggregate(low: FuncContext, statement: AssignMap) -> None:
    value = statement.value
    if isinstance(value, Name):
        value = Call(value.name, (), value.span, value.span)
    if not isinstance(value, Call):
        raise CompilerBug("types", "an aggregation that is not a call reached lowering")
    update = low.aggregate(value.name).update(low, value)
    low.guarded_update(statement.target, update.apply, update.bucket)


def _add(low: FuncContext, target: MapAccess, amount: Value) -> None:
    """Atomic: no update is lost to another CPU."""
    guarded_update(low, target, lambda slot: low.b.atomic_add(slot, 0, amount))


def _update(low: FuncContext, statement: AssignMap, right: Value) -> None:
    """`@m[k] op= v` for operators that have no atomic form: read, compute, write."""
    type_ = low.map_symbol(statement.target.name).value
    form = value_type(type_)

    def apply(slot: Value) -> None:
        left = (low.b.load(slot, 0, form.size), type_)
        new = _combined(low, statement.op, left, (right, statement.value), statement)
        low.b.store(slot, 0, new, form.size)

    guarded_update(low, statement.target, apply)


def _if(low: FuncContext, statement: If) -> None:
    condition, other = statement.condition, statement.other
    if low.is_constant(condition):
        if low.constant(condition):
            low.statements(statement.then.statements)
        elif other is not None:
            low.statements(other.statements)
        return
    low.b.fork(
        lambda then, otherwise: low.condition(condition, then, otherwise),
        lambda: low.statements(statement.then.statements),
        (lambda: low.statements(other.statements)) if other is not None else None,
    )
