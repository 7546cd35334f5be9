"""Statements: assignments, `if`, expressions for their effect."""

from __future__ import annotations

from typing import assert_never

from seismo.base.errors import CompilerBug
from seismo.ir.ops import BinaryKind, Value
from seismo.lang.ast import (
    AssignMap,
    AssignVariable,
    Block,
    Call,
    Expr,
    ExprStatement,
    If,
    Increment,
    MapAccess,
    Name,
    Return,
    Stmt,
    Ternary,
)
from seismo.lang.types import AggregateType, VoidType
from seismo.lower.arithmetic import arithmetic
from seismo.lower.context import ProbeContext, fork
from seismo.lower.expr import convert
from seismo.lower.layout import is_scalar, value_type
from seismo.lower.maps import guarded_update, put_entry
from seismo.lower.memory import writer_as

__all__ = ("lower_block", "lower_statement")


def lower_block(low: ProbeContext, block: Block) -> None:
    """Statement by statement, up to the first that ends the probe."""
    for statement in block.statements:
        if not low.b.is_open:
            return
        lower_statement(low, statement)


def lower_statement(low: ProbeContext, statement: Stmt) -> None:
    """One statement; afterwards the builder's block is closed if the probe has ended."""
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
        case Return():
            low.leave()
        case Block():
            lower_block(low, statement)
        case _:
            assert_never(statement)


def _effect(low: ProbeContext, expr: Expr) -> None:
    """An expression whose value nobody wants."""
    if isinstance(expr, Increment) and isinstance(expr.target, MapAccess):
        step = low.b.const(1 if expr.op == "++" else -1)
        _add(low, expr.target, step)
        return
    type_ = low.type_of(expr)
    if isinstance(expr, Call) and isinstance(type_, VoidType):
        low.builtin(expr.name).lower(low, expr)
    elif isinstance(expr, Name) and isinstance(type_, VoidType):
        low.builtin(expr.name).lower(low, Call(expr.name, (), expr.span, expr.span))
    elif isinstance(expr, Ternary) and isinstance(type_, VoidType):
        chosen = expr
        fork(
            low,
            lambda then, other: low.condition(chosen.condition, then, other),
            lambda: _effect(low, chosen.then),
            lambda: _effect(low, chosen.other),
        )
    elif is_scalar(type_):
        low.scalar(expr)
    else:
        low.writer(expr)


def _assign_variable(low: ProbeContext, statement: AssignVariable) -> None:
    """`let $x;` has no value: the variable is zero, or the empty string."""
    target, value = statement.target, statement.value
    type_ = low.local_type(target)
    if not is_scalar(type_):
        form = low.field_type(type_)
        write = writer_as(low, value, form) if value is not None else None
        home = low.home(target)
        low.b.fill(home.base, home.offset, (form.size + 7) & -8)
        if write is not None:
            write(home)
        return
    name = low.local(target)
    if value is None:
        result = low.b.const(0)
    elif statement.op:
        left = (low.b.read(name), type_)
        result = arithmetic(low, statement.op, left, (low.scalar(value), value), statement.span)
    else:
        result = low.scalar(value)
    low.b.write(name, convert(low, result, type_))


def _assign_map(low: ProbeContext, statement: AssignMap) -> None:
    target, value = statement.target, statement.value
    map_type = low.map_symbol(target.name).value
    if isinstance(map_type, AggregateType):
        _aggregate(low, statement)
    elif statement.op in ("+", "-"):
        amount = low.scalar(value)
        if statement.op == "-":
            amount = low.b.binary(BinaryKind.SUB, low.b.const(0), amount)
        _add(low, target, amount)
    elif statement.op:
        _update(low, statement, low.scalar(value))
    else:
        put_entry(low, target, writer_as(low, value, value_type(map_type)))


def _aggregate(low: ProbeContext, statement: AssignMap) -> None:
    value = statement.value
    if isinstance(value, Name):
        value = Call(value.name, (), value.span, value.span)
    if not isinstance(value, Call):
        raise CompilerBug("types", "an aggregation that is not a call reached lowering")
    call = value
    aggregate = low.aggregate(call.name)
    guarded_update(low, statement.target, lambda share: aggregate.update(low, call, share))


def _add(low: ProbeContext, target: MapAccess, amount: Value) -> None:
    """Atomic: no update is lost to another CPU."""
    guarded_update(low, target, lambda slot: low.b.atomic_add(slot, 0, amount))


def _update(low: ProbeContext, statement: AssignMap, right: Value) -> None:
    """`@m[k] op= v` for operators that have no atomic form: read, compute, write."""
    type_ = low.map_symbol(statement.target.name).value
    form = value_type(type_)

    def apply(slot: Value) -> None:
        left = (low.b.load(slot, 0, form.size), type_)
        new = arithmetic(low, statement.op, left, (right, statement.value), statement.span)
        low.b.store(slot, 0, new, form.size)

    guarded_update(low, statement.target, apply)


def _if(low: ProbeContext, statement: If) -> None:
    other = statement.other
    fork(
        low,
        lambda then, otherwise: low.condition(statement.condition, then, otherwise),
        lambda: lower_block(low, statement.then),
        (lambda: lower_block(low, other)) if other is not None else None,
    )
