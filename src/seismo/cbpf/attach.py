"""Classic BPF on a socket of this process: SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_LOCK_FILTER.

It takes no privilege, and every kernel since Linux 2.2 has it.
"""

from __future__ import annotations

import socket
import struct
import sys
from array import array
from collections.abc import Sequence

from seismo.cbpf.check import check
from seismo.cbpf.errors import SocketRefused
from seismo.cbpf.insn import SockFilter, encode

__all__ = ("attach_filter", "detach_filter", "lock_filter")

# Of include/uapi/asm-generic/socket.h, which the socket module has no names of.
_SO_ATTACH_FILTER = 26
_SO_DETACH_FILTER = 27
_SO_LOCK_FILTER = 44


def attach_filter(to: socket.socket, program: Sequence[SockFilter]) -> None:
    """Packets to the socket pass `program` from now on, in place of a filter it may have had.

    Raises BadProgram for what the kernel would refuse, SocketRefused for what it does refuse
    (a socket whose filter is locked: EPERM).
    """
    check(program)
    code = array("B", encode(program, sys.byteorder))
    # struct sock_fprog: u16 len, and a pointer to the instructions.
    _set(to, _SO_ATTACH_FILTER, struct.pack("@HP", len(program), code.buffer_info()[0]), "attach")


def detach_filter(of: socket.socket) -> None:
    """Take the socket's filter off; SocketRefused (ENOENT) where there is none."""
    _set(of, _SO_DETACH_FILTER, 0, "detach")


def lock_filter(of: socket.socket) -> None:
    """Neither attach nor detach works on the socket after this, by anyone. Since Linux 3.9."""
    _set(of, _SO_LOCK_FILTER, 1, "lock")


def _set(one: socket.socket, option: int, value: int | bytes, what: str) -> None:
    try:
        one.setsockopt(socket.SOL_SOCKET, option, value)
    except OSError as error:
        raise SocketRefused(f"{what} a filter", error.errno or 0, error.strerror or "") from None
