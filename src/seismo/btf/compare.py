"""Equivalence: whether two ids, of one or of two BTFs, stand for the same C type."""

from __future__ import annotations

from typing import TypeAlias

from seismo.btf.types import TypeTable, map_references, references

__all__ = ("equivalent",)

Node: TypeAlias = tuple[bool, int]
"""A type: whether it is the right one's, and its id."""


def equivalent(left: TypeTable, left_id: int, right: TypeTable, right_id: int) -> bool:
    """Whether the types agree in everything but ids, all the way down.

    Types refer to each other in circles, so two types under comparison count as equivalent until
    they prove different. Classes of types known to be so are merged, which takes no more steps than
    there are types; pairs of types would be their product.
    """
    classes = _Classes()
    pending = [(left_id, right_id)]
    while pending:
        left_id, right_id = pending.pop()
        if not classes.merge((False, left_id), (True, right_id)):
            continue
        mine, theirs = left.type(left_id), right.type(right_id)
        if map_references(mine, _no_id) != map_references(theirs, _no_id):
            return False
        pending += zip(references(mine), references(theirs), strict=True)
    return True


class _Classes:
    """Disjoint sets of types; each is known by one of its members."""

    def __init__(self) -> None:
        self._parent: dict[Node, Node] = {}

    def merge(self, one: Node, other: Node) -> bool:
        """Make one class of the two; whether they were different."""
        one, other = self._find(one), self._find(other)
        self._parent[one] = other
        return one != other

    def _find(self, node: Node) -> Node:
        parent = self._parent.setdefault(node, node)
        while parent != node:
            self._parent[node] = self._parent[parent]
            node, parent = parent, self._parent[parent]
        return node


def _no_id(_id: int) -> int:
    return 0
