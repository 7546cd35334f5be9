"""`Files`: what the files that processes have mapped tell of their code.

A file may be out of reach by the time that its symbols are asked for: deleted, replaced by a new
one, or in the mount namespace of a container that has ended. So it is opened the first time that it
is seen, unless its path leads to it and it is one of those that stay.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from seismo.base.errors import BpfError
from seismo.elf.binary import Binary
from seismo.elf.demangle import demangle
from seismo.elf.frame_table import UnwindTable
from seismo.elf.open import open_binary
from seismo.runtime.symbols.mappings import MappedFile, Mapping

__all__ = ("Files",)

_MOST_KEPT = 256
"""Files that are kept open; more are opened when they are needed, if they are there then."""

_LASTING = ("/usr/", "/lib", "/bin/", "/sbin/", "/opt/")
"""What is here was installed: it is neither just built nor soon deleted."""


class Files:
    """Symbols and frames by (file, offset in it); `demangles` names of C++ and Rust."""

    def __init__(self, *, demangles: bool = True) -> None:
        self._demangles = demangles
        self._reachable: set[MappedFile] = set()
        self._binaries: dict[MappedFile, tuple[Binary, ...]] = {}
        self._tables: dict[MappedFile, UnwindTable] = {}
        self._kept = 0

    def sight(self, pid: int, mapping: Mapping) -> None:
        """Make sure that the file can be read when the process `pid` has ended."""
        file = mapping.file
        if not file.inode or file in self._reachable or file in self._binaries:
            return
        is_there = _is_at(file.path, file)
        if is_there and (file.path.startswith(_LASTING) or self._kept >= _MOST_KEPT):
            self._reachable.add(file)
        elif self._kept < _MOST_KEPT:
            ways = ((file.path, ""),) if is_there else _ways(pid, mapping)
            for path, root in ways:
                if binary := _opened(path, root):
                    self._binaries[file] = binary
                    self._kept += 1
                    return

    def symbol(self, pid: int, mapping: Mapping, address: int) -> tuple[str, int]:
        """The name of what is at an address of a mapping, and the bytes past its start.

        The name is "" where the file has none there, or cannot be read.
        """
        self.sight(pid, mapping)
        for binary in self._binary(mapping.file):
            try:
                place = binary.address_of(address - mapping.start + mapping.offset)
                symbol, offset = binary.symbols.at(place)
            except (BpfError, OSError):
                continue
            return (demangle(symbol.name) if self._demangles else symbol.name), offset
        return "", 0

    def table(self, pid: int, mapping: Mapping, address: int) -> tuple[UnwindTable, int]:
        """What tells the frames of the code at an address of a mapping, and by how much the file's
        addresses were moved.

        Raises `LookupError` for a file that cannot be read, `ElfError` for one that has nothing at
        the address.
        """
        self.sight(pid, mapping)
        file = mapping.file
        for binary in self._binary(file):
            if file not in self._tables:
                self._tables[file] = UnwindTable(binary.file.data, file.path)
            bias = address - binary.address_of(address - mapping.start + mapping.offset)
            return self._tables[file], bias
        raise LookupError(file.path)

    def _binary(self, file: MappedFile) -> tuple[Binary, ...]:
        if file not in self._binaries and _is_at(file.path, file):
            self._binaries[file] = _opened(file.path)
        return self._binaries.get(file, ())


def _ways(pid: int, mapping: Mapping) -> Iterator[tuple[str, str]]:
    """(path, root) that lead to a mapped file while the process is there."""
    root = f"/proc/{pid}/root"
    if _is_at(root + mapping.file.path, mapping.file):
        yield mapping.file.path, root
    yield f"/proc/{pid}/map_files/{mapping.start:x}-{mapping.end:x}", ""


def _is_at(path: str, file: MappedFile) -> bool:
    """Whether a path leads to the file. Its number decides: file systems that are made of others
    (overlayfs, btrfs) do not tell stat(2) the device that they tell of mappings."""
    try:
        return not file.is_deleted and os.stat(path).st_ino == file.inode
    except OSError:
        return False


def _opened(path: str, root: str = "") -> tuple[Binary, ...]:
    """The file, or nothing where it cannot be read or is none of code."""
    try:
        return (open_binary(path, root),)
    except (BpfError, OSError):
        return ()
