"""`-c CMD`: the command is started stopped, so that its first system call is in the trace."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import stat
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from seismo.base.errors import BpfError

__all__ = ("Command", "CommandError")

_NOT_RUN = 126  # what a shell answers for a program that cannot be run
_PATIENCE_SECONDS = 2.0
_SHARED_OUTPUTS = (1, 2)
_ENDS = (os.CLD_EXITED, os.CLD_KILLED, os.CLD_DUMPED)

_WORD = r"""
    (?P<blank> \s+ )
  | ' (?P<single> [^']* ) '
  | " (?P<double> ([^"\\] | \\.)* ) "
  | \\ (?P<escaped> . )
  | (?P<plain> [^\s'"\\]+ )
"""
_ESCAPED = r"\\([$`\"\\])"  # what a backslash is for between double quotes


class CommandError(BpfError):
    """The command of `-c` cannot be run."""


class Command:
    """A child process that waits until `release`, and then becomes the command.

    It stays in our process group: it may read the terminal, and gets Ctrl-C as we do. Where our
    output goes to a file, both append to it from here on, until `close`.
    """

    def __init__(self, text: str) -> None:
        argv = _words(text)
        if not argv:
            raise CommandError("-c needs a command")
        self._program = _find_program(argv[0])
        self._outputs = _appending(_SHARED_OUTPUTS)
        ours, self._gate = os.pipe()
        self._failure, theirs = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._gate)
            _become(self._program, argv, ours, theirs)
        os.close(ours)
        os.close(theirs)
        self.exit_fd = os.pidfd_open(self.pid)
        self.status: int | None = None
        """How it ended: its exit status, -N after signal N; None while it runs."""
        self._is_lent = False

    def release(self) -> None:
        """Let the command run."""
        os.write(self._gate, b"x")

    def lend(self) -> tuple[int, Callable[[int | None], None]]:
        """The process, for who traces it and so has to wait for it; and whom to tell how it has
        ended, or at the end of tracing that it has not: None."""
        self._is_lent = True
        return self.pid, self._take_back

    def _take_back(self, status: int | None) -> None:
        self._is_lent = False
        if status is not None:
            self.status = status

    def check(self) -> None:
        """Raise CommandError if the kernel would not run the program."""
        if self.has_ended and (failure := os.read(self._failure, 16)):
            why = os.strerror(int(failure))
            raise CommandError(f"-c: {self._program} cannot be run: {why}")

    @property
    def has_ended(self) -> bool:
        """Whether the command has exited; reaps it."""
        self._reap()
        return self.status is not None

    def close(self) -> None:
        """End the command if it still runs, and forget it."""
        os.close(self._gate)
        os.close(self._failure)
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self.has_ended:
                signal.pidfd_send_signal(self.exit_fd, number)
                select.select([self.exit_fd], [], [], _PATIENCE_SECONDS)
        self._reap()
        os.close(self.exit_fd)
        self._outputs.close()

    def _reap(self) -> None:
        if self.status is not None:
            return
        # Who traces it would miss what is taken here, stops among it.
        leave = os.WNOWAIT if self._is_lent else 0
        found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | leave)
        if found is not None and found.si_code in _ENDS:
            is_exit = found.si_code == os.CLD_EXITED
            self.status = found.si_status if is_exit else -found.si_status

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _appending(fds: Sequence[int]) -> ExitStack:
    """Have files be appended to, until it is closed.

    Who writes at the offset that a file has for all of us may write over what others have written
    meanwhile: copy_file_range(2), by which cat(1) copies, reads the offset before it copies and
    sets it afterwards, with no lock (fs/read_write.c).
    """
    undoing = ExitStack()
    for fd in fds:
        flags = fcntl.fcntl(fd, fcntl.F_GETFL)
        if stat.S_ISREG(os.fstat(fd).st_mode) and not flags & os.O_APPEND:
            fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_APPEND)
            undoing.callback(fcntl.fcntl, fd, fcntl.F_SETFL, flags)
    return undoing


def _words(text: str) -> list[str]:
    """The words of a command, split as a shell does with its quotes and backslashes; CommandError
    for a quotation that does not end. Nothing is expanded."""
    words: list[str] = []
    position, is_inside = 0, False
    while position < len(text):
        match = re.compile(_WORD, re.DOTALL | re.VERBOSE).match(text, position)
        if match is None:
            raise CommandError(f"-c {text!r}: no closing quotation")
        position = match.end()
        if match["blank"]:
            is_inside = False
            continue
        if not is_inside:
            words.append("")
        is_inside = True
        kind = str(match.lastgroup)
        words[-1] += re.sub(_ESCAPED, r"\1", match["double"]) if kind == "double" else match[kind]
    return words


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


def _become(program: str, argv: list[str], gate: int, failure: int) -> None:
    """In the child: wait at the gate, then exec. Never returns."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        if os.read(gate, 1):
            os.execv(program, argv)
    except OSError as error:
        os.write(failure, b"%d" % (error.errno or 0))
    finally:
        os._exit(_NOT_RUN)
