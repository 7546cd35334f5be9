"""Programs of sockets, of network interfaces and of what BPF_PROG_ATTACH takes."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack
from typing import Final

from seismo.base.errors import NotSupported, SyscallError
from seismo.bcc.attachments import Attachments
from seismo.bcc.errors import BccError, NotAttached
from seismo.bcc.machine import machine
from seismo.bcc.names import Name, as_text
from seismo.bcc.numbers import XDPFlags
from seismo.bcc.programs import Function
from seismo.isa.prog_types import AttachType
from seismo.kernel.fd import Fd, duplicate
from seismo.kernel.link import prog_attach, prog_detach
from seismo.kernel.network import interface_index
from seismo.objects.attach.socket import attach_socket
from seismo.objects.attach.xdp import attach_xdp
from seismo.objects.link import Link
from seismo.spec.object_attach import SocketAttach, XdpAttach

__all__ = (
    "open_raw_socket",
    "put_on_interface",
    "put_on_target",
    "take_off_interface",
    "take_off_target",
)

_ETH_P_ALL: Final = 0x0003
_MODES: Final = {
    0: "",
    XDPFlags.SKB_MODE: "generic",
    XDPFlags.DRV_MODE: "native",
    XDPFlags.HW_MODE: "offload",
}
_XDP, _SOCKET, _TARGET = "xdp", "socket filter", "program"
# Another program has taken its place, or the target has none any more.
_GONE = (errno.ENOENT, errno.EINVAL)
_interfaces: dict[str, Attachments] = {}


class TargetLink(Link):
    """A program on what a descriptor is of (a cgroup, a map of sockets), which is kept open."""

    def __init__(self, program: Fd, target: Fd, type_: AttachType) -> None:
        super().__init__((program, target))
        self._type = type_

    def detach(self) -> None:
        program, target = self.attached
        if not target.is_open:
            return
        with program, target:
            try:
                prog_detach(machine().kernel, int(program), int(target), self._type)
            except SyscallError as error:
                if error.errno not in _GONE:
                    raise


def open_raw_socket(function: Function, interface: Name) -> None:
    """Make a packet socket of an interface ('': of all) whose filter is the function: it is its
    `sock`. NotInKernel for an interface that is not there."""
    name = as_text(interface)
    if name:
        interface_index(name)
    kinds = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    filtered = socket.socket(socket.AF_PACKET, kinds, socket.htons(_ETH_P_ALL))
    with ExitStack() as on_error:
        on_error.callback(filtered.close)
        filtered.bind((name, 0))
        at = SocketAttach(filtered.fileno())
        link = attach_socket(function.program, at, machine().kernel)
        on_error.pop_all()
    function.sock = filtered.fileno()
    place = f"of fd {function.sock}"
    function.attachments.add(_SOCKET, place, function.text, Link((), (link, filtered)))


def put_on_interface(interface: Name, function: Function, flags: int = 0) -> None:
    """Run a function for every packet that comes in at an interface, in the place of one of ours
    that is there, unless the flags forbid that. Since Linux 5.9."""
    name = as_text(interface)
    mode = flags & (XDPFlags.SKB_MODE | XDPFlags.DRV_MODE | XDPFlags.HW_MODE)
    if mode not in _MODES:
        raise BccError(f"XDP at {name}: an interface has one mode at a time")
    if not flags & XDPFlags.UPDATE_IF_NOEXIST and name in _interfaces:
        take_off_interface(name)
    link = attach_xdp(function.program, XdpAttach(name, _MODES[mode]), machine().kernel)
    function.attachments.add(_XDP, name, function.text, link)
    _interfaces[name] = function.attachments


def take_off_interface(interface: Name) -> None:
    """End what `put_on_interface` did; `NotAttached` when that is nothing."""
    name = as_text(interface)
    if name not in _interfaces:
        raise NotAttached(f"{_XDP} {name}")
    _interfaces.pop(name).remove(_XDP, name)


def put_on_target(function: Function, target: int, type_: int, flags: int = 0) -> None:
    """BPF_PROG_ATTACH: run a function for a cgroup or a map of sockets, by a descriptor of it.

    Raises NotSupported for flags (BPF_F_ALLOW_MULTI …). Since Linux 4.10.
    """
    if flags:
        raise NotSupported(f"flags {flags:#x} of BPF_PROG_ATTACH", "a program is there by itself")
    kernel, kind = machine().kernel, AttachType(type_)
    with ExitStack() as on_error:
        into = on_error.enter_context(duplicate(kernel, target, "target"))
        own = on_error.enter_context(duplicate(kernel, function.fd, "program"))
        prog_attach(kernel, int(own), int(into), kind)
        on_error.pop_all()
    place = _target_place(target, kind)
    function.attachments.add(_TARGET, place, function.text, TargetLink(own, into, kind))


def take_off_target(function: Function, target: int, type_: int) -> None:
    """End what `put_on_target` did; `NotAttached` when that is nothing."""
    function.attachments.remove(_TARGET, _target_place(target, AttachType(type_)), function.text)


def _target_place(target: int, type_: AttachType) -> str:
    return f"{type_.name.lower()} of fd {target}"
