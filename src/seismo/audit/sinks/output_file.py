"""`OutputFile`: lines into a file or a stream: rotation, sync, full disks.

What is written is whole lines. A line that does not fit any more (ENOSPC, EDQUOT, EFBIG, EIO …) is
taken back by cutting the file, so that a file never ends within a line; where that cannot be done
(a pipe, a device) the next line begins on a line of its own. The lines that were not written are
the answer of `write`, the reason is in `failure`; the next lines are tried again, so that writing
goes on as soon as there is room.

A file that somebody has moved or removed (logrotate) is opened anew at the next flush.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable
from io import BufferedWriter, FileIO
from pathlib import Path
from typing import BinaryIO, Protocol

from seismo.audit.sinks.errors import SinkError, reason_of
from seismo.audit.sinks.settings import Rotation, Sync

__all__ = ("LineOutput", "OutputFile", "OutputStream", "sync_directory")

_NEWLINE = b"\n"


class LineOutput(Protocol):
    """Where lines go."""

    failure: str

    def write(self, data: bytes) -> int:
        """Write whole lines; how many of them could not be written."""

    def flush(self) -> int:
        """Pass on what is held back; how many lines are known to be lost by it."""

    def close(self) -> int:
        """Complete and close; how many lines are known to be lost by it."""


def sync_directory(path: Path) -> None:
    """Force the names in the directory of a file onto the disk."""
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


class OutputStream:
    """A stream of the caller's, such as standard output; it is not closed.

    That nobody reads it any more (BrokenPipeError) is passed on: it is how a pipeline ends.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.failure = ""
        # A buffer would keep what cannot be written, and nobody would count it.
        self._stream = stream.raw if isinstance(stream, BufferedWriter) else stream
        self._is_torn = False

    def write(self, data: bytes) -> int:
        text = _NEWLINE + data if self._is_torn else data
        rest = memoryview(text)
        try:
            while rest:
                rest = rest[_taken(self._stream.write(rest)) :]
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            self.failure = reason_of(error)
            written = text[: len(text) - len(rest)]
            if written:
                self._is_torn = not written.endswith(_NEWLINE)
            return min(bytes(rest).count(_NEWLINE), data.count(_NEWLINE))
        self._is_torn = False
        return 0

    def flush(self) -> int:
        return 0

    def close(self) -> int:
        return 0


class OutputFile:
    """A file by its path, appended to, and made with the permissions 0600 if there is none.

    `now` is a clock in seconds. SinkError when the file cannot be opened.
    """

    def __init__(
        self,
        path: str,
        *,
        rotation: Rotation,
        sync: Sync,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.failure = ""
        self._path = Path(path)
        self._rotation = rotation
        self._sync = sync
        self._now = now
        self._unsynced = 0  # lines
        self._lost = 0  # lines, since somebody was told
        self._is_stuck = False
        self._is_torn = False
        self._is_closed = False
        try:
            self._file = self._opened()
        except OSError as error:
            raise SinkError(path, f"cannot be written: {reason_of(error)}", _hint(error)) from error
        if self._size and not _ends_a_line(self._path):
            self._is_torn = True  # what was there before does not end with a line

    def write(self, data: bytes) -> int:
        at = 0
        while at < len(data):
            if self._is_old():
                self._rotate()
            end = self._fitting(data, at)
            self._write_part(data[at:end])
            at = end
        if self._sync is Sync.BATCH:
            self._force()
        return self._taken_lost()

    def flush(self) -> int:
        self._is_stuck = False
        if self._has_moved():
            self._force()
            self._reopen()
        elif self._is_old():
            self._rotate()
        if self._sync in (Sync.FLUSH, Sync.BATCH):
            self._force()
        return self._taken_lost()

    def close(self) -> int:
        if self._is_closed:
            return 0
        self._is_closed = True
        self._force()
        self._close_file(self._file)
        return self._taken_lost()

    def _taken_lost(self) -> int:
        lost, self._lost = self._lost, 0
        return lost

    def _opened(self) -> FileIO:
        # O_NONBLOCK: to open a FIFO without a reader, or to write to a full one, must not wait.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        file = FileIO(os.open(self._path, flags, 0o600), "ab")
        status = os.fstat(file.fileno())
        self._is_regular = stat.S_ISREG(status.st_mode)
        self._size = status.st_size if self._is_regular else 0
        self._identity = status.st_dev, status.st_ino
        self._began = self._now()
        return file

    def _fitting(self, data: bytes, at: int) -> int:
        """Up to where the lines from `at` on may go into the file: at least one line. A new file is
        begun where there is no room in this one."""
        most = self._rotation.max_bytes
        if not (most and self._is_regular) or self._is_stuck:
            return len(data)
        room = most - self._size
        if len(data) - at <= room:
            return len(data)
        end = data.rfind(_NEWLINE, at, at + max(room, 0)) + 1
        if end > at:
            return end
        if self._size:
            self._rotate()
            if not self._size:
                return self._fitting(data, at)
        return (data.find(_NEWLINE, at) + 1) or len(data)

    def _write_part(self, part: bytes) -> None:
        """Write lines; those that could not be are lost."""
        text = _NEWLINE + part if self._is_torn else part
        written = 0
        try:
            while written < len(text):
                written += _taken(self._file.write(text[written:] if written else text))
        except OSError as error:
            self.failure = reason_of(error)
        lines = part.count(_NEWLINE)
        done = lines
        if written < len(text):
            done = self._take_back(text, written)
        else:
            self._size += written
            self._is_torn = False
        self._unsynced += done
        self._lost += lines - done

    def _take_back(self, text: bytes, written: int) -> int:
        """Cut off the line that is not whole; how many whole lines there are."""
        whole = text.rfind(_NEWLINE, 0, written) + 1
        lines = text.count(_NEWLINE, 0, whole) - (1 if self._is_torn and whole else 0)
        is_cut = whole == written
        if not is_cut:
            try:
                # Where it ends, and not where we think: somebody may have emptied it meanwhile.
                end = os.fstat(self._file.fileno()).st_size
                os.ftruncate(self._file.fileno(), end - (written - whole))
                is_cut = True
            except OSError:
                pass  # a pipe or a device: the next line begins on one of its own
        self._is_torn = not is_cut or (self._is_torn and not whole)
        self._size += whole
        return lines

    def _is_old(self) -> bool:
        """Whether the file's time is over; one without lines has none."""
        most = self._rotation.max_seconds
        if not most or not self._is_regular or not self._size or self._is_stuck:
            return False
        return self._now() - self._began >= most

    def _rotate(self) -> None:
        """Complete the file, rename it to `path.1`, the others up by one, and begin a new one.

        Where that cannot be, the file is written on, and it is tried again after the next flush.
        """
        self._force()
        try:
            if not self._has_moved():
                self._shift()
        except OSError as error:
            self.failure = f"rotation: {reason_of(error)}"
            self._is_stuck = True
            return
        self._reopen()
        if self._sync is not Sync.NEVER:
            self._sync_names()

    def _shift(self) -> None:
        number = 1
        while self._numbered(number).exists():
            number += 1
        keep = self._rotation.keep or number
        for one in range(number, 0, -1):
            source = self._numbered(one - 1) if one > 1 else self._path
            if one > keep:
                source.unlink()
            else:
                source.rename(self._numbered(one))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _has_moved(self) -> bool:
        if not self._is_regular:
            return False
        try:
            status = os.stat(self._path)
        except OSError:
            return True
        return (status.st_dev, status.st_ino) != self._identity

    def _reopen(self) -> None:
        before = self._file
        try:
            self._file = self._opened()
        except OSError as error:
            self.failure = reason_of(error)
            self._is_stuck = True  # the old file is written on
            return
        self._close_file(before)
        self._is_torn = False

    def _close_file(self, file: FileIO) -> None:
        try:
            file.close()
        except OSError as error:  # over a network it is then that the disk is full
            self.failure = reason_of(error)

    def _force(self) -> None:
        """Force what was written onto the disk, unless the policy is not to.

        After a failure Linux takes the pages for written: what was in them is lost.
        """
        unsynced, self._unsynced = self._unsynced, 0
        if not unsynced or not self._is_regular or self._sync is Sync.NEVER:
            return
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            self.failure = reason_of(error)
            self._lost += unsynced

    def _sync_names(self) -> None:
        try:
            sync_directory(self._path)
        except OSError as error:
            self.failure = reason_of(error)


def _taken(count: int | None) -> int:
    """How many bytes a write took; who has no room, and is not to wait, gives None."""
    if count is None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return count


def _ends_a_line(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == _NEWLINE
    except OSError:
        return True


def _hint(error: OSError) -> str:
    match error.errno:
        case errno.ENOENT:
            return "the directory must be there"
        case errno.EISDIR:
            return "give the path of a file in this directory"
        case errno.ENXIO:
            return "nobody reads this FIFO yet, or it is a socket: for that there is the type unix"
    return "give another path"
