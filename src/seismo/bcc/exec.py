"""`bcc.exec`: a command that a tool starts when it is ready to trace it.

>>> pid = run_cmd(["ls", "-l"])         # waits …
>>> cmd_ready()                         # … for this
>>> while not cmd_exited(): b.perf_buffer_poll(100)
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

__all__ = ("cmd_exited", "cmd_ready", "run_cmd")

_CANNOT_RUN = 127


class _Command:
    """The one command of this process."""

    def __init__(self) -> None:
        self.go = -1
        self.has_exited = False


_command = _Command()


def run_cmd(args: Sequence[str]) -> int:
    """Start a process that waits for `cmd_ready()` to run the command; its id.

    From then on a child that ends is waited for by the handler of SIGCHLD.
    """
    wait, _command.go = os.pipe()
    pid = os.fork()
    if not pid:
        _run(wait, args)
    os.close(wait)
    signal.signal(signal.SIGCHLD, _on_child)
    return pid


def cmd_ready() -> None:
    """Let the command begin."""
    os.write(_command.go, b"x")
    os.close(_command.go)
    _command.go = -1


def cmd_exited() -> bool:
    """Whether the command has ended."""
    return _command.has_exited


def _run(wait: int, args: Sequence[str]) -> None:
    """What the new process does; it comes back from none of this."""
    try:
        os.close(_command.go)
        # Nothing to read: the tool has ended without being ready.
        if os.read(wait, 1):
            os.execvp(args[0], list(args))
    except OSError as error:
        sys.stderr.write(f"cannot run {' '.join(args)}: {error.strerror}\n")
        sys.stderr.flush()
    finally:
        os._exit(_CANNOT_RUN)


def _on_child(_: int, __: FrameType | None) -> None:
    while True:
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            pid = 0
            _command.has_exited = True
        if not pid:
            return
        _command.has_exited = True
