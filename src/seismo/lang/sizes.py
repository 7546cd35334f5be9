"""How many bytes values take, and where the fields lie of records that scripts make.

It is C's layout, but strings among a tuple's elements begin at multiples of 8.

>>> str(record_of(("id", "flag"), (UINT32, BOOL)))
'(id=uint32,flag=bool)'
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from seismo.base.bits import align_up
from seismo.lang.types import (
    AggregateType,
    ArrayType,
    BoolType,
    BufferType,
    IntType,
    PointerType,
    RecordField,
    RecordType,
    StringType,
    SymbolicType,
    TupleType,
    Type,
    VoidType,
)

__all__ = ("is_made_here", "record_of", "size_of")

_WORD = 8
_COUNT = 4  # of the bytes in a buffer


def is_made_here(type_: Type) -> bool:
    """Whether it is the type of a record that the script makes: `(a = 1, b = 2)`."""
    return isinstance(type_, RecordType) and type_.name.startswith("(")


def record_of(names: tuple[str, ...], types: tuple[Type, ...]) -> RecordType:
    """The type of `(name = value, …)`."""
    offsets, size = _places(types, _in_record)
    fields = [RecordField(*one) for one in zip(names, types, offsets, strict=True)]
    shown = ",".join([f"{one.name}={one.type}" for one in fields])
    return RecordType(f"({shown})", tuple(fields), size)


def size_of(type_: Type) -> int:
    """Bytes of a value as programs keep it; of an aggregation, those of what it reads as."""
    match type_:
        case IntType():
            return type_.bits // 8
        case BoolType():
            return 1
        case PointerType():
            return _WORD
        case StringType() | RecordType() | SymbolicType():
            return type_.size
        case BufferType():
            return _COUNT + align_up(type_.size, _COUNT)
        case ArrayType():
            return size_of(type_.element) * type_.count
        case TupleType():
            return _places(type_.elements, _alignment)[1]
        case AggregateType():
            return size_of(type_.value)
        case VoidType():
            return 0
        case _:
            assert_never(type_)


def _places(types: tuple[Type, ...], alignment_of: Callable[[Type], int]) -> tuple[list[int], int]:
    """Where C puts members, each at its alignment, and the size of the whole."""
    offsets: list[int] = []
    end, widest = 0, 1
    for type_ in types:
        alignment = alignment_of(type_)
        offsets.append(align_up(end, alignment))
        end = offsets[-1] + size_of(type_)
        widest = max(widest, alignment)
    return offsets, align_up(end, widest)


def _in_record(type_: Type) -> int:
    """Among a record's fields a string is a `char` array."""
    return 1 if isinstance(type_, StringType) else _alignment(type_)


def _alignment(type_: Type) -> int:
    match type_:
        case StringType() | SymbolicType():
            return _WORD
        case RecordType():
            return max([_in_record(one.type) for one in type_.fields or ()], default=1)
        case BufferType():
            return _COUNT
        case ArrayType():
            return _in_record(type_.element)
        case TupleType():
            return max([_alignment(one) for one in type_.elements], default=1)
        case AggregateType():
            return _alignment(type_.value)
        case VoidType():
            return 1
        case _:
            return size_of(type_)
