"""Equivalence: whether two ids, of one or of two BTFs, stand for the same C type."""

from __future__ import annotations

from seismo.btf.types import TypeTable, map_references, references

__all__ = ("equivalent",)


def equivalent(left: TypeTable, left_id: int, right: TypeTable, right_id: int) -> bool:
    """Whether the types agree in everything but ids, all the way down.

    Types refer to each other in circles, so a pair under comparison counts as equivalent until it
    proves different.
    """
    pending = [(left_id, right_id)]
    assumed: set[tuple[int, int]] = set()
    while pending:
        pair = pending.pop()
        if pair in assumed:
            continue
        assumed.add(pair)
        mine, theirs = left.type(pair[0]), right.type(pair[1])
        if map_references(mine, _no_id) != map_references(theirs, _no_id):
            return False
        pending += zip(references(mine), references(theirs), strict=True)
    return True


def _no_id(_id: int) -> int:
    return 0
