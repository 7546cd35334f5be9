"""`write_elf`: a relocatable object file of 64 bits, as compilers write them (`ET_REL`).

>>> code = NewSection(name="xdp", type=NewType.PROGBITS, data=code, flags=NewFlags.CODE)
>>> main = NewSymbol(name="main", section="xdp", size=16, kind=SymbolKind.FUNCTION)
>>> write_elf(machine=247, sections=(code,), symbols=(main,))

The same input gives the same bytes: nothing here depends on the time or the machine.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from seismo.base.bits import align_up
from seismo.base.dataclass import dataclass
from seismo.base.enum import IntEnum

__all__ = (
    "BPF_MACHINE",
    "NewFlags",
    "NewRelocation",
    "NewSection",
    "NewSymbol",
    "NewType",
    "SymbolKind",
    "write_elf",
)

BPF_MACHINE = 247
"""`EM_BPF`."""

_HEADER, _SECTION, _SYMBOL, _RELOCATION = (
    struct.Struct("<16sHHIQQQIHHHHHH"),
    struct.Struct("<IIQQQQIIQQ"),
    struct.Struct("<IBBHQQ"),
    struct.Struct("<QQ"),
)
_IDENT = b"\x7fELF\x02\x01\x01"  # 64 bits, little-endian, version 1
_RELOCATABLE = 1
_TABLE_ALIGNMENT = 8


class NewType(IntEnum):
    """`sh_type` of what is written."""

    PROGBITS = 1
    SYMTAB = 2
    STRTAB = 3
    REL = 9


class NewFlags(IntEnum):
    """`sh_flags`: none, data that is loaded, and code."""

    NONE = 0
    DATA = 3  # SHF_WRITE | SHF_ALLOC
    CODE = 6  # SHF_ALLOC | SHF_EXECINSTR
    INFO = 64  # SHF_INFO_LINK


class SymbolKind(IntEnum):
    """`st_info`'s type."""

    OBJECT = 1
    FUNCTION = 2
    SECTION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSection:
    """A section; its name is its own among all."""

    name: str
    data: bytes
    type: int = NewType.PROGBITS
    flags: int = NewFlags.NONE
    alignment: int = 1
    link: int = 0
    info: int = 0
    entry_size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSymbol:
    """A symbol `offset` bytes into its section. A section's own is local, and is called like it by
    relocations only: the file has no name for it."""

    name: str
    section: str
    size: int
    kind: SymbolKind
    offset: int = 0
    is_global: bool = True


@dataclass(frozen=True, slots=True)
class NewRelocation:
    """`offset` bytes into `section` something refers to `symbol`; `type` is the machine's."""

    section: str
    offset: int
    symbol: str
    type: int


def write_elf(
    *,
    machine: int,
    sections: Sequence[NewSection],
    symbols: Iterable[NewSymbol] = (),
    relocations: Sequence[NewRelocation] = (),
) -> bytes:
    """The file. A relocation's addend is what stands at its place (`SHT_REL`).

    Raises KeyError for a section or symbol that is not there.
    """
    numbers = {one.name: number for number, one in enumerate(sections, start=1)}
    # Local ones come first, as the table's `sh_info` has it.
    ordered = sorted(symbols, key=_is_global)
    targets = {section: list[NewRelocation]() for section in numbers}
    for one in relocations:
        targets[one.section].append(one)
    tables = sum(1 for rows in targets.values() if rows)
    symbol_table = len(sections) + tables + 1
    strings = _Strings()
    indexes = {one.name: index for index, one in enumerate(ordered, start=1)}
    every = [*sections]
    for section, rows in targets.items():
        if rows:
            data = b"".join(
                [_RELOCATION.pack(row.offset, indexes[row.symbol] << 32 | row.type) for row in rows]
            )
            every.append(_relocations(section, data, symbol_table, numbers[section]))
    every.append(_symbols(ordered, numbers, strings, symbol_table + 1))
    names = [strings.add(one.name) for one in every] + [strings.add(".strtab")]
    every.append(NewSection(name=".strtab", type=NewType.STRTAB, data=bytes(strings.data)))
    return _file(machine, every, names)


class _Strings:
    """A string table: each string once."""

    def __init__(self) -> None:
        self.data = bytearray(b"\0")
        self._offsets = {"": 0}

    def add(self, text: str) -> int:
        """Where `text` is in the table."""
        if text not in self._offsets:
            self._offsets[text] = len(self.data)
            self.data += text.encode() + b"\0"
        return self._offsets[text]


def _is_global(symbol: NewSymbol) -> bool:
    return symbol.is_global and symbol.kind is not SymbolKind.SECTION


def _relocations(section: str, data: bytes, symbols: int, number: int) -> NewSection:
    return NewSection(
        name=f".rel{section}",
        type=NewType.REL,
        data=data,
        flags=NewFlags.INFO,
        alignment=_TABLE_ALIGNMENT,
        link=symbols,
        info=number,
        entry_size=_RELOCATION.size,
    )


def _symbols(
    symbols: Sequence[NewSymbol], numbers: dict[str, int], strings: _Strings, link: int
) -> NewSection:
    rows = [bytes(_SYMBOL.size)]
    for one in symbols:
        info = _is_global(one) << 4 | one.kind
        name = "" if one.kind is SymbolKind.SECTION else one.name
        place = (numbers[one.section], one.offset, one.size)
        rows.append(_SYMBOL.pack(strings.add(name), info, 0, *place))
    return NewSection(
        name=".symtab",
        type=NewType.SYMTAB,
        data=b"".join(rows),
        alignment=_TABLE_ALIGNMENT,
        link=link,
        info=1 + sum(not _is_global(one) for one in symbols),
        entry_size=_SYMBOL.size,
    )


def _file(machine: int, sections: Sequence[NewSection], names: Sequence[int]) -> bytes:
    """Header, the sections' bytes, and the table of their headers; the last one has the names."""
    body = bytearray(_HEADER.size)
    rows = [bytes(_SECTION.size)]
    for name, one in zip(names, sections, strict=True):
        body += bytes(align_up(len(body), one.alignment) - len(body))
        place = (0, len(body), len(one.data), one.link, one.info, one.alignment, one.entry_size)
        rows.append(_SECTION.pack(name, one.type, one.flags, *place))
        body += one.data
    body += bytes(align_up(len(body), _TABLE_ALIGNMENT) - len(body))
    _HEADER.pack_into(
        body,
        0,
        *(_IDENT, _RELOCATABLE, machine, 1, 0, 0, len(body), 0),
        *(_HEADER.size, 0, 0, _SECTION.size, len(rows), len(rows) - 1),
    )
    return bytes(body) + b"".join(rows)
