"""`Readers`: lines to any number of stream sockets, by a thread of its own that never keeps us
waiting.

What a reader has not taken yet is kept for it, up to a limit; one that is further behind is
dropped, and what it had not got counts as failed.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
from collections import deque
from functools import partial
from threading import Lock, Thread
from time import monotonic, sleep

from seismo.audit.sinks.errors import reason_of

__all__ = ("Readers",)

_MOST_AT_ONCE = 1 << 18
_LINGER_S = 2.0
_PAUSE_S = 0.1
_NEWLINE = b"\n"


class _Reader:
    """One connection and what it has still to get."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.waiting: deque[memoryview] = deque()
        self.bytes = 0
        self.is_gone = False
        self.is_silent = False  # it has said that it will say nothing, and may read all the same

    def lines(self) -> int:
        """The lines that it has not got whole."""
        return sum([bytes(one).count(_NEWLINE) for one in self.waiting])


class Readers:
    """Takes connections by `add`, lines by `send`.

    `failed` is how many lines readers did not get, all readers together; `dropped` how many readers
    were too slow; `gone` how many have left. That one has left shows when it is written to.
    """

    def __init__(self, *, limit_bytes: int) -> None:
        self.failed = 0
        self.failure = ""
        self.dropped = 0
        self.gone = 0
        self._limit = limit_bytes
        self._readers: list[_Reader] = []
        self._listeners: list[socket.socket] = []
        self._lock = Lock()
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._is_ending = False
        self._thread = Thread(target=self._run, name="audit-readers", daemon=True)
        self._thread.start()

    @property
    def count(self) -> int:
        """How many readers there are."""
        with self._lock:
            return len([one for one in self._readers if not one.is_gone])

    def add(self, connection: socket.socket) -> None:
        """A reader, whose socket is ours from now on."""
        connection.setblocking(False)
        with self._lock:
            self._readers.append(_Reader(connection))
        self._notify()

    def listen(self, listener: socket.socket) -> None:
        """Take every connection to this socket."""
        listener.setblocking(False)
        with self._lock:
            self._listeners.append(listener)
        self._notify()

    def send(self, data: bytes) -> int:
        """Give lines to all readers; how many readers there are."""
        shared = memoryview(data)
        with self._lock:
            readers = [one for one in self._readers if not one.is_gone]
            for reader in readers:
                reader.waiting.append(shared)
                reader.bytes += len(data)
                if reader.bytes > self._limit:
                    self._drop(reader)
        self._notify()
        return len(readers)

    def close(self) -> None:
        """Give readers two seconds to take what waits for them, and end."""
        if self._is_ending:
            return
        self._is_ending = True
        self._notify()
        self._thread.join()
        with self._lock:
            for reader in self._readers:
                self.failed += reader.lines()
                reader.connection.close()
            self._readers = []
        self._wake.close()
        self._woken.close()

    def _drop(self, reader: _Reader) -> None:
        """Give up a reader that is too far behind; the thread closes it."""
        reader.is_gone = True
        self.dropped += 1
        self.failed += reader.lines()
        self.failure = f"a reader was more than {self._limit} bytes behind"
        reader.waiting.clear()

    def _notify(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            self._wake.send(b"!")

    def _accept(self, listener: socket.socket) -> None:
        try:
            while True:
                connection, _ = listener.accept()
                connection.setblocking(False)
                with self._lock:
                    self._readers.append(_Reader(connection))
        except BlockingIOError:
            pass
        except OSError as error:  # too many open files, and whoever wants to connect is still there
            self.failure = reason_of(error)
            sleep(_PAUSE_S)

    def _run(self) -> None:
        """The thread: as long as the sink is open, and then until readers have all, or too long."""
        deadline = 0.0
        while True:
            if self._is_ending:
                deadline = deadline or monotonic() + _LINGER_S
                with self._lock:
                    is_done = not any(one.waiting for one in self._readers)
                if is_done or monotonic() >= deadline:
                    return
            self._round(0.05 if self._is_ending else None)

    def _round(self, timeout: float | None) -> None:
        """Wait until there is something to do, and do it."""
        with self._lock:
            self._readers = [one for one in self._readers if self._is_kept(one)]
            readers, listeners = list(self._readers), list(self._listeners)
        # One without a descriptor of its own: there may be none left.
        with selectors.PollSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ, self._drain)
            for listener in listeners:
                selector.register(listener, selectors.EVENT_READ, partial(self._accept, listener))
            for reader in readers:
                events = selectors.EVENT_WRITE if reader.waiting else 0
                events |= 0 if reader.is_silent else selectors.EVENT_READ
                if events:
                    selector.register(reader.connection, events, partial(self._serve, reader))
            for key, _ in selector.select(timeout):
                key.data()

    def _is_kept(self, reader: _Reader) -> bool:
        if reader.is_gone:
            reader.connection.close()
        return not reader.is_gone

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._woken.recv(_MOST_AT_ONCE):
                pass

    def _serve(self, reader: _Reader) -> None:
        """Read (readers have nothing to say: only whether they are there) and write."""
        try:
            self._hear(reader)
            self._write(reader)
        except OSError as error:
            with self._lock:
                if not reader.is_gone:
                    reader.is_gone = True
                    self.gone += 1
                    self.failed += reader.lines()
                    reader.waiting.clear()
                    if reader.bytes:
                        self.failure = reason_of(error)

    def _hear(self, reader: _Reader) -> None:
        with contextlib.suppress(BlockingIOError):
            reader.is_silent = not reader.connection.recv(_MOST_AT_ONCE)

    def _write(self, reader: _Reader) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._write_some(reader):
                pass

    def _write_some(self, reader: _Reader) -> bool:
        """Write what the socket takes; false if nothing waits. What is counted as failed when a
        reader is dropped must not be sent meanwhile: so this is with the lock, and never waits."""
        with self._lock:
            if not reader.waiting:
                return False
            data = reader.waiting[0]
            sent = reader.connection.send(data[:_MOST_AT_ONCE])
            reader.bytes -= sent
            if sent < len(data):
                reader.waiting[0] = data[sent:]
            else:
                reader.waiting.popleft()
        return True
