"""Types as values: what they refer to, and how ids are replaced."""

from __future__ import annotations

from itertools import combinations

import pytest

from seismo.btf.types import (
    Array,
    Const,
    Datasec,
    DeclTag,
    Enum,
    Enumerator,
    Float,
    Func,
    FuncProto,
    Fwd,
    Int,
    IntEncoding,
    Kind,
    Member,
    Param,
    Placement,
    Ptr,
    Struct,
    Type,
    Typedef,
    TypeTag,
    Union,
    Var,
    Void,
    map_references,
    references,
)

REFERENCES: list[tuple[Type, tuple[int, ...]]] = [
    (Void(), ()),
    (Int("int", 4), ()),
    (Float("double", 8), ()),
    (Fwd("sock"), ()),
    (Enum("e", 4, (Enumerator("A", 1),)), ()),
    (Ptr(7), (7,)),
    (Const(3), (3,)),
    (Typedef("u32", 2), (2,)),
    (TypeTag("user", 5), (5,)),
    (DeclTag("kfunc", 6, 1), (6,)),
    (Func("f", 4), (4,)),
    (Var("v", 9), (9,)),
    (Array(1, 2, 3), (1, 2)),
    (Struct("s", 8, (Member("a", 4, 0), Member("b", 5, 32))), (4, 5)),
    (Union("u", 8, (Member("a", 4, 0),)), (4,)),
    (FuncProto(1, (Param("a", 2), Param("b", 3))), (1, 2, 3)),
    (Datasec(".data", 8, (Placement(5, 0, 8),)), (5,)),
]


@pytest.mark.parametrize(("type_", "ids"), REFERENCES, ids=lambda one: type(one).__name__)
def test_references_stand_in_record_order(type_: Type, ids: tuple[int, ...]) -> None:
    assert references(type_) == ids


@pytest.mark.parametrize(("type_", "ids"), REFERENCES, ids=lambda one: type(one).__name__)
def test_map_references_changes_the_ids_alone(type_: Type, ids: tuple[int, ...]) -> None:
    moved = map_references(type_, lambda id: id + 100)
    assert references(moved) == tuple(id + 100 for id in ids)
    assert map_references(moved, lambda id: id - 100) == type_


def test_kinds_have_the_numbers_of_the_kernel() -> None:
    assert [kind.name for kind in Kind] == [
        "VOID", "INT", "PTR", "ARRAY", "STRUCT", "UNION", "ENUM", "FWD", "TYPEDEF", "VOLATILE",
        "CONST", "RESTRICT", "FUNC", "FUNC_PROTO", "VAR", "DATASEC", "FLOAT", "DECL_TAG",
        "TYPE_TAG", "ENUM64",
    ]  # fmt: skip
    assert [int(kind) for kind in Kind] == list(range(20))


def test_kinds_are_told_apart_by_equality() -> None:
    alike: list[Type] = [Ptr(1), Const(1), Typedef("", 1), Struct("s", 4), Union("s", 4)]
    assert all(one != other for one, other in combinations(alike, 2))


def test_signed_is_one_bit_of_the_encoding() -> None:
    assert Int("int", 4, IntEncoding.SIGNED).signed
    assert Int("char", 1, IntEncoding.SIGNED | IntEncoding.CHAR).signed
    assert not Int("bool", 1, IntEncoding.BOOL).signed


def test_offset_is_the_byte_of_the_first_bit() -> None:
    assert Member("a", 1, 64).offset == 8
    assert Member("a", 1, 67, 3).offset == 8
