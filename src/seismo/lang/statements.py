"""Statements. Each says whether the probe or function ends in it, whichever way it takes."""

from __future__ import annotations

from typing import assert_never

from seismo.lang.ast import (
    AssignMap,
    AssignVariable,
    Block,
    BlockExpr,
    Break,
    Call,
    Comptime,
    Continue,
    Expr,
    ExprStatement,
    ForMap,
    ForRange,
    If,
    Increment,
    Name,
    Return,
    Stmt,
    Ternary,
    Unroll,
    While,
)
from seismo.lang.calls import check_call
from seismo.lang.constants import is_true
from seismo.lang.infer_operators import decide
from seismo.lang.loops import for_map, for_range, unroll, while_
from seismo.lang.slot import fits
from seismo.lang.typer import Typer
from seismo.lang.types import VOID, PointerType, StringType, Type
from seismo.lang.writes import assign, misfit, update

__all__ = ("run_statements",)

_FOR_THEIR_EFFECT = ("delete", "find")
"""Built-ins that do something and also say how it went."""

_KINDS_WITH_RESULT = ("bench", "test")


def run_statements(t: Typer, statements: tuple[Stmt, ...]) -> bool:
    """One after the other; what follows an end is never run, which is told once."""
    ends, was_chosen, is_told = False, False, False
    for node in statements:
        if ends and not is_told and not was_chosen:
            t.warning(node.span, "this is never reached", "the statement before it ends the run")
            is_told = True
        ends = _statement(t, node) or ends
        was_chosen = isinstance(node, If) and isinstance(node.condition, Comptime)
    return ends


def _statement(t: Typer, node: Stmt) -> bool:
    match node:
        case ExprStatement():
            _effect(t, node)
            return _ends(t, node.expr)
        case AssignVariable():
            _assign_variable(t, node)
        case AssignMap():
            _assign_map(t, node)
        case If():
            return _if(t, node)
        case Block():
            return t.block(node.statements)
        case While():
            while_(t, node)
        case Unroll():
            unroll(t, node)
        case ForRange():
            for_range(t, node)
        case ForMap():
            for_map(t, node)
        case Return():
            _return(t, node)
            return True
        case Break() | Continue():
            misuse = t.body.scopes.misuses.get(node)
            if misuse is not None:
                t.error(*misuse)
            return True
        case _:
            assert_never(node)
    return False


def _effect(t: Typer, node: ExprStatement) -> None:
    """An expression as a statement; one that only gives a value does nothing, unless it is written
    `_ = value`."""
    expr, errors = node.expr, t.errors
    type_ = t.expr(expr)
    if t.errors > errors or type_ in (None, VOID) or t.as_value(expr, type_) is None:
        return
    if isinstance(expr, (BlockExpr, Increment, Ternary)):
        return
    word = expr.name if isinstance(expr, (Call, Name)) else ""
    if word in t.env.functions or word in _FOR_THEIR_EFFECT or node.span.start < expr.span.start:
        return
    t.warning(expr.span, "this value is not used", "write _ = … where that is meant")


def _ends(t: Typer, expr: Expr) -> bool:
    if not isinstance(expr, (Call, Name)):
        return False
    signature = t.env.signatures.get(expr.name)
    return signature is not None and signature.ends_probe


def _assign_variable(t: Typer, node: AssignVariable) -> None:
    target, value = node.target, node.value
    if node.type is not None:
        _declare(t, node)
    if value is None:
        slot = t.local(target)
        if slot is not None and slot.type is not None:
            t.types[target] = slot.type
    elif node.op:
        update(t, target, node.op, value)
    else:
        assign(t, target, value, t.value(value))


def _declare(t: Typer, node: AssignVariable) -> None:
    """`let $x: type`."""
    type_ = t.written(node.type) if node.type is not None else None
    slot = t.local(node.target)
    if type_ is None or slot is None or node.type is None:
        return
    if type_ == VOID:
        t.error(node.type.span, "a variable cannot be void", "write void * for an address")
        return
    if isinstance(type_, PointerType):
        # Whose memory it points to is told by what is put into it.
        slot.declare(PointerType(type_.target, ""))
    else:
        slot.declare(t.whole(type_, t.body.space))


def _assign_map(t: Typer, node: AssignMap) -> None:
    value = node.value
    if node.op:
        update(t, node.target, node.op, value)
        return
    word = value.name if isinstance(value, (Call, Name)) else ""
    signature = t.env.signatures.get(word)
    if signature is None or not signature.is_aggregate or word in t.env.functions:
        assign(t, node.target, value, t.value(value))
        return
    call = value if isinstance(value, Call) else Call(word, (), value.span, value.span)
    type_ = check_call(t, call, aggregates=True)
    if type_ is not None:
        t.types[value] = type_
    assign(t, node.target, value, type_)
    if node.target in t.types:
        t.types[value] = t.types[node.target]


def _if(t: Typer, node: If) -> bool:
    """Of `if comptime` one arm is all there is."""
    if isinstance(node.condition, Comptime):
        chosen = decide(t, node.condition)
        if chosen is None:
            return False
        arm = node.then if chosen else node.other
        return arm is not None and t.block(arm.statements)
    t.condition(node.condition)
    if node.condition in t.constants:
        return _known_if(t, node, is_true(t.constants[node.condition]))
    then = t.block(node.then.statements)
    return node.other is not None and t.block(node.other.statements) and then


def _known_if(t: Typer, node: If, is_taken: bool) -> bool:
    """An arm that is never taken need make no sense: `if ($1 < 2) { fail("…") }`."""
    arms = (node.then, node.other) if is_taken else (node.other, node.then)
    taken, other = arms
    if other is not None:
        with t.muted():
            t.block(other.statements)
    return taken is not None and t.block(taken.statements)


def _return(t: Typer, node: Return) -> None:
    wanted, value = t.body.returns, node.value
    if value is None:
        if t.body.place is None and wanted != VOID:
            hint = f"write return value; with a {wanted}"
            t.error(node.span, "this function gives a value, but not here", hint)
        return
    type_ = t.value(value)
    if t.body.place is not None:
        if t.body.place.kind.name not in _KINDS_WITH_RESULT:
            t.error(value.span, "a probe returns no value", "write return;")
        return
    if type_ is None:
        return
    if wanted == VOID:
        hint = f"say what it gives: fn name(…): {type_} {{ … }}"
        t.error(value.span, "this function gives no value", hint)
    elif not fits(wanted, type_, _number(t, value, wanted)):
        why, hint = misfit(wanted, t.constants.get(value), type_)
        t.error(value.span, f"the function gives {wanted}, {why}", hint)


def _number(t: Typer, value: Expr, wanted: Type) -> int | None:
    constant = t.constants.get(value)
    is_text = isinstance(wanted, StringType)
    return constant if type(constant) is int and not is_text else None
