"""Programs at places in executable files, one place a link."""

from __future__ import annotations

from seismo.kernel.perf_kinds import open_uprobe
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.refusal import UPROBE, refusals_at
from seismo.objects.link import Link, link_perf_event
from seismo.objects.program import Program
from seismo.spec.types import UprobeAttach

__all__ = ("attach_uprobe",)


def attach_uprobe(program: Program, at: UprobeAttach, kernel: Kernel) -> Link:
    """Run `program` at the instruction, or at the return of the function that begins there.

    Since Linux 4.17.
    """
    kind = "uretprobe" if at.is_return else "uprobe"
    with refusals_at(f"{kind} {at.path}+{at.offset:#x}", UPROBE):
        event = open_uprobe(
            kernel, at.path, at.offset, at.semaphore, pid=at.pid, is_return=at.is_return
        )
        return link_perf_event(kernel, program, event, at.cookie)
