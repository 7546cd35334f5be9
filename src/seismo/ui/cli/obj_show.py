"""What is in an object file, as tables, as JSON, and as a listing of its code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from seismo.btf.cprint import type_name
from seismo.btf.errors import BtfError
from seismo.btf.ext import CoreRelo
from seismo.core.access import parse_access, words
from seismo.core.errors import CoreError
from seismo.core.types import LocalTypes
from seismo.isa.format import format_insn
from seismo.isa.insn import slot_starts
from seismo.objfile.model import DataRef, Function, ObjectFile, Reference
from seismo.output.table import Cell
from seismo.spec.types import MapSpec

__all__ = ("listing_of", "object_json", "sections_of")

Table: TypeAlias = tuple[str, tuple[str, ...], list[tuple[Cell, ...]]]


def sections_of(file: ObjectFile) -> Iterator[Table]:
    """Title, headings and rows of each table; what the object has none of is left out."""
    license = f"license {file.license}" if file.license else "no license"
    types = f"{len(file.btf) - 1} types" if len(file.btf) > 1 else "no types"
    yield f"{file.name}: {license}, {types}", (), []
    tables: tuple[Table, ...] = (
        ("programs", ("NAME", "SECTION", "TYPE", "ATTACH TYPE", "INSNS", "CORE"), _programs(file)),
        ("subprograms", ("NAME", "SECTION", "LINKAGE", "INSNS", "CORE"), _subprograms(file)),
        ("maps", ("NAME", "TYPE", "KEY", "VALUE", "ENTRIES", "FLAGS"), _maps(file)),
        ("globals", ("NAME", "MAP", "OFFSET", "BYTES", "TYPE"), _globals(file)),
        ("externs", ("NAME", "KIND", "TYPE", "WEAK"), _externs(file)),
        ("relocations", ("FUNCTION", "SLOT", "REFERS TO"), _relocations(file)),
    )
    yield from (one for one in tables if one[2])


def object_json(file: ObjectFile) -> dict[str, Any]:
    """All of `sections_of`, a list of objects each."""
    tables = {
        title: [dict(zip(map(str.lower, headings), row, strict=True)) for row in rows]
        for title, headings, rows in sections_of(file)
        if headings
    }
    return {"name": file.name, "license": file.license, "types": len(file.btf) - 1, **tables}


def listing_of(file: ObjectFile) -> Iterator[str]:
    """The code, function by function, with source lines and what instructions refer to."""
    for function in file.functions:
        yield f"{function.name}: ; {function.section}"
        yield from _code(file, function)
        yield ""


def _code(file: ObjectFile, function: Function) -> Iterator[str]:
    sources = {one.instruction: one for one in function.line_infos}
    references = dict(function.references)
    relos = {one.instruction: one for one in function.core_relos}
    starts = slot_starts(function.insns)
    shown = ""
    for index, (insn, slot) in enumerate(zip(function.insns, starts, strict=False)):
        source = sources.get(index)
        if source is not None and source.line:
            text = f"; {source.text.strip()} @ {source.file}:{source.line}"
            if text != shown:
                yield text
                shown = text
        notes = [_refers(references[index])] if index in references else []
        notes += [_core(file, relos[index])] if index in relos else []
        note = f" <{', '.join(notes)}>" if notes else ""
        yield f"{slot:4}: ({insn.op:02x}) {format_insn(insn)}{note}"


def _refers(reference: Reference) -> str:
    plus = f"+{reference.offset}" if isinstance(reference, DataRef) else ""
    return f"{reference.name}{plus}"


def _core(file: ObjectFile, relo: CoreRelo) -> str:
    """The relocation in words, or as numbers where it makes no sense."""
    try:
        return words(relo, parse_access(LocalTypes(file.btf), relo).noun)
    except (CoreError, BtfError):
        return f"relocation of kind {relo.kind}: {relo.access} of type {relo.type}"


def _programs(file: ObjectFile) -> list[tuple[Cell, ...]]:
    return [
        (
            one.name,
            one.section,
            one.kind.type.name.lower(),
            one.kind.attach_type.name.lower() if one.kind.attach_type is not None else "-",
            len(one.insns),
            len(one.core_relos),
        )
        for one in file.functions
        if one.kind is not None
    ]


def _subprograms(file: ObjectFile) -> list[tuple[Cell, ...]]:
    return [
        (
            one.name,
            one.section,
            "global" if one.is_global else "static",
            len(one.insns),
            len(one.core_relos),
        )
        for one in file.functions
        if one.kind is None
    ]


def _maps(file: ObjectFile) -> list[tuple[Cell, ...]]:
    return [
        (
            one.name,
            one.type.name.lower(),
            _sized(file, one.key_type, one.key_size),
            _sized(file, one.value_type, one.value_size),
            one.max_entries,
            _flags(one),
        )
        for one in file.maps
    ]


def _sized(file: ObjectFile, id: int, size: int) -> str:
    """A type as C names it with its bytes, as far as it is known."""
    if not id or file.btf.type(id).name.startswith("."):
        return f"{size} bytes" if size else "-"
    return f"{type_name(file.btf, id)} ({size})"


def _flags(one: MapSpec) -> str:
    said = [f"{one.flags:#x}"] if one.flags else []
    said += ["frozen"] if one.is_frozen else []
    said += [f"pinned {one.pin}"] if one.pin else []
    return ", ".join(said) or "-"


def _globals(file: ObjectFile) -> list[tuple[Cell, ...]]:
    return [
        (
            one.name,
            one.map,
            one.offset,
            one.size,
            type_name(file.btf, one.type) if one.type else "-",
        )
        for one in file.variables
    ]


def _externs(file: ObjectFile) -> list[tuple[Cell, ...]]:
    return [
        (
            one.name,
            one.kind.value,
            type_name(file.btf, one.type) if one.type else "-",
            "weak" if one.is_weak else "-",
        )
        for one in file.externs
    ]


def _relocations(file: ObjectFile) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for function in file.functions:
        starts = slot_starts(function.insns)
        said = [(at, _refers(to)) for at, to in function.references]
        said += [(one.instruction, _core(file, one)) for one in function.core_relos]
        rows += [(function.name, starts[at], text) for at, text in sorted(said)]
    return rows
