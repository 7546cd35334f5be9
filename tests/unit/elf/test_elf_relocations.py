"""Relocations of object files, and the symbols that they refer to."""

from __future__ import annotations

import struct

import pytest

from elf_writer import NewSection, write_elf
from seismo.elf.errors import ElfError
from seismo.elf.file import ElfFile
from seismo.elf.relocations import (
    Binding,
    LinkSymbol,
    Relocation,
    SymbolKind,
    link_symbols,
    relocation_sections,
    relocations,
)

_STRINGS = b"\0counter\0main\0"
_ROWS = (
    (0, 0, 0, 0, 0, 0),
    (1, 0x11, 0, 1, 8, 4),
    (9, 0x12, 2, 1, 0, 16),
    (9, 0x20, 0, 0, 0, 0),
)


_RELOCATIONS = 4
"""The index of their section."""


def rows_64(rows: tuple[tuple[int, ...], ...] = _ROWS) -> bytes:
    return b"".join([struct.pack("<IBBHQQ", *row) for row in rows])


def rows_32() -> bytes:
    return b"".join(
        [
            struct.pack("<IIIBBH", name, value, size, info, other, section)
            for name, info, other, section, value, size in _ROWS
        ]
    )


def file_of(
    symbols: bytes,
    *rest: NewSection,
    names: bytes = _STRINGS,
    is_64: bool = True,
) -> ElfFile:
    sections = [
        NewSection(name=".text", type=1, data=bytes(16), flags=6),
        NewSection(name=".symtab", type=2, data=symbols, link=3),
        NewSection(name=".strtab", type=3, data=names),
        *rest,
    ]
    return ElfFile(write_elf(sections, is_64=is_64, kind=1, machine=247), "x.o")


def test_symbols_by_index() -> None:
    expected = (
        LinkSymbol(name="", kind=0, binding=0, section=0, value=0, size=0),
        LinkSymbol(
            name="counter",
            kind=SymbolKind.OBJECT,
            binding=Binding.GLOBAL,
            section=1,
            value=8,
            size=4,
        ),
        LinkSymbol(
            name="main",
            kind=SymbolKind.FUNC,
            binding=Binding.GLOBAL,
            section=1,
            value=0,
            size=16,
            is_hidden=True,
        ),
        LinkSymbol(name="main", kind=0, binding=Binding.WEAK, section=0, value=0, size=0),
    )
    assert link_symbols(file_of(rows_64())) == expected
    assert link_symbols(file_of(rows_32(), is_64=False)) == expected
    assert [one.is_undefined for one in expected] == [True, False, False, True]


def test_file_without_symbols() -> None:
    file = ElfFile(write_elf([NewSection(name=".text", type=1, data=bytes(8))], kind=1), "x.o")
    assert link_symbols(file) == ()
    assert relocation_sections(file) == {}


def relocated(type_: int, data: bytes, info: int = 1) -> list[Relocation]:
    plain = file_of(rows_64(), NewSection(name=".rel", type=type_, data=data))
    changed = bytearray(plain.data)
    (headers,) = struct.unpack_from("<Q", changed, 40)
    struct.pack_into("<I", changed, headers + _RELOCATIONS * 64 + 44, info)
    file = ElfFile(changed, "x.o")
    symbols = link_symbols(file)
    ((target, (section,)),) = relocation_sections(file).items()
    assert target == info
    return relocations(file, section, symbols)


def test_relocations_with_and_without_addends() -> None:
    symbols = link_symbols(file_of(rows_64()))
    without = struct.pack("<QQ", 8, 1 << 32 | 10) + struct.pack("<QQ", 0, 2 << 32 | 1)
    assert relocated(9, without) == [Relocation(8, 10, symbols[1]), Relocation(0, 1, symbols[2])]
    added = struct.pack("<QQq", 8, 1 << 32 | 1, -4)
    assert relocated(4, added) == [Relocation(8, 1, symbols[1], -4)]


@pytest.mark.parametrize(
    ("data", "info", "message"),
    [
        (bytes(15), 1, "15 bytes of relocations"),
        (struct.pack("<QQ", 0, 4 << 32), 1, "a relocation to symbol 4 of 4"),
        (struct.pack("<QQ", 16, 1 << 32), 1, "a relocation at 0x10, beyond its section"),
        (bytes(16), 77, "is about section 77, which is none"),
    ],
)
def test_relocations_that_are_refused(data: bytes, info: int, message: str) -> None:
    with pytest.raises(ElfError, match=message):
        relocated(9, data, info)


@pytest.mark.parametrize(
    ("symbols", "names", "message"),
    [
        (bytes(25), _STRINGS, "25 bytes of symbols of 24 each"),
        (rows_64(((3, 0, 0, 9, 0, 0),)), _STRINGS, "in section 9, which is none"),
        (rows_64(((3, 0, 0, 1, 0, 0),)), b"\0abc", "a name at 0x3 that does not end"),
        (rows_64(((99, 0, 0, 1, 0, 0),)), b"\0abc\0", "a name at 0x63 that does not end"),
    ],
)
def test_symbols_that_are_refused(symbols: bytes, names: bytes, message: str) -> None:
    with pytest.raises(ElfError, match=message):
        link_symbols(file_of(symbols, names=names))


def test_second_symbol_table() -> None:
    second = NewSection(name=".symtab2", type=2, data=rows_64(), link=3)
    with pytest.raises(ElfError, match="a second symbol table"):
        link_symbols(file_of(rows_64(), second))


def test_names_that_unfold_are_refused() -> None:
    """A thousand names, each all of the strings but for its first letters."""
    rows = tuple([(at, 0, 0, 1, 0, 0) for at in range(1000)])
    with pytest.raises(ElfError, match="names that are all parts of one another"):
        link_symbols(file_of(rows_64(rows), names=b"a" * 4000 + b"\0"))


def test_absolute_symbols_are_special() -> None:
    (symbol,) = link_symbols(file_of(rows_64(((1, 0, 0, 0xFFF1, 5, 0),))))
    assert symbol.is_special and symbol.value == 5
