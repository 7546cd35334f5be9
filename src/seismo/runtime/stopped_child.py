"""`StoppedChild`: a child process that waits until it is released, and then runs a program."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Sequence
from contextlib import suppress

from seismo.base.closing import Closing

__all__ = ("StoppedChild", "find_program")

_NOT_RUN = 126  # what a shell answers for a program that cannot be run
_PATIENCE_SECONDS = 2.0
_ENDS = (os.CLD_EXITED, os.CLD_KILLED, os.CLD_DUMPED)


class StoppedChild(Closing):
    """Runs `argv`, of the program at `path`, when it is released, in the process `pid`, which is
    there before. It has our standard streams, and is ended by `close` if it still runs."""

    def __init__(self, path: str, argv: Sequence[str]) -> None:
        ours, self._gate = os.pipe()
        self._failure, theirs = os.pipe()
        self.status: int | None = None
        """How it ended: its exit status, -N after signal N; None while it runs."""
        self.error = 0
        """Of one that has ended, the error number of an execve(2) that failed."""
        self.is_lent = False
        """Whether somebody else waits for it: who traces it would miss what is taken here."""
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._gate)
            _become(path, argv, ours, theirs)
        os.close(ours)
        os.close(theirs)
        self.exit_fd = os.pidfd_open(self.pid)

    def release(self) -> None:
        """Let it run; a second time does nothing."""
        if self._gate >= 0:
            with suppress(BrokenPipeError):  # it has been killed
                os.write(self._gate, b"x")
            self._close_gate()

    @property
    def has_ended(self) -> bool:
        """Whether it has; reaps it."""
        self._reap()
        return self.status is not None

    def end(self) -> None:
        """Ask it to end (SIGTERM), if it still runs."""
        self._send(signal.SIGTERM)

    def close(self) -> None:
        """End it if it still runs, and forget it; a second time does nothing."""
        if self._failure < 0:
            return
        self._close_gate()
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._send(number):
                select.select([self.exit_fd], [], [], _PATIENCE_SECONDS)
        self._reap()
        os.close(self.exit_fd)
        os.close(self._failure)
        self._failure = -1

    def _send(self, number: int) -> bool:
        """Whether it still runs, and is sent the signal."""
        if self.has_ended:
            return False
        with suppress(ProcessLookupError):  # who it is lent to has waited for it
            signal.pidfd_send_signal(self.exit_fd, number)
        return True

    def _close_gate(self) -> None:
        gate, self._gate = self._gate, -1
        if gate >= 0:
            os.close(gate)

    def _reap(self) -> None:
        if self.status is not None:
            return
        leave = os.WNOWAIT if self.is_lent else 0
        try:
            found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | leave)
        except ChildProcessError:
            self._end_with(0)  # where SIGCHLD is ignored nobody is told how children end
            return
        if found is not None and found.si_code in _ENDS:
            is_exit = found.si_code == os.CLD_EXITED
            self._end_with(found.si_status if is_exit else -found.si_status)

    def _end_with(self, status: int) -> None:
        self.status = status
        self.error = self.error or int(os.read(self._failure, 16) or 0)


def find_program(name: str) -> str:
    """The path of a program, as execvp(3) would find it; '' when there is none that may be run.

    So the child makes one execve(2), and not one a directory.
    """
    directories = [""] if "/" in name else os.get_exec_path()
    for directory in directories:
        path = os.path.join(directory, name)
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    return ""


def _become(path: str, argv: Sequence[str], gate: int, failure: int) -> None:
    """In the child: wait at the gate, then exec. Never returns."""
    try:
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        # What the interpreter ignores of itself.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        if os.read(gate, 1):
            os.execv(path, list(argv))
    except OSError as error:
        os.write(failure, b"%d" % (error.errno or 0))
    finally:
        os._exit(_NOT_RUN)
