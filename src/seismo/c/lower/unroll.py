"""Loops whose rounds are known when they are compiled: how often, and with what in the variable.

for (int i = 0; i < 4; i++) { … }          rounds: 0 1 2 3, and i is 4 afterwards
for (i = n; i < n + 7; i++) { … }          no more than 7
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass, replace
from seismo.c.lower.walk import Node, is_entered, walk
from seismo.c.sema.constants import NotConstant, evaluate, fold_binary, wrap
from seismo.c.tree import (
    Assign,
    Binary,
    Cast,
    CompoundAssign,
    Constant,
    Declare,
    Evaluate,
    Expr,
    Load,
    Logical,
    Loop,
    Place,
    Step,
    Unary,
    Variable,
    VariablePlace,
)
from seismo.c.types import Integer

__all__ = ("Rounds", "known_rounds", "most_rounds")

_FEW_ROUNDS = 32
_FEW_NODES = 2000
_MANY_ROUNDS = 1024
_MANY_NODES = 100_000


@dataclass(frozen=True, slots=True)
class Rounds:
    """The variable's value in each round, and after the last."""

    variable: Variable
    values: tuple[int, ...]
    final: int


def known_rounds(loop: Loop) -> Rounds | None:
    """The rounds of a loop that is to be written out: one that says so by `#pragma unroll`, or a
    small one; None for a loop that stays one."""
    limit = _FEW_ROUNDS if loop.unroll == 0 else _MANY_ROUNDS
    if loop.unroll > 0:
        limit = loop.unroll
    counted = _counted(loop)
    if counted is None:
        return None
    variable, value = counted
    try:
        rounds = _rounds(loop, variable, value, limit)
    except NotConstant:
        return None
    if rounds is None or not _is_untouched(loop, variable) or is_entered(loop.body):
        return None
    nodes = sum(1 for _ in walk(loop.body)) * len(rounds.values)
    return rounds if nodes <= (_FEW_NODES if loop.unroll == 0 else _MANY_NODES) else None


def most_rounds(loop: Loop) -> int:
    """How many rounds a small loop has at most that counts on from a variable; 0 where that cannot
    be told.

    Where the sum wraps there are none: the condition is false from the beginning.
    """
    match loop.start[-1:], loop.condition:
        case (
            (Declare(variable, first) | Evaluate(Assign(VariablePlace(variable), first)),),
            Binary("<", counter, Binary("+", last, Constant(count)) as bound),
        ):
            begin = _variable(last)
        case _:
            return 0
    is_counted = _variable(counter) is variable and variable.type.size >= bound.type.size
    if begin is None or _variable(first) is not begin or not is_counted or loop.is_do:
        return 0
    is_plain = _is_plain(variable) and _is_plain(begin)
    if not is_plain or not _is_by_one(loop.step, variable) or is_entered(loop.body):
        return 0
    is_fixed = _is_untouched(loop, variable) and _is_untouched(loop, begin)
    nodes = sum(1 for _ in walk(loop.body)) * count
    return count if is_fixed and 0 < count <= _FEW_ROUNDS and nodes <= _FEW_NODES else 0


def _variable(value: Node | None) -> Variable | None:
    """The variable whose value it is, converted by nobody but the language."""
    while isinstance(value, Cast) and not value.is_written:
        value = value.operand
    match value:
        case Load(VariablePlace(variable)):
            return variable
        case _:
            return None


def _is_plain(variable: Variable) -> bool:
    return isinstance(variable.type, Integer) and not variable.is_addressed


def _is_by_one(step: Expr | None, variable: Variable) -> bool:
    try:
        return _stepped(step, variable, 0) == 1
    except NotConstant:
        return False


def _counted(loop: Loop) -> tuple[Variable, int] | None:
    """The variable that the loop counts in, and what it begins with."""
    if not loop.start or loop.condition is None or loop.step is None or loop.is_do:
        return None
    match loop.start[-1]:
        case Declare(variable, Constant(value)):
            pass
        case Evaluate(Assign(VariablePlace(variable), Constant(value))):
            pass
        case _:
            return None
    return (variable, value) if _is_plain(variable) else None


def _rounds(loop: Loop, variable: Variable, value: int, limit: int) -> Rounds | None:
    """What the variable goes through; None if that are too many rounds."""
    values: list[int] = []
    value = wrap(value, variable.type)
    while loop.condition is not None and evaluate(_with(loop.condition, variable, value)):
        if len(values) == limit:
            return None
        values.append(value)
        value = _stepped(loop.step, variable, value)
    return Rounds(variable, tuple(values), value)


def _with(expr: Expr, variable: Variable, value: int) -> Expr:
    """The expression for one value of the variable."""
    match expr:
        case Load(VariablePlace(read), type_, span) if read is variable:
            return Constant(value, type_, span)
        case Cast() | Unary():
            return replace(expr, operand=_with(expr.operand, variable, value))
        case Binary() | Logical():
            left, right = (_with(one, variable, value) for one in (expr.left, expr.right))
            return replace(expr, left=left, right=right)
        case _:
            return expr


def _stepped(step: Expr | None, variable: Variable, value: int) -> int:
    """The variable's value after a step; NotConstant if that does anything else."""
    match step:
        case Step(VariablePlace(stepped), is_minus) if stepped is variable:
            return wrap(value + (-1 if is_minus else 1), variable.type)
        case CompoundAssign(op, VariablePlace(stepped), by, computed) if stepped is variable:
            left = wrap(value, computed)
            return wrap(fold_binary(op, left, evaluate(by), computed, step.span), variable.type)
        case Assign(VariablePlace(stepped), new) if stepped is variable:
            return wrap(evaluate(_with(new, variable, value)), variable.type)
        case Cast(inner):
            return _stepped(inner, variable, value)
        case None:
            return value
        case _:
            raise NotConstant(step.span)


def _is_untouched(loop: Loop, variable: Variable) -> bool:
    """Whether the body leaves the variable alone."""
    return not any(
        isinstance(node, (Assign, CompoundAssign, Step)) and _is(node.place, variable)
        for node in walk(loop.body)
    )


def _is(place: Place, variable: Variable) -> bool:
    return isinstance(place, VariablePlace) and place.variable is variable
