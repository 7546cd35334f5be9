"""What the programs could not do, by the counters that they keep in the kernel."""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping

from seismo.base.dataclass import dataclass
from seismo.base.source import Span
from seismo.events.kinds import FaultSite
from seismo.objects.map import Map
from seismo.output.sink import Sink
from seismo.plan import Plan

__all__ = ("LossMeter", "Losses")

_REPORT_SECONDS = 1.0
_WHY_UNREADABLE = {
    "user": "the memory was not resident, or the pointer wrong",
    "kernel": "the pointer was wrong, or into a process's memory: say uptr(…)",
}
_WHY_LATE = "the string was not resident, and the system call not seen to end"
_NO_KERNEL_MEMORY = "the user engine knows nothing of a kernel's memory there"
_NO_KERNEL_STACKS = "the user engine has those of recordings that were made with --stacks alone"
# Seen on Linux 6.1, not on 6.12: perf_call_bpf_enter() in kernel/trace/trace_syscalls.c hands the
# process's registers to programs there.
_WHY_NO_FRAMES = (
    "this kernel shows none at the tracepoints of system calls; rawtracepoint:sys_enter has them"
)


@dataclass(frozen=True, slots=True)
class Losses:
    """Counts since the start: records for which a ring had no room, tasks for which the family of
    --tree had none, and failures by their site."""

    events: int
    control: int
    family: int
    faults: tuple[tuple[FaultSite, int], ...]


class LossMeter:
    """Reads the counters, and tells a sink of what is new in them.

    Where it `has_kernel_memory`, a pointer is to blame for a read of that which failed.
    """

    def __init__(
        self, plan: Plan, maps: Mapping[str, Map], *, has_kernel_memory: bool = True
    ) -> None:
        self._plan = plan
        self._has_kernel_memory = has_kernel_memory
        self._maps = maps
        self._reported = 0
        self._next_report = 0.0

    def read(self) -> Losses:
        """The counters as they are now."""
        ((_, value),) = self._maps[self._plan.lost_map].items()
        events, control, family, *counts = struct.unpack(f"{len(value) // 8}Q", value)
        return Losses(events, control, family, tuple(zip(self._plan.faults, counts, strict=True)))

    def report(self, sink: Sink, *, is_due: bool = False) -> None:
        """Say how many events were lost since the last time, at most once a second."""
        now = time.monotonic()
        if now < self._next_report and not is_due:
            return
        self._next_report = now + _REPORT_SECONDS
        lost = self.read().events
        if lost > self._reported:
            sink.lost(lost - self._reported)
            self._reported = lost

    def sum_up(self, sink: Sink) -> None:
        """At the end: everything that is not zero, each site of the script by itself."""
        losses = self.read()
        for site, count in losses.faults:
            if count:
                sink.fault(site, count, self._words(site, count))
        if losses.events:
            sink.warning(f"events lost in all: {losses.events}")
        if losses.control:
            sink.warning(
                f"calls of exit(), print(), clear() or zero() lost: {losses.control}; "
                "the control ring was full"
            )
        if losses.family:
            sink.warning(
                f"{_times(losses.family, 'process')} of the family not followed: it is too large"
            )

    def _words(self, site: FaultSite, count: int) -> str:
        match site.kind:
            case "map_full":
                return f"{_times(count, 'update')} {self._full_map(site.span)}"
            case "string":
                return f"{_times(count, 'string')} could not be read: {self._why(site)}"
            case "memory":
                return f"{_times(count, 'read')} of memory failed and gave 0: {self._why(site)}"
            case "late":
                return f"{_times(count, 'run')} of the probe left out: {_WHY_LATE}"
            case "stack":
                why = _WHY_NO_FRAMES if self._has_kernel_memory else _NO_KERNEL_STACKS
                return f"{_times(count, 'stack')} of the kernel had no frames: {why}"
            case _:
                return f"{_times(count, 'call')} of {site.helper} failed"

    def _why(self, site: FaultSite) -> str:
        """By the memory that the helper reads."""
        is_kernel = "kernel" in site.helper
        if is_kernel and not self._has_kernel_memory:
            return _NO_KERNEL_MEMORY
        return _WHY_UNREADABLE["kernel" if is_kernel else "user"]

    def _full_map(self, span: Span) -> str:
        name = _map_name(span.text)
        if name not in self._maps:
            return "of a map refused: it is full"
        most = self._maps[name].spec.max_entries
        return f"of {name} refused: the map is full (max_map_keys={most})"


def _map_name(text: str) -> str:
    """The first map that a piece of a script names."""
    start = text.find("@")
    end = start + 1
    while start >= 0 and end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return text[start:end] if start >= 0 else ""


def _times(count: int, noun: str) -> str:
    ending = "" if count == 1 else "es" if noun.endswith("s") else "s"
    return f"{count} {noun}{ending}"
