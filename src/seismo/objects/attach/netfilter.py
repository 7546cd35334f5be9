"""Programs at the hooks of netfilter."""

from __future__ import annotations

import errno
from typing import Final

from seismo.kernel.fd import Fd
from seismo.kernel.link import NetfilterHook, link_create_netfilter
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.refusal import Reasons, refusals_at
from seismo.objects.errors import BadSpec
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.object_attach import NetfilterAttach

__all__ = ("attach_netfilter",)

# NFPROTO_* and NF_INET_* of include/uapi/linux/netfilter.h
_FAMILIES: Final = {"ipv4": 2, "ipv6": 10}
_HOOKS: Final = {"prerouting": 0, "input": 1, "forward": 2, "output": 3, "postrouting": 4}
_DEFRAGMENTS = 1 << 0  # BPF_F_NETFILTER_IP_DEFRAG
_NETFILTER: Final[Reasons] = {
    errno.EINVAL: (
        "the kernel does not run such programs there",
        "it takes Linux 6.4 and CONFIG_NETFILTER_BPF_LINK; a program that defragments has a "
        "priority above -400",
    ),
    errno.ERANGE: ("the lowest and the highest priority are the kernel's own", ""),
    errno.EAFNOSUPPORT: ("the kernel has no such protocol", ""),
    errno.E2BIG: ("the hook has as many programs as it takes", ""),
}


def attach_netfilter(program: Program, at: NetfilterAttach, kernel: Kernel) -> Link:
    """Run `program` at a hook of this network namespace.

    Raises `BadSpec` for a family or a hook that is none. Since Linux 6.4.
    """
    place = f"netfilter {at.family} {at.hook}"
    if at.family not in _FAMILIES:
        raise BadSpec(place, f"no family '{at.family}'", f"it is {' or '.join(_FAMILIES)}")
    if at.hook not in _HOOKS:
        raise BadSpec(place, f"no hook '{at.hook}'", f"it is one of {', '.join(_HOOKS)}")
    flags = _DEFRAGMENTS if at.defragments else 0
    hook = NetfilterHook(_FAMILIES[at.family], _HOOKS[at.hook], at.priority, flags)
    with refusals_at(place, _NETFILTER):
        number = link_create_netfilter(kernel, int(program.fd), hook)
    return Link((Fd(kernel, number, "link", place),))
