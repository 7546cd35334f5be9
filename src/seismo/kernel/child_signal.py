"""`ChildSignal`: a descriptor that is readable when a child or a traced task has changed."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import struct
import time

from seismo.base.closing import Closing
from seismo.base.errors import SyscallError

__all__ = ("ChildSignal",)

_SIGSET_BYTES = 128  # glibc's and musl's sigset_t
_MANY = 4096
_EVERY = struct.pack("4q", 0, 50_000_000, 0, 50_000_000)
"""struct itimerspec: 50 ms."""


class ChildSignal(Closing):
    """While it is open this thread holds SIGCHLD back, and reads it from `fd`: signalfd(2).

    So `signal.set_wakeup_fd` stays free for whom it belongs to. Processes and threads that are
    started meanwhile inherit the mask; threads that were there before may take the signal away
    (those of libraries such as pyarrow do), so the descriptor is also readable every so often.
    """

    def __init__(self) -> None:
        # A signal that is ignored is not kept for the descriptor, and children leave no status.
        self._is_ignored = signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN
        if self._is_ignored:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD,))
        wanted = (1 << signal.SIGCHLD - 1).to_bytes(_SIGSET_BYTES, "little")
        libc = ctypes.CDLL(None, use_errno=True)
        self._signal = libc.signalfd(-1, wanted, os.O_CLOEXEC | os.O_NONBLOCK)
        self._timer = libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_CLOEXEC | os.O_NONBLOCK)
        if self._signal < 0 or self._timer < 0:
            number = ctypes.get_errno()
            self._restore()
            raise SyscallError("signalfd", number)
        libc.timerfd_settime(self._timer, 0, _EVERY, None)
        self._either = select.epoll()
        self._either.register(self._signal, select.EPOLLIN)
        self._either.register(self._timer, select.EPOLLIN)
        self.fd = self._either.fileno()

    def take(self) -> None:
        """Wait for the next change from here on."""
        for fd in (self._signal, self._timer):
            try:
                os.read(fd, _MANY)
            except BlockingIOError:
                continue

    def again(self) -> None:
        """Be readable although nothing has changed since."""
        signal.raise_signal(signal.SIGCHLD)

    def close(self) -> None:
        if self.fd >= 0:
            self.fd = -1
            self._either.close()
            os.close(self._signal)
            os.close(self._timer)
            self._restore()

    def _restore(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        if self._is_ignored:
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
