"""Ranges of addresses that may lie in each other, and which of them an address is in."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

__all__ = ("Extents",)


class Extents:
    """Ranges from `starts`, which are sorted, up to but without `ends`."""

    def __init__(self, starts: list[int], ends: list[int]) -> None:
        self._starts = starts
        self._ends = ends
        self._reach = list(accumulate(ends, max))
        """How far any of the ranges up to this one goes: where to stop looking back."""

    def find(self, address: int) -> int:
        """The index of the range around `address` that starts last, of equals the first; or -1."""
        found = -1
        index = bisect_right(self._starts, address) - 1
        while index >= 0 and self._reach[index] > address:
            if found >= 0 and self._starts[index] != self._starts[found]:
                break
            if self._ends[index] > address:
                found = index
            index -= 1
        return found
