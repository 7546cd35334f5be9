"""Copies of trees with fresh identity, because side tables know a node by its identity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, get_args

from seismo.base.source import Span
from seismo.lang.ast import Expr, Function, Probe, Stmt, TypeExpr
from seismo.lang.walk import Node

__all__ = ("clone", "rebuild")

N = TypeVar("N", bound=Node)

_NODES = frozenset((*get_args(Expr), *get_args(Stmt), TypeExpr, Probe, Function))


def clone(node: N) -> N:
    """The same tree anew, down to its leaves."""
    made: N = rebuild(node, clone)
    return made


def rebuild(node: N, change: Callable[[Any], Node], span: Span | None = None) -> N:
    """`node` anew, with `change` of each node directly below, at `span` if one is given.

    A field keeps the kind of node that the tree wants there only if `change` does.
    """
    values: list[object] = []
    for name in type(node).__match_args__:
        value = getattr(node, name)
        type_ = type(value)
        if type_ in _NODES:
            value = change(value)
        elif type_ is tuple and value and type(value[0]) in _NODES:
            value = tuple(map(change, value))
        elif span is not None and type_ is Span:
            value = span
        values.append(value)
    kind: Any = type(node)
    made: N = kind(*values)
    return made
