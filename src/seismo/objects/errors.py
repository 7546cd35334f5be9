"""What using loaded objects can raise, apart from `SyscallError`."""

from __future__ import annotations

from seismo.base.errors import BpfError

__all__ = ("BadSpec", "KeyMissing", "WrongSize")


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
