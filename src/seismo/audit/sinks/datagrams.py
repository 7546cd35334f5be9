"""`DatagramSocket`: messages to a daemon's local socket, never waiting for it.

When the daemon is not there (not started yet, or started anew), each message tries to connect
again.
"""

from __future__ import annotations

import errno
import os
import socket
from fcntl import fcntl
from io import FileIO

from seismo.audit.sinks.errors import SinkError, reason_of

__all__ = ("DatagramSocket",)

_GONE = (errno.ECONNREFUSED, errno.ENOTCONN, errno.ECONNRESET, errno.EPIPE)
_SEALS = 0x1 | 0x2 | 0x4 | 0x8  # F_SEAL_SEAL, SHRINK, GROW, WRITE: include/uapi/linux/fcntl.h
_F_ADD_SEALS = 1033


class DatagramSocket:
    """Connected to `path`, a datagram socket or, with `has_streams`, a stream socket too.

    SinkError when nobody listens there at the start.
    """

    def __init__(self, output: str, path: str, *, has_streams: bool = False) -> None:
        self.failure = ""
        self._path = path
        self._kinds = [socket.SOCK_DGRAM]
        if has_streams:
            self._kinds.append(socket.SOCK_STREAM)
        self._sockets: list[socket.socket] = []
        try:
            self._connect()
        except OSError as error:
            hint = "is the daemon running? `path` names another socket"
            why = f"cannot connect to {path}: {reason_of(error)}"
            raise SinkError(output, why, hint) from error

    @property
    def is_stream(self) -> bool:
        """Whether messages must be told apart by what is between them."""
        return any(one.type == socket.SOCK_STREAM for one in self._sockets)

    def send(self, message: bytes, *, by_memory: bool = False) -> bool:
        """Send a message; false if it is lost.

        One that is too large for a datagram goes in a sealed memfd, if the daemon takes that.
        """
        try:
            self._send(message)
        except OSError as error:
            if error.errno == errno.EMSGSIZE and by_memory:
                return self._send_memory(message)
            if error.errno not in _GONE:
                return self._fails(error)
            return self._send_anew(message)
        return True

    def close(self) -> None:
        """Disconnect."""
        for one in self._sockets:
            one.close()
        self._sockets = []

    def _connect(self) -> None:
        self.close()
        for kind in self._kinds:
            one = socket.socket(socket.AF_UNIX, kind | socket.SOCK_CLOEXEC)
            one.setblocking(False)
            try:
                one.connect(self._path)
            except OSError as error:
                one.close()
                if error.errno != errno.EPROTOTYPE or kind == self._kinds[-1]:
                    raise
            else:
                self._sockets = [one]
                return

    def _send(self, message: bytes) -> None:
        if not self._sockets:
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        sent = self._sockets[0].send(message)
        if sent < len(message):
            # A stream of which part of a message is missing is of no use to anybody.
            self.close()
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    def _send_anew(self, message: bytes) -> bool:
        try:
            self._connect()
            self._send(message)
        except OSError as error:
            return self._fails(error)
        return True

    def _send_memory(self, message: bytes) -> bool:
        try:
            with FileIO(os.memfd_create("seismo-audit", os.MFD_ALLOW_SEALING), "r+b") as memory:
                memory.write(message)
                fcntl(memory.fileno(), _F_ADD_SEALS, _SEALS)
                socket.send_fds(self._sockets[0], [b""], [memory.fileno()])
        except OSError as error:
            return self._fails(error)
        return True

    def _fails(self, error: OSError) -> bool:
        self.failure = reason_of(error)
        return False
