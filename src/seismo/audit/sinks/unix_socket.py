"""Events as lines of JSON over Unix stream sockets: listening for readers, or connecting to one.

Neither ever waits: a reader that does not keep up is dropped and counted (`readers.py`). Alerts and
the account at the end come as further lines.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from seismo.audit.record.account import Account
from seismo.audit.record.batch import Batch
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.clock import WallClock
from seismo.audit.sinks.errors import SinkError, reason_of
from seismo.audit.sinks.jsonl import JsonFormat
from seismo.audit.sinks.readers import Readers

__all__ = ("ConnectingSink", "ListeningSink")

_LIMIT_BYTES = 8 << 20
_MODE = 0o600
_AGAIN_S = 1.0


class ListeningSink:
    """Listens at `path`; each reader gets what comes from when it connects.

    The socket is made with the permissions `mode`, and removed at the end. One that nobody listens
    at is taken over. `failed` counts the lines that readers did not get, all readers together;
    without readers nothing fails. SinkError if the socket cannot be made.
    """

    def __init__(
        self,
        path: str,
        clock: WallClock,
        *,
        limit_bytes: int = _LIMIT_BYTES,
        mode: int = _MODE,
        fields: tuple[str, ...] = (),
    ) -> None:
        self._path = path
        self._format = JsonFormat(clock, fields=fields)
        self._is_closed = False
        try:
            self._listener = _listener(path, mode)
        except OSError as error:
            raise SinkError(path, f"cannot listen: {reason_of(error)}", _hint(error)) from error
        self._identity = _identity(path)
        self.readers = Readers(limit_bytes=limit_bytes)
        self.readers.listen(self._listener)

    @property
    def failed(self) -> int:
        return self.readers.failed

    @property
    def failure(self) -> str:
        return self.readers.failure

    def write(self, batch: Batch) -> None:
        # Also without readers: one may have connected that the thread has not seen yet.
        line = self._format.line
        self._send([line(event) for event in batch.events()])

    def alert(self, alert: Alert) -> None:
        self._send([self._format.alert(alert)])

    def account(self, account: Account, *, is_final: bool) -> None:
        if text := self._format.account(account, is_final=is_final):
            self._send([text])

    def flush(self) -> None:
        """Nothing is held back but for readers, which the thread serves."""

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._remove()
        self.readers.close()
        self._listener.close()

    def _send(self, lines: list[str]) -> None:
        if lines:
            self.readers.send(_joined(lines))

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            if _identity(self._path) == self._identity:
                os.unlink(self._path)


class ConnectingSink:
    """Connects to a listening socket at `path`, and again, once a second, when that has gone.

    What comes meanwhile has failed. SinkError if nobody listens at the start. `now` is a clock in
    seconds.
    """

    def __init__(
        self,
        path: str,
        clock: WallClock,
        *,
        limit_bytes: int = _LIMIT_BYTES,
        fields: tuple[str, ...] = (),
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.failure = ""
        self._path = path
        self._format = JsonFormat(clock, fields=fields)
        self._now = now
        self._unsent = 0
        self._tried = now()
        self._readers = Readers(limit_bytes=limit_bytes)
        try:
            self._connect()
        except OSError as error:
            self._readers.close()
            hint = "somebody must listen there; to listen yourself leave out `connect`"
            raise SinkError(path, f"cannot connect: {reason_of(error)}", hint) from error

    @property
    def failed(self) -> int:
        return self._unsent + self._readers.failed

    def write(self, batch: Batch) -> None:
        line = self._format.line
        self._send([line(event) for event in batch.events()])

    def alert(self, alert: Alert) -> None:
        self._send([self._format.alert(alert)])

    def account(self, account: Account, *, is_final: bool) -> None:
        if text := self._format.account(account, is_final=is_final):
            self._readers.send(_joined([text]))

    def flush(self) -> None:
        self._is_connected()

    def close(self) -> None:
        self._readers.close()

    def _send(self, lines: list[str]) -> None:
        if not lines:
            return
        if not self._is_connected() or not self._readers.send(_joined(lines)):
            self._unsent += len(lines)
        self.failure = self._readers.failure or self.failure

    def _is_connected(self) -> bool:
        if self._readers.count:
            return True
        if self._now() - self._tried < _AGAIN_S:
            return False
        self._tried = self._now()
        try:
            self._connect()
        except OSError as error:
            self.failure = reason_of(error)
            return False
        return True

    def _connect(self) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        connection.setblocking(False)  # else it waits while too many others do
        try:
            connection.connect(self._path)
        except OSError:
            connection.close()
            raise
        self._readers.add(connection)


def _joined(lines: list[str]) -> bytes:
    return "\n".join([*lines, ""]).encode("utf-8", "surrogateescape")


def _listener(path: str, mode: int) -> socket.socket:
    """A listening socket, which has its permissions before its name can be seen."""
    _check_unused(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    # fchmod(2) of the socket before bind(2) is what the file is made with.
    own = f"{path}.{os.getpid()}"
    try:
        os.fchmod(listener.fileno(), mode)
        listener.bind(own)
        os.chmod(own, mode)
        listener.listen(16)
        os.rename(own, path)
    except OSError:
        listener.close()
        with contextlib.suppress(OSError):
            os.unlink(own)
        raise
    return listener


def _check_unused(path: str) -> None:
    """Raise unless there is nothing, or a socket that nobody listens at."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return
        except BlockingIOError:
            pass  # so many wait that it takes no more
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _identity(path: str) -> tuple[int, int]:
    status = os.lstat(Path(path))
    return status.st_dev, status.st_ino


def _hint(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "another process listens there: give another path, or end it"
        case errno.EEXIST:
            return "there is a file of this name: give another path"
        case errno.ENOENT:
            return "the directory must be there"
    return "give another path"
