"""`Inbox`: records taken out of a ring that wait for their callback, in memory of their own.

A ring is copied at once and its room given back before the first callback runs: programs go on
while Python is at work. What a callback raises leaves the records behind it here, for the next
poll. The memory stays where it is, so that an address in it is an address for good.
"""

from __future__ import annotations

import ctypes as ct
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap
from operator import length_hint
from typing import Any, final

__all__ = ("Batch", "Callback", "Inbox", "count_alike")

Callback = Callable[[Any, int, int], object]
"""Of BCC: the CPU or the ring's context, the address of the data, its size."""

_SLACK = 1 << 16
"""Readable memory behind the last record, which may be shorter than the class it is read as."""

_FIRST_CHUNK = 16
_CHUNK_GROWTH = 4


@final
class Batch:
    """Records of one `length` that lie `stride` bytes apart; `source` is the CPU or the context.

    `addresses` are those of the records that were not handed out yet.
    """

    __slots__ = ("_end", "addresses", "length", "source", "stride")

    def __init__(self, source: Any, addresses: range, length: int) -> None:
        self.source = source
        self.addresses: Iterator[int] = iter(addresses)
        self.length = length
        self.stride = addresses.step
        self._end = addresses.stop

    def __len__(self) -> int:
        return length_hint(self.addresses)

    @property
    def first(self) -> int:
        """The address of the first that was not handed out."""
        return self._end - len(self) * self.stride


@final
class Inbox:
    """Room for `size` bytes of records; what has never been written takes no memory."""

    def __init__(self, size: int) -> None:
        # Not a bytearray, whose bytes are all written when it is made.
        self.memory = mmap(-1, size + _SLACK, MAP_PRIVATE | MAP_ANONYMOUS)
        self.view = memoryview(self.memory)
        self.words = self.view[: size & -8].cast("Q")
        self.base = ct.addressof(ct.c_char.from_buffer(self.memory))
        self.batches: deque[Batch] = deque()

    def add(self, source: Any, places: range, length: int) -> None:
        """Records at these places in the memory."""
        base = self.base
        addresses = range(places.start + base, places.stop + base, places.step)
        self.batches.append(Batch(source, addresses, length))

    def deliver(self, callback: Callback) -> int:
        """Hand out the records, in order; how many they were.

        Ends early where `callback` answers a negative number, as BCC's ring buffers have it.
        """
        batches = self.batches
        count = 0
        while batches:
            batch = batches[0]
            source, length = batch.source, batch.length
            waiting = len(batch)
            for address in batch.addresses:
                answer = callback(source, address, length)
                if answer and isinstance(answer, int) and answer < 0:
                    return count + waiting - len(batch)
            count += waiting
            # A callback that polls has emptied the box itself.
            if batches and batches[0] is batch:
                batches.popleft()
        return count


def count_alike(words: memoryview, first: int, step: int, limit: int) -> int:
    """How many of the words `first`, `first + step` …, at most `limit`, are like the first.

    Looks at few where records differ, and at many in one go where they do not.
    """
    wanted = words[first]
    count, chunk = 1, _FIRST_CHUNK
    while count < limit:
        here = min(chunk, limit - count)
        start = first + count * step
        found: Sequence[int] = words[start : start + here * step : step].tolist()
        if found.count(wanted) < here:
            return count + next(at for at, word in enumerate(found) if word != wanted)
        count += here
        chunk *= _CHUNK_GROWTH
    return count
