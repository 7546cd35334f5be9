"""Programs at perf events that somebody else has opened."""

from __future__ import annotations

from seismo.kernel.fd import duplicate
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.refusal import COUNTER, refusals_at
from seismo.objects.link import Link, link_perf_event
from seismo.objects.program import Program
from seismo.spec.object_attach import PerfFdAttach

__all__ = ("attach_perf_fd",)


def attach_perf_fd(program: Program, at: PerfFdAttach, kernel: Kernel) -> Link:
    """Run `program` at every overflow of the event, which is enabled. Since Linux 4.9.

    The caller's descriptor stays the caller's; the event runs no program once the link is closed
    (before Linux 5.15: once the caller's descriptor is closed, too).
    """
    place = f"perf event of fd {at.fd}"
    with refusals_at(place, COUNTER):
        event = duplicate(kernel, at.fd, "perf event", f"of fd {at.fd}")
        return link_perf_event(kernel, program, event, at.cookie)
