"""What using loaded objects can raise, apart from `SyscallError`."""

from __future__ import annotations

import errno

from seismo.base.errors import BpfError, SyscallError
from seismo.kernel.abi import ENOTSUPP

__all__ = ("AttachRefused", "BadSpec", "KeyMissing", "NotThatKind", "WrongSize")


class AttachRefused(SyscallError):
    """The kernel does not attach a program at `place` (`kprobe vfs_read+0x8`).

    `why` says it in words, where the kernel's errno is known to mean something there.
    """

    def __init__(self, place: str, error: SyscallError, why: str = "", hint: str = "") -> None:
        number = errno.EOPNOTSUPP if error.errno == ENOTSUPP else error.errno or 0
        super().__init__(error.call, number, hint or error.hint)
        self.place = place
        self.why = why

    def __str__(self) -> str:
        hint = f"\nhint: {self.hint}" if self.hint else ""
        return f"{self.place}: {self.why or self.strerror} ({self.errno_name}){hint}"


class BadSpec(BpfError, ValueError):
    """A spec that no kernel takes: `name` says which object, `hint` what would be right."""

    def __init__(self, name: str, why: str, hint: str = "") -> None:
        super().__init__(f"{name}: {why}" + (f"\nhint: {hint}" if hint else ""))
        self.name = name
        self.hint = hint


class KeyMissing(BpfError, KeyError):
    """The map has no such key; a queue or stack without a next value has none either."""

    def __init__(self, map_name: str, key: bytes) -> None:
        super().__init__(map_name, key)
        self.map_name = map_name
        self.key = key

    def __str__(self) -> str:
        what = f"no key {self.key.hex(' ')}" if self.key else "no value left"
        return f"map {self.map_name}: {what}"


class WrongSize(BpfError, ValueError):
    """A key or a value that is not as long as the map has it, which the kernel cannot tell."""

    def __init__(self, map_name: str, what: str, size: int, wanted: int) -> None:
        super().__init__(f"map {map_name}: a {what} has {wanted} bytes, not {size}")
        self.what = what
        self.size = size
        self.wanted = wanted


class NotThatKind(BpfError, TypeError):
    """What is pinned at `path` is no `kind`."""

    def __init__(self, path: str, kind: str) -> None:
        super().__init__(f"{path}: what is pinned there is no {kind}")
        self.path = path
        self.kind = kind
