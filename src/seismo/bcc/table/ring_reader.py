"""`RingReader`: a BPF ring buffer, copied run by run. Since Linux 5.8."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any, cast, final

from seismo.base.closing import Closing
from seismo.bcc.table.inbox import Callback, Inbox
from seismo.kernel.abi import BPF_RINGBUF_HDR_SZ
from seismo.kernel.protocol import Kernel
from seismo.objects.map import Map
from seismo.objects.ringbuf import RingBuffer, Run

__all__ = ("RingReader",)


@final
class RingReader(Closing):
    """Consumes the ring of a map, which stays its owner's. `received` counts records; of what is
    lost (`lost`) a ring tells nothing."""

    def __init__(self, kernel: Kernel, map_: Map, callback: Callback | None, context: Any) -> None:
        self.callback = callback
        self.is_quiet = False
        self.received = 0
        self.lost = 0
        # As much again may come while what was there is copied.
        self.inbox = Inbox(2 * map_.spec.max_entries)
        self.fds = (int(map_.fd),)
        self._ring = RingBuffer(map_, kernel)
        self._context = context

    @property
    def is_waiting(self) -> bool:
        return bool(self.inbox.batches)

    def drain(self) -> int:
        callback = self.callback
        if callback is None:
            return 0
        return sum(self.inbox.deliver(callback) for _ in self.rounds())

    def rounds(self) -> Iterator[None]:
        """Fill the box, with what was left there, then with what has been written so far; between
        the two somebody is to empty it."""
        if self.inbox.batches:
            yield
        if not self.inbox.batches:
            self._take()
            yield

    def _take(self) -> None:
        ring, inbox = self._ring, self.inbox
        # Not what programs write meanwhile: they may be faster than we are.
        end = ring.produced
        at = 0
        with closing(cast("Generator[Run, None, None]", ring.consume_runs())) as runs:
            for run in runs:
                size = run.stride * run.count
                inbox.view[at : at + size] = run.data
                first = at + BPF_RINGBUF_HDR_SZ
                inbox.add(self._context, range(first, first + size, run.stride), run.length)
                self.received += run.count
                at += size
                if ring.consumed + size >= end:
                    break

    def close(self) -> None:
        self._ring.close()
