"""Places that values are written to, and declared ones."""

from __future__ import annotations

import pytest

from seismo.lang.sizes import record_of
from seismo.lang.slot import WIDE, Literal, Slot, fits
from seismo.lang.types import (
    BOOL,
    INT32,
    INT64,
    UINT8,
    UINT32,
    UINT64,
    IntType,
    PointerType,
    StringType,
    TupleType,
    Type,
)

INT8, INT16, UINT16 = IntType(8, True), IntType(16, True), IntType(16, False)


def test_a_slot_of_literals_takes_the_sign_of_the_rest() -> None:
    slot = Slot()
    assert slot.type is None
    assert slot.write(INT8, 5)
    assert (slot.type, slot.literal) == (INT8, 5)
    assert slot.write(INT16, 300)
    assert (slot.type, slot.literal) == (INT16, 300)
    assert slot.write(UINT8)
    assert (slot.type, slot.literal) == (UINT16, None)
    assert slot.write(INT64, WIDE)
    assert slot.type == UINT64
    assert slot.write(INT8)
    assert slot.type == INT64


def test_a_slot_refuses_what_does_not_fit() -> None:
    number, string = Slot(), Slot()
    assert number.write(INT8, 5)
    assert not number.write(StringType(2))
    assert number.type == INT8
    assert string.write(StringType(2))
    assert not string.write(INT8, 5)
    assert not string.write(UINT64)
    assert string.write(StringType(8))
    assert string.type == StringType(8)
    flag = Slot()
    assert flag.write(BOOL)
    assert flag.write(INT8, 5)
    assert flag.type == INT8


def test_elements_of_tuples_have_literals_of_their_own() -> None:
    slot = Slot()
    assert slot.write(TupleType((INT8, TupleType((INT8, StringType(2))))), (5, (6, None)))
    assert slot.literal == (5, (6, None))
    assert slot.write(TupleType((UINT32, TupleType((INT8, StringType(4))))), (None, (7, None)))
    assert slot.type == TupleType((UINT32, TupleType((INT8, StringType(4)))))
    assert slot.literal == (None, (7, None))
    assert not slot.write(TupleType((UINT32, UINT32)))
    assert not slot.write(UINT32)


def test_fields_of_records_go_by_their_names() -> None:
    slot = Slot()
    assert slot.write(record_of(("a", "b"), (INT8, StringType(2))), (1, None))
    assert slot.write(record_of(("b", "a"), (StringType(9), UINT64)), None)
    assert slot.type == record_of(("a", "b"), (UINT64, StringType(9)))
    assert not slot.write(record_of(("a", "c"), (UINT64, StringType(9))))


def test_the_version_tells_of_changes_alone() -> None:
    slot = Slot()
    versions = []
    for type_, literal in (
        (INT8, 5),
        (INT8, 5),
        (INT8, 4),
        (INT8, None),
        (INT8, None),
        (INT32, None),
    ):
        slot.write(type_, literal)
        versions.append(slot.version)
    assert versions == [1, 1, 1, 2, 2, 3]


def test_a_string_that_grows_and_grows_leaps() -> None:
    slot = Slot()
    passes = 0
    while not isinstance(slot.type, StringType) or slot.type.size < 1024:
        size = slot.type.size if isinstance(slot.type, StringType) else 1
        slot.write(StringType(size + 1))
        passes += 1
    assert passes < 20


@pytest.mark.parametrize(
    ("declared", "type_", "literal", "is_held"),
    [
        (UINT8, INT16, 255, True),
        (UINT8, INT16, 256, False),
        (INT8, INT16, 128, False),
        (UINT8, UINT8, None, True),
        (UINT8, INT8, None, True),
        (UINT8, INT16, None, False),
        (UINT8, BOOL, None, True),
        (BOOL, INT8, None, False),
        (UINT8, StringType(1), None, False),
        (StringType(4), StringType(4), None, True),
        (StringType(4), StringType(5), None, False),
        (PointerType(None, "kernel"), PointerType(INT8, "kernel"), None, True),
        (PointerType(INT8, "kernel"), PointerType(None, "kernel"), None, False),
        (TupleType((UINT8, UINT8)), TupleType((INT8, INT16)), (None, 5), True),
        (TupleType((UINT8, UINT8)), TupleType((INT8, INT16)), None, False),
        (TupleType((UINT8,)), TupleType((UINT8, UINT8)), None, False),
    ],
)
def test_declared_places(declared: Type, type_: Type, literal: Literal, is_held: bool) -> None:
    slot = Slot()
    slot.declare(declared)
    assert fits(declared, type_, literal) is is_held
    if not isinstance(declared, PointerType):
        assert slot.write(type_, literal) is is_held
        assert slot.type == declared


def test_a_declared_string_without_a_size_takes_that_of_its_values() -> None:
    slot = Slot()
    slot.declare(StringType(0))
    assert slot.write(StringType(5))
    assert slot.type == StringType(5)
    assert not slot.write(INT8)
