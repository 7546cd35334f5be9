"""Functions of an object file: their instructions, and what those refer to.

A symbol says where a function is, relocations say what its instructions refer to; a call within a
section may need none, for a call says how far it is.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate
from operator import attrgetter
from typing import TypeVar

from seismo.base.bits import U32_MAX, to_signed
from seismo.base.dataclass import dataclass, replace
from seismo.btf.ext import CoreRelo, FuncInfo, LineInfo
from seismo.elf.file import Section, SectionType
from seismo.elf.relocations import Binding, LinkSymbol, Relocation, SymbolKind
from seismo.isa.decode import decode
from seismo.isa.encode import SLOT_BYTES
from seismo.isa.errors import DecodeError
from seismo.isa.insn import Insn
from seismo.isa.opcode import LD_IMM64
from seismo.isa.prog_types import ProgType
from seismo.objfile.model import (
    CallTarget,
    CodeRef,
    DataRef,
    ExternRef,
    Function,
    MapRef,
    Reference,
)
from seismo.objfile.sections import SectionKind, UnknownSection, section_kind
from seismo.objfile.source import ObjectSource

__all__ = ("Places", "read_functions")

TEXT = ".text"
_PIECE_BYTES = 1 << 12
_MAX_KNOWN = 1 << 12
_by_offset = attrgetter("offset")
_by_instruction = attrgetter("instruction")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What symbols may refer to beside code: maps by (section, offset), data maps by section,
    externs by name."""

    maps: Mapping[tuple[int, int], str]
    data: Mapping[int, str]
    externs: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extent:
    """Where a function is: `start` and `end` in bytes of section number `section`."""

    name: str
    section: int
    start: int
    end: int
    is_static: bool
    is_hidden: bool


def read_functions(source: ObjectSource, places: Places) -> tuple[Function, ...]:
    """All functions, in order of sections and of places in them.

    Raises ElfError for bytes that are no code, ObjectError for a reference to what is none of
    `places` and no function.
    """
    extents = [
        extent
        for index, section in enumerate(source.sections)
        if section.type == SectionType.PROGBITS and section.is_executable and section.size
        for extent in _extents(source, index)
    ]
    extents = _with_unique_names(extents)
    named = {(one.section, one.start): one.name for one in reversed(extents)}
    functions: list[Function] = []
    sections: dict[int, _SectionReader] = {}
    for extent in extents:
        if extent.section not in sections:
            sections = {extent.section: _SectionReader(source, places, named, extent.section)}
        functions.append(sections[extent.section].function(extent))
    return tuple(functions)


def _extents(source: ObjectSource, index: int) -> list[_Extent]:
    """The functions of a section; all of it is one where compilers before 2017 named none."""
    section = source.sections[index]
    symbols = source.symbols_by_section.get(index, [])
    functions = [one for one in symbols if one.kind == SymbolKind.FUNC]
    if not functions:
        if section.name == TEXT:
            return []
        labels = [
            one
            for one in symbols
            if one.kind == SymbolKind.NOTYPE and one.binding != Binding.LOCAL and not one.value
        ]
        label = labels[0].name if labels else section.name.replace("/", "_")
        return [_extent(label, index, 0, section.size)]
    functions.sort(key=_by_place)
    starts = [*sorted({one.value for one in functions}), section.size]
    found: list[_Extent] = []
    for one in functions:
        limit = starts[min(bisect_left(starts, one.value) + 1, len(starts) - 1)]
        end = one.value + one.size if one.size else limit
        if found and found[-1].start == one.value and not one.size:
            end = found[-1].end
        is_other = bool(found) and found[-1].start == one.value and found[-1].end != end
        if one.value % SLOT_BYTES or not one.value < end <= limit or is_other:
            what = f"function '{one.name}', {one.size} bytes at {one.value:#x} of '{section.name}'"
            raise source.error(f"{what}: not within it, or within another", section.offset)
        found.append(_extent(one.name, index, one.value, end, one))
    return found


def _by_place(symbol: LinkSymbol) -> tuple[int, int]:
    """In order of places; of several names of one, those that know its size first."""
    return symbol.value, -symbol.size


def _extent(
    name: str, section: int, start: int, end: int, symbol: LinkSymbol | None = None
) -> _Extent:
    return _Extent(
        name=name,
        section=section,
        start=start,
        end=end,
        is_static=symbol is not None and symbol.binding == Binding.LOCAL,
        is_hidden=symbol is not None and symbol.is_hidden,
    )


def _with_unique_names(extents: list[_Extent]) -> list[_Extent]:
    """Linked files may have several static functions of a name."""
    taken = {one.name for one in extents if not one.is_static}
    found = []
    for one in extents:
        if one.is_static and one.name in taken:
            one = replace(one, name=f"{one.name}@{one.section}+{one.start:#x}")
        taken.add(one.name)
        found.append(one)
    return found


class _SectionReader:
    """Reads the functions of one section of code."""

    def __init__(
        self,
        source: ObjectSource,
        places: Places,
        named: Mapping[tuple[int, int], str],
        index: int,
    ) -> None:
        self._source = source
        self._places = places
        self._named = named
        self._index = index
        self._section = source.sections[index]
        self._content = source.content(self._section)
        self._relocations = sorted(source.relocations(index), key=_by_offset)
        name = self._section.name
        self._func_infos = _sorted(source.ext.func_infos.get(name, ()))
        self._line_infos = _sorted(source.ext.line_infos.get(name, ()))
        self._core_relos = _sorted(source.ext.core_relos.get(name, ()))
        self._kind = _kind(self._section)
        self._known: dict[Insn, Insn] = {}
        self._last: tuple[_Extent, Function] | None = None

    def function(self, extent: _Extent) -> Function:
        """The function there; another name for the last one shares all that it has."""
        kind = None if extent.is_static else self._kind
        if self._last and self._last[0].start == extent.start:
            same = self._last[1]
            return replace(same, name=extent.name, kind=kind, is_global=_is_global(extent))
        slots = _Slots(self._source, self._section, extent, self._insns(extent))
        funcs = _within(self._func_infos, extent)
        function = Function(
            name=extent.name,
            section=self._section.name,
            offset=extent.start,
            insns=slots.insns,
            kind=kind,
            is_global=_is_global(extent),
            references=self._references(slots),
            core_relos=tuple([slots.moved(one) for one in _within(self._core_relos, extent)]),
            func_info=slots.moved(funcs[0]) if funcs else None,
            line_infos=tuple([slots.moved(one) for one in _within(self._line_infos, extent)]),
        )
        self._last = extent, function
        return function

    def _insns(self, extent: _Extent) -> tuple[Insn, ...]:
        """Decoded piece by piece, and equal ones kept once, for they take ten times their bytes."""
        insns: list[Insn] = []
        known = self._known
        start = extent.start
        if rest := (extent.end - start) % SLOT_BYTES:
            at = self._section.offset + extent.end - rest
            raise self._source.file.error(f"function '{extent.name}': {rest} bytes left over", at)
        while start < extent.end:
            end = min(start + _PIECE_BYTES, extent.end)
            if self._content[end - SLOT_BYTES] == LD_IMM64:
                end = min(end + SLOT_BYTES, extent.end)
            try:
                piece = decode(self._content[start:end], "little")
            except DecodeError as error:
                at = self._section.offset + start + error.offset
                what = f"function '{extent.name}': {error.what}"
                raise self._source.file.error(what, at) from error
            insns += piece if len(known) > _MAX_KNOWN else [known.setdefault(o, o) for o in piece]
            start = end
        return tuple(insns)

    def _references(self, slots: _Slots) -> tuple[tuple[int, Reference], ...]:
        found: dict[int, Reference] = {}
        extent = slots.extent
        first = bisect_left(self._relocations, extent.start, key=_by_offset)
        last = bisect_left(self._relocations, extent.end, key=_by_offset)
        for relocation in self._relocations[first:last]:
            if relocation.type:
                index = slots.index(relocation.offset)
                found[index] = self._reference(slots.insns[index], relocation)
        for index, insn in enumerate(slots.insns):
            if index not in found and (insn.is_subprog_call or insn.is_func_address):
                slot = extent.start // SLOT_BYTES + slots.starts[index]
                name = self._function(self._index, insn.target(slot), slots.place(index))
                found[index] = CodeRef(name) if insn.is_func_address else CallTarget(name)
            elif index not in found and insn.is_map_load:
                what = "the load of a map that nothing names"
                raise self._source.error(what, slots.place(index))
        return tuple(sorted(found.items(), key=_first))

    def _function(self, section: int, slot: int, at: int) -> str:
        name = self._named.get((section, slot * SLOT_BYTES))
        if name is None:
            raise self._source.error("a reference to code that is no function's beginning", at)
        return name

    def _reference(self, insn: Insn, relocation: Relocation) -> Reference:
        """What the instruction refers to: the symbol and what is added to it."""
        symbol = relocation.symbol
        at = self._section.offset + relocation.offset
        if not insn.is_subprog_call and insn.op != LD_IMM64:
            raise self._source.error(f"'{symbol.name}' in '{insn}', which has no room for it", at)
        if symbol.is_undefined:
            if symbol.name in self._places.externs:
                return ExternRef(symbol.name)
            hint = "declare it with __ksym or __kconfig and compile with -g, or link its file"
            raise self._source.error(f"'{symbol.name}' is not in this file", at, hint)
        value = symbol.value + relocation.addend
        offset = to_signed(insn.imm, 32)
        if insn.is_subprog_call:
            slot = value // SLOT_BYTES + offset + 1
            return CallTarget(self._function(symbol.section, slot, at))
        return self._address(symbol, value + offset, at)

    def _address(self, symbol: LinkSymbol, value: int, at: int) -> Reference:
        section = symbol.section
        if section in self._places.data:
            return DataRef(self._places.data[section], value & U32_MAX)
        if (section, value) in self._places.maps:
            return MapRef(self._places.maps[section, value])
        if symbol.is_special:
            raise self._source.error(f"'{symbol.name}' has no place: give it a value", at)
        if not value % SLOT_BYTES and (section, value) in self._named:
            return CodeRef(self._named[section, value])
        what = f"'{symbol.name}' in section '{self._source.sections[section].name}'"
        raise self._source.error(f"{what}, which is no map, variable or function", at)


def _kind(section: Section) -> SectionKind | None:
    """What the section's functions are; a name that is none may be of code nobody loads."""
    if section.name == TEXT or section.name.startswith(f"{TEXT}."):
        return None
    try:
        return section_kind(section.name)
    except UnknownSection:
        return SectionKind(type=ProgType.UNSPEC, is_optional=section.name[:1] == "?")


def _is_global(extent: _Extent) -> bool:
    return not extent.is_static and not extent.is_hidden


def _first(pair: tuple[int, Reference]) -> int:
    return pair[0]


_Info = TypeVar("_Info", FuncInfo, LineInfo, CoreRelo)


def _sorted(infos: Sequence[_Info]) -> list[_Info]:
    return sorted(infos, key=_by_instruction)


def _within(infos: list[_Info], extent: _Extent) -> list[_Info]:
    first = bisect_left(infos, extent.start, key=_by_instruction)
    return infos[first : bisect_left(infos, extent.end, key=_by_instruction)]


class _Slots:
    """A function's instructions, found by the bytes of its section that they are in."""

    def __init__(
        self, source: ObjectSource, section: Section, extent: _Extent, insns: tuple[Insn, ...]
    ) -> None:
        self._source = source
        self._section = section
        self.extent = extent
        self.insns = insns
        self.starts = array("I", accumulate([one.slots for one in insns], initial=0))

    def index(self, offset: int) -> int:
        """The instruction that begins at a byte of the section."""
        slot, rest = divmod(offset - self.extent.start, SLOT_BYTES)
        index = bisect_left(self.starts, slot)
        if rest or self.starts[index] != slot:
            what = f"something about the middle of an instruction of '{self.extent.name}'"
            raise self._source.error(what, self._section.offset + offset)
        return index

    def place(self, index: int) -> int:
        """Where an instruction is in the file."""
        slots = self.starts[index]
        return self._section.offset + self.extent.start + slots * SLOT_BYTES

    def moved(self, info: _Info) -> _Info:
        """The information with its instruction's number for its place."""
        return replace(info, instruction=self.index(info.instruction))
