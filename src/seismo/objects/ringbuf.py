"""`RingBuffer`: reads the records of a BPF_MAP_TYPE_RINGBUF in place. Since Linux 5.8.

    page 0 (read, write)   page 1 (read)       then the data, mapped twice in a row (read)
  +--------------------+--------------------+---------------------+---------------------+
  | consumer position  | producer position  | 0 … size            | 0 … size once more  |
  +--------------------+--------------------+---------------------+---------------------+

Positions count bytes for ever; modulo the size they are offsets. A record is a u32 length whose top
bits are flags, a u32 of the kernel's, and the data, padded to 8 bytes. As the data is mapped twice,
a record that wraps round is in one piece all the same. (`kernel/bpf/ringbuf.c`)

>>> ring = RingBuffer(loaded.maps["events"], kernel)
>>> while ring.poll(timeout_ms=100):
...     ring.consume(lambda record: print(record.tobytes()))

What the kernel tells by a position or a length it has written before; `acquire_fence` keeps our
reads in that order. A `memoryview` of `Q` or `I` items reads and writes an item with one move.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from mmap import PAGESIZE

from seismo.base.closing import Closing
from seismo.base.dataclass import dataclass
from seismo.kernel.abi import BPF_RINGBUF_BUSY_BIT, BPF_RINGBUF_DISCARD_BIT, BPF_RINGBUF_HDR_SZ
from seismo.kernel.barrier import acquire_fence
from seismo.kernel.protocol import Kernel
from seismo.objects.map import Map

__all__ = ("RingBuffer", "Run")

_LENGTH_MASK = BPF_RINGBUF_DISCARD_BIT - 1
# Header, and what it takes to round up to 8.
_OVERHEAD = BPF_RINGBUF_HDR_SZ + 7
_FIRST_CHUNK = 16
_CHUNK_GROWTH = 4


@dataclass(frozen=True, slots=True)
class Run:
    """`count` records of `length` bytes, side by side: one every `stride` bytes of `data`.

    Each begins with its 8-byte header. `data` is the ring itself: good until the next run is asked
    for.
    """

    data: memoryview
    length: int
    stride: int
    count: int


class RingBuffer(Closing):
    """Consumes a ring; there may be one consumer at a time. The map stays its owner's."""

    def __init__(self, map_: Map, kernel: Kernel) -> None:
        size = map_.spec.max_entries
        fd = int(map_.fd)
        self._kernel = kernel
        self._map = map_
        self._mask = size - 1
        consumer = kernel.mmap(fd, PAGESIZE, writable=True)
        producer_and_data = memoryview(kernel.mmap(fd, PAGESIZE + 2 * size, offset=PAGESIZE))
        self._consumer = memoryview(consumer).cast("Q")
        self._producer = producer_and_data[:PAGESIZE].cast("Q")
        self._data = producer_and_data[PAGESIZE:]
        self._words = self._data.cast("I")

    def poll(self, timeout_ms: int) -> bool:
        """Wait until there is something to consume; False when the time is up (-1: never)."""
        return bool(self._kernel.poll((int(self._map.fd),), timeout_ms))

    @property
    def pending_bytes(self) -> int:
        """How many bytes are written and not consumed, headers and records in work included."""
        return self._producer[0] - self._consumer[0]

    @property
    def consumed(self) -> int:
        """The position before which everything has been handed out, in bytes since ever."""
        return self._consumer[0]

    @property
    def produced(self) -> int:
        """The position before which everything has been reserved, in bytes since ever.

        Programs read it as `bpf_ringbuf_query(map, BPF_RB_PROD_POS)`.
        """
        return self._producer_position()

    def consume(
        self,
        callback: Callable[[memoryview], object],
        limit: int = sys.maxsize,
        *,
        until: int = sys.maxsize,
    ) -> int:
        """Hand out the records that are complete, in the order of reservation; how many they were.

        At most `limit`: a producer that is faster than `callback` would keep this call for ever.
        Only those before the position `until`, when that is given.

        A record's `memoryview` is the ring itself: good until `callback` returns. Its room goes
        back to the kernel at once, also when `callback` raises. Discarded records are passed over;
        a record that a program is still writing ends the call, for those behind it must wait.
        """
        consumer, words, data, mask = self._consumer, self._words, self._data, self._mask
        fence = acquire_fence
        position = consumer[0]
        count = 0
        try:
            while position < (end := min(self._producer_position(), until)):
                while position < end:
                    offset = position & mask
                    length = words[offset >> 2]
                    if length & BPF_RINGBUF_BUSY_BIT:
                        return count
                    fence()
                    position += ((length & _LENGTH_MASK) + _OVERHEAD) & -8
                    if not length & BPF_RINGBUF_DISCARD_BIT:
                        count += 1
                        start = offset + BPF_RINGBUF_HDR_SZ
                        callback(data[start : start + length])
                        fence()
                    consumer[0] = position
                    if count >= limit:
                        return count
        finally:
            consumer[0] = position
        return count

    def consume_runs(self) -> Iterator[Run]:
        """The complete records as runs of equal length, so that one step decodes many.

        A run's room goes back to the kernel when the next run is asked for, or the iterator closed.
        """
        consumer, words = self._consumer, self._words
        position = consumer[0]
        end = self._producer_position()
        while position < end:
            offset = position & self._mask
            length = words[offset >> 2]
            if length & BPF_RINGBUF_BUSY_BIT:
                return
            stride = ((length & _LENGTH_MASK) + _OVERHEAD) & -8
            if length & BPF_RINGBUF_DISCARD_BIT:
                position += stride
                consumer[0] = position
            else:
                count = self._count_alike(offset, length, stride, (end - position) // stride)
                acquire_fence()
                position += stride * count
                try:
                    yield Run(self._data[offset : offset + stride * count], length, stride, count)
                finally:
                    acquire_fence()
                    consumer[0] = position
            if position == end:
                end = self._producer_position()

    def close(self) -> None:
        """Let go of the ring; it is unmapped when the last view of it is gone."""
        self._consumer = self._producer = self._data = self._words = memoryview(b"")

    def _producer_position(self) -> int:
        position = self._producer[0]
        acquire_fence()
        return position

    def _count_alike(self, offset: int, header: int, stride: int, limit: int) -> int:
        """How many records from `offset` on, at most `limit`, have this very header word.

        While all records have had one length the next header is `stride` bytes on, so a strided
        view finds headers without walking; the first word that differs is still a header. Chunks
        grow, so that long runs cost little a record and short ones do not look far.
        """
        step = stride >> 2
        count, chunk = 1, _FIRST_CHUNK
        while count < limit:
            wanted = min(chunk, limit - count)
            first = (offset >> 2) + count * step
            headers = self._words[first : first + wanted * step : step].tolist()
            if headers.count(header) < wanted:
                return count + next(at for at, word in enumerate(headers) if word != header)
            count += wanted
            chunk *= _CHUNK_GROWTH
        return count
