"""`ChildSignal`: a descriptor that is readable when a child or a traced task has changed."""

from __future__ import annotations

import ctypes
import os
import signal

from seismo.base.closing import Closing
from seismo.base.errors import SyscallError

__all__ = ("ChildSignal",)

_SIGSET_BYTES = 128  # glibc's and musl's sigset_t
_MANY = 4096


class ChildSignal(Closing):
    """While it is open this thread holds SIGCHLD back, and reads it from `fd`: signalfd(2).

    So `signal.set_wakeup_fd` stays free for whom it belongs to. Processes and threads that are
    started meanwhile inherit the mask; threads that were there before may take the signal away,
    unless they hold it back, too.
    """

    def __init__(self) -> None:
        # A signal that is ignored is not kept for the descriptor, and children leave no status.
        self._is_ignored = signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN
        if self._is_ignored:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD,))
        wanted = (1 << signal.SIGCHLD - 1).to_bytes(_SIGSET_BYTES, "little")
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.signalfd(-1, wanted, os.O_CLOEXEC | os.O_NONBLOCK)
        if self.fd < 0:
            number = ctypes.get_errno()
            self._restore()
            raise SyscallError("signalfd", number)

    def take(self) -> None:
        """Wait for the next change from here on."""
        try:
            os.read(self.fd, _MANY)
        except BlockingIOError:
            return

    def again(self) -> None:
        """Be readable although nothing has changed since."""
        signal.raise_signal(signal.SIGCHLD)

    def close(self) -> None:
        number, self.fd = self.fd, -1
        if number >= 0:
            os.close(number)
            self._restore()

    def _restore(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        if self._is_ignored:
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
