"""Functions of a struct_ops map in place of the kernel's: a congestion control, a scheduler."""

from __future__ import annotations

import errno
from contextlib import suppress
from typing import Final

from seismo.base.errors import SyscallError
from seismo.isa.prog_types import AttachType
from seismo.kernel.fd import Fd
from seismo.kernel.link import link_create
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.refusal import Reasons, refusals_at
from seismo.objects.errors import KeyMissing
from seismo.objects.link import Link
from seismo.objects.map import Map
from seismo.spec.object_attach import StructOpsAttach

__all__ = ("StructOpsLink", "attach_struct_ops", "attach_struct_ops_map")

_BPF_F_LINK = 1 << 13
_STRUCT_OPS: Final[Reasons] = {
    errno.EINVAL: (
        "the kernel does not take such a map",
        "it takes Linux 6.4 and a map that was made with BPF_F_LINK and has its value",
    ),
    errno.EBUSY: ("the map is in use already", ""),
    errno.EEXIST: ("the kernel has one of that name already", "give it another name"),
}
_VALUE: Final[Reasons] = {
    **_STRUCT_OPS,
    errno.EINVAL: ("the kernel does not take such a struct", "a member that it needs is missing"),
    errno.EBUSY: ("the map is in use, or was", "only a map of .struct_ops.link can be so again"),
}


class StructOpsLink(Link):
    """Functions that the map itself registers, without a bpf_link: deleting its value ends it.

    Nothing else does, not even closing the map.
    """

    def __init__(self, map_: Map, key: bytes) -> None:
        super().__init__()
        self._map = map_
        self._key = key
        self._is_attached = True

    def detach(self) -> None:
        """End the attachment."""
        if self._is_attached:
            self._is_attached = False
            # Somebody else may have done so.
            with suppress(KeyMissing):
                self._map.delete(self._key)


def attach_struct_ops_map(map_: Map, kernel: Kernel) -> Link:
    """Make the kernel use the functions of a map of `.struct_ops` (Linux 5.6) or, by a link, of
    `.struct_ops.link` (6.4), until the link is closed. The programs must be loaded."""
    ((key, value),) = map_.spec.contents
    place = f"struct_ops map {map_.spec.name}"
    is_linked = bool(map_.spec.flags & _BPF_F_LINK)
    with refusals_at(place, _VALUE):
        try:
            map_.put(key, value)
        except SyscallError as error:
            # A map for links keeps its value when a link goes.
            if error.errno != errno.EBUSY or not is_linked:
                raise
    if is_linked:
        return attach_struct_ops(StructOpsAttach(int(map_.fd)), kernel)
    return StructOpsLink(map_, key)


def attach_struct_ops(at: StructOpsAttach, kernel: Kernel) -> Link:
    """Make the kernel use the functions of a map. Since Linux 6.4."""
    place = f"struct_ops map of fd {at.map}"
    with refusals_at(place, _STRUCT_OPS):
        # The map's fd goes where that of a program does: `link_create.map_fd` is the same field.
        number = link_create(kernel, at.map, 0, AttachType.STRUCT_OPS)
    return Link((Fd(kernel, number, "link", place),))
