"""Sizes of values, and where the fields of records lie."""

from __future__ import annotations

import pytest

from seismo.base.layout import Layout
from seismo.lang.sizes import is_made_here, record_of, size_of
from seismo.lang.types import (
    BOOL,
    UINT8,
    UINT32,
    UINT64,
    VOID,
    AggregateType,
    ArrayType,
    BufferType,
    PointerType,
    RecordType,
    StringType,
    SymbolicType,
    TupleType,
    Type,
)
from seismo.lower.layout import field_type

INNER = record_of(("x", "y"), (UINT8, BOOL))


@pytest.mark.parametrize(
    ("type_", "size"),
    [
        (UINT32, 4),
        (BOOL, 1),
        (VOID, 0),
        (PointerType(None, "user"), 8),
        (StringType(5), 5),
        (BufferType(5), 12),
        (SymbolicType("inet", 20), 20),
        (ArrayType(UINT32, 3), 12),
        (RecordType("struct s", None, 24), 24),
        (AggregateType("count", UINT64), 8),
        (TupleType(()), 0),
        (TupleType((UINT8, UINT32, UINT8)), 12),
        (TupleType((UINT8, StringType(5), UINT8)), 16),
        (INNER, 2),
        (record_of(("a", "b", "c"), (UINT8, StringType(5), UINT32)), 12),
    ],
)
def test_sizes(type_: Type, size: int) -> None:
    assert size_of(type_) == size


@pytest.mark.parametrize(
    "type_",
    [
        TupleType((UINT8, StringType(5), UINT32)),
        TupleType((UINT8, INNER, BufferType(5), SymbolicType("ksym_t", 8))),
        TupleType((UINT8, ArrayType(StringType(3), 2))),
        record_of(("a", "b"), (UINT8, TupleType((UINT8, StringType(3))))),
        record_of(("a", "b", "c"), (UINT8, INNER, ArrayType(UINT32, 3))),
        record_of(("a", "b"), (StringType(3), BufferType(3))),
    ],
)
def test_sizes_are_those_of_the_generated_code(type_: Type) -> None:
    layout = field_type(type_)
    assert size_of(type_) == layout.size
    if isinstance(type_, RecordType) and isinstance(layout, Layout):
        members = [(one.name, field_type(one.type)) for one in type_.fields or ()]
        assert [one.end <= layout.size for one in layout.fields] == [True] * len(members)


def test_fields_of_records() -> None:
    record = record_of(("a", "name", "b"), (UINT8, StringType(5), UINT64))
    assert [(one.name, one.offset) for one in record.fields or ()] == [
        ("a", 0),
        ("name", 1),
        ("b", 8),
    ]
    assert str(record) == "(a=uint8,name=string[5],b=uint64)"
    assert is_made_here(record)
    assert not is_made_here(RecordType("struct s", (), 0))
