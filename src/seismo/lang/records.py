"""C structs by value: spelled out all the way down, and whose memory their pointers point to."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TypeAlias

from seismo.base.dataclass import replace
from seismo.lang.sizes import is_made_here
from seismo.lang.type_names import in_space
from seismo.lang.types import ArrayType, PointerType, RecordSource, RecordType, Type
from seismo.lang.typetable import TypeTable

__all__ = ("CompleteRecords", "complete_value")

CompleteRecords: TypeAlias = "MutableMapping[tuple[str, int, RecordSource | None, str], RecordType]"
"""Structs by their names, sizes, who knows them, and where they were read from."""


def complete_value(type_: Type, table: TypeTable, space: str, known: CompleteRecords) -> Type:
    """The type of a value read from `space` memory, every struct in it with its fields, which
    `known` keeps."""
    match type_:
        case ArrayType():
            element = complete_value(type_.element, table, space, known)
            return type_ if element is type_.element else replace(type_, element=element)
        case PointerType():
            return in_space(type_, space)
        case RecordType() if not is_made_here(type_):
            key = (type_.name, type_.size, type_.source, space)
            if key not in known:
                known[key] = _complete(type_, table, space, known)
            return known[key]
        case _:
            return type_


def _complete(
    record: RecordType,
    table: TypeTable,
    space: str,
    known: CompleteRecords,
) -> RecordType:
    if record.fields is None:
        record = table.complete(record)
    fields = [
        replace(one, type=complete_value(one.type, table, space, known))
        for one in record.fields or ()
    ]
    return replace(record, fields=tuple(fields))
