"""`DebugInfos`: what a view tells of source lines and types of user space, the live one or another.

A file is opened when the first question is about it, and kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seismo.elf.binary import Binary

if TYPE_CHECKING:
    from seismo.elf.dwarf import DebugInfo
    from seismo.elf.dwarf_types import FunctionType, Member, Struct

__all__ = ("DebugInfos", "split_root")


class DebugInfos:
    """The part of a `KernelView` about the debug information of binaries."""

    def __init__(self) -> None:
        self._debug_infos: dict[str, DebugInfo] = {}

    def source_line(self, binary: Binary, file: str, line: int, column: int) -> Sequence[int]:
        """The addresses where a line's code begins; LineNotFound, DebugInfoMissing without debug
        information."""
        return self._debug_info(binary).addresses(file, line, column)

    def user_function(self, binary: Binary, name: str) -> FunctionType:
        """The parameters of a function by its debug information; DebugInfoMissing."""
        return self._debug_info(binary).function(name)

    def user_members(self, binary: Binary, struct: Struct) -> Sequence[Member]:
        """The members of a struct that `user_function` of the same binary has told of."""
        return self._debug_info(binary).members(struct)

    def _debug_info(self, binary: Binary) -> DebugInfo:
        from seismo.elf.dwarf import DebugInfo  # noqa: PLC0415 (lazy: docs/architecture.md)

        if binary.path not in self._debug_infos:
            root, _ = split_root(binary.path)
            self._debug_infos[binary.path] = DebugInfo(binary.path, root or "/")
        return self._debug_infos[binary.path]


def split_root(path: str) -> tuple[str, str]:
    """`/proc/PID/root` and the path below it; ('', path) for a path of our own `/`."""
    parts = path.split("/", 4)
    if len(parts) == 5 and parts[:2] == ["", "proc"] and parts[3] == "root":
        return "/".join(parts[:4]), f"/{parts[4]}"
    return "", path
