"""`ElfFile`: an object file's header, sections and segments, each decoded when asked for.

>>> file = ElfFile(Path("/bin/true").read_bytes())
>>> file.kind, file.machine, file.interpreter
(<ElfKind.DYN: 3>, 'x86_64', '/lib64/ld-linux-x86-64.so.2')
>>> file.file_offset(file.sections[".text"].address) == file.sections[".text"].offset
True

An *address* is what the linker gave a byte, an *offset* is where the byte is in the file: uprobes
want offsets, symbols have addresses, and `PT_LOAD` segments say which is which. The names of fields
are those of elf(5), spelled out. Nothing here trusts the bytes: whatever they are, what is asked is
answered or raises `ElfError`. Both byte orders and both word sizes are read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cached_property
from mmap import mmap
from typing import TypeAlias

from seismo.base.bits import align_up
from seismo.base.dataclass import dataclass
from seismo.base.enum import IntEnum
from seismo.elf.errors import ElfError

__all__ = (
    "Buffer",
    "DebugLink",
    "ElfFile",
    "ElfKind",
    "Note",
    "Section",
    "SectionType",
    "Segment",
    "SegmentType",
)

Buffer: TypeAlias = bytes | bytearray | memoryview | mmap

_MAX_NAME_BYTES = 1024
"""Sections' names and paths are cut here, lest a small file unfold to gigabytes."""

_MACHINES = {62: "x86_64", 183: "aarch64", 247: "bpf"}
"""`e_machine`, as far as something depends on it."""

_BUILD_ID_NOTE = 3
_EXTENDED = 0xFFFF
"""A count or index that does not fit: the first section header has it."""


class ElfKind(IntEnum):
    """`e_type`: what the file is for."""

    REL = 1
    EXEC = 2
    DYN = 3
    CORE = 4


class SectionType(IntEnum):
    """`sh_type`, as far as it is of use here."""

    PROGBITS = 1
    SYMTAB = 2
    NOTE = 7
    NOBITS = 8
    DYNSYM = 11
    GNU_HASH = 0x6FFFFFF6
    GNU_VERSYM = 0x6FFFFFFF


class SegmentType(IntEnum):
    """`p_type`, as far as it is of use here."""

    LOAD = 1
    INTERP = 3
    NOTE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section header; `type` may be none of `SectionType`."""

    name: str
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int

    @property
    def is_executable(self) -> bool:
        """SHF_EXECINSTR."""
        return bool(self.flags & 4)

    @property
    def is_loaded(self) -> bool:
        """SHF_ALLOC."""
        return bool(self.flags & 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A program header; `type` may be none of `SegmentType`."""

    type: int
    flags: int
    offset: int
    address: int
    file_size: int
    memory_size: int
    alignment: int

    @property
    def is_executable(self) -> bool:
        """PF_X."""
        return bool(self.flags & 1)


@dataclass(frozen=True, slots=True)
class Note:
    """One note: who defines its `type`, its bytes, and where in the file those are."""

    owner: str
    type: int
    description: bytes
    offset: int


@dataclass(frozen=True, slots=True)
class DebugLink:
    """`.gnu_debuglink`: the debug file's name without folders, and the CRC-32 of its bytes."""

    name: str
    crc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    kind: ElfKind
    machine: str
    segments_offset: int
    sections_offset: int
    segment_bytes: int
    segment_count: int
    section_bytes: int
    section_count: int
    names_index: int


class ElfFile:
    """One object file; `name` is only for messages.

    `machine` is what `uname -m` prints there: `x86_64`, `aarch64`, or `machine 40` with the number
    of any other; `bpf` for what the kernel's BPF runs.
    """

    def __init__(self, data: Buffer, name: str = "") -> None:
        self.data = memoryview(data)
        self.name = name
        ident = bytes(self.data[:16])
        if ident[:4] != b"\x7fELF":
            raise self.error(f"no ELF file: it begins with {ident[:4].hex() or 'nothing'}", 0)
        if len(ident) < 16 or ident[4] not in (1, 2) or ident[5] not in (1, 2):
            raise self.error("neither 32 nor 64 bits, or of no byte order", 4)
        self.is_64 = ident[4] == 2
        self.byte_order = "<" if ident[5] == 1 else ">"
        self._header = self._read_header()
        self.kind = self._header.kind
        self.machine = self._header.machine

    def __repr__(self) -> str:
        return f"ElfFile({self.name!r}, {self.kind.name}, {len(self.data)} bytes)"

    def error(self, what: str, offset: int) -> ElfError:
        """An error about this file, to be raised."""
        return ElfError(what, offset, self.name)

    def layout(self, of_64: str, of_32: str) -> struct.Struct:
        """The one of the two formats that fits, in the file's byte order."""
        return struct.Struct(self.byte_order + (of_64 if self.is_64 else of_32))

    def bytes_at(self, offset: int, size: int, what: str) -> memoryview:
        """`size` bytes of the file; `ElfError` if it does not have all of `what` there."""
        if offset + size > len(self.data):
            raise self.error(f"{what} of {size} bytes, beyond the file's {len(self.data)}", offset)
        return self.data[offset : offset + size]

    def _read_header(self) -> _Header:
        layout = self.layout("HHIQQQIHHHHHH", "HHIIIIIHHHHHH")
        fields = layout.unpack(self.bytes_at(16, layout.size, "a header"))
        kind, machine, _version, _entry, segments, sections, _flags, _own_bytes, *counts = fields
        if kind not in ElfKind.__members__.values():
            raise self.error(f"a file of type {kind}, which is neither program nor library", 16)
        segment_bytes, segment_count, section_bytes, section_count, names_index = counts
        return _Header(
            kind=ElfKind(kind),
            machine=_MACHINES.get(machine, f"machine {machine}"),
            segments_offset=segments,
            sections_offset=sections,
            segment_bytes=segment_bytes,
            segment_count=segment_count,
            section_bytes=section_bytes,
            section_count=section_count,
            names_index=names_index,
        )

    def _rows(self, layout: struct.Struct, at: int, count: int, size: int, what: str) -> _Rows:
        """The rows of a header table, which are of `size` bytes, the file says."""
        if not at or not count:
            return iter(())
        if size != layout.size:
            raise self.error(f"{what} of {size} bytes each; they have {layout.size}", at)
        return layout.iter_unpack(self.bytes_at(at, count * size, what))

    def _section_rows(self, count: int) -> _Rows:
        layout = self.layout("IIQQQQIIQQ", "IIIIIIIIII")
        header = self._header
        return self._rows(
            layout, header.sections_offset, count, header.section_bytes, "section headers"
        )

    @cached_property
    def _first_section(self) -> tuple[int, ...]:
        """The header of no section, which has the counts that the file's header has no room for."""
        for row in self._section_rows(1):
            return row
        return (0,) * 10

    @cached_property
    def all_sections(self) -> tuple[Section, ...]:
        """The sections by index, which is how they refer to each other."""
        count = self._header.section_count or self._first_section[5]
        rows = list(self._section_rows(count))
        index = self._header.names_index
        index = self._first_section[6] if index == _EXTENDED else index
        names = b""
        if 0 < index < len(rows) and rows[index][1] != SectionType.NOBITS:
            names = bytes(self.bytes_at(rows[index][4], rows[index][5], "section names"))
        sections, left = [], len(self.data)
        for row in rows:
            sections.append(_section(row, names))
            left -= len(sections[-1].name)
            if left < 0:
                raise self.error("names of sections that are parts of one another", rows[index][4])
        return tuple(sections)

    @cached_property
    def sections(self) -> dict[str, Section]:
        """The sections by name, of several of one name the first."""
        return {one.name: one for one in reversed(self.all_sections)}

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The program headers."""
        header = self._header
        count = header.segment_count
        count = self._first_section[7] if count == _EXTENDED else count
        layout = self.layout("IIQQQQQQ", "IIIIIIII")
        rows = self._rows(
            layout, header.segments_offset, count, header.segment_bytes, "program headers"
        )
        return tuple([self._segment(row) for row in rows])

    def _segment(self, row: tuple[int, ...]) -> Segment:
        if self.is_64:
            type_, flags, offset, address, _physical, file_size, memory_size, alignment = row
        else:
            type_, offset, address, _physical, file_size, memory_size, flags, alignment = row
        return Segment(
            type=type_,
            flags=flags,
            offset=offset,
            address=address,
            file_size=file_size,
            memory_size=memory_size,
            alignment=alignment,
        )

    def content(self, section: Section) -> memoryview:
        """The bytes of a section; none if the file does not have them (SHT_NOBITS)."""
        if section.type == SectionType.NOBITS:
            return memoryview(b"")
        return self.bytes_at(section.offset, section.size, f"section '{section.name}'")

    def linked(self, section: Section) -> Section:
        """The section that `section` refers to, a symbol table to its strings say."""
        if section.link >= len(self.all_sections):
            what = f"section '{section.name}' refers to section {section.link}, which is none"
            raise self.error(what, self._header.sections_offset)
        return self.all_sections[section.link]

    def file_offset(self, address: int) -> int:
        """Where in the file the byte is that gets `address`; `ElfError` if it is in no segment."""
        for one in self.segments:
            if one.type == SegmentType.LOAD and 0 <= address - one.address < one.file_size:
                return address - one.address + one.offset
        what = f"no segment has bytes of the file at address {address:#x}"
        raise self.error(what, self._header.segments_offset)

    def address_of(self, offset: int) -> int:
        """The address of the byte at a file `offset`, best as code; `ElfError` if it has none."""
        found = [
            one
            for one in self.segments
            if one.type == SegmentType.LOAD and 0 <= offset - one.offset < one.file_size
        ]
        if not found:
            raise self.error("this byte of the file is in no segment", offset)
        # The kernel maps whole pages, so neighbours may share one, but a byte that runs is code.
        best = next((one for one in found if one.is_executable), found[0])
        return offset - best.offset + best.address

    def notes(self, section: Section) -> Iterator[Note]:
        """The notes of a section of type NOTE."""
        return self._notes(self.content(section), section.offset, section.alignment)

    def _notes(self, data: memoryview, start: int, alignment: int) -> Iterator[Note]:
        """elf(5): three words, the owner and the bytes; those two are padded, with 8 or with 4."""
        words = self.layout("III", "III")
        padding = 8 if alignment == 8 else 4
        position = 0
        while position + words.size <= len(data):
            owner_bytes, size, type_ = words.unpack_from(data, position)
            owner_at = position + words.size
            at = align_up(owner_at + owner_bytes, padding)
            if at + size > len(data):
                raise self.error("a note that goes on beyond its section", start + position)
            owner = bytes(data[owner_at : owner_at + owner_bytes])
            yield Note(_text(owner, 0), type_, bytes(data[at : at + size]), start + at)
            position = align_up(at + size, padding)

    @cached_property
    def build_id(self) -> bytes:
        """What tells this build of a program from all others; empty if the linker gave none."""
        if section := self.sections.get(".note.gnu.build-id"):
            notes = [*self.notes(section)]
        else:
            notes = [
                note
                for one in self.segments
                if one.type == SegmentType.NOTE
                for note in self._notes(
                    self.bytes_at(one.offset, one.file_size, "a note segment"),
                    one.offset,
                    one.alignment,
                )
            ]
        found = [one for one in notes if one.owner == "GNU" and one.type == _BUILD_ID_NOTE]
        return found[0].description if found else b""

    @cached_property
    def debug_link(self) -> DebugLink:
        """Which file has the debug information that was stripped; no name if that is not said."""
        section = self.sections.get(".gnu_debuglink")
        if section is None:
            return DebugLink("", 0)
        data = bytes(self.content(section))
        name, end, _ = data.partition(b"\0")
        at = align_up(len(name) + 1, 4)
        if not end or at + 4 > len(data):
            raise self.error("a debug link without a checksum", section.offset)
        (crc,) = struct.unpack_from(f"{self.byte_order}I", data, at)
        return DebugLink(_text(name, 0), crc)

    @cached_property
    def interpreter(self) -> str:
        """The path of the dynamic linker; empty if the program needs none."""
        for one in self.segments:
            if one.type == SegmentType.INTERP:
                return _text(bytes(self.bytes_at(one.offset, one.file_size, "a path")), 0)
        return ""


_Rows: TypeAlias = Iterator[tuple[int, ...]]


def _section(row: tuple[int, ...], names: bytes) -> Section:
    name, type_, flags, address, offset, size, link, info, alignment, entry_size = row
    return Section(
        name=_text(names, name),
        type=type_,
        flags=flags,
        address=address,
        offset=offset,
        size=size,
        link=link,
        info=info,
        alignment=alignment,
        entry_size=entry_size,
    )


def _text(data: bytes, start: int) -> str:
    """The text that begins at `start` and ends with NUL, or where the bytes or the patience do."""
    text = data[start : start + _MAX_NAME_BYTES].partition(b"\0")[0]
    return text.decode(errors="backslashreplace")
