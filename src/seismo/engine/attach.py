"""Where a program is attached: the places that an `AttachSpec` means, by the names that hits have.

>>> attach_points(TracepointAttach("sched", "sched_process_exit"))
(('tracepoint:sched:sched_process_exit', 0),)
"""

from __future__ import annotations

from seismo.base.errors import NotSupported
from seismo.engine.places import Places
from seismo.kernel.errors import NotInKernel
from seismo.spec.types import (
    AttachSpec,
    BreakpointAttach,
    IterAttach,
    KprobeAttach,
    KprobeMultiAttach,
    PerfEventAttach,
    RawTracepointAttach,
    TimerAttach,
    TracepointAttach,
    TracingAttach,
    UprobeAttach,
    UprobeMultiAttach,
)

__all__ = ("attach_points", "check_places", "period_ns")

_KERNEL_ONLY = "only a kernel that permits BPF runs programs there"
_NS_PER_SECOND = 1_000_000_000
_KINDS: dict[type, str] = {
    TracingAttach: "fentry, fexit and BTF raw tracepoints",
    UprobeAttach: "uprobes and static probes",
    UprobeMultiAttach: "uprobes and static probes",
    PerfEventAttach: "hardware and software events",
    BreakpointAttach: "watchpoints",
    IterAttach: "iterators",
}


def attach_points(at: AttachSpec) -> tuple[tuple[str, int], ...]:
    """(attach point, cookie) of each place; NotSupported for what needs a kernel."""
    match at:
        case TracepointAttach():
            return ((f"tracepoint:{at.category}:{at.name}", at.cookie),)
        case RawTracepointAttach():
            return ((f"rawtracepoint:{at.name}", 0),)
        case KprobeAttach() if at.function and not at.offset:
            return ((f"{_kprobe(is_return=at.is_return)}:{at.function}", at.cookie),)
        case KprobeMultiAttach():
            kind = _kprobe(is_return=at.is_return)
            cookies = at.cookies or (0,) * len(at.functions)
            return tuple(
                (f"{kind}:{name}", cookie)
                for name, cookie in zip(at.functions, cookies, strict=True)
            )
        case KprobeAttach():
            raise NotSupported("a kprobe within a function", _KERNEL_ONLY)
        case _:
            what = _KINDS.get(type(at), "this kind of probe")
            hint = "system calls, sched_process_fork, _exec and _exit, and interval: are there"
            raise NotSupported(what, _KERNEL_ONLY, hint)


def check_places(points: tuple[tuple[str, int], ...], places: Places) -> None:
    """Raise NotInKernel for a place that no hit will come from."""
    for at, _ in points:
        kind, _, name = at.partition(":")
        match kind:
            case "tracepoint":
                is_there = name in places.tracepoints
            case "rawtracepoint":
                is_there = name in places.raw_tracepoints
            case _:
                is_there = name in places.functions
        if not is_there:
            raise NotInKernel(kind, name, places.absence)


def period_ns(at: TimerAttach) -> int:
    """How often a timer runs; NotSupported for what samples processors."""
    if at.every_cpu:
        raise NotSupported(
            "profile probes", "nothing samples processors here", "interval: runs in this process"
        )
    return at.period_ns or _NS_PER_SECOND // at.frequency_hz


def _kprobe(*, is_return: bool) -> str:
    return "kretprobe" if is_return else "kprobe"
