"""Programs on the kernel's and the processor's event counters."""

from __future__ import annotations

from seismo.base.diagnostics import did_you_mean
from seismo.kernel.errors import NotInKernel
from seismo.kernel.fd import Fd
from seismo.kernel.perf import Scope
from seismo.kernel.perf_kinds import COUNTERS, open_counter
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.perf_event import link_each, scopes_of
from seismo.objects.attach.refusal import COUNTER, refusals_at
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.types import PerfEventAttach

__all__ = ("attach_counter",)


def attach_counter(program: Program, at: PerfEventAttach, kernel: Kernel) -> Link:
    """Run `program` every `at.period` events: on each online CPU, or in a process's threads.

    Raises `NotInKernel` for an event that has no name here. Since Linux 4.9, in a process since
    5.13.
    """
    if at.event not in COUNTERS:
        raise NotInKernel("perf event", at.event, did_you_mean(at.event, COUNTERS))

    def open_one(scope: Scope) -> Fd:
        return open_counter(kernel, at.event, at.period, scope)

    with refusals_at(f"counter of {at.event}", COUNTER):
        return link_each(program, scopes_of(kernel, at.pid), open_one, kernel)
