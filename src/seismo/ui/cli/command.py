"""`-c CMD`: the command is started stopped, so that its first system call is in the trace."""

from __future__ import annotations

import os
import shlex
import signal

from seismo.base.errors import BpfError

__all__ = ("Command", "CommandError")

_NOT_FOUND = 127  # what a shell answers for a command that it cannot find


class CommandError(BpfError):
    """The command of `-c` cannot be run."""


class Command:
    """A child process that waits until `release`, and then becomes the command."""

    def __init__(self, text: str) -> None:
        try:
            self._argv = shlex.split(text)
        except ValueError as error:
            raise CommandError(f"-c {text!r}: {error}") from error
        if not self._argv:
            raise CommandError("-c needs a command")
        program = _find_program(self._argv[0])
        ours, theirs = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(theirs)
            _become(program, self._argv, ours)
        os.close(ours)
        self._gate = theirs
        self.exit_fd = os.pidfd_open(self.pid)
        self._reaped = False

    def release(self) -> None:
        """Let the command run."""
        os.write(self._gate, b"x")

    @property
    def has_ended(self) -> bool:
        """Whether the command has exited; reaps it."""
        if not self._reaped:
            self._reaped = os.waitpid(self.pid, os.WNOHANG)[0] != 0
        return self._reaped

    def close(self) -> None:
        """End the command if it still runs, and forget it."""
        os.close(self._gate)
        if not self.has_ended:
            signal.pidfd_send_signal(self.exit_fd, signal.SIGTERM)
            os.waitpid(self.pid, 0)
            self._reaped = True
        os.close(self.exit_fd)

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _find_program(name: str) -> str:
    """The path of a program, as execvp(3) would find it; CommandError when there is none.

    Asked before anything is attached; and so the child makes one execve(2), not one a directory.
    """
    directories = [""] if "/" in name else os.get_exec_path()
    for directory in directories:
        path = os.path.join(directory, name)
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    raise CommandError(f"-c: no program '{name}' on PATH that may be run")


def _become(program: str, argv: list[str], gate: int) -> None:
    """In the child: wait at the gate, then exec. Never returns."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        if os.read(gate, 1):
            os.execv(program, argv)
    finally:
        os._exit(_NOT_FOUND)
