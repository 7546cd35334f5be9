"""`-c CMD`: the command is started stopped, so that its first system call is in the trace."""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from seismo.base.errors import BpfError
from seismo.runtime.stopped_child import StoppedChild, find_program

__all__ = ("Command", "CommandError")

_SHARED_OUTPUTS = (1, 2)

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


class Command(StoppedChild):
    """A child process that waits until `release`, and then becomes the command.

    It stays in our process group: it may read the terminal, and gets Ctrl-C as we do. Where our
    output goes to a file, both append to it from here on, until `close`.
    """

    def __init__(self, text: str) -> None:
        argv = _words(text)
        if not argv:
            raise CommandError("-c needs a command")
        # Asked before anything is attached.
        self._program = find_program(argv[0])
        if not self._program:
            raise CommandError(f"-c: no program '{argv[0]}' on PATH that may be run")
        self._outputs = _appending(_SHARED_OUTPUTS)
        super().__init__(self._program, argv)

    def lend(self) -> tuple[int, Callable[[int | None], None]]:
        """The process, for who traces it and so has to wait for it; and whom to tell how it has
        ended, or at the end of tracing that it has not: None."""
        self.is_lent = True
        return self.pid, self._take_back

    def _take_back(self, status: int | None) -> None:
        self.is_lent = False
        if status is not None:
            self._end_with(status)

    def check(self) -> None:
        """Raise CommandError if the kernel would not run the program."""
        if self.has_ended and self.error:
            raise CommandError(f"-c: {self._program} cannot be run: {os.strerror(self.error)}")

    def close(self) -> None:
        """End the command if it still runs, and forget it."""
        super().close()
        self._outputs.close()


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
