"""`Readers`: the part of `BPF` that waits for what perf and ring buffers bring.

>>> b["events"].open_perf_buffer(print_event)
>>> while True:
...     b.perf_buffer_poll()
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from time import monotonic, sleep
from typing import Protocol

from seismo.bcc.machine import machine
from seismo.bcc.table.inbox import Callback, Inbox
from seismo.kernel.protocol import Kernel

__all__ = ("LOOK_MS", "BoxReader", "Reader", "Readers")

LOOK_MS = 10

# A wake-up costs as much as some ten records. Where they come one by one in quick succession, a
# pause lets some more come; where they come by the dozen there is no time to lose.
_PAUSE_S = 0.0005
_QUICK_S = 0.001
_FEW = 64


class Reader(Protocol):
    """An open buffer of a table; one without a callback is read otherwise than by polling."""

    callback: Callback | None
    is_quiet: bool
    """Records may be there of which nobody is told: it is to be looked every `LOOK_MS`."""

    @property
    def fds(self) -> tuple[int, ...]:
        """What becomes readable when there is something."""
        ...

    @property
    def is_waiting(self) -> bool:
        """Whether something is here already."""
        ...

    def drain(self) -> int:
        """Hand out what is there; how many records it was. Raises what the callback raises."""
        ...

    def close(self) -> None:
        """Let go of the buffer."""
        ...


class BoxReader(Reader, Protocol):
    """A reader that copies records into a box before it hands them out."""

    inbox: Inbox
    received: int
    lost: int

    def rounds(self) -> Iterator[None]:
        """Fill the box time after time; it is to be emptied in between."""
        ...


class Readers:
    """The open buffers of a program's tables, by the tables' names, and what else tables opened."""

    def __init__(self) -> None:
        self.perf_buffers: dict[str, Reader] = {}
        self.ring_buffers: dict[str, Reader] = {}
        self._kept = ExitStack()
        self._last_count = 0
        self._last_s = 0.0

    @property
    def kernel(self) -> Kernel:
        """What tables ask for what they need."""
        return machine().kernel

    def perf_buffer_poll(self, timeout: int = -1) -> int:
        """Wait (ms, -1: for ever) until a perf buffer has something, and call the callbacks for all
        that is there; how many records that were. What a callback raises is raised."""
        return self._poll(self.perf_buffers, timeout)

    def perf_buffer_consume(self) -> int:
        """The same without waiting."""
        return self._poll(self.perf_buffers, 0)

    kprobe_poll = perf_buffer_poll

    def ring_buffer_poll(self, timeout: int = -1) -> int:
        """Wait (ms, -1: for ever) until a ring buffer has something, and call the callbacks for all
        that is there; how many records that were. What a callback raises is raised."""
        return self._poll(self.ring_buffers, timeout)

    def ring_buffer_consume(self) -> int:
        """The same without waiting, also for records that were sent without a notice."""
        return self._poll(self.ring_buffers, 0)

    def close_buffers(self) -> None:
        """Close the buffers and counters; nothing more is received."""
        for readers in (self.perf_buffers, self.ring_buffers):
            for one in readers.values():
                one.close()
            readers.clear()
        self._kept.close()

    def open_perf_reader(self, table: str, reader: Reader) -> None:
        """Poll a table's perf buffer, in place of the one that it had."""
        _replace(self.perf_buffers, table, reader)

    def open_ring_reader(self, table: str, reader: Reader) -> None:
        """Poll a table's ring buffer, in place of the one that it had."""
        _replace(self.ring_buffers, table, reader)

    def keep_open(self, opened: ExitStack) -> None:
        """Close this with the buffers."""
        self._kept.enter_context(opened)

    def wait(self, readers: Sequence[Reader], timeout: int) -> bool:
        """Wait (ms, -1: for ever) until one of the readers has something; whether one has."""
        fds = [fd for one in readers for fd in one.fds]
        look_ms = LOOK_MS if any(one.is_quiet for one in readers) else -1
        end_s = monotonic() + timeout / 1000
        while True:
            left_ms = -1 if timeout < 0 else max(0, round((end_s - monotonic()) * 1000))
            waits = [one for one in (left_ms, look_ms) if one >= 0]
            if self.kernel.poll(fds, min(waits, default=-1)):
                return True
            if any(one.is_waiting for one in readers):
                return True
            if left_ms == 0 or not waits:
                return False

    def _poll(self, readers: dict[str, Reader], timeout: int) -> int:
        called = [one for one in readers.values() if one.callback is not None]
        if timeout and not any(one.is_waiting for one in called):
            is_there = self.wait(called, timeout)
            is_few = 0 < self._last_count <= _FEW
            if is_there and is_few and monotonic() - self._last_s < _QUICK_S:
                sleep(_PAUSE_S)
        self._last_count = sum(one.drain() for one in called)
        self._last_s = monotonic()
        return self._last_count


def _replace(readers: dict[str, Reader], table: str, reader: Reader) -> None:
    if table in readers:
        readers[table].close()
    readers[table] = reader
