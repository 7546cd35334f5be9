"""`DebugInfos`: what a view tells of programs' source lines and types, the live one or another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seismo.elf.binary import Binary
    from seismo.elf.dwarf import DebugInfo

__all__ = ("DebugInfos", "split_root")


class DebugInfos:
    """The part of a `KernelView` about the debug information of binaries."""

    def __init__(self) -> None:
        self._debug_infos: dict[str, DebugInfo] = {}

    def debug_info(self, binary: Binary) -> DebugInfo:
        """See `KernelView`. A file is opened when the first question is about it, and kept."""
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
