"""Programs on the processor's breakpoints: memory that is read, written or executed."""

from __future__ import annotations

from seismo.kernel.fd import Fd
from seismo.kernel.perf import Scope
from seismo.kernel.perf_kinds import open_breakpoint
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.perf_event import link_each, scopes_of
from seismo.objects.attach.refusal import BREAKPOINT, refusals_at
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.types import BreakpointAttach

__all__ = ("attach_breakpoint",)


def attach_breakpoint(program: Program, at: BreakpointAttach, kernel: Kernel) -> Link:
    """Run `program` at every access to the kernel's memory, or to that of a process by its threads.

    Since Linux 4.9, in a process since 5.13.
    """

    def open_one(scope: Scope) -> Fd:
        return open_breakpoint(kernel, at.address, at.length, at.mode, scope)

    with refusals_at(f"watchpoint {at.address:#x}:{at.length}:{at.mode}", BREAKPOINT):
        return link_each(program, scopes_of(kernel, at.pid), open_one, kernel)
