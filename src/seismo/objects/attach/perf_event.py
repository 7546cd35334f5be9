"""Programs on timers: cpu-clock perf events."""

from __future__ import annotations

from contextlib import ExitStack

from seismo.kernel.fd import Fd
from seismo.kernel.perf import open_timer
from seismo.kernel.proc import online_cpus
from seismo.kernel.protocol import Kernel
from seismo.objects.link import Link, link_perf_event
from seismo.objects.program import Program
from seismo.spec.types import TimerAttach

__all__ = ("attach_timer",)


def attach_timer(program: Program, at: TimerAttach, kernel: Kernel) -> Link:
    """Run `program` at every tick, on each online CPU or on the first alone. Since Linux 4.9."""
    online = online_cpus(kernel)
    fds: list[Fd] = []
    with ExitStack() as on_error:
        for cpu in online if at.every_cpu else online[:1]:
            event = open_timer(kernel, cpu, period_ns=at.period_ns, frequency_hz=at.frequency_hz)
            link = on_error.enter_context(link_perf_event(kernel, program, event))
            fds += link.fds
        on_error.pop_all()
    return Link(fds)
