"""Functions of a struct_ops map in place of the kernel's: a congestion control, a scheduler."""

from __future__ import annotations

import errno
from typing import Final

from seismo.isa.prog_types import AttachType
from seismo.kernel.fd import Fd
from seismo.kernel.link import link_create
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.refusal import Reasons, refusals_at
from seismo.objects.link import Link
from seismo.spec.object_attach import StructOpsAttach

__all__ = ("attach_struct_ops",)

_STRUCT_OPS: Final[Reasons] = {
    errno.EINVAL: (
        "the kernel does not take such a map",
        "it takes Linux 6.4 and a map that was made with BPF_F_LINK and has its value",
    ),
    errno.EBUSY: ("the map is in use already", ""),
    errno.EEXIST: ("the kernel has one of that name already", "give it another name"),
}


def attach_struct_ops(at: StructOpsAttach, kernel: Kernel) -> Link:
    """Make the kernel use the functions of a map. Since Linux 6.4."""
    place = f"struct_ops map of fd {at.map}"
    with refusals_at(place, _STRUCT_OPS):
        # The map's fd goes where that of a program does: `link_create.map_fd` is the same field.
        number = link_create(kernel, at.map, 0, AttachType.STRUCT_OPS)
    return Link((Fd(kernel, number, "link", place),))
