"""`PerfReader`: the rings of all CPUs that programs write to with bpf_perf_event_output.

A ring is copied whole, and records are found in the copy: headers that are alike in one step.
Since Linux 4.4. (`include/uapi/linux/perf_event.h`: struct perf_event_header, PERF_RECORD_SAMPLE)
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from mmap import PAGESIZE
from typing import final

from seismo.base.closing import Closing
from seismo.base.dataclass import dataclass
from seismo.bcc.table.inbox import Callback, Inbox, count_alike
from seismo.kernel import perf
from seismo.kernel.abi import PerfMmapPage, PerfRecord
from seismo.kernel.barrier import acquire_fence
from seismo.kernel.proc import online_cpus
from seismo.kernel.protocol import Kernel
from seismo.objects.errors import BadSpec
from seismo.objects.map import Map
from seismo.objects.perf_ring import PerfRing

__all__ = ("LostCallback", "PerfOptions", "PerfReader")

LostCallback = Callable[[int], object]

_HEAD = PerfMmapPage.DATA_HEAD // 8
_TAIL = PerfMmapPage.DATA_TAIL // 8
_HEADER_BYTES = 8
# A sample is a header, a u32 with the size of the data, and the data.
_DATA_AT = _HEADER_BYTES + 4
# A loss is a header, a u64 with the event's id, and a u64 with how many.
_LOST_AT = 2


@dataclass(frozen=True, slots=True)
class PerfOptions:
    """`pages` (a power of two) for each CPU; the reader is woken every `wakeup_events` records.

    By 1, which asks for every record as it comes, it is woken when a quarter of a ring is full, and
    looks by itself now and then: a wake-up for each takes the traced program ten times as long as
    the record itself.
    """

    pages: int = 8
    lost: LostCallback | None = None
    wakeup_events: int = 1

    @property
    def watermark_bytes(self) -> int:
        """How much of a ring wakes the reader; 0 where records are counted."""
        return 0 if self.wakeup_events > 1 else self.pages * PAGESIZE // 4


@final
class PerfReader(Closing):
    """Consumes the rings. `received` and `lost` count records, as far as consumed: the kernel tells
    of a loss in front of the next record of that CPU that finds room."""

    def __init__(
        self, kernel: Kernel, map_: Map, callback: Callback | None, options: PerfOptions
    ) -> None:
        pages = options.pages
        if pages < 1 or pages & (pages - 1):
            name = f"perf buffer {map_.spec.name}"
            hint = "a power of two is possible"
            raise BadSpec(name, f"a ring cannot have {pages} pages", hint)
        self.received = 0
        self.lost = 0
        self.inbox = Inbox(pages * PAGESIZE)
        self.callback = callback
        self.is_quiet = bool(options.watermark_bytes)
        self._lost_callback = options.lost or _say_lost
        with ExitStack() as on_error:
            self._rings = [
                (cpu, on_error.enter_context(_opened(kernel, map_, cpu, options)))
                for cpu in online_cpus(kernel)
            ]
            self._owned = on_error.pop_all()

    @property
    def fds(self) -> tuple[int, ...]:
        return tuple([int(ring.event) for _, ring in self._rings])

    @property
    def is_waiting(self) -> bool:
        return bool(self.inbox.batches) or any(ring.has_some for _, ring in self._rings)

    def drain(self) -> int:
        callback = self.callback
        if callback is None:
            return 0
        return sum(self.inbox.deliver(callback) for _ in self.rounds())

    def rounds(self) -> Iterator[None]:
        """Fill the box, with what a CPU has written, time after time; between two rounds somebody
        is to empty it."""
        if self.inbox.batches:
            yield
        for cpu, ring in self._rings:
            if self.inbox.batches:
                return
            self._take(cpu, ring)
            yield

    def _take(self, cpu: int, ring: _CpuRing) -> None:
        """All that a CPU has written, into the box."""
        inbox = self.inbox
        words = inbox.words
        at, end = 0, ring.move(inbox.view) >> 3
        lost = 0
        while at < end:
            header = words[at]
            size = header >> 48
            count = 1
            match header & 0xFFFFFFFF:
                case PerfRecord.SAMPLE:
                    count = count_alike(words, at, size >> 3, (end - at) // (size >> 3))
                    first = at * 8 + _DATA_AT
                    places = range(first, first + count * size, size)
                    inbox.add(cpu, places, size - _DATA_AT)
                    self.received += count
                case PerfRecord.LOST:
                    lost += words[at + _LOST_AT]
            at += count * (size >> 3)
        if lost:
            self.lost += lost
            self._lost_callback(lost)

    def close(self) -> None:
        self._owned.close()
        self._rings.clear()


class _CpuRing(PerfRing):
    """The ring of one CPU, which is copied whole."""

    @property
    def has_some(self) -> bool:
        """Whether something is there."""
        return bool(self._positions[_HEAD] != self._positions[_TAIL])

    def move(self, into: memoryview) -> int:
        """Copy what is there, whose room is the kernel's again then; how many bytes it is."""
        positions, data = self._positions, self._data
        head, tail = positions[_HEAD], positions[_TAIL]
        acquire_fence()
        size = head - tail
        start = tail % len(data)
        before_wrap = min(size, len(data) - start)
        into[:before_wrap] = data[start : start + before_wrap]
        into[before_wrap:size] = data[: size - before_wrap]
        acquire_fence()
        positions[_TAIL] = head
        return size


def _opened(kernel: Kernel, map_: Map, cpu: int, options: PerfOptions) -> _CpuRing:
    """The ring of a CPU, entered in the map at the CPU's index."""
    with ExitStack() as on_error:
        event = perf.open_bpf_output(kernel, cpu, options.wakeup_events, options.watermark_bytes)
        ring = on_error.enter_context(_CpuRing(kernel, event, options.pages))
        map_.put(_u32(cpu), _u32(int(event)))
        ring.enable()
        on_error.pop_all()
    return ring


def _u32(number: int) -> bytes:
    return number.to_bytes(4, sys.byteorder)


def _say_lost(count: int) -> None:
    sys.stderr.write(f"Possibly lost {count} samples\n")
