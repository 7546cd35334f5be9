"""`ObjectBuilder`: object files as compilers write them, byte by byte."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from seismo.base.dataclass import dataclass
from seismo.btf.ext import BtfExt, write_ext
from seismo.btf.types import Type
from seismo.btf.write import StringTable, write
from seismo.isa.encode import encode
from seismo.isa.insn import Insn

__all__ = ("CODE", "DATA", "FUNC", "GLOBAL", "NOBITS", "OBJECT", "WEAK", "ObjectBuilder")

CODE, DATA, NOBITS = (1, 6), (1, 3), (8, 3)
"""(type, flags) of a section."""
GLOBAL, WEAK = 0x10, 0x20
OBJECT, FUNC, SECTION = 1, 2, 3
"""`st_info` is the sum of a binding and a kind."""


@dataclass(frozen=True, slots=True)
class _Section:
    name: str
    type: int
    flags: int
    data: bytes
    size: int
    link: int = 0
    info: int = 0


class ObjectBuilder:
    """Sections count from 1, symbols too."""

    def __init__(self) -> None:
        self._sections: list[_Section] = []
        self._symbols: list[bytes] = [bytes(24)]
        self._names = bytearray(b"\0")
        self._relocations: dict[int, list[bytes]] = {}

    def section(
        self, name: str, data: bytes = b"", kind: tuple[int, int] = DATA, size: int = -1
    ) -> int:
        """Add a section; its index."""
        length = len(data) if size < 0 else size
        self._sections.append(_Section(name, *kind, data, length))
        return len(self._sections)

    def symbol(
        self, name: str, section: int, value: int = 0, size: int = 0, info: int = 0, other: int = 0
    ) -> int:
        """Add a symbol; its index."""
        at = len(self._names)
        self._names += name.encode() + b"\0"
        self._symbols.append(struct.pack("<IBBHQQ", at, info, other, section, value, size))
        return len(self._symbols) - 1

    def code(self, section: str, insns: Iterable[Insn], *functions: tuple[str, int, int]) -> int:
        """Add a section of code; functions are (name, first slot, slots), all of it by default."""
        data = encode(tuple(insns), "little")
        index = self.section(section, data, CODE)
        for name, start, slots in functions or ((section.partition("/")[0], 0, len(data) // 8),):
            self.symbol(name, index, start * 8, slots * 8, GLOBAL + FUNC)
        return index

    def relocate(self, section: int, offset: int, symbol: int, type: int = 1) -> None:
        """Make the bytes at `offset` of a section depend on a symbol."""
        row = struct.pack("<QQ", offset, symbol << 32 | type)
        self._relocations.setdefault(section, []).append(row)

    def types(self, types: Iterable[Type], ext: BtfExt | None = None) -> None:
        """Add `.BTF`, and `.BTF.ext`."""
        strings = StringTable()
        rest = write_ext(ext, strings) if ext else b""
        self.section(".BTF", write(types, strings), (1, 0))
        if ext:
            self.section(".BTF.ext", rest, (1, 0))

    def bytes(self, machine: int = 247, kind: int = 1, ident: bytes = b"\x7fELF\2\1\1") -> bytes:
        """The file."""
        sections = list(self._sections)
        symtab = len(sections) + len(self._relocations) + 1
        for target, rows in self._relocations.items():
            data = b"".join(rows)
            name = f".rel{sections[target - 1].name}"
            sections.append(_Section(name, 9, 0, data, len(data), symtab, target))
        symbols = b"".join(self._symbols)
        sections.append(_Section(".symtab", 2, 0, symbols, len(symbols), symtab + 1))
        sections.append(_Section(".strtab", 3, 0, bytes(self._names), len(self._names)))
        names, offsets = b"\0", []
        for one in (*sections, _Section(".shstrtab", 3, 0, b"", 0)):
            offsets.append(len(names))
            names += one.name.encode() + b"\0"
        sections.append(_Section(".shstrtab", 3, 0, names, len(names)))
        body, headers = b"", bytes(64)
        for at, one in zip(offsets, sections, strict=True):
            body += bytes(-len(body) % 8)
            place = 64 + len(body)
            body += one.data
            headers += struct.pack(
                "<IIQQQQIIQQ",
                *(at, one.type, one.flags, 0, place, one.size, one.link, one.info, 8, 0),
            )
        body += bytes(-len(body) % 8)
        count = len(sections) + 1
        header = struct.pack(
            "<HHIQQQIHHHHHH",
            *(kind, machine, 1, 0, 0, 64 + len(body), 0, 64, 0, 0, 64, count, count - 1),
        )
        return ident.ljust(16, b"\0") + header + body + headers
