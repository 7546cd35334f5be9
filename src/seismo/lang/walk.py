"""Ways through the tree that need no recursion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, assert_never

from seismo.lang.ast import (
    AssignMap,
    AssignVariable,
    Binary,
    Block,
    Boolean,
    Call,
    Expr,
    ExprStatement,
    Field,
    If,
    Increment,
    Index,
    MapAccess,
    Name,
    Number,
    Probe,
    Return,
    Stmt,
    String,
    Ternary,
    TupleExpr,
    Unary,
    Variable,
)

__all__ = ("Node", "children", "deepest", "map_keys", "walk")

Node: TypeAlias = Expr | Stmt | Probe


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, in the order in which they are written."""
    match node:
        case Number() | Boolean() | String() | Name() | Variable() | Return():
            return ()
        case MapAccess():
            return node.keys
        case Unary():
            return (node.operand,)
        case Binary():
            return (node.left, node.right)
        case Field():
            return (node.base,)
        case Call():
            return node.args
        case Index():
            return (node.base, node.index)
        case Ternary():
            return (node.condition, node.then, node.other)
        case Increment():
            return (node.target,)
        case TupleExpr():
            return node.elements
        case ExprStatement():
            return (node.expr,)
        case AssignVariable():
            return (node.target,) if node.value is None else (node.target, node.value)
        case AssignMap():
            return (node.target, node.value)
        case If():
            blocks = (node.then,) if node.other is None else (node.then, node.other)
            return (node.condition, *blocks)
        case Block():
            return node.statements
        case Probe():
            return (node.body,) if node.predicate is None else (node.predicate, node.body)
        case _:
            assert_never(node)


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
