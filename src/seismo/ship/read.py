"""`read_shipped`: a file that `write_object` wrote, with the plan whole again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seismo.base.dataclass import replace
from seismo.base.errors import FormatError
from seismo.btf.ext import CoreRelo
from seismo.objfile.model import DataRef, Function, MapRef, Reference
from seismo.objfile.read import read_object
from seismo.ship.code import Names, Piece, join, names_of
from seismo.ship.model import DATA_PREFIX, PLAN_SECTION, NotShipped, Shipped
from seismo.ship.plan_text import read_text
from seismo.ship.seal import check_seal
from seismo.spec.types import ProgramSpec

__all__ = ("read_shipped",)


def read_shipped(data: bytes, name: str) -> Shipped:
    """The script in an object file; `name` is what messages call it.

    Raises `NotShipped` for an object file that is not one of ours, or not whole, and what
    `read_object` raises for one that is malformed.
    """
    check_seal(data, name)
    file = read_object(data, name)
    if PLAN_SECTION not in file.notes:
        raise NotShipped(
            f"{name} has no section {PLAN_SECTION}: `seismo build` did not write it\n"
            "hint: `seismo obj load` loads what other compilers wrote"
        )
    try:
        manifest = read_text(file.notes[PLAN_SECTION])
    except FormatError as error:
        raise NotShipped(f"{name}, section {PLAN_SECTION}: {error}") from error
    spec = manifest.plan.object
    names = names_of(spec)
    functions = {one.name: one for one in file.functions}
    maps = {symbol: map_name for map_name, symbol in names.maps.items()}
    programs: list[ProgramSpec] = []
    core: dict[str, tuple[CoreRelo, ...]] = {}
    for program in spec.programs:
        parts = _functions(program, names, functions)
        pieces = _pieces(parts)
        programs.append(join(program, pieces, maps))
        core[program.name] = tuple(
            [
                replace(relo, instruction=piece.start + relo.instruction)
                for part, piece in zip(parts, pieces, strict=True)
                for relo in part.core_relos
            ]
        )
    plan = replace(manifest.plan, object=replace(spec, programs=tuple(programs)))
    return Shipped(replace(manifest, plan=plan), file.btf, core)


def _functions(
    program: ProgramSpec, names: Names, functions: Mapping[str, Function]
) -> list[Function]:
    """The program's own function, and its subprograms."""
    symbols = [symbol for (owner, _), symbol in names.functions.items() if owner == program.name]
    missing = [symbol for symbol in symbols if symbol not in functions]
    if missing:
        raise NotShipped(f"the file has no function {missing[0]}, which its script needs")
    return [functions[symbol] for symbol in symbols]


def _pieces(functions: Sequence[Function]) -> list[Piece]:
    pieces: list[Piece] = []
    for one in functions:
        pieces.append(
            Piece(
                symbol=one.name,
                start=pieces[-1].end if pieces else 0,
                insns=one.insns,
                references=tuple([(at, _ours(to)) for at, to in one.references]),
            )
        )
    return pieces


def _ours(reference: Reference) -> Reference:
    """A map's value is a data section of the file, by the map's own symbol for us."""
    if isinstance(reference, DataRef):
        return DataRef(reference.name.rpartition(DATA_PREFIX)[2], reference.offset)
    if isinstance(reference, MapRef):
        return MapRef(reference.name.rpartition(DATA_PREFIX)[2])
    return reference
