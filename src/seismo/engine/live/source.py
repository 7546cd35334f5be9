"""`CommandSource`: the hits of one command and all that it starts, by ptrace(2)."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable

from seismo.base.closing import Closing
from seismo.base.dataclass import replace
from seismo.base.errors import SyscallError
from seismo.engine.hit import Hit
from seismo.engine.live.hits import Hits
from seismo.engine.live.numbers import Numbers
from seismo.engine.live.tracer import Tracer
from seismo.engine.live.wanted import RAW_POINTS, Wanted
from seismo.engine.places import system_call_places
from seismo.kernel.child_signal import ChildSignal
from seismo.kernel.live import LiveKernel
from seismo.kernel.proc import possible_cpus

__all__ = ("CommandSource",)

_PATIENCE_SECONDS = 2.0


class CommandSource(Closing):
    """A `Source` over process `pid`, which waits to become a command.

    Nobody else may wait(2) for the process until `hand_back` is told, once, how it ended: its exit
    status, -N after signal N, or None if it still runs when this is closed. What the command has
    left behind goes on, untraced.

    A command's end is the source's, whatever it has left behind. SyscallError where ptrace(2) is
    refused, NotSupported on a machine that is neither x86_64 nor aarch64. Since Linux 5.3.
    """

    is_live = True

    def __init__(self, pid: int, hand_back: Callable[[int | None], None]) -> None:
        machine = os.uname().machine
        places = system_call_places(machine, _cpus())
        self.places = replace(places, raw_tracepoints=places.raw_tracepoints | RAW_POINTS)
        self.started_ns = time.monotonic_ns()
        self.wall_offset_ns = time.time_ns() - time.monotonic_ns()
        self._hand_back = hand_back
        self._numbers = Numbers(machine)
        self._hits = Hits(self._wanted(frozenset()))
        self._tracer = Tracer(pid, self._hits, self._numbers)
        self._is_started = self._has_told = False
        self._ended = os.pidfd_open(pid)
        self._signal = ChildSignal()

    @property
    def is_over(self) -> bool:
        """Whether the command has ended."""
        return self._tracer.status is not None

    @property
    def fds(self) -> tuple[int, ...]:
        """Readable when a task has stopped or ended."""
        return (self._signal.fd,)

    @property
    def ended_fd(self) -> int:
        """Readable when the command has ended."""
        return self._ended

    @property
    def has_foreign_calls(self) -> bool:
        """Whether system calls were wanted by name, and a 32-bit program made some: they have
        numbers of their own, so that only raw_syscalls tells of them, as in the kernel."""
        return self._tracer.has_foreign_calls

    def want(self, places: frozenset[str], *, needs_cpu: bool = True) -> None:
        """Only these places matter from now on. Where there is no system call among them, tasks
        do not stop at any; where no processor is asked for, it is 0."""
        self._hits.needs_cpu = needs_cpu
        had_calls, self._hits.wanted = self._hits.wanted.has_calls, self._wanted(places)
        if self._is_started and self._hits.wanted.has_calls and not had_calls:
            self._tracer.renew_stops()

    def start(self) -> None:
        """Trace from here on."""
        self._is_started = True
        self._tracer.start()

    def pump(self, fire: Callable[[Hit], None], limit: int) -> int:
        """Fire what has happened, some `limit` of it at most; how many hits it was."""
        self._hits.fire = fire
        before = self._hits.count
        for _ in range(limit):
            if self._tracer.step():
                continue
            self._signal.take()
            # One that came before it was taken is there by now.
            if not self._tracer.step():
                break
        else:
            self._signal.again()
        if self.is_over:
            self._tell()
        return self._hits.count - before

    def close(self) -> None:
        if self._ended < 0:
            return
        if self._is_started:
            self._release()
        self._tell()
        self._signal.close()
        os.close(self._ended)
        self._ended = -1

    def _release(self) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        self._tracer.release()
        while not self._tracer.is_released and (rest := until - time.monotonic()) > 0:
            self._signal.take()
            if not self._tracer.step():
                select.select(self.fds, (), (), rest)

    def _tell(self) -> None:
        if not self._has_told:
            self._has_told = True
            self._hand_back(self._tracer.status)

    def _wanted(self, places: frozenset[str]) -> Wanted:
        return Wanted(places, self.places, self._numbers.by_name)


def _cpus() -> int:
    """One more than the highest number of a processor."""
    try:
        return max(possible_cpus(LiveKernel())) + 1
    except SyscallError:
        return os.cpu_count() or 1
