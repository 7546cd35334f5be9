"""Which integer registers arguments are in, by the calling conventions of both machines."""

from __future__ import annotations

import pytest

from seismo.elf.dwarf_registers import Convention, place, size_of
from seismo.elf.dwarf_types import (
    Array,
    Enum,
    Float,
    FunctionPtr,
    Integer,
    Member,
    Pointer,
    Struct,
    Type,
    Void,
)

X86_64, ARM64 = Convention.X86_64, Convention.ARM64
INT, LONG, WIDE = Integer("int", 4, True), Integer("long", 8, True), Integer("__int128", 16, True)
FLOAT, DOUBLE, LONG_DOUBLE = Float("float", 4), Float("double", 8), Float("long double", 16)
CHAR = Integer("char", 1, True, is_char=True)


class Given:
    """Structs that are made of given types, one after another where each is aligned."""

    def __init__(self) -> None:
        self._members: list[tuple[Member, ...]] = []
        self._by_address = set[Struct]()

    def struct(self, *types: Type, size: int = 0, is_class: bool = False) -> Struct:
        offset, members = 0, list[Member]()
        for type_ in types:
            align = min(size_of(type_), 8)
            offset += -offset % align
            members.append(Member("", type_, offset, offset * 8))
            offset += size_of(type_)
        whole = Struct("struct", "s", size or offset + -offset % 8, len(self._members))
        self._members.append(tuple(members))
        if is_class:
            self._by_address.add(whole)
        return whole

    def packed(self, *members: Member) -> Struct:
        self._members.append(members)
        last = members[-1]
        return Struct("struct", "s", last.offset + size_of(last.type), len(self._members) - 1)

    def members(self, struct: Struct) -> tuple[Member, ...]:
        return self._members[struct.ident]

    def is_passed_by_address(self, struct: Struct) -> bool:
        return struct in self._by_address


GIVEN = Given()
ONE_LONG = GIVEN.struct(LONG)
PAIR = GIVEN.struct(LONG, LONG)
THREE = GIVEN.struct(LONG, LONG, LONG)
MIXED = GIVEN.struct(DOUBLE, LONG)
HALVES = GIVEN.struct(INT, FLOAT, size=8)
DOUBLES = GIVEN.struct(DOUBLE, DOUBLE)
FOUR_DOUBLES = GIVEN.struct(DOUBLE, DOUBLE, DOUBLE, DOUBLE)
FLOAT_AND_DOUBLE = GIVEN.struct(FLOAT, DOUBLE)
NESTED = GIVEN.struct(ONE_LONG, DOUBLES)
STRING = GIVEN.struct(Array(CHAR, 12), size=12)
X87 = GIVEN.struct(LONG_DOUBLE)
X87_UNION = GIVEN.packed(Member("a", LONG, 0, 0), Member("b", LONG_DOUBLE, 0, 0))
CLASS = GIVEN.struct(LONG, is_class=True)
BITS = GIVEN.packed(
    Member("a", INT, 0, 0, 3), Member("b", INT, 0, 3, 29), Member("c", FLOAT, 4, 32)
)
MISALIGNED = GIVEN.packed(Member("a", CHAR, 0, 0), Member("b", LONG, 1, 8))
EMPTY = GIVEN.struct(size=1)


def placed(how: Convention, *types: Type, returns: Type = INT) -> list[object]:
    """A number for one register, a range for several, "*n" for an address, "-" for none."""
    parameters = place([("p", type_) for type_ in types], returns, how, GIVEN)
    return [
        "-"
        if one.register_index < 0
        else f"*{one.register_index}"
        if one.is_address
        else one.register_index
        if one.register_count == 1
        else (one.register_index, one.register_index + one.register_count - 1)
        for one in parameters
    ]


@pytest.mark.parametrize("how", [X86_64, ARM64])
def test_scalars_take_registers_in_order_and_floats_none(how: Convention) -> None:
    color = Enum("color", 4, False, ())
    types = (INT, DOUBLE, Pointer(INT), FLOAT, FunctionPtr(), color, LONG_DOUBLE, CHAR)
    assert placed(how, *types) == [0, "-", 1, "-", 2, 3, "-", 4]


def test_the_seventh_is_on_the_stack_on_x86_and_the_ninth_on_arm() -> None:
    assert placed(X86_64, *[INT] * 8) == [0, 1, 2, 3, 4, 5, "-", "-"]
    assert placed(ARM64, *[INT] * 10) == [0, 1, 2, 3, 4, 5, 6, 7, "-", "-"]


def test_what_does_not_fit_leaves_its_registers_to_others_on_x86_only() -> None:
    assert placed(X86_64, *[INT] * 5, PAIR, INT) == [0, 1, 2, 3, 4, "-", 5]
    assert placed(ARM64, *[INT] * 7, PAIR, INT) == [0, 1, 2, 3, 4, 5, 6, "-", "-"]


def test_wide_integers_take_two_registers_from_an_even_one_on_arm() -> None:
    assert placed(X86_64, INT, WIDE, INT) == [0, (1, 2), 3]
    assert placed(ARM64, INT, WIDE, INT) == [0, (2, 3), 4]


@pytest.mark.parametrize(
    ("type_", "on_x86", "on_arm"),
    [
        (ONE_LONG, 0, 0),
        (PAIR, (0, 1), (0, 1)),
        (THREE, "-", "*0"),
        (MIXED, 0, (0, 1)),
        (HALVES, 0, 0),
        (DOUBLES, "-", "-"),
        (FOUR_DOUBLES, "-", "-"),
        (FLOAT_AND_DOUBLE, "-", (0, 1)),
        (NESTED, "-", "*0"),
        (STRING, (0, 1), (0, 1)),
        (X87, "-", "-"),
        (X87_UNION, "-", (0, 1)),
        (CLASS, "*0", "*0"),
        (BITS, 0, 0),
        (MISALIGNED, "-", (0, 1)),
        (Array(FLOAT, 4, is_vector=True), "-", "-"),
        (Float("complex double", 16, is_complex=True), "-", "-"),
        (Void(), "-", "-"),
    ],
)
def test_structs_are_classified(type_: Type, on_x86: object, on_arm: object) -> None:
    assert placed(X86_64, type_) == [on_x86]
    assert placed(ARM64, type_) == [on_arm]


def test_an_empty_class_takes_no_register_on_x86() -> None:
    assert placed(X86_64, EMPTY, INT) == ["-", 0]


@pytest.mark.parametrize(
    ("returns", "first_on_x86"),
    [(THREE, 1), (CLASS, 1), (X87, 0), (PAIR, 0), (DOUBLES, 0), (FOUR_DOUBLES, 1), (INT, 0)],
)
def test_a_result_in_memory_has_its_address_in_the_first_register_on_x86(
    returns: Type, first_on_x86: int
) -> None:
    assert placed(X86_64, INT, returns=returns) == [first_on_x86]
    assert placed(ARM64, INT, returns=returns) == [0]


def test_sizes() -> None:
    assert [size_of(one) for one in (PAIR, Array(Array(INT, 2), 3), Pointer(Void()), Void())] == [
        16,
        24,
        8,
        0,
    ]
