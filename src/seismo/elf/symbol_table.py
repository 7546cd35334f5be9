"""One symbol table of an object file: its rows, which are cheap, and the symbols that they are."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.elf.file import ElfFile, Section, SectionType
from seismo.elf.gnu_hash import candidates

__all__ = ("Row", "Symbol", "SymbolTable")

_RESERVED = 0xFF00
"""From here on section indexes name no section; index 0 is that of imports."""

_LABEL, _DATA, _FUNCTION, _RESOLVER = 0, 1, 2, 10
"""`STT_NOTYPE`, `STT_OBJECT`, `STT_FUNC`, `STT_GNU_IFUNC`; others have no address in memory."""

_TYPE_RANKS = {_FUNCTION: 0, _RESOLVER: 0, _DATA: 3, _LABEL: 6}
_BINDING_RANKS = {1: 0, 0: 1, 2: 2}
"""Global, local, weak; what else there is counts as global."""

_NO_RANK = 99
_RANKS = tuple(
    _TYPE_RANKS.get(info & 15, _NO_RANK) + _BINDING_RANKS.get(info >> 4, 0) for info in range(256)
)
"""By `st_info`: of two names of one place, and of two places of one name, the lower one counts."""

_OLD_RANK = 10
"""Added for a version that only old programs are linked to: `memcpy@GLIBC_2.2.5`."""

_HIDDEN = 0x8000
"""In a version's index: not the default one."""

_MAX_NAME_BYTES = 1 << 14
"""Longer names are cut: those of templates are long, those of hostile tables longer."""

Row: TypeAlias = tuple[int, int, int, int, int, int]
"""(address, rank, size, name's offset, `st_info`, section's index)."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A named place; `size` is in bytes, 0 where the file does not say.

    `is_function` is also true of a label among code: it may be a function written in assembly.
    `is_indirect` is true of a function whose address is that of another, which runs once and
    chooses what the name will mean (`STT_GNU_IFUNC`).
    """

    name: str
    address: int
    size: int
    is_function: bool
    is_indirect: bool = False


class SymbolTable:
    """A section of symbols and the strings it refers to; `ElfError` if either is cut off."""

    def __init__(self, file: ElfFile, section: Section) -> None:
        self._file = file
        self._section = section
        self._layout = file.layout("IBBHQQ", "IIIBBH")
        data = file.content(section)
        self._data = data[: len(data) // self._layout.size * self._layout.size]
        self._strings = bytes(file.content(file.linked(section)))

    @cached_property
    def _old(self) -> frozenset[int]:
        """The indexes of versions that are not the default; names say it in other tables."""
        if self._section.type == SectionType.DYNSYM:
            for one in self._file.all_sections:
                if one.type == SectionType.GNU_VERSYM:
                    data = self._file.content(one)
                    versions = struct.unpack_from(f"{self._file.byte_order}{len(data) // 2}H", data)
                    return frozenset([at for at, one in enumerate(versions) if one & _HIDDEN])
        return frozenset()

    @cached_property
    def _code_sections(self) -> frozenset[int]:
        sections = enumerate(self._file.all_sections)
        return frozenset(index for index, one in sections if one.is_executable)

    def rows(self, named: frozenset[int] | None = None) -> list[Row]:
        """The rows of what has an address in this file; only those whose names begin at `named`."""
        fields = self._layout.iter_unpack(self._data)
        return self._rows(enumerate(fields), named)

    def _rows(
        self, numbered: Iterable[tuple[int, tuple[int, ...]]], named: frozenset[int] | None = None
    ) -> list[Row]:
        old = self._old
        if not self._file.is_64:
            numbered = ((index, _as_64(fields)) for index, fields in numbered)
        return [
            (address, _RANKS[info] + _OLD_RANK * (index in old), size, name, info, section)
            for index, (name, info, _, section, address, size) in numbered
            if 0 < section < _RESERVED
            and _RANKS[info] < _NO_RANK
            and (named is None or name in named)
        ]

    def find(self, name: str) -> list[Row]:
        """The rows of a name, found without decoding any other."""
        text = name.encode(errors="surrogatepass")
        default = self._starts(text + b"\0") | self._starts(text + b"@@")
        rows = self.rows(default | self._starts(text + b"@"))
        return [row if row[3] in default else _as_old(row) for row in rows]

    def find_hashed(self, section: Section, name: str) -> list[Row]:
        """The same through the table's own GNU hash table, which is in `section`."""
        text = name.encode(errors="surrogatepass") + b"\0"
        numbered = [
            (index, self._fields_of(index)) for index in candidates(self._file, section, text[:-1])
        ]
        return [row for row in self._rows(numbered) if self._strings.startswith(text, row[3])]

    def imports(self, name: str) -> bool:
        """Whether another file has what this one uses by that name."""
        text = name.encode(errors="surrogatepass")
        starts = self._starts(text + b"\0") | self._starts(text + b"@")
        rows = self._layout.iter_unpack(self._data)
        section_field = 3 if self._file.is_64 else 5
        return any(row[0] in starts and not row[section_field] for row in rows)

    def symbol(self, row: Row) -> Symbol:
        """The symbol that a row is, its name without the version."""
        return self._symbol(row, self._name(row[3])[0])

    def _symbol(self, row: Row, name: str) -> Symbol:
        address, _, size, _, info, section = row
        type_ = info & 15
        is_code = type_ == _LABEL and section in self._code_sections
        is_function = is_code or type_ in (_FUNCTION, _RESOLVER)
        return Symbol(name, address, size, is_function, type_ == _RESOLVER)

    def _name(self, start: int) -> tuple[str, bool]:
        """The name at an offset of the strings, and whether an old version's mark follows it."""
        limit = start + _MAX_NAME_BYTES
        end = self._strings.find(b"\0", start, limit)
        text = self._strings[start : end if end >= 0 else limit]
        # A name may begin with the mark, but a version has something before it.
        at = text.find(b"@", 1)
        name = text if at < 0 else text[:at]
        return name.decode(errors="backslashreplace"), at > 0 and text[at : at + 2] != b"@@"

    def is_named(self, row: Row) -> bool:
        """Whether the row is more than a mark for disassemblers, as `$x` is on arm64."""
        is_label = row[4] & 15 == _LABEL
        return self._strings[row[3] : row[3] + 1] not in (
            (b"", b"\0", b"$") if is_label else (b"",)
        )

    def section_end(self, row: Row) -> int:
        """The address where the row's section ends; that of the row if there is no such section."""
        sections = self._file.all_sections
        if row[5] >= len(sections):
            return row[0]
        return sections[row[5]].address + sections[row[5]].size

    def functions(self) -> Iterator[tuple[int, Symbol]]:
        """(rank, symbol) of each function; labels are left out, for some are tables among code."""
        for row in self.rows():
            if row[4] & 15 in (_FUNCTION, _RESOLVER):
                name, is_old = self._name(row[3])
                yield (_as_old(row) if is_old else row)[1], self._symbol(row, name)

    def _starts(self, text: bytes) -> frozenset[int]:
        """Where a text begins in the strings, also as the end of a longer one: they share."""
        starts: list[int] = []
        at = self._strings.find(text)
        while at >= 0:
            starts.append(at)
            at = self._strings.find(text, at + 1)
        return frozenset(starts)

    def _fields_of(self, index: int) -> tuple[int, ...]:
        at = index * self._layout.size
        if at >= len(self._data):
            raise self._file.error(f"no symbol {index}, but it is hashed", self._section.offset)
        return self._layout.unpack_from(self._data, at)


def _as_64(fields: tuple[int, ...]) -> tuple[int, ...]:
    """The fields of a 32-bit row in the order of a 64-bit one."""
    name, address, size, info, other, section = fields
    return name, info, other, section, address, size


def _as_old(row: Row) -> Row:
    return row[0], row[1] + _OLD_RANK, *row[2:]
