"""The regions of a memory as native code finds them: a small table, by slab.

An entry has four u64: the slab, the address of its bytes, how many of them may be read, and how
many written. What the table does not have is put in when it is asked for; two slabs that want the
same entry take turns. What the machine frees is taken out at once.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from seismo.kernel.native import PinnedBuffer, Words
from seismo.vm.errors import BadAccess
from seismo.vm.memory import OFFSET_MASK, SLAB_BITS, Memory

__all__ = ("ENTRY_WORDS", "TABLE_ENTRIES", "Regions", "regions_of")

TABLE_ENTRIES = 256
ENTRY_WORDS = 4
_STRIDE_BITS = 1  # slabs in use are two apart


class Regions:
    """The table of one memory; `address` is where native code finds it."""

    def __init__(self, memory: Memory) -> None:
        self._readable = memory.readable
        self._writable = memory.writable
        self._words = Words(TABLE_ENTRIES * ENTRY_WORDS)
        self._pinned: dict[int, PinnedBuffer] = {}
        self.address = self._words.address

    def enter(self, address: int) -> int:
        """Put the region in whose slab an address is of; where its bytes are, 0 for none."""
        slab = address >> SLAB_BITS
        if slab not in self._readable:
            return 0
        pinned = self._pinned.get(slab)
        if pinned is None:
            pinned = self._pinned[slab] = PinnedBuffer(self._readable[slab])
        writable = pinned.size if slab in self._writable else 0
        first = _first_word(slab)
        end = first + ENTRY_WORDS
        self._words.values[first:end] = [slab, pinned.address, pinned.size, writable]
        return pinned.address

    def check(self, memory: Memory, address: int, size: int, *, is_write: bool) -> None:
        """Put the region in that an access is of; BadAccess where there is none for it."""
        slabs = self._writable if is_write else self._readable
        data = slabs.get(address >> SLAB_BITS, b"")
        if (address & OFFSET_MASK) + size > len(data):
            raise BadAccess(memory.explain(address, size, is_write=is_write), address)
        self.enter(address)

    def forget(self, slab: int) -> None:
        """Take a region out that is no more."""
        pinned = self._pinned.pop(slab, None)
        if pinned is not None:
            first = _first_word(slab)
            if self._words.values[first] == slab:
                self._words.values[first] = 0
            pinned.release()


_KNOWN: WeakKeyDictionary[Memory, Regions] = WeakKeyDictionary()


def regions_of(memory: Memory) -> Regions:
    """The one table of a memory."""
    found = _KNOWN.get(memory)
    if found is None:
        found = _KNOWN[memory] = Regions(memory)
        memory.watchers.append(found.forget)
    return found


def _first_word(slab: int) -> int:
    return (slab >> _STRIDE_BITS) % TABLE_ENTRIES * ENTRY_WORDS
