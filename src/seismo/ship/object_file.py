"""`object_bytes`: programs and maps as an object file, where a compiler of C would put them.

A section a place, `.text` for subprograms, `.maps`, BTF with the script's lines, and CO-RE
relocations: bpftool shows it, and libbpf loads what it has names for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from seismo.base.dataclass import dataclass, field, replace
from seismo.base.source import Span
from seismo.btf.ext import BtfExt, CoreRelo, FuncInfo, LineInfo, write_ext
from seismo.btf.types import Placement
from seismo.btf.write import StringTable, write
from seismo.elf.write import (
    BPF_MACHINE,
    NewFlags,
    NewRelocation,
    NewSection,
    NewSymbol,
    SymbolKind,
    write_elf,
)
from seismo.isa.encode import SLOT_BYTES, encode
from seismo.isa.insn import slot_starts
from seismo.objfile.model import CallTarget, CodeRef, Reference
from seismo.ship.access import CoreRelocation, find_trail, is_core
from seismo.ship.code import Names, Piece, by_value, names_of, split
from seismo.ship.local_types import LocalTypes
from seismo.ship.model import DATA_PREFIX
from seismo.spec.types import MapSpec, ObjectSpec, ProgramSpec

__all__ = ("core_relocations", "object_bytes")

_T = TypeVar("_T")
_TEXT, _MAPS, _LICENSE = ".text", ".maps", "license"
_LOAD, _WORD, _CALL = 1, 2, 10  # R_BPF_64_64, …_ABS64, …_32: Documentation/bpf/llvm_reloc.rst
_BYTE_ORDER = "little"
_WORD_BYTES = 8


def core_relocations(spec: ObjectSpec) -> Iterator[CoreRelocation]:
    """All that the programs need of the kernel's types."""
    for program in spec.programs:
        yield from (one for _, one in program.relocations if is_core(one))


def object_bytes(
    spec: ObjectSpec,
    types: LocalTypes,
    section_of: Callable[[ProgramSpec], str],
    further: Sequence[NewSection] = (),
) -> bytes:
    """The file's bytes, with `further` sections last.

    `types` has what the relocations name; what maps say of their types are ids in it. Raises
    `BtfNotFound` for a relocation that names what is not there.
    """
    names = names_of(spec)
    code = _Code(types, names, by_value(spec))
    for program in spec.programs:
        code.add(program, section_of(program))
    values = {names.maps[one.name]: one for one in code.values}
    defined = [(names.maps[one.name], one) for one in spec.maps if one not in code.values]
    places = types.add_maps(_MAPS, defined)
    strings = StringTable()
    ext = write_ext(
        BtfExt(_some(code.func_infos), _some(code.line_infos), _some(code.core_relos)), strings
    )
    licence = next((one.license for one in spec.programs), "").encode() + b"\0"
    sections = [
        *_executable(code),
        *_maps(places, values),
        NewSection(name=_LICENSE, data=licence, flags=NewFlags.DATA),
        NewSection(name=".BTF", data=write(types.types, strings), alignment=4),
        NewSection(name=".BTF.ext", data=ext, alignment=4),
        *further,
    ]
    symbols = [*code.symbols, *_map_symbols(places, values)]
    if _TEXT in code.bytes:
        symbols.append(NewSymbol(name=_TEXT, section=_TEXT, size=0, kind=SymbolKind.SECTION))
    symbols.append(
        NewSymbol(name="_license", section=_LICENSE, size=len(licence), kind=SymbolKind.OBJECT)
    )
    relocations = [*code.relocations, *_slots(defined, places, names)]
    return write_elf(
        machine=BPF_MACHINE, sections=sections, symbols=symbols, relocations=relocations
    )


def _some(infos: Mapping[str, Sequence[_T]]) -> dict[str, tuple[_T, ...]]:
    """Without the sections that have none, which libbpf does not take."""
    return {section: tuple(rows) for section, rows in infos.items() if rows}


@dataclass(slots=True)
class _Code:
    """The sections of code as they grow, and all that refers to their bytes."""

    types: LocalTypes
    names: Names
    values: Sequence[MapSpec]
    bytes: dict[str, bytearray] = field(default_factory=dict)
    symbols: list[NewSymbol] = field(default_factory=list)
    relocations: list[NewRelocation] = field(default_factory=list)
    func_infos: dict[str, list[FuncInfo]] = field(default_factory=dict)
    line_infos: dict[str, list[LineInfo]] = field(default_factory=dict)
    core_relos: dict[str, list[CoreRelo]] = field(default_factory=dict)

    def add(self, program: ProgramSpec, section: str) -> None:
        """A program in its section, its subprograms in `.text`."""
        pieces = split(program, self.names, [one.name for one in self.values])
        size = len(self.bytes.get(_TEXT, b""))
        offsets: dict[str, int] = {}
        for piece in pieces[1:]:
            offsets[piece.symbol] = size
            size += slot_starts(piece.insns)[-1] * SLOT_BYTES
        for index, piece in enumerate(pieces):
            self._add_piece(program, index, _reaching(piece, offsets), _TEXT if index else section)

    def _add_piece(self, program: ProgramSpec, index: int, piece: Piece, section: str) -> None:
        code = self.bytes.setdefault(section, bytearray())
        base = len(code)
        code += encode(piece.insns, _BYTE_ORDER)
        self.symbols.append(
            NewSymbol(
                name=piece.symbol,
                section=section,
                offset=base,
                size=len(code) - base,
                kind=SymbolKind.FUNCTION,
                is_global=not index,
            )
        )
        places = [base + slot * SLOT_BYTES for slot in slot_starts(piece.insns)]
        for at, reference in piece.references:
            self.relocations.append(_relocation(section, places[at], reference))
        pointers = program.functions[index].pointers if program.functions else (True,)
        function = self.types.add_function(piece.symbol, pointers, is_global=not index)
        self.func_infos.setdefault(section, []).append(FuncInfo(base, function))
        self.line_infos.setdefault(section, []).extend(_lines(program, piece, places))
        self.core_relos.setdefault(section, []).extend(self._relos(program, piece, places))

    def _relos(
        self, program: ProgramSpec, piece: Piece, places: Sequence[int]
    ) -> Iterator[CoreRelo]:
        for index, relocation in program.relocations:
            if piece.start <= index < piece.end and is_core(relocation):
                trail = find_trail(self.types.btf, relocation)
                yield CoreRelo(
                    instruction=places[index - piece.start],
                    type=trail.root,
                    access=trail.access,
                    kind=relocation.kind,
                )


def _reaching(piece: Piece, offsets: Mapping[str, int]) -> Piece:
    """The piece with the addresses of callbacks as offsets in `.text`, whose symbol they are
    relative to: libbpf takes no static function's own."""
    insns = list(piece.insns)
    for at, reference in piece.references:
        if isinstance(reference, CodeRef):
            insns[at] = replace(insns[at], imm=offsets[reference.name])
    return replace(piece, insns=tuple(insns))


def _relocation(section: str, offset: int, reference: Reference) -> NewRelocation:
    symbol = _TEXT if isinstance(reference, CodeRef) else reference.name
    kind = _CALL if isinstance(reference, CallTarget) else _LOAD
    return NewRelocation(section, offset, symbol, kind)


def _lines(program: ProgramSpec, piece: Piece, places: Sequence[int]) -> Iterator[LineInfo]:
    """Where the script's place changes; the kernel wants to know it of each function's first."""
    last: Span | None = None
    for span, place in zip(program.spans[piece.start : piece.end], places, strict=False):
        if span != last:
            last, at = span, span.location
            yield LineInfo(
                instruction=place,
                file=_plain(at.name),
                text=_plain(span.source.line(at.line)),
                line=at.line,
                column=at.column,
            )


def _plain(text: str) -> str:
    """Without what BTF's strings cannot have in them."""
    return text.encode(errors="replace").decode().replace("\0", "?")


def _executable(code: _Code) -> Iterator[NewSection]:
    for name, data in code.bytes.items():
        yield NewSection(name=name, data=bytes(data), flags=NewFlags.CODE, alignment=SLOT_BYTES)


def _maps(places: Mapping[str, Placement], values: Mapping[str, MapSpec]) -> Iterator[NewSection]:
    """`.maps`, of which only the types matter; and each map that is a value, whose bytes do."""
    if places:
        data = bytes(sum(one.size for one in places.values()))
        yield NewSection(name=_MAPS, data=data, flags=NewFlags.DATA, alignment=_WORD_BYTES)
    for symbol, one in values.items():
        data = bytes(one.value_size)
        name = DATA_PREFIX + symbol
        yield NewSection(name=name, data=data, flags=NewFlags.DATA, alignment=_WORD_BYTES)


def _map_symbols(
    places: Mapping[str, Placement], values: Mapping[str, MapSpec]
) -> Iterator[NewSymbol]:
    kind = SymbolKind.OBJECT
    for symbol, place in places.items():
        size, offset = place.size, place.offset
        yield NewSymbol(name=symbol, section=_MAPS, size=size, kind=kind, offset=offset)
    for symbol, one in values.items():
        yield NewSymbol(name=symbol, section=DATA_PREFIX + symbol, size=one.value_size, kind=kind)


def _slots(
    maps: Sequence[tuple[str, MapSpec]], places: Mapping[str, Placement], names: Names
) -> Iterator[NewRelocation]:
    """Which programs are in maps of programs from the start."""
    for symbol, spec in maps:
        place = places[symbol]
        first = place.offset + place.size
        first -= _WORD_BYTES * max([index + 1 for index, _ in spec.program_slots], default=0)
        for index, program in spec.program_slots:
            function = names.functions[program, 0]
            yield NewRelocation(_MAPS, first + index * _WORD_BYTES, function, _WORD)
