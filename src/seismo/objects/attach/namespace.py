"""Programs of a network namespace: which socket gets a packet, and what flow it belongs to."""

from __future__ import annotations

import errno
from typing import Final

from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel.fd import Fd
from seismo.kernel.link import link_create
from seismo.kernel.network import open_network_namespace
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.refusal import Reasons, refusals_at
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.object_attach import NetnsAttach

__all__ = ("attach_netns",)

_NETNS: Final[Reasons] = {
    errno.ENOENT: ("there is no such file", "`ip netns add` makes /run/netns/NAME"),
    errno.EINVAL: (
        "it is no network namespace, or the program is none for it",
        "programs are of type SK_LOOKUP or FLOW_DISSECTOR",
    ),
    errno.E2BIG: (
        "the namespace has as many such programs as it takes",
        "it takes one flow dissector, and 64 that select sockets",
    ),
    errno.EEXIST: ("the namespace has a flow dissector already, by no link", "it takes one"),
}


def attach_netns(program: Program, at: NetnsAttach, kernel: Kernel) -> Link:
    """Run `program` in a network namespace. Since Linux 5.8 (flow dissectors), 5.9 (sk_lookup)."""
    is_lookup = program.spec.type is ProgType.SK_LOOKUP
    type_ = AttachType.SK_LOOKUP if is_lookup else AttachType.FLOW_DISSECTOR
    place = f"{type_.name.lower()} {at.path or 'of this network namespace'}"
    with refusals_at(place, _NETNS), open_network_namespace(kernel, at.path) as namespace:
        number = link_create(kernel, int(program.fd), int(namespace), type_)
        return Link((Fd(kernel, number, "link", place),))
