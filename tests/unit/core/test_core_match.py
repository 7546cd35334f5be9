"""Compatibility and matching of whole types."""

from __future__ import annotations

import pytest

from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    Const,
    DeclTag,
    Enum,
    Enum64,
    Enumerator,
    FuncProto,
    Fwd,
    Int,
    IntEncoding,
    Member,
    Param,
    Ptr,
    Struct,
    Type,
    Typedef,
    Union,
)
from seismo.btf.write import write
from seismo.core.compatible import are_fields_compatible, are_types_compatible
from seismo.core.errors import CoreError
from seismo.core.match import do_types_match
from seismo.core.types import Budget

SCALARS = (Int("int", 4, IntEncoding.SIGNED), Int("unsigned int", 4), Int("long", 8))
RED, BLUE = Enumerator("RED", 1), Enumerator("BLUE", 2)


def btf(*types: Type) -> Btf:
    """Three scalars, then these types from id 4."""
    return Btf.from_bytes(write([*SCALARS, *types]))


def matches(mine: tuple[Type, ...], other: tuple[Type, ...]) -> bool:
    return do_types_match(btf(*mine), 4, btf(*other), 4, Budget())


def are_compatible(mine: tuple[Type, ...], other: tuple[Type, ...]) -> bool:
    return are_types_compatible(btf(*mine), 4, btf(*other), 4, Budget())


def record(*members: tuple[str, int], kind: type[Struct] | type[Union] = Struct) -> Type:
    return kind("s", 8, tuple([Member(name, id, 0) for name, id in members]))


@pytest.mark.parametrize(
    ("mine", "other", "expected"),
    [
        (record(("a", 1)), record(("z", 3), ("a", 1)), True),
        (record(("a", 1), ("z", 3)), record(("a", 1)), False),
        (record(("a", 1)), record(("a", 2)), False),
        (record(("a", 1)), record(("a", 3)), False),
        (record(("a", 1)), record(("a___2", 3), ("a", 1)), True),
        (record(("a", 1)), record(("a", 1), kind=Union), False),
        (record(), record(("a", 1)), True),
    ],
)
def test_my_members_must_be_there(mine: Type, other: Type, expected: bool) -> None:
    assert matches((mine,), (other,)) is expected


@pytest.mark.parametrize(
    ("mine", "other", "expected"),
    [
        (Struct("t", 8), Struct("t", 9, (Member("a", 1, 0),)), True),
        (Struct("t", 8), Struct("t___2", 8), True),
        (Struct("t", 8), Struct("u", 8), False),
        (Struct("t", 8), Union("t", 8), False),
        (Struct("t", 8), Fwd("t"), True),
        (Struct("t", 8), Fwd("t", is_union=True), False),
        (Fwd("t"), Struct("t", 8), True),
        (Fwd("t"), Union("t", 8), False),
        (Fwd("t", is_union=True), Union("t", 8), True),
        (Fwd("t"), Fwd("t"), True),
        (Fwd("t"), Enum("t", 4), False),
        (Struct("t", 8, (Member("a", 1, 0),)), Struct("t", 8), True),
    ],
)
def test_behind_a_pointer_names_are_enough(mine: Type, other: Type, expected: bool) -> None:
    pointing = record(("p", 5)), Ptr(6)
    assert matches((*pointing, mine), (*pointing, other)) is expected


@pytest.mark.parametrize(
    ("mine", "other", "expected"),
    [
        (Enum("e", 4, (RED,)), Enum("e", 4, (BLUE, RED)), True),
        (Enum("e", 4, (RED,)), Enum("e", 4, (Enumerator("RED___2", 9),)), True),
        (Enum("e", 4, (RED, BLUE)), Enum("e", 4, (RED,)), False),
        (Enum("e", 4, (RED,)), Enum("e", 4, (BLUE,)), False),
        (Enum("e", 8, (RED,)), Enum64("e", 8, (RED,)), True),
        (Enum("e", 4, (RED,)), Enum64("e", 8, (RED,)), False),
        (Fwd("f"), Fwd("f"), True),
        (Fwd("f"), Struct("f", 0), False),
        (Array(1, 1, 3), Array(1, 1, 3), True),
        (Array(1, 1, 3), Array(1, 1, 4), False),
        (Typedef("t", 1), Const(1), True),
        (Typedef("t", 0), Const(0), True),
        (DeclTag("t", 1), DeclTag("t", 1), False),
    ],
)
def test_what_else_matches(mine: Type, other: Type, expected: bool) -> None:
    assert matches((mine,), (other,)) is expected


def test_functions_match_parameter_by_parameter() -> None:
    def proto(returns: int, *params: int) -> tuple[Type, ...]:
        return (Typedef("t", 5), FuncProto(returns, tuple([Param("p", id) for id in params])))

    assert matches(proto(1, 2, 3), proto(1, 2, 3))
    assert not matches(proto(1, 2, 3), proto(1, 2))
    assert not matches(proto(1, 2, 3), proto(1, 2, 2))
    assert not matches(proto(1, 2), proto(3, 2))
    assert are_compatible(proto(1, 2, 3), proto(2, 3, 1))
    assert not are_compatible(proto(1, 2, 3), proto(1, 2))
    assert not are_compatible(proto(1, 2), proto(0, 2))
    assert not are_compatible(proto(1, 2), proto(1, 0))


def test_compatible_types_are_of_one_kind_through_pointers() -> None:
    def pointer(to: Type) -> tuple[Type, ...]:
        return (Typedef("t", 5), Ptr(6), to)

    assert are_compatible(pointer(Struct("a", 1)), pointer(Struct("b", 9)))
    assert not are_compatible(pointer(Struct("a", 1)), pointer(Union("a", 1)))
    assert are_compatible(pointer(Enum("a", 4)), pointer(Enum64("a", 8)))
    assert not are_compatible((Typedef("t", 1),), (Struct("t", 4),))
    assert are_compatible((Typedef("t", 1),), (Typedef("t", 3),))
    assert not are_compatible(
        (Typedef("t", 1),), (Typedef("t", 5), Int("int", 4, bits=3, offset=2))
    )


@pytest.mark.parametrize(
    ("mine", "other", "expected"),
    [
        (Struct("a", 1), Union("b", 2), True),
        (Ptr(1), Ptr(0), True),
        (Array(1, 1, 3), Array(3, 1, 9), True),
        (Array(1, 1, 3), Array(6, 1, 9), False),
        (Enum("a", 4), Enum64("a___2", 8), True),
        (Enum("a", 4), Enum("b", 4), False),
        (Enum("", 4), Enum("b", 4), True),
        (Enum("a", 4), Int("int", 4), False),
        (Fwd("a"), Fwd("a", is_union=True), True),
        (FuncProto(0), FuncProto(0), False),
        (Const(1), Int("u8", 1), True),
    ],
)
def test_fields(mine: Type, other: Type, expected: bool) -> None:
    last = (Ptr(0), Ptr(0))
    assert are_fields_compatible(btf(mine, *last), 4, btf(other, *last), 4) is expected


def test_types_without_end() -> None:
    ring = (Array(4, 1, 1),)
    pointers = (Ptr(4),)
    callback = (Ptr(5), FuncProto(0, (Param("p", 4), Param("p", 4))))
    with pytest.raises(CoreError, match="nested more than 32 deep"):
        are_fields_compatible(btf(*ring), 4, btf(*ring), 4)
    for types in (ring, pointers, callback):
        with pytest.raises(CoreError, match="nested more than 32 deep"):
            matches(types, types)
        with pytest.raises(CoreError, match="nested more than 32 deep"):
            are_compatible(types, types)


def test_types_that_unfold_to_too_many() -> None:
    """Each function and struct has the next one twice: 2^26 comparisons."""
    nest = [FuncProto(0, tuple([Param("p", id + 1)] * 2)) for id in range(4, 30)]
    table = btf(*nest, Ptr(0))
    with pytest.raises(CoreError, match="unfold without end"):
        are_types_compatible(table, 4, table, 4, Budget(10_000))
    with pytest.raises(CoreError, match="unfold without end"):
        do_types_match(table, 4, table, 4, Budget(10_000))
    records = [
        Struct("s", 8, (Member("a", id + 1, 0), Member("b", id + 1, 0))) for id in range(4, 30)
    ]
    table = btf(*records, Ptr(0))
    with pytest.raises(CoreError, match="unfold without end"):
        do_types_match(table, 4, table, 4, Budget(10_000))
