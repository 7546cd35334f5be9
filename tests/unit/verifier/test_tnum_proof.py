"""Every operation of tristate numbers, for all abstract values and all of their members."""

from __future__ import annotations

import operator
from collections.abc import Callable
from itertools import product

import pytest
from abstract_values import all_tnums, images, reached

from seismo.base.bits import to_signed
from seismo.verifier.tnum import Tnum

WIDTH = 4
TNUMS = all_tnums(WIDTH)
MASK = (1 << WIDTH) - 1

BINARY: dict[str, tuple[Callable[[Tnum, Tnum], Tnum], Callable[[int, int], int]]] = {
    "add": (lambda a, b: a.add(b, WIDTH), operator.add),
    "sub": (lambda a, b: a.sub(b, WIDTH), operator.sub),
    "mul": (lambda a, b: a.mul(b, WIDTH), operator.mul),
    "and": (Tnum.bit_and, operator.and_),
    "or": (Tnum.bit_or, operator.or_),
    "xor": (Tnum.bit_xor, operator.xor),
}
BEST = ("add", "sub", "and", "or", "xor")
"""Those that leave out whatever a tnum can leave out."""


def least(mask: int) -> Tnum:
    return min(
        (one for one, has in TNUMS.items() if has & mask == mask),
        key=lambda one: one.mask.bit_count(),
    )


@pytest.mark.parametrize("name", BINARY)
def test_results_have_all_that_members_give(name: str) -> None:
    abstract, concrete = BINARY[name]
    table = images(lambda x, y: concrete(x, y) & MASK, TNUMS.values(), WIDTH)
    smallest: dict[int, Tnum] = {}
    for (left, lefts), (right, rights) in product(TNUMS.items(), repeat=2):
        result, image = abstract(left, right), reached(lefts, rights, table)
        assert image & ~TNUMS[result] == 0, (left, right)
        if name in BEST:
            if image not in smallest:
                smallest[image] = least(image)
            assert result == smallest[image], (left, right)


@pytest.mark.parametrize("count", range(WIDTH))
def test_shifts_are_exact(count: int) -> None:
    for one, has in TNUMS.items():
        numbers = [number for number in range(1 << WIDTH) if has >> number & 1]
        for result, images_ in (
            (one.shift_left(count, WIDTH), {number << count & MASK for number in numbers}),
            (one.shift_right(count), {number >> count for number in numbers}),
            (
                one.shift_right_signed(count, WIDTH),
                {to_signed(number, WIDTH) >> count & MASK for number in numbers},
            ),
        ):
            assert result == least(sum(1 << number for number in images_)), (one, count)


def test_intersection_is_that_of_the_sets() -> None:
    for (left, lefts), (right, rights) in product(TNUMS.items(), repeat=2):
        assert left.conflicts(right) == (not lefts & rights)
        if lefts & rights:
            assert TNUMS[left.intersect(right)] == lefts & rights
        assert left.covers(right) == (not rights & ~lefts)


def test_spanning_is_the_least_that_has_a_range() -> None:
    for low in range(1 << WIDTH):
        for high in range(low, 1 << WIDTH):
            span = sum(1 << number for number in range(low, high + 1))
            assert Tnum.spanning(low, high) == least(span)


def test_the_kernel_prints_it_so() -> None:
    assert str(Tnum(0x10, 0xF)) == "(0x10; 0xf)"


def test_swapped_bytes_of_members_are_members_of_what_is_swapped() -> None:
    """Of 16 bits, 8 of which are not known."""
    for mask in (0x00FF, 0xFF00, 0x0FF0, 0xA5A5, 0x8181 | 0x6006):
        one = Tnum(0x1234 & ~mask, mask)
        swapped = one.swap_bytes(16)
        numbers = {number for number in range(1 << 16) if one.has(number)}
        expected = {int.from_bytes(number.to_bytes(2, "little"), "big") for number in numbers}
        assert {number for number in range(1 << 16) if swapped.has(number)} == expected
