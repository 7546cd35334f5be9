"""`PerfRing`: the ring that a perf event writes its records to, mapped and read.

A page of positions comes first, then the data; a record that wraps round is in two pieces.
(`include/uapi/linux/perf_event.h`: struct perf_event_mmap_page)
"""

from __future__ import annotations

import struct
from collections.abc import Generator
from contextlib import ExitStack
from mmap import PAGESIZE

from seismo.base.closing import Closing
from seismo.kernel import perf
from seismo.kernel.abi import PerfMmapPage
from seismo.kernel.barrier import acquire_fence
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel

__all__ = ("PerfRing", "lost_records")

_HEADER = struct.Struct("=IHH")  # struct perf_event_header: type, misc, size
_LOST = struct.Struct("=QQ")  # id, lost
_HEAD = PerfMmapPage.DATA_HEAD // 8
_TAIL = PerfMmapPage.DATA_TAIL // 8


class PerfRing(Closing):
    """Owns `event`; `pages` (a power of two) of data. Nothing is written before `enable`."""

    def __init__(self, kernel: Kernel, event: Fd, pages: int) -> None:
        self._kernel = kernel
        self.event = event
        with ExitStack() as on_error:
            on_error.enter_context(event)
            size = PAGESIZE + pages * PAGESIZE
            ring = memoryview(kernel.mmap(int(event), size, writable=True))
            on_error.pop_all()
        self._positions = ring[:PAGESIZE].cast("Q")
        self._data = ring[PAGESIZE:]

    def enable(self) -> None:
        """Have the event write."""
        perf.enable(self._kernel, self.event)

    def take(self) -> Generator[tuple[int, int, memoryview], None, None]:
        """(type, misc, body) of every record that is there now.

        A body is good until the iteration ends: then the room of what was handed out is the
        kernel's again.
        """
        positions = self._positions
        head, position = positions[_HEAD], positions[_TAIL]
        acquire_fence()
        try:
            while position < head:
                # Records are multiples of 8 bytes, so that a header is in one piece.
                type_, misc, size = _HEADER.unpack_from(self._data, position % len(self._data))
                body = self._read(position + _HEADER.size, size - _HEADER.size)
                position += size
                yield type_, misc, body
        finally:
            acquire_fence()
            positions[_TAIL] = position

    def _read(self, position: int, size: int) -> memoryview:
        """`size` bytes at `position`; in place, or copied together where they wrap round."""
        start = position % len(self._data)
        end = start + size
        if end <= len(self._data):
            return self._data[start:end]
        return memoryview(bytes(self._data[start:]) + bytes(self._data[: end - len(self._data)]))

    def close(self) -> None:
        """Close the event; what is in the ring is gone."""
        self._positions = self._data = memoryview(b"")
        self.event.close()


def lost_records(body: memoryview) -> int:
    """How many records found no room, by the body of a record of type LOST."""
    count: int = _LOST.unpack_from(body)[1]
    return count
