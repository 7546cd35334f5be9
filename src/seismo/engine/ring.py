"""`MappedRing`: a ring buffer of the machine that user space reads as it reads the kernel's.

    consumer page            producer page        data             the same data once more
  +---------------------+  +--------------------+----------------+----------------+
  | consumer position   |  | producer position  | 0 … size       | 0 … size       |
  +---------------------+  +--------------------+----------------+----------------+

The kernel maps its data twice; memory of a process is written twice instead. (`objects/ringbuf.py`
reads it.)
"""

from __future__ import annotations

import struct
from mmap import PAGESIZE, mmap

from seismo.kernel.abi import BPF_RINGBUF_BUSY_BIT, BPF_RINGBUF_DISCARD_BIT, BPF_RINGBUF_HDR_SZ
from seismo.spec.types import MapSpec
from seismo.vm.maps.ring import Record, RingMap

__all__ = ("MappedRing",)

_HEADER = struct.Struct("=II")


class MappedRing(RingMap):
    """RINGBUF, with the positions and the records in `consumer_page` and `producer_pages`, and not
    in objects: `drain` is for who has no mapping."""

    def __init__(self, spec: MapSpec, cpus: int = 1) -> None:
        self.consumer_page = mmap(-1, PAGESIZE)
        self.producer_pages = mmap(-1, PAGESIZE + 2 * spec.max_entries)
        self._consumer_word = memoryview(self.consumer_page).cast("Q")
        self._producer_word = memoryview(self.producer_pages)[:PAGESIZE].cast("Q")
        self._data = memoryview(self.producer_pages)[PAGESIZE:]
        self._open: list[Record] = []
        super().__init__(spec, cpus)

    @property
    def consumed(self) -> int:
        return self._consumer_word[0]

    @property
    def produced(self) -> int:
        return self._producer_word[0]

    @property
    def has_records(self) -> bool:
        """Whether there is anything to consume."""
        return self._producer_word[0] != self._consumer_word[0]

    def abandon(self) -> None:
        """Discard what is reserved and will never be submitted, as its program's run was ended."""
        for record in tuple(self._open):
            self.close(record, is_discarded=True)

    def close(self, record: Record, *, is_discarded: bool) -> None:
        super().close(record, is_discarded=is_discarded)
        self._open.remove(record)
        length = len(record.data)
        self._write(record.position + BPF_RINGBUF_HDR_SZ, record.data)
        self._write_header(record, length | (BPF_RINGBUF_DISCARD_BIT if is_discarded else 0))

    def _keep(self, record: Record, end: int) -> None:
        self._open.append(record)
        self._write_header(record, len(record.data) | BPF_RINGBUF_BUSY_BIT)
        self._producer_word[0] = end

    def _write_header(self, record: Record, word: int) -> None:
        self._write(record.position, _HEADER.pack(word, 0))

    def _write(self, position: int, data: bytes | bytearray) -> None:
        """Into both copies, which what wraps round goes on from the one to the other in."""
        size = self.spec.max_entries
        start = position % size
        room = size - start
        self._data[start : start + len(data)] = data
        if len(data) <= room:
            self._data[size + start : size + start + len(data)] = data
        else:
            self._data[size + start :] = data[:room]
            self._data[: len(data) - room] = data[room:]
