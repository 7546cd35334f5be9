"""Network interfaces by name, network namespaces by path, and the programs of sockets.

Interfaces are those of the network namespace that this thread is in.
"""

from __future__ import annotations

import os
import socket

from seismo.base.diagnostics import did_you_mean
from seismo.base.enum import IntEnum
from seismo.base.errors import SyscallError
from seismo.kernel.errors import NotInKernel
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel

__all__ = ("SocketOption", "interface_index", "open_network_namespace", "set_socket_option")

_OWN_NAMESPACE = "/proc/thread-self/ns/net"


class SocketOption(IntEnum):
    """Options of setsockopt(2) at SOL_SOCKET that put programs on a socket, or take them off.

    Of `include/uapi/asm-generic/socket.h`; the same on x86_64 and aarch64.
    """

    SO_DETACH_BPF = 27
    SO_ATTACH_BPF = 50
    SO_ATTACH_REUSEPORT_EBPF = 52
    SO_DETACH_REUSEPORT_BPF = 68


def interface_index(name: str) -> int:
    """The number of a network interface; `NotInKernel`, with a near name, if there is none."""
    try:
        return socket.if_nametoindex(name)
    except OSError:
        near = did_you_mean(name, [known for _, known in socket.if_nameindex()])
        raise NotInKernel("network interface", name, near) from None


def open_network_namespace(kernel: Kernel, path: str = "") -> Fd:
    """An fd of a network namespace by its file, this thread's for ''; `SyscallError`."""
    path = path or _OWN_NAMESPACE
    try:
        number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise SyscallError(f"open {path}", error.errno or 0) from None
    return Fd(kernel, number, "network namespace", path)


def set_socket_option(fd: Fd, option: SocketOption, program: int = 0) -> None:
    """setsockopt(2) of a program's fd; `SyscallError`."""
    try:
        one = socket.socket(fileno=int(fd))
    except OSError as error:
        raise SyscallError(f"getsockopt of fd {int(fd)}", error.errno or 0) from None
    try:
        one.setsockopt(socket.SOL_SOCKET, option, program)
    except OSError as error:
        raise SyscallError(f"setsockopt({option.name})", error.errno or 0) from None
    finally:
        # The descriptor stays its owner's.
        one.detach()
