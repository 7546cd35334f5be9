"""Sizes, alignments, members and paths."""

from __future__ import annotations

import pytest

from seismo.btf.errors import BtfError, BtfNotFound
from seismo.btf.layout import (
    Alignments,
    Place,
    bit_field,
    find_member,
    resolve,
    size_of,
    strip,
    visible_members,
)
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    Const,
    Datasec,
    Enum,
    Float,
    Func,
    FuncProto,
    Fwd,
    Int,
    Member,
    Placement,
    Ptr,
    Restrict,
    Struct,
    Type,
    Typedef,
    TypeTag,
    Union,
    Var,
    Void,
    Volatile,
)
from seismo.btf.write import write

CHAR, INT, LONG, SHORT = 1, 2, 3, 4


def table(*types: Type) -> Btf:
    """A BTF with four integers as types 1 to 4; `types` begin at 5."""
    integers = (Int("char", 1), Int("int", 4), Int("long unsigned int", 8), Int("short", 2))
    return Btf.from_bytes(write([*integers, *types]))


def test_strip_goes_behind_names_and_qualifiers() -> None:
    btf = table(Const(INT), Volatile(5), Typedef("t", 6), TypeTag("user", 7), Restrict(8), Ptr(9))
    assert strip(btf, 9) == INT
    assert strip(btf, 10) == 10
    assert strip(btf, 0) == 0


def test_a_cycle_of_typedefs_is_an_error() -> None:
    btf = table(Typedef("a", 6), Const(5))
    with pytest.raises(BtfError, match="type 5 never ends: typedefs in a cycle") as caught:
        strip(btf, 5)
    assert caught.value.offset == 24 + 4 * 16


@pytest.mark.parametrize(
    ("type_", "size"),
    [
        (Ptr(0), 8),
        (Array(INT, INT, 10), 40),
        (Array(6, INT, 3), 36),
        (Array(INT, INT, 0), 0),
        (Struct("s", 12), 12),
        (Union("u", 16), 16),
        (Enum("e", 1), 1),
        (Float("double", 8), 8),
        (Typedef("t", LONG), 8),
        (Var("v", 6), 12),
        (Datasec(".data", 96, (Placement(5, 0, 4),)), 96),
    ],
)
def test_size_of(type_: Type, size: int) -> None:
    assert size_of(table(type_, Array(INT, INT, 3)), 5) == size


@pytest.mark.parametrize(
    ("type_", "called"),
    [
        (Void(), "void"),
        (Fwd("sock"), "undefined struct sock"),
        (FuncProto(0), "function"),
        (Func("f", 1), "func f"),
        (Array(0, INT, 4), "void"),
    ],
)
def test_what_has_no_size(type_: Type, called: str) -> None:
    btf = table() if isinstance(type_, Void) else table(type_)
    with pytest.raises(BtfNotFound, match=f"^{called} has no size$"):
        size_of(btf, 0 if isinstance(type_, Void) else 5)


def test_arrays_in_a_cycle_have_no_size() -> None:
    with pytest.raises(BtfError, match="type 5 never ends: arrays in a cycle"):
        size_of(table(Array(6, INT, 2), Array(5, INT, 2)), 5)


# struct outer { int a; struct { int b; union { int c; char d; }; }; int bits: 3; }, offsets 0 to 12
NESTED = (
    Struct(
        "outer",
        16,
        (Member("a", INT, 0), Member("", 6, 32), Member("e", INT, 96, 3)),
    ),
    Struct("", 8, (Member("b", INT, 0), Member("", 7, 32))),
    Union("", 4, (Member("c", INT, 0), Member("d", CHAR, 0))),
    Typedef("outer_t", 5),
)


def test_members_of_unnamed_members_are_visible() -> None:
    members = list(visible_members(table(*NESTED), 8))
    assert [(one.name, one.bit_offset, one.bit_size) for one in members] == [
        ("a", 0, 0),
        ("b", 32, 0),
        ("c", 64, 0),
        ("d", 64, 0),
        ("e", 96, 3),
    ]


def test_find_member_counts_from_the_outside() -> None:
    btf = table(*NESTED)
    assert find_member(btf, 5, "d") == Member("d", CHAR, 64)
    assert find_member(btf, 6, "d") == Member("d", CHAR, 32)


def test_a_missing_member_is_reported_with_a_near_name() -> None:
    btf = table(Struct("sock", 8, (Member("sk_dport", INT, 0), Member("sk_num", INT, 32))))
    with pytest.raises(BtfNotFound) as caught:
        find_member(btf, 5, "sk_dprot")
    hint = "hint: did you mean 'sk_dport'?"
    assert str(caught.value) == f"struct sock has no member 'sk_dprot'\n{hint}"
    with pytest.raises(BtfNotFound, match=r"^int has no members$"):
        find_member(btf, INT, "x")


def test_a_struct_within_itself_is_walked_once() -> None:
    btf = table(Struct("", 4, (Member("", 5, 0), Member("", 5, 0), Member("a", INT, 0))))
    assert [one.name for one in visible_members(btf, 5)] == ["a", "a"]


def test_bit_fields_stated_by_their_integer() -> None:
    btf = table(Int("unsigned int", 4, bits=5, offset=3))
    assert bit_field(btf, Member("a", 5, 32)) == Member("a", 5, 35, 5)
    assert bit_field(btf, Member("a", INT, 32)) == Member("a", INT, 32)


@pytest.mark.parametrize(("id", "bits"), [(INT, 33), (5, 1), (6, 1)])
def test_a_bit_field_fits_its_number(id: int, bits: int) -> None:
    btf = table(Struct("s", 0), Ptr(0))
    with pytest.raises(BtfError, match=f"bit-field 'a' of {bits} bits"):
        bit_field(btf, Member("a", id, 0, bits))


# struct task { task *parent; char comm[16]; struct point at[2][3]; int flags: 20, late: 10; }
TASK = (
    Struct(
        "task",
        80,
        (
            Member("parent", 6, 0),
            Member("comm", 7, 64),
            Member("at", 9, 192),
            Member("flags", INT, 576, 20),
            Member("late", INT, 620, 10),
        ),
    ),
    Ptr(5),
    Array(CHAR, INT, 16),
    Array(10, INT, 3),
    Array(8, INT, 2),
    Struct("point", 8, (Member("x", INT, 0), Member("y", INT, 32))),
)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("comm", Place(offsets=(8,), type=7)),
        (" comm [ 3 ] ", Place(offsets=(11,), type=CHAR)),
        ("at[1][2].y", Place(offsets=(24 + 8 * 5 + 4,), type=INT)),
        ("at[1]", Place(offsets=(48,), type=8)),
        ("parent->comm", Place(offsets=(0, 8), type=7)),
        ("parent -> parent->at[0][1].x", Place(offsets=(0, 0, 32), type=INT)),
        ("parent[2].comm", Place(offsets=(0, 168), type=7)),
        ("flags", Place(offsets=(72,), type=INT, bit_offset=0, bit_size=20)),
        ("parent->late", Place(offsets=(0, 76), type=INT, bit_offset=12, bit_size=10)),
    ],
)
def test_resolve(path: str, place: Place) -> None:
    found = resolve(table(*TASK), 5, path)
    assert found == place
    assert found.offset == place.offsets[-1]


def test_an_index_may_come_first() -> None:
    assert resolve(table(*TASK), 9, "[1][0].y") == Place(offsets=(28,), type=INT)


def test_a_bit_field_across_two_integers_starts_at_its_byte() -> None:
    btf = table(Struct("s", 8, (Member("a", INT, 27, 20),)))
    assert resolve(btf, 5, "a") == Place(offsets=(3,), type=INT, bit_offset=3, bit_size=20)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("parent.comm", "'.comm' of pointer\nhint: write '->comm'"),
        ("at[0][0]->x", "'->x' of struct point\nhint: write '.x'"),
        ("->comm", "'->comm' is no member path: '->comm' is not understood"),
        ("comm[16]", r"\[16\] of an array of 16"),
        ("comm[-1]", r"'comm\[-1\]' is no member path: '\[-1\]' is not understood"),
        ("flags[0]", r"\[0\] of int, which is no array"),
        ("comm.x", "array has no members"),
        ("parent->pid", "struct task has no member 'pid'"),
        ("parent comm", "'comm' is not understood"),
        ("parent->", "'->' is not understood"),
        ("", "'' is no member path"),
    ],
)
def test_a_wrong_path_says_where(path: str, message: str) -> None:
    with pytest.raises(BtfNotFound, match=message):
        resolve(table(*TASK), 5, path)


@pytest.mark.parametrize(
    ("type_", "alignment"),
    [
        (Int("__int128", 16), 16),
        (Float("long double", 12), 4),
        (Ptr(0), 8),
        (Array(SHORT, INT, 5), 2),
        (Struct("s", 16, (Member("a", CHAR, 0), Member("b", LONG, 64))), 8),
        (Struct("empty", 0), 1),
        (Struct("odd_offset", 8, (Member("a", CHAR, 0), Member("b", INT, 8))), 1),
        (Struct("odd_size", 5, (Member("a", CHAR, 0), Member("b", CHAR, 8))), 1),
        (Struct("cut", 5, (Member("a", INT, 0), Member("b", CHAR, 32))), 1),
        (Struct("bits", 4, (Member("a", INT, 0, 20), Member("b", INT, 20, 12))), 4),
        (Struct("crossing", 8, (Member("a", INT, 0, 20), Member("b", INT, 20, 20))), 1),
        (Union("u", 8, (Member("a", INT, 0), Member("b", LONG, 0))), 8),
        (Union("cut", 5, (Member("a", INT, 0),)), 1),
        (Union("line", 64, (Member("a", INT, 0),)), 64),
        (FuncProto(0), 1),
    ],
)
def test_alignments_are_inferred(type_: Type, alignment: int) -> None:
    assert Alignments(table(type_)).of(5) == alignment


def test_a_struct_cannot_contain_itself() -> None:
    btf = table(Struct("a", 4, (Member("b", 6, 0),)), Array(5, INT, 1))
    with pytest.raises(BtfError, match="type 5 contains itself"):
        Alignments(btf).of(5)
