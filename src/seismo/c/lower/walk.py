"""Walks the typed tree, and says of a function's body what lowering must know beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.c import tree
from seismo.c.tree import (
    Case,
    Declare,
    FunctionDecl,
    Label,
    Statement,
    Switch,
    Variable,
    VariablePlace,
)
from seismo.c.types import VOID

__all__ = ("BodyFacts", "Node", "body_facts", "is_entered", "walk")

Node: TypeAlias = tree.Place | tree.Expr | Statement | tree.Initializer | tree.InitPart

_PARTS: Mapping[type, tuple[str, ...]] = {
    tree.VariablePlace: (),
    tree.Dereference: ("pointer",),
    tree.MemberPlace: ("record",),
    tree.StringPlace: (),
    tree.CompoundLiteral: ("value",),
    tree.Constant: (),
    tree.KernelConstant: (),
    tree.Load: ("place",),
    tree.AddressOf: ("place",),
    tree.TableAddress: (),
    tree.FunctionAddress: (),
    tree.Unary: ("operand",),
    tree.Binary: ("left", "right"),
    tree.PointerAdd: ("pointer", "index"),
    tree.PointerDifference: ("left", "right"),
    tree.Logical: ("left", "right"),
    tree.Conditional: ("condition", "then", "other"),
    tree.Comma: ("first", "second"),
    tree.Cast: ("operand",),
    tree.Assign: ("place", "value"),
    tree.CompoundAssign: ("place", "value"),
    tree.Step: ("place",),
    tree.StatementExpr: ("block",),
    tree.HelperCall: ("args",),
    tree.FunctionCall: ("args",),
    tree.MethodCall: ("args",),
    tree.BuiltinCall: ("args",),
    tree.InitPart: ("value",),
    tree.Initializer: ("parts",),
    tree.Declare: ("value",),
    tree.Evaluate: ("value",),
    tree.Block: ("statements",),
    tree.If: ("condition", "then", "other"),
    tree.Loop: ("start", "condition", "step", "body"),
    tree.Switch: ("value", "body"),
    tree.Case: (),
    tree.Label: (),
    tree.Goto: (),
    tree.Break: (),
    tree.Continue: (),
    tree.Return: ("value",),
}
"""The fields in which a node has others, or tuples of others, or None."""


def walk(*nodes: Node | None, into_switches: bool = True) -> Iterator[Node]:
    """The nodes and all in them, in the order of the text; with `into_switches` false no `switch`
    is entered but one that is given itself."""
    pending = list(reversed(nodes))
    while pending:
        one = pending.pop()
        if one is None:
            continue
        yield one
        if into_switches or not isinstance(one, Switch) or one in nodes:
            for name in reversed(_PARTS[type(one)]):
                part = getattr(one, name)
                pending.extend(reversed(part) if isinstance(part, tuple) else (part,))


def is_entered(node: Statement) -> bool:
    """Whether something from outside may jump into a statement: so it stands once, wherever."""
    is_case = any(isinstance(one, Case) for one in walk(node, into_switches=False))
    return is_case or any(isinstance(one, Label) for one in walk(node))


@dataclass(frozen=True, slots=True)
class BodyFacts:
    """`variables` are all that the function has, parameters first, and last the one that holds its
    answer, if it gives one (`result`); `mentioned` those that its text names."""

    variables: tuple[Variable, ...]
    mentioned: frozenset[Variable]
    result: Variable | None


def body_facts(function: FunctionDecl) -> BodyFacts:
    """What there is to know of a function that has a body."""
    declared: list[Variable] = list(function.parameters)
    mentioned: set[Variable] = set()
    for node in walk(function.body):
        if isinstance(node, Declare):
            declared.append(node.variable)
        elif isinstance(node, VariablePlace):
            mentioned.add(node.variable)
    result = None
    if function.result != VOID:
        result = Variable("result", function.result, function.span)
        declared.append(result)
    return BodyFacts(tuple(declared), frozenset(mentioned), result)
