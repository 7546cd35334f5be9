"""A socket that so many wait at that nobody else is taken."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

__all__ = ("busy_listener",)


@contextmanager
def busy_listener(path: Path) -> Iterator[None]:
    """A stream socket, whose queue is full: who connects to it waits, or is told EAGAIN."""
    with ExitStack() as owned:
        listener = owned.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        listener.bind(str(path))
        listener.listen(0)
        while True:
            waiting = owned.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            waiting.setblocking(False)
            try:
                waiting.connect(str(path))
            except BlockingIOError:
                break
        yield
