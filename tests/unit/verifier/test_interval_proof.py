"""Every transfer function of intervals and scalars, tried for all abstract values at small widths.

The numbers of an abstract value are a bit mask, and what a pair of them can give is a union of
table rows, so that all pairs of values of four bits take seconds.
"""

from __future__ import annotations

from itertools import product

import pytest
from abstract_values import (
    arcs_and_tnums,
    concrete_alu,
    getting_there,
    images,
    interval_of,
    members,
    reached,
    related,
    scalar_of,
)

from seismo.isa.opcode import AluOp, JumpOp
from seismo.verifier.arithmetic import compute
from seismo.verifier.branch import narrow, refine
from seismo.verifier.interval import Interval
from seismo.verifier.scalar import Scalar, alu

OPS = [op for op in AluOp if op not in (AluOp.END, AluOp.SDIV, AluOp.SMOD)]
SHIFTS = (AluOp.LSH, AluOp.RSH, AluOp.ARSH)
"""They mask their count, for which the width must be a power of two."""
NOT_COMPUTED = (AluOp.MOV, AluOp.DIV, AluOp.MOD)
JUMPS = [op for op in JumpOp if op not in (JumpOp.JA, JumpOp.CALL, JumpOp.EXIT, JumpOp.JCOND)]


def gamma(value: Interval | Scalar, width: int) -> int:
    return sum(1 << number for number in range(1 << width) if value.has(number))


def all_intervals(width: int) -> dict[Interval, int]:
    """The least interval of every set of numbers."""
    made = {interval_of(mask, width) for mask in range(1, 1 << (1 << width))}
    return {one: gamma(one, width) for one in made}


pytestmark = pytest.mark.slow

SMALL = all_intervals(3)
FOUR_BITS = arcs_and_tnums(4)
SCALARS = {one: gamma(one, 4) for one in {scalar_of(mask, 4) for mask in range(1, 1 << 16, 7)}}
PAIRED = list(SCALARS.items())[::17]


def prove(op: AluOp, values: dict[Interval, int], width: int) -> None:
    table = images(lambda x, y: concrete_alu(op, x, y, width), values.values(), width)
    known: dict[Interval, int] = dict(values)
    for (left, lefts), (right, rights) in product(values.items(), repeat=2):
        result = compute(op, left, right)
        if result not in known:
            known[result] = gamma(result, width)
        assert reached(lefts, rights, table) & ~known[result] == 0, (op, left, right, result)


@pytest.mark.parametrize("op", [op for op in OPS if op not in SHIFTS])
def test_arithmetic_of_three_bits_has_all_that_members_give(op: AluOp) -> None:
    prove(op, SMALL, 3)


@pytest.mark.parametrize("op", [op for op in OPS if op not in NOT_COMPUTED])
def test_arithmetic_of_four_bits_has_all_that_members_give(op: AluOp) -> None:
    prove(op, FOUR_BITS, 4)


@pytest.mark.parametrize("op", JUMPS)
def test_branches_keep_all_that_can_get_there(op: JumpOp) -> None:
    for holds in (True, False):
        sides = related(op, 3, 3, holds=holds)
        known: dict[Interval, int] = {}
        for (left, lefts), (right, rights) in product(SMALL.items(), repeat=2):
            after = narrow(op, left, right, holds=holds)
            kept = getting_there(sides, lefts, rights)
            for one, needed in zip(after, kept, strict=True):
                if one not in known:
                    known[one] = gamma(one, 3)
                assert not needed & ~known[one], (op, left, right, holds)
            if left.is_constant and right.is_constant:
                assert bool(kept[0]) is not (after[0].is_empty or after[1].is_empty)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("is_half", [False, True])
def test_arithmetic_of_scalars_has_all_that_members_give(op: AluOp, is_half: bool) -> None:
    bits = 2 if is_half else 4
    mask = (1 << bits) - 1
    rights = [numbers for _, numbers in PAIRED]
    table = images(lambda x, y: concrete_alu(op, x & mask, y & mask, bits), rights, 4)
    known: dict[Scalar, int] = {}
    for (left, lefts), (right, numbers) in product(PAIRED, repeat=2):
        result = alu(op, left, right, is_half=is_half)
        if result not in known:
            known[result] = gamma(result, 4)
        assert not reached(lefts, numbers, table) & ~known[result], (op, left, right, result)


@pytest.mark.parametrize("op", JUMPS)
@pytest.mark.parametrize("is_half", [False, True])
def test_branches_keep_all_scalars_that_can_get_there(op: JumpOp, is_half: bool) -> None:
    for holds in (True, False):
        sides = related(op, 4, 2 if is_half else 4, holds=holds)
        known: dict[Scalar, int] = {}
        for (left, lefts), (right, rights) in product(PAIRED, repeat=2):
            after = refine(op, left, right, is_half=is_half, holds=holds)
            kept = getting_there(sides, lefts, rights)
            for one, needed in zip(after, kept, strict=True):
                if one not in known:
                    known[one] = 0 if one.is_empty else gamma(one, 4)
                assert not needed & ~known[one], (op, left, right, holds)


@pytest.mark.parametrize(("bits", "to"), [(1, 2), (1, 4), (2, 4)])
def test_sign_extension_of_scalars(bits: int, to: int) -> None:
    for one, numbers in SCALARS.items():
        result = one.sign_extend(bits, to)
        for number in members(numbers):
            low = number & (1 << bits) - 1
            above = (1 << to) - (1 << bits) if low >> (bits - 1) else 0
            assert result.has(low | above), (one, result)


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_zero_extension_of_scalars(bits: int) -> None:
    for one, numbers in SCALARS.items():
        result = one.zero_extend(bits)
        for number in members(numbers):
            assert result.has(number & (1 << bits) - 1), (one, result)


def test_least_values_lose_nothing() -> None:
    for mask in range(1, 1 << 16, 5):
        assert gamma(scalar_of(mask, 4), 4) & mask == mask


def test_the_halves_tell_each_other() -> None:
    byte = Scalar.unsigned(0, 255)
    assert (byte.low.umin, byte.low.umax) == (0, 255)
    taken, _ = refine(JumpOp.JLT, Scalar.unknown(), Scalar.constant(8), is_half=True, holds=True)
    assert (taken.low.umax, taken.wide.umax) == (7, 0xFFFF_FFFF_0000_0007)


def test_a_negative_32_bit_move_is_not_sign_extended() -> None:
    """The fault of CVE-2017-16995: the verifier took a 32-bit -1 for a 64-bit one."""
    moved = alu(AluOp.MOV, Scalar.unknown(), Scalar.constant(-1), is_half=True)
    assert moved.value == 0xFFFF_FFFF
