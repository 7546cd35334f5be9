"""Programs and tables as text, for `disassemble_func` and `decode_table`."""

from __future__ import annotations

from collections.abc import Iterator

from seismo.c.tree import TableDecl
from seismo.c.types import Array, CType, Record
from seismo.isa.format import format_listing, jump_labels
from seismo.objects.map import Map
from seismo.spec.types import ProgramSpec

__all__ = ("list_program", "list_table")

_INDENT = "  "


def list_program(spec: ProgramSpec) -> str:
    """A program's instructions as the verifier logs them, between lines of C."""
    listed = format_listing(
        spec.insns,
        labels=jump_labels(spec.insns),
        maps=dict(spec.map_refs),
        spans=spec.spans,
    )
    return f"Disassembly of program {spec.name}:\n{listed}"


def list_table(table: TableDecl, map_: Map, *, with_sizes: bool) -> str:
    """What a table's keys and leaves are made of, with the offset and the size of each part."""
    title = f"Layout of table {table.name} ({table.kind}, map {map_.info().id}):"
    lines = [title, *_list("key", table.key, 0, 1, with_sizes=with_sizes)]
    lines += _list("leaf", table.leaf, 0, 1, with_sizes=with_sizes)
    return "\n".join(lines)


def _list(name: str, type_: CType, offset: int, depth: int, *, with_sizes: bool) -> Iterator[str]:
    size = f" (offset {offset}, size {type_.size})" if with_sizes else ""
    yield f"{_INDENT * depth}{_declared(name, type_)};{size}"
    if isinstance(type_, Record):
        for one in type_.members:
            place = offset + one.offset
            yield from _list(one.name, one.type, place, depth + 1, with_sizes=with_sizes)


def _declared(name: str, type_: CType) -> str:
    """As C has it: `char comm[16]`."""
    counts = ""
    while isinstance(type_, Array):
        counts += f"[{'' if type_.count is None else type_.count}]"
        type_ = type_.element
    text = str(type_)
    space = "" if text.endswith("*") or not name else " "
    return f"{text}{space}{name}{counts}"
