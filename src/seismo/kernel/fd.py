"""`Fd`: owns one file descriptor, closes it once, and remembers who opened it.

>>> with Fd(kernel, number, "map", "counts") as fd:
...     int(fd)
"""

from __future__ import annotations

import os
import sys

from seismo.base.closing import Closing
from seismo.base.errors import BpfError, SyscallError
from seismo.kernel.protocol import Kernel

__all__ = ("ClosedFd", "Fd", "duplicate", "open_fds")

# The places that open fds for others: a leak is theirs who called.
_OPENERS = ("seismo.kernel.", "seismo.objects.")

_open: dict[int, Fd] = {}


class ClosedFd(BpfError, ValueError):
    """Something was asked of an fd that is closed already."""


class Fd(Closing):
    """One open file descriptor; `kind` and `name` say what it is, `opened_at` is (file, line).

    Nothing closes it but `close()`: garbage collection does not, so that a leak stays visible in
    `open_fds()`.
    """

    __slots__ = ("_kernel", "_number", "kind", "name", "opened_at")

    def __init__(self, kernel: Kernel, number: int, kind: str, name: str = "") -> None:
        self._kernel = kernel
        self._number = number
        self.kind = kind
        self.name = name
        self.opened_at = _caller()
        _open[id(self)] = self

    def fileno(self) -> int:
        """The descriptor's number; `ClosedFd` once it is closed."""
        if self._number < 0:
            raise ClosedFd(f"{self} is closed")
        return self._number

    __int__ = fileno
    __index__ = fileno

    @property
    def is_open(self) -> bool:
        return self._number >= 0

    def close(self) -> None:
        """Close it; a second time does nothing."""
        number, self._number = self._number, -1
        if number >= 0:
            del _open[id(self)]
            self._kernel.close(number)

    def __repr__(self) -> str:
        file, line = self.opened_at
        name = f" {self.name}" if self.name else ""
        return f"<fd {self._number}: {self.kind}{name}, opened at {file}:{line}>"


def duplicate(kernel: Kernel, number: int, kind: str, name: str = "") -> Fd:
    """Another descriptor of what somebody else owns; `SyscallError` (EBADF) if it is not open."""
    try:
        return Fd(kernel, os.dup(number), kind, name)
    except OSError as error:
        raise SyscallError(f"dup({number})", error.errno or 0) from None


def open_fds() -> tuple[Fd, ...]:
    """Every `Fd` of this process that is not closed, oldest first."""
    return tuple(_open.values())


def _caller() -> tuple[str, int]:
    """The file and line of the innermost frame outside the packages that open fds."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_OPENERS):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno
