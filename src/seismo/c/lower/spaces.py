"""What variables and members point into, learnt over several rounds of lowering.

A variable has one space for the whole function: that of all that is ever written to it. Lowering
meets a write at a loop's end after the reads in it; if it widens what those have been told, the
program is lowered again with what is known now.
"""

from __future__ import annotations

from collections.abc import Hashable

from seismo.c.lower.value import NULL, Space, join
from seismo.c.types import Array, CType, Record

__all__ = ("Spaces", "member_key")


class Spaces:
    """By key: what has been written, and what somebody has been told that it is."""

    def __init__(self) -> None:
        self.is_settled = True
        self._known: dict[Hashable, Space] = {}
        self._told: dict[Hashable, tuple[Space, Space]] = {}

    def begin(self) -> None:
        """The next round: what is known stays."""
        self._told.clear()
        self.is_settled = True

    def peek(self, key: Hashable) -> Space:
        """What is known now, for who would do right whatever comes."""
        return self._known.get(key, NULL)

    def read(self, key: Hashable, default: Space = NULL) -> Space:
        """What is known; `default` as long as nothing but constants has been written."""
        known = self._known.get(key, NULL)
        answer = default if known == NULL else known
        self._told[key] = answer, default
        return answer

    def write(self, key: Hashable, space: Space) -> Space:
        """Something that points into `space` is written; what is known then."""
        known = self._known[key] = join(self._known.get(key, NULL), space)
        if key in self._told:
            answer, default = self._told[key]
            if answer != (default if known == NULL else known):
                self.is_settled = False
        return known


def member_key(type_: CType, offset: int) -> Hashable:
    """The key of what lies at an offset of an object: the innermost record that it is a member of,
    and where in that, so that it is the same one by whatever path a program comes to it."""
    record: CType | None = None
    start = 0
    while True:
        match type_:
            case Record():
                record, start = type_, offset
                inner = _around(type_, offset)
                if inner is None:
                    return record, start
                type_, offset = inner
            case Array(element) if element.size:
                type_, offset = element, offset % element.size
            case _:
                return record, start


def _around(record: Record, offset: int) -> tuple[CType, int] | None:
    """The type of the member around an offset, and where in that it is."""
    for member in record.members:
        if member.offset <= offset < member.offset + member.type.size:
            return member.type, offset - member.offset
    return None
