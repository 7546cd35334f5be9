"""`PerfBuffer`: reads what programs send with bpf_perf_event_output. Since Linux 4.4.

The way out for kernels before 5.8, which have no BPF ring buffer: every CPU has a ring of its own,
so the order between CPUs is lost. A ring is a page of positions and then the data; a record that
wraps round is in two pieces. (`include/uapi/linux/perf_event.h`, `struct perf_event_mmap_page`)
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from contextlib import ExitStack
from mmap import PAGESIZE
from types import TracebackType
from typing import Self

from seismo.kernel import perf
from seismo.kernel.abi import PerfMmapPage, PerfRecord
from seismo.kernel.barrier import acquire_fence
from seismo.kernel.fd import Fd
from seismo.kernel.proc import online_cpus
from seismo.kernel.protocol import Kernel
from seismo.objects.errors import BadSpec
from seismo.objects.map import Map

__all__ = ("PerfBuffer",)

_HEADER = struct.Struct("=IHH")  # struct perf_event_header: type, misc, size
_RAW_SIZE = struct.Struct("=I")
_LOST = struct.Struct("=QQ")  # id, lost
_HEAD = PerfMmapPage.DATA_HEAD // 8
_TAIL = PerfMmapPage.DATA_TAIL // 8


class PerfBuffer:
    """Consumes the rings of all online CPUs; `pages` (a power of two) is the size of each."""

    def __init__(self, map_: Map, kernel: Kernel, *, pages: int = 64) -> None:
        if pages < 1 or pages & (pages - 1):
            raise BadSpec(
                f"perf buffer {map_.spec.name}",
                f"a ring cannot have {pages} pages",
                "a power of two is possible",
            )
        self._kernel = kernel
        with ExitStack() as on_error:
            self._rings = [
                on_error.enter_context(_CpuRing(kernel, map_, cpu, pages))
                for cpu in online_cpus(kernel)
            ]
            self._owned = on_error.pop_all()

    @property
    def fds(self) -> tuple[int, ...]:
        """What becomes readable when records come."""
        return tuple([int(ring.event) for ring in self._rings])

    def poll(self, timeout_ms: int) -> bool:
        """Wait until there is something to consume; False when the time is up (-1: never)."""
        return bool(self._kernel.poll(self.fds, timeout_ms))

    def consume(self, callback: Callable[[memoryview], object]) -> int:
        """Hand out every record, CPU by CPU; how many they were.

        A record's `memoryview` is good until `callback` returns. The kernel pads its data to 8k+4
        bytes and does not say by how much.
        """
        return sum(ring.consume(callback) for ring in self._rings)

    @property
    def lost(self) -> int:
        """How many records found no room, as far as consumed.

        The kernel reports a loss in front of the next record of that CPU that found room.
        """
        return sum(ring.lost for ring in self._rings)

    def close(self) -> None:
        """Close the rings; programs' records go nowhere from here on."""
        self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _CpuRing:
    """One CPU's perf event, mapped and entered in the map at the CPU's index."""

    def __init__(self, kernel: Kernel, map_: Map, cpu: int, pages: int) -> None:
        with ExitStack() as on_error:
            self.event: Fd = on_error.enter_context(perf.open_bpf_output(kernel, cpu))
            size = pages * PAGESIZE
            ring = memoryview(kernel.mmap(int(self.event), PAGESIZE + size, writable=True))
            self.lost = 0
            self._positions = ring[:PAGESIZE].cast("Q")
            self._data = ring[PAGESIZE:]
            map_.put(_u32(cpu), _u32(int(self.event)))
            perf.enable(kernel, self.event)
            on_error.pop_all()

    def consume(self, callback: Callable[[memoryview], object]) -> int:
        """Hand out what is there; how many records. One whose callback raises has been had."""
        positions = self._positions
        head, position = positions[_HEAD], positions[_TAIL]
        acquire_fence()
        count = 0
        try:
            while position < head:
                type_, _, size = _HEADER.unpack_from(self._data, position % len(self._data))
                body = self._read(position + _HEADER.size, size - _HEADER.size)
                position += size
                if type_ == PerfRecord.SAMPLE:
                    count += 1
                    (length,) = _RAW_SIZE.unpack_from(body)
                    callback(body[_RAW_SIZE.size : _RAW_SIZE.size + length])
                elif type_ == PerfRecord.LOST:
                    self.lost += _LOST.unpack_from(body)[1]
        finally:
            acquire_fence()
            positions[_TAIL] = position
        return count

    def _read(self, position: int, size: int) -> memoryview:
        """`size` bytes at `position`; in place, or copied together where they wrap round."""
        start = position % len(self._data)
        end = start + size
        if end <= len(self._data):
            return self._data[start:end]
        return memoryview(bytes(self._data[start:]) + bytes(self._data[: end - len(self._data)]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._positions = self._data = memoryview(b"")
        self.event.close()


def _u32(number: int) -> bytes:
    return number.to_bytes(4, sys.byteorder)
