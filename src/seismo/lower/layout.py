"""How values of the language's types lie in memory: records, map keys and values, temporaries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from seismo.base.bits import align_up
from seismo.base.layout import (
    Array,
    Blob,
    Buffer,
    Field,
    FieldType,
    Int,
    Layout,
    Symbolic,
    Text,
)
from seismo.builtin.record import Aggregate
from seismo.lang.typed import MapSymbol
from seismo.lang.types import (
    AggregateType,
    ArrayType,
    BoolType,
    BufferType,
    IntType,
    PointerType,
    RecordType,
    StringType,
    SymbolicType,
    TupleType,
    Type,
    VoidType,
)

__all__ = (
    "SCALAR_KEY",
    "element_type",
    "field_type",
    "is_scalar",
    "key_layout",
    "key_size",
    "member_type",
    "value_bytes",
    "value_form",
    "value_type",
)

SCALAR_KEY = Layout.of("key", [("0", Int(8, signed=False))], "tuple")
"""The key under which a map without keys keeps its one value, as in bpftrace."""


def is_scalar(type_: Type) -> bool:
    """Whether a value of this type fits a register."""
    return isinstance(type_, IntType | BoolType | PointerType | AggregateType)


def field_type(type_: Type) -> FieldType:
    """The bytes of a value; strings are 8-aligned so that they can be moved by words."""
    match type_:
        case IntType():
            return _integer(type_, type_.bits // 8)
        case BoolType():
            return Int(1, signed=False, shown="bool")
        case PointerType():
            return Int(8, signed=False, shown="pointer")
        case StringType():
            return Text(type_.size, alignment=8)
        case BufferType():
            return Buffer(type_.size, type_.shown)
        case SymbolicType():
            return Symbolic(type_.kind, type_.size, type_.detail)
        case ArrayType():
            return Array(element_type(type_), type_.count)
        case TupleType():
            return _tuple_layout("tuple", type_.elements)
        case RecordType():
            return _record_layout(type_)
        case AggregateType():
            return field_type(type_.value)
        case VoidType():
            return Blob(0)
        case _:
            assert_never(type_)


def _integer(type_: IntType, size: int) -> Int:
    if type_.enum is None:
        return Int(size, type_.signed)
    names = tuple((value, name) for name, value in type_.enum.constants)
    return Int(size, type_.signed, shown="enum", names=names)


def element_type(type_: ArrayType) -> FieldType:
    """The bytes of an array's element: strings in it lie as C has them, without alignment."""
    return member_type(type_.element)


def member_type(type_: Type) -> FieldType:
    """The bytes of a value inside a C struct or array."""
    if isinstance(type_, StringType):
        return Text(type_.size)
    return field_type(type_)


def _record_layout(type_: RecordType) -> FieldType:
    """Where C puts the members; a type that nothing more is known of is just bytes."""
    if not type_.fields:
        return Blob(type_.size)
    fields = tuple(
        Field(one.name, one.offset, member_type(one.type), one.bit_offset, one.bit_size)
        for one in type_.fields
    )
    alignment = max(field.type.alignment for field in fields)
    return Layout(type_.name, fields, type_.size, alignment)


def value_type(type_: Type) -> FieldType:
    """The bytes of a map's value: integers take 8, so that they can be added to atomically."""
    return _integer(type_, 8) if isinstance(type_, IntType) else field_type(type_)


def value_form(symbol: MapSymbol, aggregates: Mapping[str, Aggregate]) -> FieldType:
    """How a map keeps its values: an aggregation, one CPU's share."""
    type_ = symbol.value
    if isinstance(type_, AggregateType):
        return aggregates[type_.function].share(type_)
    return value_type(type_)


def value_bytes(form: FieldType) -> int:
    """The size of a map's values, rounded up to a multiple of 8."""
    return align_up(max(form.size, 1), 8)


def key_layout(keys: tuple[Type, ...]) -> Layout:
    """The key of a map: a C struct of its elements, whose padding must be zero."""
    return _tuple_layout("key", keys) if keys else SCALAR_KEY


def key_size(symbol: MapSymbol, *, is_bucketed: bool) -> int:
    """The bytes of a map's key; the number of a bucket follows it, aligned to 8."""
    if not is_bucketed:
        return key_layout(symbol.keys).size
    return (align_up(key_layout(symbol.keys).size, 8) if symbol.keys else 0) + 8


def _tuple_layout(name: str, elements: tuple[Type, ...]) -> Layout:
    members = [(str(index), field_type(element)) for index, element in enumerate(elements)]
    return Layout.of(name, members, "tuple")
