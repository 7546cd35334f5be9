"""Programs on sockets: on one, on those that share a port, on all that are in a map."""

from __future__ import annotations

import errno
from contextlib import ExitStack
from typing import Final

from seismo.base.errors import SyscallError
from seismo.isa.prog_types import AttachType
from seismo.kernel.fd import Fd, duplicate
from seismo.kernel.link import prog_attach, prog_detach
from seismo.kernel.network import SocketOption, set_socket_option
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.refusal import Reasons, refusals_at
from seismo.objects.errors import BadSpec
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.object_attach import SocketAttach, SockmapAttach

__all__ = ("attach_socket", "attach_sockmap")

_SOCKET: Final[Reasons] = {
    errno.ENOTSOCK: ("the descriptor is no socket", ""),
    errno.EPERM: ("the socket's filter is locked (SO_LOCK_FILTER)", ""),
    errno.EINVAL: (
        "the socket does not take such a program",
        "filters are of type SOCKET_FILTER; SO_REUSEPORT must be set, and the socket bound, before "
        "a program selects among sockets",
    ),
}
_SOCKMAP: Final[Reasons] = {
    errno.EINVAL: (
        "the map does not take such a program",
        "it takes a SOCKMAP or SOCKHASH map, and a program of type SK_SKB or SK_MSG",
    ),
    errno.EOPNOTSUPP: (
        "the kernel or the map does not take such a program",
        "parsers take CONFIG_BPF_STREAM_PARSER; a verdict with a parser and one without exclude "
        "each other",
    ),
    errno.EBUSY: ("the map has a verdict of the other kind", ""),
}
# Another program has taken its place, or the map has none any more.
_GONE = (errno.ENOENT, errno.EINVAL)


class SocketLink(Link):
    """A program on a socket, which is kept open until it is taken off."""

    def __init__(self, socket: Fd, off: SocketOption) -> None:
        super().__init__((socket,))
        self._off = off

    def detach(self) -> None:
        (socket,) = self.attached
        if not socket.is_open:
            return
        with socket:
            try:
                set_socket_option(socket, self._off)
            except SyscallError as error:
                if error.errno not in _GONE:
                    raise


class SockmapLink(Link):
    """A program on the sockets of a map; both are kept open until they are parted."""

    def __init__(self, kernel: Kernel, program: Fd, into: Fd, type_: AttachType) -> None:
        super().__init__((into, program))
        self._kernel = kernel
        self._type = type_

    def detach(self) -> None:
        into, program = self.attached
        if not into.is_open:
            return
        with into, program:
            try:
                prog_detach(self._kernel, int(program), int(into), self._type)
            except SyscallError as error:
                if error.errno not in _GONE:
                    raise


def attach_socket(program: Program, at: SocketAttach, kernel: Kernel) -> SocketLink:
    """Run `program` for what a socket receives, or to select the socket that receives it.

    A filter that was there is replaced. The caller's descriptor stays the caller's. Since Linux
    3.19, for reuseport groups since 4.5.
    """
    on, off = SocketOption.SO_ATTACH_BPF, SocketOption.SO_DETACH_BPF
    if at.is_reuseport:
        on, off = SocketOption.SO_ATTACH_REUSEPORT_EBPF, SocketOption.SO_DETACH_REUSEPORT_BPF
    place = f"{'reuseport group' if at.is_reuseport else 'socket'} of fd {at.fd}"
    with refusals_at(place, _SOCKET), ExitStack() as on_error:
        socket = on_error.enter_context(duplicate(kernel, at.fd, "socket", place))
        set_socket_option(socket, on, int(program.fd))
        on_error.pop_all()
    return SocketLink(socket, off)


def attach_sockmap(program: Program, at: SockmapAttach, kernel: Kernel) -> SockmapLink:
    """Run `program` for the sockets that are in a map, and those that come into it.

    A program of that type that was there is replaced. Raises `BadSpec` when no type is said. Since
    Linux 4.14.
    """
    type_ = program.spec.expected_attach_type if at.type is None else at.type
    place = f"map of sockets of fd {at.map}"
    if type_ is None:
        hint = "name one: SK_SKB_STREAM_PARSER, SK_SKB_STREAM_VERDICT, SK_SKB_VERDICT"
        raise BadSpec(place, "the program is for no attach type", hint)
    with refusals_at(place, _SOCKMAP), ExitStack() as on_error:
        into = on_error.enter_context(duplicate(kernel, at.map, "map", place))
        own = on_error.enter_context(duplicate(kernel, int(program.fd), "program"))
        prog_attach(kernel, int(own), int(into), type_)
        on_error.pop_all()
    return SockmapLink(kernel, own, into, type_)
