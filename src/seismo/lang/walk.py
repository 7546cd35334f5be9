"""Ways through the tree that need no recursion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, TypeAlias

from seismo.lang.ast import (
    AssignMap,
    AssignVariable,
    Binary,
    Block,
    BlockExpr,
    Boolean,
    Break,
    Call,
    Cast,
    Comptime,
    Continue,
    Expr,
    ExprStatement,
    Field,
    ForMap,
    ForRange,
    Function,
    If,
    Increment,
    Index,
    MapAccess,
    Name,
    Number,
    Offsetof,
    Parameter,
    Probe,
    RecordExpr,
    Return,
    Sizeof,
    Stmt,
    String,
    Ternary,
    TupleExpr,
    TypeArgument,
    TypeExpr,
    Typeinfo,
    Unary,
    Unroll,
    Variable,
    While,
)

__all__ = ("Node", "children", "deepest", "map_keys", "walk")

Node: TypeAlias = Expr | Stmt | TypeExpr | Probe | Function
_Below: TypeAlias = Callable[[Any], tuple[Node, ...]]


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, in the order in which they are written."""
    return _BELOW[type(node)](node)


def _one(name: str) -> _Below:
    get = attrgetter(name)
    return lambda node: (get(node),)


def _present(*names: str) -> _Below:
    """Those of the attributes that are not None."""
    getters = tuple(map(attrgetter, names))
    return lambda node: tuple([one for get in getters if (one := get(node)) is not None])


def _nothing(_: Node) -> tuple[Node, ...]:
    return ()


def _block_expr(node: BlockExpr) -> tuple[Node, ...]:
    return node.statements if node.value is None else (*node.statements, node.value)


_BELOW: dict[type, _Below] = {
    **dict.fromkeys((Number, Boolean, String, Name, Variable, Parameter), _nothing),
    **dict.fromkeys((Break, Continue), _nothing),
    **dict.fromkeys((Unary, Comptime, Sizeof, Offsetof, Typeinfo), _one("operand")),
    AssignMap: attrgetter("target", "value"),
    AssignVariable: _present("target", "type", "value"),
    Binary: attrgetter("left", "right"),
    Block: attrgetter("statements"),
    BlockExpr: _block_expr,
    Call: attrgetter("args"),
    Cast: attrgetter("type", "operand"),
    ExprStatement: _one("expr"),
    Field: _one("base"),
    ForMap: attrgetter("variable", "map", "body"),
    ForRange: attrgetter("variable", "first", "end", "body"),
    Function: _one("body"),
    If: _present("condition", "then", "other"),
    Increment: _one("target"),
    Index: attrgetter("base", "index"),
    MapAccess: attrgetter("keys"),
    Probe: _present("predicate", "body"),
    RecordExpr: attrgetter("values"),
    Return: _present("value"),
    Ternary: _present("condition", "then", "other"),
    TupleExpr: attrgetter("elements"),
    TypeArgument: _one("type"),
    TypeExpr: _present("of"),
    Unroll: attrgetter("count", "body"),
    While: attrgetter("condition", "body"),
}


def walk(node: Node) -> Iterator[Node]:
    """`node` and everything below it, parents first, in the order in which they are written."""
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(children(node)))


def deepest(node: Node) -> tuple[int, Node]:
    """How many levels the tree below `node` has, and a node of the lowest."""
    depth, found = 0, node
    level: tuple[Node, ...] = (node,)
    while level:
        depth, found = depth + 1, level[0]
        level = tuple(below for one in level for below in children(one))
    return depth, found


def map_keys(keys: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """The elements of a map's key: `@m[(a, b)]` is `@m[a, b]`."""
    if len(keys) == 1 and isinstance(keys[0], TupleExpr) and keys[0].elements:
        return keys[0].elements
    return keys
