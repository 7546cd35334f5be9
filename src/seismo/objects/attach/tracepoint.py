"""Programs at static tracepoints, through a perf event."""

from __future__ import annotations

from seismo.base.errors import SyscallError
from seismo.kernel.perf import open_tracepoint
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.errors import AttachRefused
from seismo.objects.link import Link, link_perf_event
from seismo.objects.program import Program
from seismo.spec.types import TracepointAttach

__all__ = ("attach_tracepoint",)


def attach_tracepoint(
    program: Program, at: TracepointAttach, kernel: Kernel, tracefs: Tracefs
) -> Link:
    """Run `program` at every hit of the tracepoint, on every CPU.

    Raises `NotInKernel` for a tracepoint that the kernel does not have. Since Linux 4.7.
    """
    name = f"{at.category}:{at.name}"
    event_id = tracefs.event_id(at.category, at.name)
    try:
        event = open_tracepoint(kernel, event_id, name)
        return link_perf_event(kernel, program, event, at.cookie)
    except SyscallError as error:
        raise AttachRefused(f"tracepoint {name}", error) from error
