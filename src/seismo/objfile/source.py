"""`ObjectSource`: the parts of an object file that all of its readers look at."""

from __future__ import annotations

from functools import cached_property

from seismo.btf.errors import BtfError
from seismo.btf.ext import BtfExt, read_ext
from seismo.btf.read import Reader
from seismo.btf.spec import Btf
from seismo.btf.write import write
from seismo.elf.errors import ElfError
from seismo.elf.file import ElfFile, ElfKind, Section, SectionType
from seismo.elf.relocations import (
    LinkSymbol,
    Relocation,
    link_symbols,
    relocation_sections,
    relocations,
)
from seismo.objfile.errors import ObjectError

__all__ = ("ObjectSource",)

_MACHINES = ("bpf", "machine 0")
"""Compilers before 2017 had no number of their own."""


class ObjectSource:
    """The ELF file, its symbols and relocations, and its types as they stand in it."""

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        self.file = ElfFile(data, name)
        self._check_kind()
        self.sections = self.file.all_sections
        if not self.sections:
            raise self.error("a file without sections", 40)
        self._check_sizes()
        self.symbols = link_symbols(self.file)
        self._relocation_sections = relocation_sections(self.file)
        self.symbols_by_section = _by_section(self.symbols)

    def error(self, what: str, offset: int, hint: str = "") -> ObjectError:
        """An error about this file, to be raised."""
        return ObjectError(what, offset, self.name, hint)

    def placed(self, error: BtfError, name: str) -> BtfError:
        """The error about a section's bytes as one about this file, to be raised."""
        offset = self.section(name)[1].offset + error.offset
        return BtfError(f"section '{name}': {error.what}", offset, self.name)

    def _check_kind(self) -> None:
        file = self.file
        if file.machine not in _MACHINES:
            hint = "compile with: clang -target bpf -g -O2 -c"
            raise self.error(f"code for {file.machine}, not for BPF", 18, hint)
        if not file.is_64:
            raise self.error("a 32-bit file; BPF objects are of 64 bits", 4)
        if file.byte_order != "<":
            hint = "compile with: clang -target bpfel"
            raise self.error("big-endian code, which this machine does not run", 5, hint)
        if file.kind is not ElfKind.REL:
            raise self.error("a program or library, no object file", 16, "compile with: clang -c")

    def _check_sizes(self) -> None:
        """Sections that share their bytes would make much of a small file."""
        total = 0
        for one in self.sections:
            if one.type not in (0, SectionType.NOBITS):
                total += one.size
            if total > len(self.file.data):
                what = f"section '{one.name}' of {one.size} bytes: more than there are"
                raise ElfError(what, one.offset, self.name)

    def relocations(self, index: int) -> list[Relocation]:
        """What in the section of that index depends on where symbols end up."""
        return [
            relocation
            for section in self._relocation_sections.get(index, ())
            for relocation in relocations(self.file, section, self.symbols)
        ]

    def section(self, name: str) -> tuple[int, Section]:
        """The first section of that name, and its index; (0, …) for none."""
        return self._named.get(name, (0, self.sections[0]))

    @cached_property
    def _named(self) -> dict[str, tuple[int, Section]]:
        numbered = list(enumerate(self.sections))
        return {one.name: (index, one) for index, one in reversed(numbered) if index}

    def content(self, section: Section) -> bytes:
        """The bytes of a section; none where the file has none of them."""
        return bytes(self.file.content(section))

    @cached_property
    def btf_bytes(self) -> bytes:
        """`.BTF`; a blob without types where the file has none."""
        index, section = self.section(".BTF")
        return self.content(section) if index else write(())

    @cached_property
    def btf(self) -> Btf:
        """The types as the compiler wrote them."""
        return Btf(self.btf_bytes, None, self.name)

    @cached_property
    def ext(self) -> BtfExt:
        """`.BTF.ext`; nothing where the file has none."""
        index, section = self.section(".BTF.ext")
        if not index or not self.section(".BTF")[0]:
            return BtfExt()
        reader = _TextReader(self.btf_bytes)
        try:
            return read_ext(self.content(section), reader)
        except BtfError as error:
            raise self.placed(error, ".BTF.ext") from error


class _TextReader(Reader):
    """A reader that has each text once: infos repeat the names of files."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data, positions=())
        self._known: dict[int, str] = {}

    def string(self, offset: int) -> str:
        """The string at `offset`."""
        text = self._known.get(offset)
        if text is None:
            text = self._known[offset] = super().string(offset)
        return text


def _by_section(symbols: tuple[LinkSymbol, ...]) -> dict[int, list[LinkSymbol]]:
    found: dict[int, list[LinkSymbol]] = {}
    for one in symbols:
        found.setdefault(one.section, []).append(one)
    return found
