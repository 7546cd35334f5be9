"""Statements."""

from __future__ import annotations

from typing import assert_never

from seismo.base.errors import CompilerBug
from seismo.c.lower.aggregate import initialize
from seismo.c.lower.loops import lower_loop
from seismo.c.lower.memory import clear
from seismo.c.lower.state import Body
from seismo.c.lower.switch import lower_case, lower_switch
from seismo.c.lower.value import Address
from seismo.c.lower.walk import is_entered
from seismo.c.tree import (
    Block,
    Break,
    Case,
    Constant,
    Continue,
    Declare,
    Evaluate,
    Expr,
    Goto,
    If,
    Initializer,
    Label,
    Loop,
    Return,
    Statement,
    Switch,
    Variable,
)
from seismo.c.types import VOID, is_aggregate
from seismo.ir.func import Block as IrBlock

__all__ = ("lower_statement",)


def lower_statement(low: Body, node: Statement) -> None:
    """See `Lowering.statement`; what nothing leads to is lowered for the labels in it."""
    b = low.b
    if not isinstance(node, (Case, Label)):
        b.reopen()
    b.span = node.span
    match node:
        case Declare(variable, value):
            _declare(low, variable, value)
        case Evaluate(value):
            low.effect(value)
        case Block(statements):
            for one in statements:
                low.statement(one)
        case If():
            _if(low, node)
        case Loop():
            lower_loop(low, node)
        case Switch():
            lower_switch(low, node)
        case Case():
            lower_case(low, node)
        case Label(name):
            block = _label(low, name)
            if b.is_open:
                b.jump(block)
            b.start(block)
        case Goto(label):
            b.jump(_label(low, label))
        case Break():
            b.jump(low.frame.exits[-1].leave)
        case Continue():
            b.jump(_go_on(low))
        case Return(value):
            _return(low, value)
        case _:
            assert_never(node)


def _declare(low: Body, variable: Variable, value: Initializer | Expr | None) -> None:
    home = low.home(variable)
    if isinstance(home, Address):
        _declare_in_memory(low, variable, home, value)
        return
    if isinstance(value, Initializer):
        value = value.parts[0].value if value.parts else Constant(0, variable.type, value.span)
    if value is not None:
        low.write(variable, low.operand(value))


def _declare_in_memory(
    low: Body, variable: Variable, home: Address, value: Initializer | Expr | None
) -> None:
    if isinstance(value, Initializer):
        initialize(low, home, value)
    elif value is None:
        clear(low, home, variable.type.size)
    elif is_aggregate(variable.type):
        low.assign(home, value)
    else:
        low.write(variable, low.operand(value))


def _if(low: Body, node: If) -> None:
    then, other = node.then, node.other
    if isinstance(node.condition, Constant):
        # What cannot be reached may be what this kernel cannot do.
        taken, dropped = (then, other) if node.condition.value else (other, then)
        if dropped is None or not is_entered(dropped):
            if taken is not None:
                low.statement(taken)
            return
    low.b.fork(
        lambda yes, no: low.condition(node.condition, yes, no),
        lambda: low.statement(then),
        None if other is None else lambda: low.statement(other),
    )


def _label(low: Body, name: str) -> IrBlock:
    """The block at a label; it is sealed when the function has been read."""
    labels = low.frame.labels
    if name not in labels:
        labels[name] = low.b.new_block(f"{name}_")
    return labels[name]


def _go_on(low: Body) -> IrBlock:
    """Where `continue` goes: that of the nearest loop, whatever switches are in it."""
    for one in reversed(low.frame.exits):
        if one.go_on is not None:
            return one.go_on
    raise CompilerBug("ir", "continue outside of a loop")


def _return(low: Body, value: Expr | None) -> None:
    result = low.frame.facts.result
    if value is None or value.type == VOID:
        if value is not None:
            low.effect(value)
        low.give(None)
    elif result is not None and is_aggregate(result.type):
        home = low.home(result)
        if isinstance(home, Address):
            low.assign(home, value)
        low.give(None)
    else:
        low.give(low.operand(value))
