"""perf events: opened disabled, one function a kind, each an `Fd` that its caller closes.

A perf event with a BPF program on it is how tracepoints and timers run programs: the event is
opened, the program is put on it (`SET_BPF`, or a bpf_link), and the event is enabled. The kinds of
event that few scripts need stand in `perf_kinds.py`.
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.base.errors import SyscallError
from seismo.kernel.abi import (
    PerfBit,
    PerfEventAttr,
    PerfIoctl,
    PerfSample,
    PerfSoftware,
    PerfType,
)
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel

__all__ = (
    "EVERYWHERE",
    "Scope",
    "disable",
    "enable",
    "open_bpf_output",
    "open_event",
    "open_timer",
    "open_tracepoint",
    "set_bpf",
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What an event counts: one CPU with all that it runs, or one thread on any CPU.

    perf_event_open(2) has the same two numbers, -1 for any.
    """

    cpu: int = -1
    tid: int = -1

    @property
    def bits(self) -> int:
        """A thread's event is passed on to the threads that it starts, not to processes."""
        return PerfBit.INHERIT | PerfBit.INHERIT_THREAD if self.tid >= 0 else 0


EVERYWHERE = Scope(cpu=0)
"""Of the events that the kernel keeps with a place in code, whose CPU is of no importance."""


def open_event(kernel: Kernel, attr: PerfEventAttr, scope: Scope, kind: str, name: str) -> Fd:
    """The event that `attr` describes, disabled."""
    attr.bits |= PerfBit.DISABLED
    return Fd(kernel, kernel.perf_event_open(attr, scope.tid, scope.cpu), kind, name)


def open_tracepoint(kernel: Kernel, event_id: int, name: str = "") -> Fd:
    """The tracepoint of that id (the `id` file of tracefs).

    A program on it runs wherever the tracepoint is hit: the kernel keeps the programs with the
    tracepoint. Since Linux 4.7.
    """
    attr = PerfEventAttr(
        type=PerfType.TRACEPOINT,
        config=event_id,
        sample_period=1,
        sample_type=PerfSample.RAW,
        wakeup_events=1,
    )
    return open_event(kernel, attr, EVERYWHERE, "perf event", name)


def open_timer(kernel: Kernel, scope: Scope, *, period_ns: int = 0, frequency_hz: int = 0) -> Fd:
    """A cpu-clock timer of one of a period (ns) and a frequency (Hz).

    The kernel makes periods under 10,000 ns that long. Since Linux 4.9 (programs on it), for a
    thread since 5.13.
    """
    if (period_ns > 0) == (frequency_hz > 0):
        raise ValueError(f"one of period_ns={period_ns} and frequency_hz={frequency_hz} is to be 0")
    attr = PerfEventAttr(
        type=PerfType.SOFTWARE,
        config=PerfSoftware.CPU_CLOCK,
        sample_period=period_ns or frequency_hz,
        bits=scope.bits | (PerfBit.FREQ if frequency_hz else 0),
    )
    name = f"every {period_ns} ns" if period_ns else f"at {frequency_hz} Hz"
    return open_event(kernel, attr, scope, "timer", name)


def open_bpf_output(
    kernel: Kernel, cpu: int, wakeup_events: int = 1, watermark_bytes: int = 0
) -> Fd:
    """The event that `bpf_perf_event_output` on `cpu` writes to; wakes poll every so many records,
    or where `watermark_bytes` is not 0 every so many bytes.

    Since Linux 4.4.
    """
    attr = PerfEventAttr(
        type=PerfType.SOFTWARE,
        config=PerfSoftware.BPF_OUTPUT,
        sample_period=1,
        sample_type=PerfSample.RAW,
        bits=PerfBit.WATERMARK if watermark_bytes else 0,
        # In a union with wakeup_watermark, which WATERMARK makes of it.
        wakeup_events=watermark_bytes or wakeup_events,
    )
    return open_event(kernel, attr, Scope(cpu=cpu), "perf event", f"cpu {cpu}")


def set_bpf(kernel: Kernel, event: Fd, program: int) -> None:
    """Run the program (its fd) at every hit of the event. Since Linux 4.1 (tracepoints: 4.7)."""
    _ioctl(kernel, event, PerfIoctl.SET_BPF, program)


def enable(kernel: Kernel, event: Fd) -> None:
    """Start counting."""
    _ioctl(kernel, event, PerfIoctl.ENABLE)


def disable(kernel: Kernel, event: Fd) -> None:
    """Stop counting."""
    _ioctl(kernel, event, PerfIoctl.DISABLE)


def _ioctl(kernel: Kernel, event: Fd, request: PerfIoctl, argument: int = 0) -> None:
    try:
        kernel.ioctl(int(event), request, argument)
    except SyscallError as error:
        call = f"ioctl(PERF_EVENT_IOC_{request.name}) on {event.kind} {event.name}"
        raise SyscallError(call, error.errno or 0, error.hint) from error
