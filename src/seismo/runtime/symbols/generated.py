"""Code that is in no file: what the kernel maps into every process, and what interpreters compile.

Just-in-time compilers tell the names of what they make by /tmp/perf-PID.map, one line for each
function: its address, its size (both hexadecimal) and its name.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from functools import cached_property
from operator import itemgetter

from seismo.base.errors import BpfError
from seismo.elf.file import ElfFile
from seismo.elf.frame_table import UnwindTable
from seismo.elf.symbols import Symbols
from seismo.runtime.symbols.mappings import Mapping, parse_maps

__all__ = ("PerfMaps", "Vdso", "perf_map_path")

_VDSO = "[vdso]"
_start_of = itemgetter(0)


class Vdso:
    """The kernel's own library; ours is that of every process."""

    def symbol(self, mapping: Mapping, address: int) -> tuple[str, int]:
        """The name at an address of a mapping of the kernel's, and the bytes past its start; "" for
        none."""
        if mapping.file.path != _VDSO:
            return "", 0
        for symbols, _ in self._images:
            try:
                symbol, offset = symbols.at(address - mapping.start)
            except BpfError:
                continue
            return symbol.name, offset
        return "", 0

    def table(self, mapping: Mapping) -> tuple[UnwindTable, int]:
        """What tells the frames of a mapping of the kernel's, and where it is; `LookupError` if
        nothing does."""
        if mapping.file.path == _VDSO:
            for _, table in self._images:
                return table, mapping.start
        raise LookupError(mapping.file.path)

    @cached_property
    def _images(self) -> tuple[tuple[Symbols, UnwindTable], ...]:
        return _own_vdso()


def _own_vdso() -> tuple[tuple[Symbols, UnwindTable], ...]:
    with open("/proc/self/maps", "rb") as maps:
        found = [one for one in parse_maps(maps.read()) if one.file.path == _VDSO]
    try:
        with open("/proc/self/mem", "rb", buffering=0) as memory:
            images = [os.pread(memory.fileno(), one.end - one.start, one.start) for one in found]
        return tuple([(Symbols(ElfFile(one, _VDSO)), UnwindTable(one, _VDSO)) for one in images])
    except (BpfError, OSError):
        return ()


def perf_map_path(pid: int) -> str:
    """Where a compiler in a process tells the names of what it makes."""
    return f"/tmp/perf-{pid}.map"


class PerfMaps:
    """The perf maps of processes, each read again when it has grown."""

    def __init__(self) -> None:
        self._maps: dict[int, tuple[tuple[int, int], list[tuple[int, int, str]]]] = {}

    def symbol(self, pid: int, address: int) -> tuple[str, int]:
        """The name at an address, and the bytes past its start; "" for none."""
        rows = self._rows(pid)
        # A function that is compiled again is told of again: the last line counts.
        index = bisect_right(rows, address, key=_start_of) - 1
        if index < 0 or address >= rows[index][1]:
            return "", 0
        start, _, name = rows[index]
        return name, address - start

    def _rows(self, pid: int) -> list[tuple[int, int, str]]:
        """(start, end, name) in order."""
        known, rows = self._maps.get(pid, ((0, 0), []))
        inside = f"/proc/{pid}/root{perf_map_path(_inner_id(pid))}"
        for path in (inside, perf_map_path(pid)):
            try:
                status = os.stat(path)
                if (status.st_size, status.st_mtime_ns) == known:
                    return rows
                with open(path, encoding="utf-8", errors="surrogateescape") as file:
                    rows = _parse(file.read())
            except OSError:
                continue
            self._maps[pid] = (status.st_size, status.st_mtime_ns), rows
            return rows
        return rows


def _inner_id(pid: int) -> int:
    """The id that the process itself knows of."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            ids = [line.split()[-1] for line in file if line.startswith("NSpid:")]
    except OSError:
        ids = []
    return int(ids[0]) if ids else pid


def _parse(text: str) -> list[tuple[int, int, str]]:
    """Lines that are something else are left out; the last one may be in work."""
    rows: dict[int, tuple[int, int, str]] = {}
    for line in text.splitlines():
        start, _, rest = line.partition(" ")
        size, _, name = rest.partition(" ")
        try:
            first = int(start, 16)
            rows[first] = first, first + int(size, 16), name
        except ValueError:
            continue
    return sorted(rows.values())
