"""What programs write by `bpf_trace_printk`: lines of ftrace's buffer.

Every tracer of a machine writes to one buffer, and what one reader takes no other gets. So this
makes an instance of its own, a buffer in which only messages of `bpf_trace_printk` are kept (still
those of all programs), and falls back to the common one where that cannot be: before Linux 5.9 the
messages are no event.

>>> with TracePipe(tracefs) as pipe:
...     pipe.open()
...     parse_line(pipe.read_line())
"""

from __future__ import annotations

import errno
import os
import select
import time
from typing import NamedTuple

from seismo.base.closing import Closing
from seismo.base.errors import SyscallError
from seismo.kernel.tracefs import PRINTED, Tracefs

__all__ = ("Fields", "TracePipe", "parse_line")

_NAME_LETTERS = 16
_READ_BYTES = 1 << 16
_LOST = b"CPU:"
_OFF_SECONDS = 0.1


class Fields(NamedTuple):
    """One message: what `trace_fields` gives. `flags` are ftrace's letters (interrupts, need of
    rescheduling, …), `ts` are seconds since boot."""

    task: bytes
    pid: int
    cpu: int
    flags: bytes
    ts: float
    msg: bytes


class TracePipe(Closing):
    """The reader of one program's text; nothing is made before `open`."""

    def __init__(self, tracefs: Tracefs) -> None:
        self._tracefs = tracefs
        self._instance = ""
        self._fd = -1
        self._pending = b""

    def open(self) -> None:
        """Begin to keep what is written from now on; a second time does nothing.

        Raises SyscallError where there is no tracefs.
        """
        if self._fd >= 0:
            return
        root = self._tracefs.root
        try:
            root = self._make_instance(root)
        except OSError:
            self._remove_instance()
        self._fd = _open_file(f"{root}/trace_pipe", os.O_RDONLY | os.O_NONBLOCK)

    def fileno(self) -> int:
        """What becomes readable when there is a message."""
        self.open()
        return self._fd

    def read_line(self, timeout_ms: int = -1) -> bytes:
        """The next line without its end, after `timeout_ms` (-1: never) b"".

        It may be one that tells of lost messages. Empty lines are left out: since Linux 5.9 the
        kernel ends a message itself, and most programs do, too.
        """
        self.open()
        while True:
            line, newline, rest = self._pending.partition(b"\n")
            if not newline:
                if not self._fill(timeout_ms):
                    return b""
                continue
            self._pending = rest
            if line := line.rstrip():
                return line

    def readline(self) -> bytes:
        """The next line; what a file has."""
        return self.read_line()

    def _fill(self, timeout_ms: int) -> bool:
        """Read what there is, or comes within the time; whether that is anything."""
        while True:
            try:
                data = os.read(self._fd, _READ_BYTES)
            except BlockingIOError:
                if not _wait(self._fd, timeout_ms):
                    return False
                continue
            self._pending += data
            if data or timeout_ms >= 0:
                return bool(data)
            # Somebody has switched tracing off, and then there is no waiting either.
            time.sleep(_OFF_SECONDS)

    def close(self) -> None:
        """Give the buffer up; a second time does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._remove_instance()

    def _make_instance(self, root: str) -> str:
        """The directory of a buffer that only this process has."""
        path = f"{root}/instances/seismo-{os.getpid()}-{id(self):x}"
        os.mkdir(path)
        self._instance = path
        fd = os.open(f"{path}/{PRINTED}", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, b"1")
        finally:
            os.close(fd)
        return path

    def _remove_instance(self) -> None:
        if self._instance:
            path, self._instance = self._instance, ""
            os.rmdir(path)


def parse_line(line: bytes) -> Fields:
    r"""The parts of a line of the pipe; ValueError for one that is no message, such as one that
    tells of lost messages.

    The address before the message is a number, a symbol, or (Linux 5.9) the name of the event:

    >>> parse_line(b"          python3-971   [001] d..31  18.250: bpf_trace_printk: hi")
    Fields(task=b'python3', pid=971, cpu=1, flags=b'd..31', ts=18.25, msg=b'hi')
    """
    if line.startswith(_LOST):
        raise ValueError(f"no message: {line!r}")
    # A task's name may have any letters, but is as long as 16 of them, or shorter and padded.
    dash = line.index(b"-", _NAME_LETTERS)
    head, colon, rest = line[dash + 1 :].partition(b": ")
    if not colon:
        raise ValueError(f"no message: {line!r}")
    pid, cpu, *flags, seconds = _without_group(head).split()
    _, _, message = rest.partition(b": ")
    return Fields(
        line[:dash].strip(),
        int(pid),
        int(cpu.strip(b"[]")),
        flags[0] if flags else b"",
        float(seconds),
        message,
    )


def _without_group(head: bytes) -> bytes:
    """Without the thread group, which the option record-tgid shows: `971 (  970) [001]`."""
    before, bracket, behind = head.partition(b"(")
    return before + behind.partition(b")")[2] if bracket else head


def _wait(fd: int, timeout_ms: int) -> bool:
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    return bool(poller.poll(timeout_ms if timeout_ms >= 0 else None))


def _open_file(path: str, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_CLOEXEC)
    except OSError as error:
        hint = "somebody else reads the pipe" if error.errno == errno.EBUSY else ""
        raise SyscallError(f"open {path}", error.errno or 0, hint) from None
