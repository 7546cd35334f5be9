"""What `system()` and `cat()` do: a shell command's output, the beginning of a file."""

from __future__ import annotations

import os
import signal

from seismo.base.errors import BpfError

__all__ = ("CommandFailed", "file_text", "shell_text")

_SHELL = "/bin/sh"
_READ_BYTES = 1 << 16
_STDOUT = 1


class CommandFailed(BpfError):
    """A file that cannot be read, a shell that cannot be started."""


def shell_text(command: str) -> str:
    """What `sh -c command` writes to its standard output, when it has ended.

    Standard input and error are ours. Raises CommandFailed when there is no shell.
    """
    ours, theirs = os.pipe()
    try:
        child = os.posix_spawn(
            _SHELL,
            ["sh", "-c", command],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, theirs, _STDOUT)],
            setsigdef=[signal.SIGPIPE],
        )
    except OSError as error:
        os.close(ours)
        raise CommandFailed(f"cannot run {_SHELL}: {error.strerror}") from None
    finally:
        os.close(theirs)
    try:
        output = _read(ours, None)
    finally:
        os.close(ours)
        os.waitpid(child, 0)
    return output.decode("utf-8", "surrogateescape")


def file_text(path: str, limit: int) -> str:
    """The first `limit` bytes of a file; raises CommandFailed."""
    try:
        fd = os.open(path.partition("\0")[0], os.O_RDONLY | os.O_CLOEXEC)
        try:
            return _read(fd, limit).decode("utf-8", "surrogateescape")
        finally:
            os.close(fd)
    except OSError as error:
        raise CommandFailed(f"cannot read '{path}': {error.strerror}") from None


def _read(fd: int, limit: int | None) -> bytes:
    """All there is to read, at most `limit` bytes."""
    data = bytearray()
    while limit is None or len(data) < limit:
        wanted = _READ_BYTES if limit is None else min(_READ_BYTES, limit - len(data))
        part = os.read(fd, wanted)
        if not part:
            break
        data += part
    return bytes(data)
