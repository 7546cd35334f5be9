"""Relocations of an object file that is not linked yet (`ET_REL`), and the symbols they refer to.

>>> file = ElfFile(data)
>>> section, symbols = file.sections[".rel.text"], link_symbols(file)
>>> [(one.offset, one.symbol.name) for one in relocations(file, section, symbols)]
[(16, 'events'), (40, 'pid_filter')]

`SymbolTable` is about what has an address in memory; a linker wants every row, by its index.
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.base.enum import IntEnum
from seismo.elf.file import ElfFile, Section, SectionType

__all__ = (
    "Binding",
    "LinkSymbol",
    "Relocation",
    "SymbolKind",
    "link_symbols",
    "relocation_sections",
    "relocations",
)

_RELA, _REL = 4, 9
_HIDDEN = (1, 2)
"""`STV_INTERNAL`, `STV_HIDDEN`."""
_RESERVED = 0xFF00
"""From here on a section's index is none: absolute and common symbols have such."""

_MAX_NAMES = 4
"""Names may share their bytes, but not so that all of them are longer than so many files."""


class SymbolKind(IntEnum):
    """`STT_*`, as far as it is of use here."""

    NOTYPE = 0
    OBJECT = 1
    FUNC = 2
    SECTION = 3


class Binding(IntEnum):
    """`STB_*`, as far as it is of use here."""

    LOCAL = 0
    GLOBAL = 1
    WEAK = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSymbol:
    """A row of the symbol table: `size` bytes at `value` in the section with that index.

    `kind` and `binding` may be none of `SymbolKind` and `Binding`. `section` is 0 for what another
    file must have. `is_hidden`: not to be seen outside of what this file is linked into.
    """

    name: str
    kind: int
    binding: int
    section: int
    value: int
    size: int
    is_hidden: bool = False

    @property
    def is_undefined(self) -> bool:
        """Whether another file has it, or the kernel."""
        return self.section == 0

    @property
    def is_special(self) -> bool:
        """Whether it is in no section of the file: a constant, or a variable not yet placed."""
        return self.section >= _RESERVED


@dataclass(frozen=True, slots=True)
class Relocation:
    """What is at byte `offset` of its section depends on where `symbol` ends up.

    `addend` is 0 for `SHT_REL`, which has it in the bytes that are to be changed.
    """

    offset: int
    type: int
    symbol: LinkSymbol
    addend: int = 0


def link_symbols(file: ElfFile) -> tuple[LinkSymbol, ...]:
    """The rows of the file's one symbol table by index; none if it has no such table.

    Raises `ElfError` for a table that is cut off, for a second one, and for a section that is none.
    """
    tables = [one for one in file.all_sections if one.type == SectionType.SYMTAB]
    if not tables:
        return ()
    table = tables[0]
    if len(tables) > 1:
        raise file.error("a second symbol table", tables[1].offset)
    layout = file.layout("IBBHQQ", "IIIBBH")
    data = file.content(table)
    if len(data) % layout.size:
        raise file.error(f"{len(data)} bytes of symbols of {layout.size} each", table.offset)
    names = _Names(file, file.linked(table))
    symbols = []
    for index, row in enumerate(layout.iter_unpack(data)):
        at = table.offset + index * layout.size
        symbol = _symbol(row if file.is_64 else _as_64(row), names, at)
        if not symbol.is_special and symbol.section >= len(file.all_sections):
            what = f"symbol '{symbol.name}' in section {symbol.section}, which is none"
            raise file.error(what, at)
        symbols.append(symbol)
    return tuple(symbols)


def relocation_sections(file: ElfFile) -> dict[int, list[Section]]:
    """The sections of relocations, by the index of the section whose bytes they change."""
    found: dict[int, list[Section]] = {}
    for section in file.all_sections:
        if section.type in (_REL, _RELA):
            found.setdefault(section.info, []).append(section)
    return found


def relocations(
    file: ElfFile, section: Section, symbols: tuple[LinkSymbol, ...]
) -> list[Relocation]:
    """The relocations in `section`, in its order; `symbols` are those of `link_symbols`.

    Raises `ElfError` for a section that is cut off, and for places and symbols that there are not.
    """
    if section.info >= len(file.all_sections):
        what = f"section '{section.name}' is about section {section.info}, which is none"
        raise file.error(what, section.offset)
    has_addend = section.type == _RELA
    layout = file.layout("QQq", "IIi") if has_addend else file.layout("QQ", "II")
    data = file.content(section)
    if len(data) % layout.size:
        raise file.error(f"{len(data)} bytes of relocations of {layout.size} each", section.offset)
    shift = 32 if file.is_64 else 8
    found = []
    for index, (offset, info, *addend) in enumerate(layout.iter_unpack(data)):
        symbol, type_ = info >> shift, info & (1 << shift) - 1
        at = section.offset + index * layout.size
        if symbol >= len(symbols):
            raise file.error(f"a relocation to symbol {symbol} of {len(symbols)}", at)
        if offset >= file.all_sections[section.info].size:
            raise file.error(f"a relocation at {offset:#x}, beyond its section", at)
        found.append(Relocation(offset, type_, symbols[symbol], *addend))
    return found


class _Names:
    """The names of symbols, each decoded once."""

    def __init__(self, file: ElfFile, section: Section) -> None:
        self._file = file
        self._section = section
        self._strings = bytes(file.content(section))
        self._known: dict[int, str] = {}
        self._left = _MAX_NAMES * len(file.data)

    def name(self, start: int, at: int) -> str:
        """The name that begins at `start`, which the symbol at `at` of the file has."""
        known = self._known.get(start)
        if known is None:
            end = self._strings.find(b"\0", start)
            if end < 0:
                raise self._file.error(f"a name at {start:#x} that does not end", at)
            self._left -= end - start
            if self._left < 0:
                raise self._file.error("names that are all parts of one another", at)
            known = self._strings[start:end].decode(errors="backslashreplace")
            self._known[start] = known
        return known


def _symbol(row: tuple[int, ...], names: _Names, at: int) -> LinkSymbol:
    name, info, other, section, value, size = row
    return LinkSymbol(
        name=names.name(name, at),
        kind=info & 15,
        binding=info >> 4,
        section=section,
        value=value,
        size=size,
        is_hidden=other & 3 in _HIDDEN,
    )


def _as_64(row: tuple[int, ...]) -> tuple[int, ...]:
    """The fields of a 32-bit row in the order of a 64-bit one."""
    name, value, size, info, other, section = row
    return name, info, other, section, value, size
