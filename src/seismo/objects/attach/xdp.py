"""Programs that see packets before the kernel makes socket buffers of them."""

from __future__ import annotations

import errno
from typing import Final

from seismo.base.diagnostics import did_you_mean
from seismo.isa.prog_types import AttachType
from seismo.kernel.fd import Fd
from seismo.kernel.link import link_create
from seismo.kernel.network import interface_index
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.refusal import Reasons, refusals_at
from seismo.objects.errors import BadSpec
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.object_attach import XdpAttach

__all__ = ("attach_xdp",)

# XDP_FLAGS_* of include/uapi/linux/if_link.h
_MODES: Final = {"": 0, "generic": 1 << 1, "native": 1 << 2, "offload": 1 << 3}
_IN_USE = ("a program is there already", "`ip link show` tells which; an interface takes one")
_NO_DRIVER = ("the interface's driver cannot run programs so", "use the mode generic")
_XDP: Final[Reasons] = {
    errno.EBUSY: _IN_USE,
    errno.EEXIST: ("a program is there in another mode", "an interface has one mode at a time"),
    errno.EOPNOTSUPP: _NO_DRIVER,
    errno.ENXIO: ("the interface is just going away", ""),
    errno.EINVAL: (
        "the program cannot run there",
        "programs of a devmap or a cpumap go into the map; in native mode, does a packet fit into "
        "a page, and has the program frags (SEC xdp.frags) where it does not?",
    ),
}


def attach_xdp(program: Program, at: XdpAttach, kernel: Kernel) -> Link:
    """Run `program` for every packet that comes in at an interface of this network namespace.

    Raises `NotInKernel` for an interface that is not there, `BadSpec` for a mode that is none.
    Since Linux 5.9.
    """
    if at.mode not in _MODES:
        hint = did_you_mean(at.mode, _MODES) or "it is generic, native or offload"
        raise BadSpec(f"XDP at {at.interface}", f"no mode '{at.mode}'", hint)
    index = interface_index(at.interface)
    place = f"xdp {at.interface}"
    with refusals_at(place, _XDP):
        number = link_create(kernel, int(program.fd), index, AttachType.XDP, _MODES[at.mode])
    return Link((Fd(kernel, number, "link", place),))
