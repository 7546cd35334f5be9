"""Programs taken apart into functions, each with what it refers to by name; and put together again.

A program of ours holds its subprograms, and counts their distances in slots. In an object file they
are functions of the section `.text`, which calls find by their symbols.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from seismo.base.bits import U32_MAX
from seismo.base.dataclass import dataclass, replace
from seismo.base.errors import FormatError
from seismo.isa.insn import REGS, Insn, slot_starts
from seismo.isa.opcode import CallKind, LoadKind
from seismo.objfile.model import CallTarget, CodeRef, DataRef, MapRef, Reference
from seismo.spec.types import MapSpec, ObjectSpec, ProgramSpec

__all__ = ("Names", "Piece", "by_value", "join", "names_of", "split")

_HIGH = 32


@dataclass(frozen=True, slots=True)
class Names:
    """The symbols of maps by their names, and of functions by program and position in it."""

    maps: Mapping[str, str]
    functions: Mapping[tuple[str, int], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One function of a program: instructions from `start` on, which refer to nothing by number.

    `references` count its own instructions.
    """

    symbol: str
    start: int
    insns: tuple[Insn, ...]
    references: tuple[tuple[int, Reference], ...]

    @property
    def end(self) -> int:
        """The index of the first instruction in the program that is not this function's."""
        return self.start + len(self.insns)


def names_of(spec: ObjectSpec) -> Names:
    """Symbols as C could have them; the same spec gives the same ones."""
    taken: set[str] = set()
    maps = {one.name: _unique(one.name.replace("@", "AT_"), taken) for one in spec.maps}
    functions: dict[tuple[str, int], str] = {}
    for program in spec.programs:
        main = functions[program.name, 0] = _unique(program.name, taken)
        for index, function in enumerate(program.functions[1:], start=1):
            functions[program.name, index] = _unique(f"{main}_{function.name}", taken)
    return Names(maps, functions)


def _unique(name: str, taken: set[str]) -> str:
    base = re.sub(r"\W|^(?=\d)", "_", name, flags=re.ASCII)
    symbol, number = base, 1
    while symbol in taken:
        number += 1
        symbol = f"{base}_{number}"
    taken.add(symbol)
    return symbol


def by_value(spec: ObjectSpec) -> tuple[MapSpec, ...]:
    """The maps of which programs take nothing but the address of their value: data sections."""
    kinds: dict[str, set[int]] = {}
    for program in spec.programs:
        for index, name in program.map_refs:
            kinds.setdefault(name, set()).add(program.insns[index].src)
    return tuple([one for one in spec.maps if kinds.get(one.name) == {LoadKind.MAP_VALUE}])


def split(program: ProgramSpec, names: Names, values: Iterable[str]) -> tuple[Piece, ...]:
    """The program itself, then its subprograms; `values` are the names of maps that are data."""
    starts = [one.start for one in program.functions] or [0]
    slots = slot_starts(program.insns)
    symbols = {
        slots[start]: names.functions[program.name, index] for index, start in enumerate(starts)
    }
    maps, data = dict(program.map_refs), frozenset(values)
    pieces: list[Piece] = []
    for start, end in pairwise([*starts, len(program.insns)]):
        insns: list[Insn] = []
        references: list[tuple[int, Reference]] = []
        for index in range(start, end):
            insn = program.insns[index]
            if index in maps:
                name, symbol = maps[index], names.maps[maps[index]]
                offset = insn.imm >> _HIGH
                place = DataRef(symbol, offset) if name in data else MapRef(symbol)
                references.append((index - start, place))
                # An addend stands where the linker looks for it, in the first half.
                insn = replace(insn, src=REGS[0], imm=offset)
            elif insn.is_subprog_call:
                references.append((index - start, CallTarget(symbols[insn.target(slots[index])])))
                insn = replace(insn, imm=-1)
            elif insn.is_func_address:
                references.append((index - start, CodeRef(symbols[insn.target(slots[index])])))
                insn = replace(insn, imm=0)
            insns.append(insn)
        symbol = symbols[slots[start]]
        pieces.append(
            Piece(symbol=symbol, start=start, insns=tuple(insns), references=tuple(references))
        )
    return tuple(pieces)


def join(program: ProgramSpec, pieces: Sequence[Piece], maps: Mapping[str, str]) -> ProgramSpec:
    """`program` with the code of these functions, the first of which is the program's own.

    `maps` are the maps' names by symbol. Raises `FormatError` where a function refers to what is
    neither a map nor one of these functions.
    """
    insns = [insn for piece in pieces for insn in piece.insns]
    slots = slot_starts(insns)
    starts = {piece.symbol: slots[piece.start] for piece in pieces}
    map_refs: list[tuple[int, str]] = []
    for piece in pieces:
        for at, reference in piece.references:
            index = piece.start + at
            match reference:
                case MapRef() | DataRef() if reference.name in maps:
                    map_refs.append((index, maps[reference.name]))
                    insns[index] = _load(insns[index], reference)
                case CallTarget() | CodeRef() if reference.name in starts:
                    distance = starts[reference.name] - slots[index] - 1
                    insns[index] = _reach(insns[index], reference, distance)
                case _:
                    raise FormatError(f"{piece.symbol} refers to {reference.name}: not ours", 0)
    return replace(program, insns=tuple(insns), map_refs=tuple(map_refs))


def _load(insn: Insn, reference: MapRef | DataRef) -> Insn:
    if isinstance(reference, MapRef):
        return replace(insn, src=REGS[LoadKind.MAP_FD], imm=0)
    return replace(insn, src=REGS[LoadKind.MAP_VALUE], imm=reference.offset << _HIGH)


def _reach(insn: Insn, reference: CallTarget | CodeRef, distance: int) -> Insn:
    if isinstance(reference, CallTarget):
        return replace(insn, src=REGS[CallKind.SUBPROG], imm=distance)
    return replace(insn, src=REGS[LoadKind.FUNC], imm=distance & U32_MAX)
