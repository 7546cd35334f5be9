"""How values of the language's types lie in memory: records, map keys and values, temporaries."""

from __future__ import annotations

from typing import assert_never

from seismo.base.bits import align_up
from seismo.base.layout import Array, Blob, FieldType, Int, Layout, Text
from seismo.lang.types import (
    AggregateType,
    ArrayType,
    BoolType,
    IntType,
    PointerType,
    RecordType,
    StringType,
    TupleType,
    Type,
    VoidType,
)

__all__ = ("SCALAR_KEY", "field_type", "is_scalar", "key_layout", "value_bytes", "value_type")

SCALAR_KEY = Layout.of("key", [("0", Int(8, signed=False))], "tuple")
"""The key under which a map without keys keeps its one value, as in bpftrace."""


def is_scalar(type_: Type) -> bool:
    """Whether a value of this type fits a register."""
    return isinstance(type_, IntType | BoolType | PointerType | AggregateType)


def field_type(type_: Type) -> FieldType:
    """The bytes of a value; strings are 8-aligned so that they can be moved by words."""
    match type_:
        case IntType():
            return Int(type_.bits // 8, type_.signed)
        case BoolType():
            return Int(1, signed=False, shown="bool")
        case PointerType():
            return Int(8, signed=False, shown="pointer")
        case StringType():
            return Text(type_.size, alignment=8)
        case ArrayType():
            return Array(field_type(type_.element), type_.count)
        case TupleType():
            return _tuple_layout("tuple", type_.elements)
        case RecordType():
            return Blob(type_.size)
        case AggregateType():
            return field_type(type_.value)
        case VoidType():
            return Blob(0)
        case _:
            assert_never(type_)


def value_type(type_: Type) -> FieldType:
    """The bytes of a map's value: integers take 8, so that they can be added to atomically."""
    match type_:
        case IntType():
            return Int(8, type_.signed)
        case AggregateType():
            return value_type(type_.value)
        case _:
            return field_type(type_)


def value_bytes(type_: Type) -> int:
    """The size of a map's values, rounded up to their alignment as that of a C struct is."""
    form = value_type(type_)
    return align_up(form.size, form.alignment)


def key_layout(keys: tuple[Type, ...]) -> Layout:
    """The key of a map: a C struct of its elements, whose padding must be zero."""
    return _tuple_layout("key", keys) if keys else SCALAR_KEY


def _tuple_layout(name: str, elements: tuple[Type, ...]) -> Layout:
    members = [(str(index), field_type(element)) for index, element in enumerate(elements)]
    return Layout.of(name, members, "tuple")
