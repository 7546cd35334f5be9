"""`Symbols`: what a file calls its addresses, and where its names are.

>>> symbols = Symbols(ElfFile(Path("/lib/x86_64-linux-gnu/libc.so.6").read_bytes()))
>>> symbols.find("write")
Symbol(name='write', address=975232, size=153, is_function=True, is_indirect=False)
>>> symbols.at(975232 + 8)[1]
8

A stripped program keeps only what it shares (`.dynsym`); the names of its other functions are in
`.symtab`, in a separate debug file or, compressed, in `.gnu_debugdata`, and are read when needed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import islice
from typing import TypeAlias

from seismo.base.diagnostics import did_you_mean
from seismo.elf.errors import SymbolMissing
from seismo.elf.extents import Extents
from seismo.elf.file import ElfFile, SectionType
from seismo.elf.symbol_table import Row, Symbol, SymbolTable

__all__ = ("Symbol", "Symbols")

_MAX_NEAR = 2000
"""To how many names a misspelt one is compared: C++ programs have many that begin alike."""

_TYPE_MASK = 15
"""Of `st_info`; all of it that a local symbol has."""

_STRIPPED = "only what it shares has a name there: install its debug symbols to see the rest"

_Found: TypeAlias = tuple[Row, SymbolTable]


def _no_debug_file() -> tuple[ElfFile, ...]:
    return ()


class Symbols:
    """The symbols of one file. `debug_file` gives its separate debug file, if one is needed."""

    def __init__(
        self, file: ElfFile, debug_file: Callable[[], tuple[ElfFile, ...]] = _no_debug_file
    ) -> None:
        self._file = file
        self._debug_file = debug_file
        self._walked: dict[str, Symbol] = {}

    @cached_property
    def _dynamic(self) -> tuple[SymbolTable, ...]:
        return _tables(self._file, SectionType.DYNSYM)

    @cached_property
    def _static(self) -> tuple[SymbolTable, ...]:
        """The table with all symbols, which comes from elsewhere if the file was stripped."""
        if own := _tables(self._file, SectionType.SYMTAB):
            return own
        for file in self._debug_file():
            if found := _tables(file, SectionType.SYMTAB):
                return found
        return self._compressed()

    def _compressed(self) -> tuple[SymbolTable, ...]:
        if ".gnu_debugdata" not in self._file.sections:
            return ()
        from seismo.elf.mini_debug import read_mini_debug  # noqa: PLC0415 (lazy: docs/architecture.md)

        return _tables(read_mini_debug(self._file), SectionType.SYMTAB)

    def find(self, name: str) -> Symbol:
        """The symbol of that name; of several the global one, and a function before data.

        `SymbolMissing`, with a near name, if there is none. Versions are left out: `memcpy` is the
        default version of it.
        """
        if name in self._walked:
            return self._walked[name]
        for find in (self._find_dynamic, self._find_static):
            if found := find(name):
                row, table = min(found, key=_rank)
                return table.symbol(row)
        raise self._missing(name)

    def _find_dynamic(self, name: str) -> list[_Found]:
        hashes = [one for one in self._file.all_sections if one.type == SectionType.GNU_HASH]
        return [
            (row, table)
            for table in self._dynamic
            for row in (table.find_hashed(hashes[0], name) if hashes else table.find(name))
        ]

    def _find_static(self, name: str) -> list[_Found]:
        return [(row, table) for table in self._static for row in table.find(name)]

    def functions(self) -> tuple[Symbol, ...]:
        """Every function under each of its names; `find` is fast for them from then on."""
        if not self._walked:
            shared, own = _functions(self._dynamic), _functions(self._static)
            self._walked = own | shared
        return tuple(self._walked.values())

    def names(self) -> Iterator[str]:
        """The names of all functions, each once."""
        return (one.name for one in self.functions())

    def at(self, address: int) -> tuple[Symbol, int]:
        """(the symbol that `address` is in, bytes past its start); `SymbolMissing` if in none.

        Of symbols in each other the innermost counts; of several at one place a function, then the
        name that programs use: `write`, which is weak, rather than `__write` or the library's own
        `__GI_write`. One without a size ends at the next one, at the latest with its section.
        """
        for extents, found in self._places:
            if (index := extents.find(address)) >= 0:
                row, table = min(_names_of_one(found, index), key=_plainness)
                return table.symbol(row), address - row[0]
        raise SymbolMissing(f"no symbol at {address:#x} in {self._title}")

    @cached_property
    def _places(self) -> tuple[tuple[Extents, list[_Found]], ...]:
        """Symbols with a size in order of their addresses, and the same of those without one."""
        tables = (*self._dynamic, *self._static)
        found = [
            (row, table)
            for table in tables
            for row in table.rows()
            if row[2] or table.is_named(row)
        ]
        found.sort(key=_place)
        sized = [one for one in found if one[0][2]]
        extents = Extents([row[0] for row, _ in sized], [row[0] + row[2] for row, _ in sized])
        # A label in a function ends with it, so it is never what an address is in.
        labels = [one for one in found if not one[0][2] and extents.find(one[0][0]) < 0]
        starts = [row[0] for row, _ in found]
        ends = [_next(starts, row[0], table.section_end(row)) for row, table in labels]
        return (extents, sized), (Extents([row[0] for row, _ in labels], ends), labels)

    @property
    def _title(self) -> str:
        return self._file.name or "this file"

    def _missing(self, name: str) -> SymbolMissing:
        what = f"no symbol '{name}' in {self._title}"
        if any(table.imports(name) for table in self._dynamic):
            return SymbolMissing(what, "it is imported: name the library that has it")
        near = (
            one for one in self.names() if one[:1] == name[:1] and abs(len(one) - len(name)) <= 2
        )
        hint = did_you_mean(name, islice(near, _MAX_NEAR))
        return SymbolMissing(what, hint or ("" if self._static else _STRIPPED))


def _tables(file: ElfFile, type_: SectionType) -> tuple[SymbolTable, ...]:
    return tuple([SymbolTable(file, one) for one in file.all_sections if one.type == type_])


def _functions(tables: tuple[SymbolTable, ...]) -> dict[str, Symbol]:
    best: dict[str, tuple[int, Symbol]] = {}
    for table in tables:
        for rank, symbol in table.functions():
            if symbol.name not in best or rank < best[symbol.name][0]:
                best[symbol.name] = rank, symbol
    return {name: symbol for name, (_, symbol) in best.items()}


def _rank(found: _Found) -> int:
    return found[0][1]


def _place(found: _Found) -> tuple[int, int]:
    return found[0][:2]


def _names_of_one(found: list[_Found], index: int) -> Iterator[_Found]:
    """The symbol at `index` and those behind it that are of the same place and type."""
    address, _, size, _, info, _ = found[index][0]
    for one in islice(found, index, None):
        row = one[0]
        if row[0] != address:
            return
        if row[2] == size and (row[4] ^ info) & _TYPE_MASK == 0:
            yield one


def _plainness(found: _Found) -> tuple[bool, int, int]:
    row, table = found
    name = table.symbol(row).name
    return row[4] <= _TYPE_MASK, len(name) - len(name.lstrip("_")), row[1]


def _next(starts: list[int], start: int, limit: int) -> int:
    """The first of the sorted `starts` after `start`, or `limit`, whichever is lower."""
    index = bisect_right(starts, start)
    return min(starts[index], limit) if index < len(starts) else limit
