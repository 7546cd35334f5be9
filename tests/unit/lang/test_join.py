"""How types combine."""

from __future__ import annotations

import pytest

from seismo.lang.join import (
    binary_type,
    has_sign_clash,
    has_space_clash,
    join,
    promoted,
    smallest_integer,
)
from seismo.lang.sizes import record_of
from seismo.lang.types import (
    BOOL,
    INT32,
    INT64,
    UINT8,
    UINT32,
    UINT64,
    VOID,
    AggregateType,
    ArrayType,
    BufferType,
    Enumeration,
    IntType,
    PointerType,
    RecordField,
    RecordType,
    StringType,
    SymbolicType,
    TupleType,
    Type,
)

INT8, INT16, UINT16 = IntType(8, True), IntType(16, True), IntType(16, False)
CHARS = PointerType(INT8, "user")
SOMEWHERE = PointerType(INT8, "")
STRUCT, OTHER = RecordType("struct s", None, 8), RecordType("struct o", None, 8)
COMPLETE = RecordType("struct s", (RecordField("a", UINT64, 0),), 8)
COLOR = IntType(32, False, Enumeration("enum color", (("RED", 0),)))
HIST = AggregateType("hist", INT64, (2,))


@pytest.mark.parametrize(
    ("value", "signed", "unsigned"),
    [
        (0, "int8", "uint8"),
        (127, "int8", "uint8"),
        (128, "int16", "uint8"),
        (255, "int16", "uint8"),
        (256, "int16", "uint16"),
        (-128, "int8", None),
        (-129, "int16", None),
        (2**31 - 1, "int32", "uint32"),
        (2**31, "int64", "uint32"),
        (2**63 - 1, "int64", "uint64"),
        (-(2**63), "int64", None),
        (2**64 - 1, "int64", "uint64"),
    ],
)
def test_smallest(value: int, signed: str, unsigned: str | None) -> None:
    assert str(smallest_integer(value)) == signed
    if unsigned:
        assert str(smallest_integer(value, unsigned=True)) == unsigned


@pytest.mark.parametrize(
    ("left", "right", "joined"),
    [
        (INT8, INT32, INT32),
        (UINT32, UINT8, UINT32),
        (UINT32, INT8, INT64),
        (INT8, UINT8, INT16),
        (INT64, UINT32, INT64),
        (UINT64, INT8, UINT64),
        (INT8, UINT64, INT64),
        (BOOL, INT8, INT8),
        (UINT32, BOOL, UINT32),
        (BOOL, BOOL, BOOL),
        (StringType(4), StringType(16), StringType(16)),
        (StringType(16), StringType(4), StringType(16)),
        (
            TupleType((INT8, StringType(2))),
            TupleType((UINT8, StringType(9))),
            TupleType((INT16, StringType(9))),
        ),
        (CHARS, CHARS, CHARS),
        (CHARS, PointerType(None, "user"), PointerType(None, "user")),
        (CHARS, PointerType(INT8, "kernel"), CHARS),
        (CHARS, SOMEWHERE, CHARS),
        (SOMEWHERE, CHARS, CHARS),
        (CHARS, PointerType(UINT8, "user"), None),
        (
            PointerType(CHARS, "user"),
            PointerType(PointerType(INT8, ""), "user"),
            PointerType(CHARS, "user"),
        ),
        (PointerType(STRUCT, "user"), PointerType(OTHER, "user"), None),
        (PointerType(STRUCT, "user"), PointerType(COMPLETE, "user"), PointerType(STRUCT, "user")),
        (STRUCT, COMPLETE, COMPLETE),
        (STRUCT, OTHER, None),
        (
            record_of(("a", "b"), (INT8, StringType(2))),
            record_of(("b", "a"), (StringType(4), UINT8)),
            record_of(("a", "b"), (INT16, StringType(4))),
        ),
        (record_of(("a",), (INT8,)), record_of(("b",), (INT8,)), None),
        (BufferType(4), BufferType(8), BufferType(8)),
        (BufferType(4, "words"), BufferType(8, "words"), BufferType(8, "words")),
        (BufferType(4, "words"), BufferType(8), None),
        (BufferType(4), StringType(8), None),
        (SymbolicType("kstack", 24), SymbolicType("kstack", 40), SymbolicType("kstack", 40)),
        (SymbolicType("inet", 20), SymbolicType("ksym_t", 8), None),
        (SymbolicType("timestamp", 8, "%H"), SymbolicType("timestamp", 8, "%M"), None),
        (COLOR, IntType(32, False), UINT32),
        (COLOR, COLOR, COLOR),
        (IntType(64, False, clock="tai"), UINT64, UINT64),
        (HIST, AggregateType("hist", INT64, (3,)), None),
        (HIST, HIST, HIST),
        (CHARS, INT64, None),
        (StringType(4), INT8, None),
        (TupleType((INT8,)), TupleType((INT8, INT8)), None),
        (TupleType((INT8,)), TupleType((StringType(2),)), None),
        (AggregateType("count", UINT64), AggregateType("sum", UINT64), None),
        (AggregateType("count", UINT64), UINT64, None),
        (
            AggregateType("sum", UINT32),
            AggregateType("sum", UINT64),
            AggregateType("sum", UINT64),
        ),
        (VOID, INT8, None),
    ],
)
def test_join(left: Type, right: Type, joined: Type | None) -> None:
    assert join(left, right) == joined


@pytest.mark.parametrize(
    ("left", "right", "type_"),
    [
        (INT8, INT8, INT64),
        (UINT8, UINT32, UINT64),
        (UINT32, INT8, INT64),
        (UINT64, INT8, UINT64),
        (INT64, UINT64, UINT64),
        (BOOL, BOOL, INT64),
        (BOOL, UINT64, UINT64),
        (BOOL, INT32, INT64),
    ],
)
def test_promoted(left: Type, right: Type, type_: IntType) -> None:
    assert promoted(left, right) == type_
    assert promoted(right, left) == type_


def test_space_clash() -> None:
    assert has_space_clash(CHARS, PointerType(None, "kernel"))
    assert not has_space_clash(CHARS, PointerType(None, ""))
    assert not has_space_clash(CHARS, CHARS)
    assert not has_space_clash(None, CHARS)
    assert not has_space_clash(UINT64, CHARS)


def test_sign_clash() -> None:
    assert has_sign_clash(INT64, UINT64)
    assert has_sign_clash(UINT64, INT8)
    assert not has_sign_clash(UINT32, INT64)
    assert not has_sign_clash(UINT64, UINT8)
    assert not has_sign_clash(UINT64, BOOL)


@pytest.mark.parametrize(
    ("left", "op", "right", "type_"),
    [
        (UINT32, "+", UINT32, UINT64),
        (UINT64, "-", UINT64, INT64),
        (INT8, "<<", INT8, INT64),
        (INT8, "==", UINT64, BOOL),
        (StringType(4), "==", StringType(9), BOOL),
        (StringType(4), "<", StringType(9), None),
        (StringType(4), "+", INT8, None),
        (StringType(4), "==", INT8, None),
        (CHARS, "==", INT8, BOOL),
        (CHARS, "+", INT8, CHARS),
        (INT8, "+", CHARS, CHARS),
        (INT8, "-", CHARS, None),
        (CHARS, "-", CHARS, INT64),
        (CHARS, "*", INT8, None),
        (CHARS, "&&", BOOL, BOOL),
        (StringType(4), "||", BOOL, None),
        (TupleType((INT8,)), "==", TupleType((UINT64,)), BOOL),
        (TupleType((INT8,)), "==", TupleType((StringType(2),)), None),
        (TupleType((INT8,)), "<", TupleType((INT8,)), None),
        (ArrayType(UINT8, 4), "!=", ArrayType(UINT8, 4), BOOL),
        (ArrayType(UINT8, 4), "!=", ArrayType(UINT8, 6), None),
        (ArrayType(STRUCT, 4), "==", ArrayType(STRUCT, 4), None),
        (STRUCT, "==", COMPLETE, BOOL),
        (STRUCT, "==", OTHER, None),
        (STRUCT, "<", STRUCT, None),
    ],
)
def test_operators(left: Type, op: str, right: Type, type_: Type | None) -> None:
    assert binary_type(op, left, right) == type_
