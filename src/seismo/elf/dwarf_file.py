"""`DwarfFile`: a file's debug information, wherever it is, and what is looked up in all of it.

Debug information is in the file itself, or in a separate one that is found as debuggers find it.
DWARF 2 to 5 are read, by pyelftools.

Not read, and said so: what `-gsplit-dwarf` and `dwz` keep in other files; other files than 64-bit
little-endian ones.
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from mmap import mmap
from typing import IO, cast

from seismo.base.dataclass import dataclass
from seismo.base.errors import NotSupported
from seismo.elf.debug_file import candidates
from seismo.elf.dwarf_errors import DebugInfoMissing
from seismo.elf.dwarf_package import (
    DIE,
    BaseAddressEntry,
    CompileUnit,
    DWARFError,
    DWARFInfo,
    ELFError,
    ELFFile,
    TypeUnit,
)
from seismo.elf.errors import ElfError
from seismo.elf.file import ElfFile
from seismo.elf.open import map_file
from seismo.elf.root import inside

__all__ = ("DwarfFile", "Range", "origins", "ranges", "text")

_MAX_ORIGINS = 8
"""A function inlined refers to one that refers to its declaration; a chain of more is a circle."""
_EXECUTABLE_SEGMENT = 1
_SYMBOL = struct.Struct("<IBBHQQ")
_FUNCTION_SYMBOL = 2
_SCOPES = ("DW_TAG_namespace", "DW_TAG_class_type", "DW_TAG_structure_type", "DW_TAG_module")
_SPLIT_MARKS = ("DW_AT_dwo_name", "DW_AT_GNU_dwo_name")


@dataclass(frozen=True, slots=True)
class Range:
    """Addresses from `start` up to `end`, which is not one of them."""

    start: int
    end: int

    def __contains__(self, address: int) -> bool:
        return self.start <= address < self.end


class DwarfFile:
    """The debug information of the file at `path`, which is below `root` if there is one.

    Raises `DebugInfoMissing` if there is none, `NotSupported` if it is of a kind that is not read,
    `BinaryNotFound` if there is no file, `SyscallError` if it cannot be read, `ElfError` if it is
    malformed.
    """

    def __init__(self, path: str, root: str = "") -> None:
        self.path = path
        self._functions_of: dict[tuple[int, bool], list[tuple[DIE, list[Range]]]] = {}
        try:
            self._elf = _with_debug_info(path, root.rstrip("/"))
            self.machine: str = self._elf["e_machine"]
            self.dwarf: DWARFInfo = self._elf.get_dwarf_info(follow_links=False)
        except (ELFError, DWARFError) as error:
            raise ElfError(str(error), 0, path) from error

    @cached_property
    def units(self) -> tuple[CompileUnit, ...]:
        """All of them, only their headers read."""
        return tuple(self.dwarf.iter_CUs())

    @cached_property
    def code(self) -> tuple[Range, ...]:
        """Where code is: what the linker threw away has addresses elsewhere, mostly 0."""
        return tuple(
            [
                Range(one["p_vaddr"], one["p_vaddr"] + one["p_memsz"])
                for one in self._elf.iter_segments("PT_LOAD")
                if one["p_flags"] & _EXECUTABLE_SEGMENT
            ]
        )

    def is_code(self, address: int) -> bool:
        """Whether the file has code at this address."""
        return any(address in one for one in self.code)

    @cached_property
    def functions(self) -> tuple[tuple[str, int], ...]:
        """The function symbols, of `.symtab` if there is one: name and address."""
        for wanted in ("SHT_SYMTAB", "SHT_DYNSYM"):
            for table in self._elf.iter_sections(wanted):
                names = self._elf.get_section(table["sh_link"]).data()
                return tuple(_function_symbols(table.data(), names))
        return ()

    def unit_at(self, address: int) -> CompileUnit:
        """The unit whose code is at this address."""
        index = bisect_right(self._unit_starts, address) - 1
        start, end, offset = self._unit_ranges[index] if index >= 0 else (0, 0, 0)
        if not start <= address < end:
            raise DebugInfoMissing(
                f"{self.path}: {address:#x}",
                "there is code, but no debug information of it",
                "compile the file that it comes from with -g",
            )
        unit = self.dwarf.get_CU_at(offset)
        top = unit.get_top_DIE()
        if any(mark in top.attributes for mark in _SPLIT_MARKS):
            raise NotSupported(
                f"{self.path}: types and functions",
                "-gsplit-dwarf put them into .dwo files",
                "compile without -gsplit-dwarf",
            )
        return unit

    def units_that_name(self, name: str) -> Iterator[CompileUnit]:
        """The units in which something may be called `name`, in order; some have it not."""
        info = self._bytes(".debug_info")
        pool = self._bytes(".debug_str")
        wanted = name.encode() + b"\0"
        patterns = {wanted}
        offsets = set(_find_all(pool, wanted))
        patterns.update([struct.pack("<I", one) for one in offsets])
        places = sorted({place for one in patterns for place in _find_all(info, one)})
        has_indices = bool(self._bytes(".debug_str_offsets"))
        for unit in self.units:
            index = bisect_right(places, unit.cu_offset)
            is_mentioned = index < len(places) and places[index] < unit.cu_offset + unit.size
            # `DW_FORM_strx` (clang) is a number that means something else in each unit.
            if is_mentioned or (has_indices and offsets):
                yield unit

    def functions_of(
        self, unit: CompileUnit, *, is_inner: bool = False
    ) -> list[tuple[DIE, list[Range]]]:
        """The functions of a unit, each with its code; of declarations and the like with none.

        `is_inner`: those inside functions, as lambdas are, for which all of the unit is read.
        """
        key = (unit.cu_offset, is_inner)
        if key not in self._functions_of:
            dies = _inner_functions(unit) if is_inner else _functions(unit.get_top_DIE())
            self._functions_of[key] = [(die, ranges(die)) for die in dies]
        return self._functions_of[key]

    def functions_at(self, unit: CompileUnit, address: int) -> Iterator[DIE]:
        """The function of `unit` whose code is at this address, if the unit tells one."""
        for is_inner in (False, True):
            for die, spans in self.functions_of(unit, is_inner=is_inner):
                if any(address in one for one in spans):
                    yield die
                    return

    def referred(self, die: DIE, name: str) -> DIE:
        """The entry that an attribute refers to."""
        attribute = die.attributes[name]
        unit = self._type_units.get(attribute.value)
        if attribute.form == "DW_FORM_ref_sig8" and unit:
            return unit.get_DIE_from_refaddr(unit.cu_offset + unit["type_offset"])
        return die.get_DIE_from_attribute(name)

    def defined(self, die: DIE) -> DIE:
        """A type's definition, if `-fdebug-types-section` put it into a unit of its own."""
        is_elsewhere = "DW_AT_signature" in die.attributes
        return self.referred(die, "DW_AT_signature") if is_elsewhere else die

    @cached_property
    def _type_units(self) -> dict[int, CompileUnit]:
        """The type units of DWARF 5, by signature; those of DWARF 4 pyelftools finds itself."""
        typed = [unit for unit in self.units if "type_signature" in unit.header]
        return {unit["type_signature"]: unit for unit in typed}

    @cached_property
    def _unit_ranges(self) -> list[tuple[int, int, int]]:
        """Start, end and unit of all code, sorted; of units without `.debug_aranges` too."""
        aranges = self.dwarf.get_aranges()
        rows = [
            (one.begin_addr, one.begin_addr + one.length, one.info_offset)
            for one in (aranges.entries if aranges else ())
        ]
        told = {offset for _, _, offset in rows}
        for unit in self.units:
            if unit.cu_offset not in told:
                for span in ranges(unit.get_top_DIE()):
                    rows.append((span.start, span.end, unit.cu_offset))
        return sorted([row for row in rows if self.is_code(row[0])])

    @cached_property
    def _unit_starts(self) -> list[int]:
        return [start for start, _, _ in self._unit_ranges]

    def _bytes(self, name: str) -> bytes:
        section = self._elf.get_section_by_name(name)
        return section.data() if section else b""


def text(die: DIE, name: str) -> str:
    """A string attribute, "" if it is absent."""
    attribute = die.attributes.get(name)
    value = attribute.value if attribute else b""
    return value.decode(errors="replace") if isinstance(value, bytes) else ""


def origins(die: DIE) -> Iterator[DIE]:
    """`die`, what it is a copy of, and the declaration of that: where its attributes may stand."""
    for _ in range(_MAX_ORIGINS):
        yield die
        for name in ("DW_AT_abstract_origin", "DW_AT_specification"):
            if name in die.attributes:
                die = die.get_DIE_from_attribute(name)
                break
        else:
            return


def ranges(die: DIE) -> list[Range]:
    """The code of a unit, function or inlined copy; where it begins comes first."""
    low, high = die.attributes.get("DW_AT_low_pc"), die.attributes.get("DW_AT_high_pc")
    if low and high:
        is_address = high.form.startswith("DW_FORM_addr")
        return [Range(low.value, high.value if is_address else low.value + high.value)]
    listed = die.attributes.get("DW_AT_ranges")
    lists = die.dwarfinfo.range_lists()
    if listed is None or lists is None or isinstance(die.cu, TypeUnit):
        return []
    top_low = die.cu.get_top_DIE().attributes.get("DW_AT_low_pc")
    base = top_low.value if top_low else 0
    found = []
    for one in lists.get_range_list_at_offset(listed.value, die.cu):
        if isinstance(one, BaseAddressEntry):
            base = one.base_address
            continue
        shift = 0 if one.is_absolute else base
        if one.begin_offset < one.end_offset:
            found.append(Range(one.begin_offset + shift, one.end_offset + shift))
    return found


def _functions(scope: DIE) -> Iterator[DIE]:
    for child in scope.iter_children():
        if child.tag in _SCOPES:
            yield from _functions(child)
        elif child.tag == "DW_TAG_subprogram":
            yield child


def _inner_functions(unit: CompileUnit) -> Iterator[DIE]:
    for die in unit.iter_DIEs():
        if die.tag == "DW_TAG_subprogram":
            yield die


def _with_debug_info(path: str, root: str) -> ELFFile:
    """The file itself, or the one that was made of it by `strip` or `objcopy`."""
    data = map_file(path)
    elf = _opened(data, path)
    if not elf.has_section(".debug_info"):
        elf = _debug_file(ElfFile(data, path), path, root)
    if elf.has_section(".gnu_debugaltlink"):
        raise NotSupported(f"{path}: debug information", "dwz put parts of it into other files")
    return elf


def _debug_file(file: ElfFile, path: str, root: str) -> ELFFile:
    inner = path[len(root) :] if root else os.path.realpath(path)
    for one in candidates(file, inner, root):
        place = inside(root if one.in_root else "", one.path)
        if not os.path.isfile(place):
            continue
        data = map_file(place)
        found = _opened(data, place)
        if one.is_met_by(data, ElfFile(data, place)) and found.has_section(".debug_info"):
            return found
    raise DebugInfoMissing(
        path,
        "no debug information",
        "compile it with -g, or install the debug symbols of its package",
    )


def _opened(data: mmap, path: str) -> ELFFile:
    # pyelftools asks of a stream what a map has, too.
    elf = ELFFile(cast(IO[bytes], data))
    if elf.elfclass != 64 or not elf.little_endian:
        raise NotSupported(f"{path}: debug information", "the file is not 64-bit little-endian")
    return elf


def _function_symbols(rows: bytes, names: bytes) -> Iterator[tuple[str, int]]:
    for name, info, _, section, address, _ in _SYMBOL.iter_unpack(rows):
        if info & 0xF == _FUNCTION_SYMBOL and section:
            yield names[name : names.index(b"\0", name)].decode(errors="replace"), address


def _find_all(data: bytes, wanted: bytes) -> Iterator[int]:
    at = data.find(wanted)
    while at >= 0:
        yield at
        at = data.find(wanted, at + 1)
