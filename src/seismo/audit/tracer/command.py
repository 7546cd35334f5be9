"""`StoppedCommand`: a child that waits until everything is registered, and then runs a program."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Sequence

from seismo.audit.tracer.errors import ScopeError
from seismo.base.closing import Closing

__all__ = ("StoppedCommand",)

_NOT_RUN = 126  # what a shell answers for a program that cannot be run
_PATIENCE_SECONDS = 2.0
_LOOK_SECONDS = 0.001
_ENDS = (os.CLD_EXITED, os.CLD_KILLED, os.CLD_DUMPED)


class StoppedCommand(Closing):
    """Runs `argv` when it is released, in the process `pid`, which is there before.

    The execve(2) and all that follows is traced by who registers `pid` in between, and nothing
    before it: it waits already when this returns. It has our standard streams, and is ended by
    `close` if it still runs.
    """

    def __init__(self, argv: Sequence[str]) -> None:
        if not argv:
            raise ScopeError("a command without words", "give the program and its arguments")
        self.argv = tuple(argv)
        path = _find_program(self.argv[0])
        ours, self._gate = os.pipe()
        self._failure, theirs = os.pipe()
        self.status: int | None = None
        """How it ended: its exit status, -N after signal N; None while it runs."""
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._gate)
            _become(path, self.argv, ours, theirs)
        os.close(ours)
        os.close(theirs)
        self.exit_fd = os.pidfd_open(self.pid)
        self._await_gate()

    def release(self) -> None:
        """Let it run; a second time does nothing."""
        gate, self._gate = self._gate, -1
        if gate >= 0:
            os.write(gate, b"x")
            os.close(gate)

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait until it has ended, at most so long; its status. ScopeError if it could not be
        run."""
        if self.status is None and select.select([self.exit_fd], [], [], seconds)[0]:
            self._reap()
            if why := os.read(self._failure, 16):
                number = int(why)
                raise ScopeError(f"{self.argv[0]} cannot be run: {os.strerror(number)}")
        return self.status

    @property
    def has_ended(self) -> bool:
        """Whether it has; reaps it."""
        self._reap()
        return self.status is not None

    def end(self) -> None:
        """Ask it to end (SIGTERM), if it still runs."""
        if not self.has_ended:
            signal.pidfd_send_signal(self.exit_fd, signal.SIGTERM)

    def close(self) -> None:
        """End it if it still runs, and forget it; a second time does nothing."""
        if self._failure < 0:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self.has_ended:
                signal.pidfd_send_signal(self.exit_fd, number)
                select.select([self.exit_fd], [], [], _PATIENCE_SECONDS)
        self._reap()
        for fd in (self._gate, self._failure, self.exit_fd):
            if fd >= 0:
                os.close(fd)
        self._gate = self._failure = -1

    def _await_gate(self) -> None:
        """Until it sleeps, which it does nowhere else than in the read(2) of its gate."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                with open(f"/proc/{self.pid}/stat", "rb") as file:
                    state = file.read().rpartition(b")")[2].split()[0]
            except (OSError, IndexError):
                return  # no /proc: then the end of its beginning is seen
            if state not in (b"R", b"D"):
                return
            time.sleep(_LOOK_SECONDS)

    def _reap(self) -> None:
        if self.status is not None:
            return
        found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG)
        if found is not None and found.si_code in _ENDS:
            is_exit = found.si_code == os.CLD_EXITED
            self.status = found.si_status if is_exit else -found.si_status


def _find_program(name: str) -> str:
    """The path of a program, so that the child makes one execve(2) and not one a directory."""
    directories = [""] if "/" in name else os.get_exec_path()
    for directory in directories:
        path = os.path.join(directory, name)
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    raise ScopeError(f"no program '{name}' on PATH that may be run", "give its path")


def _become(path: str, argv: Sequence[str], gate: int, failure: int) -> None:
    """In the child: wait at the gate, then exec. Never returns."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        if os.read(gate, 1):
            os.execv(path, list(argv))
    except OSError as error:
        os.write(failure, b"%d" % (error.errno or 0))
    finally:
        os._exit(_NOT_RUN)
