"""Ctrl-C and `kill` end a run in order: detach, END, maps. A second Ctrl-C ends it at once.

SIGUSR1 asks for something, and the run goes on: for all maps, unless the script has other plans.

Python runs a signal's handler between two of its own instructions, so one that comes just before
poll(2) would be heard when that returns, which may be never. `signal.set_wakeup_fd` has the signal
itself make a descriptor readable.
"""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType
from typing import Self

__all__ = ("Interrupt",)

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_MANY = 4096


class Interrupt:
    """While entered, the signals set `is_set` and make `wake_fd` readable; SIGUSR1 only makes it
    readable, until `take_requests` is called."""

    def __init__(self) -> None:
        self.is_set = False
        self._requests = 0
        self.wake_fd, self._write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        self._previous = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        self._previous[signal.SIGUSR1] = signal.signal(signal.SIGUSR1, self._on_request)
        self._previous_fd = signal.set_wakeup_fd(self._write_fd)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(self._previous_fd)
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        os.close(self.wake_fd)
        os.close(self._write_fd)

    def take_requests(self) -> int:
        """How often SIGUSR1 has come since this was called last."""
        count = self._requests
        if count:
            self._requests -= count
            os.read(self.wake_fd, _MANY)
        return count

    def _on_request(self, number: int, frame: FrameType | None) -> None:
        self._requests += 1

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.is_set:
            # Said twice: whatever takes so long is not worth waiting for.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.is_set = True
