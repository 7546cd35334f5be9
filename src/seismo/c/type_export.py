"""Types of a program as BTF, for its object file: those that it declares of the kernel itself, and
those of its tables' keys and values.

>>> export = exported(unit)
>>> export.types[export.tables["counts"].value - 1]
Struct(name='value', size=16, members=…)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from seismo.base.dataclass import dataclass
from seismo.btf import types as btf
from seismo.btf.types import IntEncoding
from seismo.c.tree import Unit
from seismo.c.types import (
    Array,
    CType,
    Enumeration,
    Integer,
    Member,
    Pointer,
    Record,
    is_scalar,
)

__all__ = ("Export", "TableTypes", "exported")


@dataclass(frozen=True, slots=True)
class TableTypes:
    """The ids of a table's key and value."""

    key: int
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Types whose ids count from 1 on; `flavours` are the names of those which stand for types of
    the kernel's, as relocations have them: `struct sock___old`."""

    types: tuple[btf.Type, ...]
    flavours: frozenset[str]
    tables: Mapping[str, TableTypes]


def exported(unit: Unit) -> Export:
    """What a checked program has declared."""
    types = _Types()
    flavours = [one for one in unit.records.values() if one.is_flavour]
    for record in flavours:
        types.id(record)
    enums = [one for one in unit.enumerations.values() if one.tag]
    for enum in enums:
        types.id(enum)
    tables = {
        one.name: TableTypes(types.id(one.key), types.id(one.leaf)) for one in unit.tables.values()
    }
    names = [one.origin for one in flavours] + [f"enum {one.tag}" for one in enums]
    return Export(types=tuple(types.made), flavours=frozenset(names), tables=tables)


@final
class _Types:
    """Types as they are made, each once."""

    def __init__(self) -> None:
        self.made: list[btf.Type] = []
        self._ids: dict[object, int] = {}

    def _add(self, key: object, type_: btf.Type) -> int:
        if key not in self._ids:
            self.made.append(type_)
            self._ids[key] = len(self.made)
        return self._ids[key]

    def id(self, type_: CType) -> int:
        """The id of the whole type; 0 for what has no values."""
        match type_:
            case Integer():
                made = btf.Int(type_.name, type_.size, _encoding(type_))
                return self._add(made, made)
            case Enumeration(tag, integer, constants):
                values = tuple([btf.Enumerator(name, value) for name, value in constants])
                make = btf.Enum64 if integer.size == 8 else btf.Enum
                enum = make(tag, integer.size, values, integer.is_signed)
                return self._add(enum, enum)
            case Pointer(target):
                pointer = btf.Ptr(self._mentioned(target))
                return self._add(pointer, pointer)
            case Array(element, count):
                index = self.id(Integer("unsigned int", 4, False))
                array = btf.Array(self.id(element), index, count or 0)
                return self._add(array, array)
            case Record():
                return self._record(type_)
            case _:
                return 0

    def _record(self, record: Record) -> int:
        if id(record) not in self._ids:
            # No record is part of itself, so what is in it comes first.
            members = tuple([self._member(one) for one in record.members])
            make = btf.Union if record.keyword == "union" else btf.Struct
            self._add(id(record), make(record.tag, record.size, members))
        return self._ids[id(record)]

    def _member(self, one: Member) -> btf.Member:
        return btf.Member(one.name, self.id(one.type), one.bit_offset, one.bit_size)

    def _mentioned(self, type_: CType) -> int:
        """What a pointer leads to: of records only the name."""
        if isinstance(type_, Record):
            if not type_.tag:
                return 0
            forward = btf.Fwd(type_.tag, type_.keyword == "union")
            return self._add(forward, forward)
        return self.id(type_) if is_scalar(type_) else 0


def _encoding(type_: Integer) -> IntEncoding:
    if type_.is_bool:
        return IntEncoding.BOOL
    return IntEncoding.SIGNED if type_.is_signed else IntEncoding.UNSIGNED
