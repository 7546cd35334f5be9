"""Programs at an interface's traffic control: by a tcx link, or as a filter of a clsact qdisc."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from seismo.base.errors import SyscallError
from seismo.isa.prog_types import AttachType
from seismo.kernel.fd import Fd
from seismo.kernel.link import link_create
from seismo.kernel.netlink import FilterHandle, FilterPlace, Netlink
from seismo.kernel.network import interface_index
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.refusal import Reasons, refusals_at
from seismo.objects.errors import BadSpec
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.object_attach import NetkitAttach, TcAttach

__all__ = ("attach_netkit", "attach_tc")

_MODES = ("", "tcx", "clsact")
# What was there has gone without us: the interface, or the filter.
_GONE = (errno.ENODEV, errno.ENOENT, errno.EINVAL)
_TC: Final[Reasons] = {
    errno.EINVAL: (
        "the kernel does not run such programs there",
        "tcx takes Linux 6.6, netkit 6.7 and the primary device of a pair; programs are of type "
        "SCHED_CLS",
    ),
    errno.ENXIO: ("it is no netkit device", "netkit takes Linux 6.7"),
    errno.ENOENT: ("the kernel has no clsact", "it takes CONFIG_NET_SCH_INGRESS (sch_ingress)"),
    errno.EEXIST: ("the program is there already", "each link there is of another program"),
    errno.EACCES: ("the interface is the peer of a netkit pair", "name the primary device"),
    errno.EPERM: ("it takes the capability CAP_NET_ADMIN", ""),
    errno.ERANGE: ("as many programs as can be are there already", ""),
}


class _Filter:
    """A filter of an interface; closing takes it away."""

    def __init__(self, netlink: Netlink, place: FilterPlace, program: Program) -> None:
        name = program.spec.name
        self._made: FilterHandle | None = netlink.add_filter(place, int(program.fd), name)
        self._netlink = netlink
        self._place = place

    def close(self) -> None:
        made, self._made = self._made, None
        if made is not None:
            with _unless_gone():
                self._netlink.delete_filter(self._place, made)


class _Clsact:
    """The qdisc that filters are in; closing takes it away if we made it and nobody else uses it.

    Nothing keeps another from putting a filter there just then; it would go with the qdisc.
    """

    def __init__(self, netlink: Netlink, interface: int) -> None:
        self._is_ours = netlink.add_clsact(interface)
        self._netlink = netlink
        self._interface = interface

    def close(self) -> None:
        is_ours, self._is_ours = self._is_ours, False
        if not is_ours:
            return
        with _unless_gone():
            ways = [FilterPlace(self._interface, is_egress) for is_egress in (False, True)]
            if not any(self._netlink.has_filters(one) for one in ways):
                self._netlink.delete_clsact(self._interface)


class FilterLink(Link):
    """A filter has no descriptor that would keep it attached: netlink makes it and takes it away.

    It outlives this process if that ends without closing the link.
    """

    def __init__(self, made: _Filter, clsact: _Clsact, netlink: Netlink) -> None:
        super().__init__((), (made, clsact, netlink))
        self._made = made

    def detach(self) -> None:
        self._made.close()


def attach_tc(program: Program, at: TcAttach, kernel: Kernel) -> Link:
    """Run `program` for every packet that comes in at an interface of this network namespace, or
    that goes out.

    Raises `NotInKernel` for an interface that is not there, `BadSpec` for a mode that is none, or
    that has no priorities.
    Since Linux 4.5, by a link since 6.6.
    """
    place = f"tc {'egress' if at.is_egress else 'ingress'} {at.interface}"
    if at.mode not in _MODES:
        raise BadSpec(place, f"no mode '{at.mode}'", "it is tcx or clsact")
    if at.mode == "tcx" and at.priority:
        raise BadSpec(place, "tcx has no priorities", "use the mode clsact")
    index = interface_index(at.interface)
    with refusals_at(place, _TC):
        if at.mode != "clsact" and not at.priority:
            type_ = AttachType.TCX_EGRESS if at.is_egress else AttachType.TCX_INGRESS
            try:
                return _linked(program, index, type_, place, kernel)
            except SyscallError as error:
                if error.errno != errno.EINVAL or at.mode:
                    raise
        return _filtered(program, FilterPlace(index, at.is_egress, at.priority), kernel)


def attach_netkit(program: Program, at: NetkitAttach, kernel: Kernel) -> Link:
    """Run `program` for what is sent through a netkit device, or through its peer.

    Raises `NotInKernel` for an interface that is not there. Since Linux 6.7.
    """
    place = f"netkit {'peer of ' if at.is_peer else ''}{at.interface}"
    type_ = AttachType.NETKIT_PEER if at.is_peer else AttachType.NETKIT_PRIMARY
    with refusals_at(place, _TC):
        return _linked(program, interface_index(at.interface), type_, place, kernel)


def _linked(program: Program, index: int, type_: AttachType, place: str, kernel: Kernel) -> Link:
    return Link((Fd(kernel, link_create(kernel, int(program.fd), index, type_), "link", place),))


def _filtered(program: Program, place: FilterPlace, kernel: Kernel) -> FilterLink:
    with ExitStack() as on_error:
        netlink = on_error.enter_context(Netlink(kernel))
        clsact = _Clsact(netlink, place.interface)
        on_error.callback(clsact.close)
        made = _Filter(netlink, place, program)
        on_error.pop_all()
    return FilterLink(made, clsact, netlink)


@contextmanager
def _unless_gone() -> Iterator[None]:
    try:
        yield
    except SyscallError as error:
        if error.errno not in _GONE:
            raise
