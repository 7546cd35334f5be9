"""Programs at many places of an executable file by one link."""

from __future__ import annotations

from seismo.isa.prog_types import AttachType
from seismo.kernel.fd import Fd
from seismo.kernel.link import UprobePlaces, link_create_uprobe_multi
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.refusal import UPROBE, refusals_at
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.types import UprobeMultiAttach

__all__ = ("attach_uprobe_multi",)


def attach_uprobe_multi(program: Program, at: UprobeMultiAttach, kernel: Kernel) -> Link:
    """Run `program` at all the instructions, or at the returns of the functions there; one of type
    TRACE_UPROBE_SESSION (Linux 6.13) at both.

    Since Linux 6.6.
    """
    kind = "uretprobe" if at.is_return else "uprobe"
    count = len(at.offsets)
    place = f"{kind} {at.path} at {count} place{'' if count == 1 else 's'}"
    places = UprobePlaces(at.path, at.offsets, at.cookies, at.semaphores)
    with refusals_at(place, UPROBE):
        number = link_create_uprobe_multi(
            kernel,
            int(program.fd),
            places,
            at.pid,
            is_return=at.is_return,
            type_=program.spec.expected_attach_type or AttachType.TRACE_UPROBE_MULTI,
        )
    return Link((Fd(kernel, number, "link", place),))
