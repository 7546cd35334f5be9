"""`AddressSpace`: which bytes of which files a process has mapped to execute.

>>> space = AddressSpace(parse_maps(kernel.read_file("/proc/self/maps")))
>>> space.at(address).file.path
'/usr/lib/x86_64-linux-gnu/libc.so.6'
"""

from __future__ import annotations

import os
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from operator import attrgetter

from seismo.base.dataclass import dataclass, replace

__all__ = (
    "ANONYMOUS",
    "UNMAPPED",
    "AddressSpace",
    "MappedFile",
    "Mapping",
    "executable_lines",
    "mapped_file",
    "parse_maps",
)

_EXECUTABLE = re.compile(rb"^\S+ ..x.*\n", re.MULTILINE)
_DELETED = " (deleted)"


@dataclass(frozen=True, slots=True)
class MappedFile:
    """A file as a mapping names it: its path in the root of the process, and which it is.

    `device` is as os.makedev() has it. Memory without a file has inode 0; `path` is its name in
    brackets (`[vdso]`) or "". `is_deleted`: nothing has that path any more.
    """

    path: str
    device: int = 0
    inode: int = 0
    is_deleted: bool = False


ANONYMOUS = MappedFile("")


@dataclass(frozen=True, slots=True)
class Mapping:
    """The addresses `start` to `end` - 1 are the bytes of `file` from `offset` on."""

    start: int
    end: int
    offset: int
    file: MappedFile


UNMAPPED = Mapping(0, 0, 0, ANONYMOUS)

_start_of, _end_of = attrgetter("start"), attrgetter("end")


class AddressSpace:
    """The executable mappings of one program image, in order; a later one replaces what it
    covers."""

    __slots__ = ("_mappings",)

    def __init__(self, mappings: Iterable[Mapping] = ()) -> None:
        self._mappings = sorted(mappings, key=_start_of)

    def __iter__(self) -> Iterator[Mapping]:
        return iter(self._mappings)

    def at(self, address: int) -> Mapping:
        """The mapping that an address lies in, `UNMAPPED` for none."""
        index = bisect_right(self._mappings, address, key=_start_of) - 1
        if index < 0 or address >= self._mappings[index].end:
            return UNMAPPED
        return self._mappings[index]

    def add(self, new: Mapping) -> None:
        """Map something, over what is there."""
        all_ = self._mappings
        first = bisect_right(all_, new.start, key=_end_of)
        behind = bisect_left(all_, new.end, first, key=_start_of)
        parts = [part for old in all_[first:behind] for part in _uncovered(old, new)]
        parts = sorted([new, *parts], key=_start_of)
        self._mappings = [*all_[:first], *parts, *all_[behind:]]

    def forked(self) -> AddressSpace:
        """The same mappings, from now on apart: `add` makes a new list, so this one is shared."""
        copy = AddressSpace()
        copy._mappings = self._mappings
        return copy


def _uncovered(old: Mapping, new: Mapping) -> tuple[Mapping, ...]:
    """What is left of a mapping under a new one that overlaps it: a part before, and one behind."""
    behind = replace(old, start=new.end, offset=old.offset + new.end - old.start)
    parts = replace(old, end=new.start), behind
    return tuple([part for part in parts if part.start < part.end])


def executable_lines(maps: bytes) -> bytes:
    """The lines of /proc/PID/maps that matter here."""
    return b"".join(_EXECUTABLE.findall(maps))


def parse_maps(maps: bytes) -> Iterator[Mapping]:
    """The mappings of lines of /proc/PID/maps; the text is as proc_pid_maps(5) has it."""
    for line in maps.decode("utf-8", "surrogateescape").splitlines():
        addresses, _, offset, device, inode, *path = line.split(maxsplit=5)
        start, _, end = addresses.partition("-")
        major, _, minor = device.partition(":")
        yield Mapping(
            int(start, 16),
            int(end, 16),
            int(offset, 16),
            mapped_file(
                path[0] if path else "", os.makedev(int(major, 16), int(minor, 16)), int(inode)
            ),
        )


def mapped_file(path: str, device: int, inode: int) -> MappedFile:
    """The file of a mapping as the kernel names it, in /proc/PID/maps or in the side band."""
    if not inode:
        return MappedFile(path) if path.startswith("[") else ANONYMOUS
    is_deleted = path.endswith(_DELETED)
    return MappedFile(path.removesuffix(_DELETED), device, inode, is_deleted)
