"""Ctrl-C and `kill` end a run in order: detach, END, maps. A second Ctrl-C ends it at once.

SIGUSR1 asks for all maps to be printed, and the run goes on.
"""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType
from typing import Self

__all__ = ("Interrupt",)

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupt:
    """While entered, the signals set `is_set` and make `wake_fd` readable; SIGUSR1 only makes it
    readable, until `wants_maps` is asked."""

    def __init__(self) -> None:
        self.is_set = False
        self._wants_maps = False
        self.wake_fd, self._write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        self._previous = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        self._previous[signal.SIGUSR1] = signal.signal(signal.SIGUSR1, self._on_request)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        os.close(self.wake_fd)
        os.close(self._write_fd)

    @property
    def wants_maps(self) -> bool:
        """Whether SIGUSR1 has come since this was asked last."""
        wanted, self._wants_maps = self._wants_maps, False
        if wanted:
            os.read(self.wake_fd, 1)
        return wanted

    def _on_request(self, number: int, frame: FrameType | None) -> None:
        if not self._wants_maps:
            self._wants_maps = True
            os.write(self._write_fd, b"m")

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.is_set:
            # Said twice: whatever takes so long is not worth waiting for.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.is_set = True
        os.write(self._write_fd, b"!")
