"""`StoppedCommand`: a child that waits until everything is registered, and then runs a program."""

from __future__ import annotations

import errno
import os
import select
import time
from collections.abc import Sequence

from seismo.audit.tracer.errors import ScopeError
from seismo.runtime.stopped_child import StoppedChild, find_program

__all__ = ("StoppedCommand",)

_PATIENCE_SECONDS = 2.0
_LOOK_SECONDS = 0.001
_HINTS = {
    errno.ENOENT: "the interpreter that it names is not there",
    errno.ENOEXEC: "it is no program of this machine; a script begins with #!",
}


class StoppedCommand(StoppedChild):
    """Runs `argv` when it is released, in the process `pid`, which is there before.

    The execve(2) and all that follows is traced by who registers `pid` in between, and nothing
    before it: it waits already when this returns.
    """

    def __init__(self, argv: Sequence[str]) -> None:
        if not argv:
            raise ScopeError("a command without words", "give the program and its arguments")
        self.argv = tuple(argv)
        path = find_program(self.argv[0])
        if not path:
            raise ScopeError(f"no program '{argv[0]}' on PATH that may be run", "give its path")
        super().__init__(path, self.argv)
        self._await_gate()

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait until it has ended, at most so long; its status. ScopeError if it could not be
        run."""
        if self.status is None and select.select([self.exit_fd], [], [], seconds)[0]:
            self._reap()
        if self.error:
            what = f"{self.argv[0]} cannot be run: {os.strerror(self.error)}"
            raise ScopeError(what, _HINTS.get(self.error, ""))
        return self.status

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
