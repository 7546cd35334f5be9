"""rtnetlink(7), as far as programs go on network interfaces by it: filters of the clsact qdisc.

>>> with Netlink(kernel) as netlink:
...     handle = netlink.add_filter(place, int(program.fd), "drop")
...     netlink.delete_filter(place, handle)

Message layouts are those of `include/uapi/linux/{netlink,rtnetlink,pkt_sched,pkt_cls}.h`.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator

from seismo.base.bits import align_up
from seismo.base.closing import Closing
from seismo.base.dataclass import dataclass
from seismo.base.enum import IntEnum
from seismo.base.errors import SyscallError
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel

__all__ = ("FilterHandle", "FilterPlace", "Netlink")

_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr
_TCMSG = struct.Struct("=BxxxiIII")  # struct tcmsg
_ATTRIBUTE = struct.Struct("=HH")  # struct nlattr
_ERROR = struct.Struct("=i")  # struct nlmsgerr, its head
_ALIGN = 4
_RECEIVE_BYTES = 1 << 16

_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_REQUEST, _ACK, _ECHO, _DUMP = 0x1, 0x4, 0x8, 0x300
_EXCL, _CREATE = 0x200, 0x400

_TC_H_CLSACT = 0xFFFFFFF1
_CLSACT_HANDLE = 0xFFFF0000
_INGRESS, _EGRESS = 0xFFFFFFF2, 0xFFFFFFF3
_ETH_P_ALL = 0x0003

_TCA_KIND, _TCA_OPTIONS = 1, 2
_TCA_BPF_FD, _TCA_BPF_NAME, _TCA_BPF_FLAGS = 6, 7, 8
_TCA_BPF_FLAG_ACT_DIRECT = 1
_NAME_BYTES = 255  # CLS_BPF_NAME_LEN without its NUL


class _Message(IntEnum):
    """`nlmsghdr.nlmsg_type`."""

    RTM_NEWQDISC = 36
    RTM_DELQDISC = 37
    RTM_NEWTFILTER = 44
    RTM_DELTFILTER = 45
    RTM_GETTFILTER = 46


@dataclass(frozen=True, slots=True)
class FilterPlace:
    """One direction of an interface, by its index; a `priority` of 0 is the kernel's to choose."""

    interface: int
    is_egress: bool = False
    priority: int = 0

    @property
    def parent(self) -> int:
        return _EGRESS if self.is_egress else _INGRESS


@dataclass(frozen=True, slots=True)
class FilterHandle:
    """By what the kernel knows a filter of an interface's direction: `info` is its priority and
    its protocol."""

    handle: int
    info: int


class Netlink(Closing):
    """A socket of the network namespace that the thread is in now, whatever it is in later."""

    def __init__(self, kernel: Kernel) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
        try:
            number = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE).detach()
        except OSError as error:
            raise SyscallError("socket(AF_NETLINK)", error.errno or 0) from None
        self._kernel = kernel
        self._fd = Fd(kernel, number, "netlink")
        self._sequence = 0

    def add_clsact(self, interface: int) -> bool:
        """See to it that the interface has a clsact qdisc; whether it had none. Since Linux 4.5."""
        body = _TCMSG.pack(0, interface, _CLSACT_HANDLE, _TC_H_CLSACT, 0)
        body += _attribute(_TCA_KIND, b"clsact\0")
        try:
            self._ask(_Message.RTM_NEWQDISC, _CREATE | _EXCL, body)
        except SyscallError as error:
            if error.errno != errno.EEXIST:
                raise
            return False
        return True

    def delete_clsact(self, interface: int) -> None:
        """Take the qdisc away, and with it all its filters."""
        body = _TCMSG.pack(0, interface, _CLSACT_HANDLE, _TC_H_CLSACT, 0)
        self._ask(_Message.RTM_DELQDISC, 0, body)

    def add_filter(self, place: FilterPlace, program: int, name: str) -> FilterHandle:
        """Run the program (its fd) for all protocols; what it returns is done (direct action)."""
        info = place.priority << 16 | socket.htons(_ETH_P_ALL)
        options = _attribute(_TCA_BPF_FD, struct.pack("=I", program))
        options += _attribute(_TCA_BPF_NAME, name.encode()[:_NAME_BYTES] + b"\0")
        options += _attribute(_TCA_BPF_FLAGS, struct.pack("=I", _TCA_BPF_FLAG_ACT_DIRECT))
        body = _TCMSG.pack(0, place.interface, 0, place.parent, info)
        body += _attribute(_TCA_KIND, b"bpf\0") + _attribute(_TCA_OPTIONS, options)
        # The echo is the filter as it was made, with what the kernel has chosen.
        for reply in self._ask(_Message.RTM_NEWTFILTER, _CREATE | _EXCL | _ECHO, body):
            _, _, handle, _, made = _TCMSG.unpack_from(reply)
            return FilterHandle(handle, made)
        raise SyscallError("netlink(RTM_NEWTFILTER)", errno.EPROTO)

    def delete_filter(self, place: FilterPlace, filter_: FilterHandle) -> None:
        """Take a filter away."""
        body = _TCMSG.pack(0, place.interface, filter_.handle, place.parent, filter_.info)
        self._ask(_Message.RTM_DELTFILTER, 0, body + _attribute(_TCA_KIND, b"bpf\0"))

    def has_filters(self, place: FilterPlace) -> bool:
        """Whether any filter, anybody's, is in that direction of the interface."""
        body = _TCMSG.pack(0, place.interface, 0, place.parent, 0)
        return bool(self._ask(_Message.RTM_GETTFILTER, _DUMP, body))

    def close(self) -> None:
        self._fd.close()

    def _ask(self, type_: _Message, flags: int, body: bytes) -> list[bytes]:
        """The bodies of the replies. Raises `SyscallError`."""
        self._sequence += 1
        length, flags = _HEADER.size + len(body), flags | _REQUEST | _ACK
        head = _HEADER.pack(length, type_, flags, self._sequence, 0)
        call = f"netlink({type_.name})"
        try:
            os.write(int(self._fd), head + body)
        except OSError as error:
            raise SyscallError(call, error.errno or 0) from None
        replies: list[bytes] = []
        for kind, reply in self._replies():
            if kind in (_NLMSG_ERROR, _NLMSG_DONE):
                (number,) = _ERROR.unpack_from(reply)
                if number:
                    raise SyscallError(call, -number)
                return replies
            replies.append(reply)
        raise SyscallError(call, errno.EPROTO)

    def _replies(self) -> Iterator[tuple[int, bytes]]:
        """(type, body) of what comes in answer to the last request, for ever."""
        while data := self._kernel.read(int(self._fd), _RECEIVE_BYTES):
            at = 0
            while at < len(data):
                length, kind, _, sequence, _ = _HEADER.unpack_from(data, at)
                if sequence == self._sequence:
                    yield kind, data[at + _HEADER.size : at + length]
                at += align_up(length, _ALIGN)


def _attribute(type_: int, value: bytes) -> bytes:
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, type_) + value.ljust(align_up(len(value), _ALIGN), b"\0")
