"""`PerfBuffer`: reads what programs send with bpf_perf_event_output. Since Linux 4.4.

The way out for kernels before 5.8, which have no BPF ring buffer: every CPU has a ring of its own,
so the order between CPUs is lost.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing

from seismo.base.closing import Closing
from seismo.kernel import perf
from seismo.kernel.abi import PerfRecord
from seismo.kernel.proc import online_cpus
from seismo.kernel.protocol import Kernel
from seismo.objects.errors import BadSpec
from seismo.objects.map import Map
from seismo.objects.perf_ring import PerfRing, lost_records

__all__ = ("PerfBuffer",)

_RAW_SIZE = struct.Struct("=I")


class PerfBuffer(Closing):
    """Consumes the rings of all online CPUs; `pages` (a power of two) is the size of each.

    `lost` is how many records found no room, as far as consumed: the kernel reports a loss in front
    of the next record of that CPU that found room.
    """

    def __init__(self, map_: Map, kernel: Kernel, *, pages: int = 64) -> None:
        if pages < 1 or pages & (pages - 1):
            raise BadSpec(
                f"perf buffer {map_.spec.name}",
                f"a ring cannot have {pages} pages",
                "a power of two is possible",
            )
        self.lost = 0
        self._kernel = kernel
        with ExitStack() as on_error:
            self._rings = [
                on_error.enter_context(_opened(kernel, map_, cpu, pages))
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
        return sum(self._consume(ring, callback) for ring in self._rings)

    def _consume(self, ring: PerfRing, callback: Callable[[memoryview], object]) -> int:
        """How many records; one whose callback raises has been had."""
        count = 0
        with closing(ring.take()) as records:
            for type_, _, body in records:
                if type_ == PerfRecord.SAMPLE:
                    count += 1
                    (length,) = _RAW_SIZE.unpack_from(body)
                    callback(body[_RAW_SIZE.size : _RAW_SIZE.size + length])
                elif type_ == PerfRecord.LOST:
                    self.lost += lost_records(body)
        return count

    def close(self) -> None:
        """Close the rings; programs' records go nowhere from here on."""
        self._owned.close()


def _opened(kernel: Kernel, map_: Map, cpu: int, pages: int) -> PerfRing:
    """The ring of one CPU, entered in the map at the CPU's index."""
    with ExitStack() as on_error:
        ring = PerfRing(kernel, perf.open_bpf_output(kernel, cpu), pages)
        on_error.enter_context(ring)
        map_.put(_u32(cpu), _u32(int(ring.event)))
        ring.enable()
        on_error.pop_all()
    return ring


def _u32(number: int) -> bytes:
    return number.to_bytes(4, sys.byteorder)
