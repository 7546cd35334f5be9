"""Scratch memory: which bytes of a program's per-CPU entry are whose.

A statement's temporaries are given back at its end, so that a long script needs no more than its
largest statement. A function of the script has an arena of its own, because it is called while its
callers' temporaries are in use; `for` bodies share that of the program they stand in.
"""

from __future__ import annotations

from seismo.base.bits import align_up

__all__ = ("MOST_SCRATCH_BYTES", "Arena", "ScratchSpace")

MOST_SCRATCH_BYTES = 32 << 10
"""What a CPU's part of a per-CPU array may have (mm/percpu.c: PCPU_MIN_UNIT_SIZE)."""


class ScratchSpace:
    """All scratch bytes of one program; it only grows."""

    __slots__ = ("size",)

    def __init__(self) -> None:
        self.size = 0

    def grow(self, size: int) -> int:
        """The offset of `size` fresh bytes."""
        offset, self.size = self.size, self.size + size
        return offset


class Arena:
    """Bytes that are handed out, taken back and handed out again."""

    __slots__ = ("_free", "_space", "_taken")

    def __init__(self, space: ScratchSpace) -> None:
        self._space = space
        self._free: list[tuple[int, int]] = []
        self._taken: list[tuple[int, int]] = []

    def keep(self, size: int) -> int:
        """The offset of `size` bytes, a multiple of 8, that are never handed out again."""
        size = align_up(max(size, 1), 8)
        for index, (offset, free) in enumerate(self._free):
            if free >= size:
                del self._free[index]
                if free > size:
                    self._free.append((offset + size, free - size))
                return offset
        return self._space.grow(size)

    def has_room(self, size: int) -> bool:
        """Whether `keep` finds as many bytes without the program having too much memory."""
        size = align_up(size, 8)
        is_there = any(free >= size for _, free in self._free)
        return is_there or self._space.size + size <= MOST_SCRATCH_BYTES

    def take(self, size: int) -> int:
        """The offset of `size` bytes until `release`."""
        size = align_up(max(size, 1), 8)
        offset = self.keep(size)
        self._taken.append((offset, size))
        return offset

    def mark(self) -> int:
        """What `release` goes back to."""
        return len(self._taken)

    def release(self, mark: int) -> None:
        """Take back all that was taken since the mark."""
        self._free += self._taken[mark:]
        del self._taken[mark:]
        if len(self._free) > 1:
            self._free = _merged(self._free)


def _merged(free: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Neighbours made one, in order of their offsets."""
    merged: list[tuple[int, int]] = []
    for offset, size in sorted(free):
        if merged and sum(merged[-1]) == offset:
            merged[-1] = (merged[-1][0], merged[-1][1] + size)
        else:
            merged.append((offset, size))
    return merged
