"""Bucket numbers of `hist` and `lhist`: the code they lower to against what they mean."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seismo.builtin.histogram import MAX_BITS, linear_bucket, log_bucket
from seismo.ir.builder import Builder
from seismo.ir.func import Func
from seismo.ir.interp import interpret
from seismo.ir.ops import Binary, Kind
from seismo.ir.pipeline import optimize

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
AROUND_POWERS = st.builds(
    lambda power, offset, sign: max(min(sign * (1 << power) + offset, (1 << 63) - 1), -(1 << 63)),
    st.integers(0, 63),
    st.integers(-2, 2),
    st.sampled_from((1, -1)),
)


def log_function(bits: int) -> Func:
    b = Builder("f", (Kind.PTR,))
    b.ret(log_bucket(b, b.load(b.context, 0, 8), bits))
    return b.func


def linear_function(least: int, most: int, step: int) -> Func:
    b = Builder("f", (Kind.PTR,))
    b.ret(linear_bucket(b, b.load(b.context, 0, 8), least, most, step))
    return b.func


def run(func: Func, number: int) -> int:
    return interpret(func, context=number.to_bytes(8, "little", signed=True))


def expected_log(number: int, bits: int) -> int:
    """By its meaning: one bucket a value up to 2**bits, then 2**bits a power of two."""
    if number < 0:
        return 0
    if number < 1 << bits:
        return 1 + number
    power = number.bit_length() - 1
    within = (number - (1 << power)) >> (power - bits)
    return 1 + (1 << bits) * (power - bits + 1) + within


LOG_FUNCTIONS = [log_function(bits) for bits in range(MAX_BITS + 1)]


@given(INT64 | AROUND_POWERS, st.integers(0, MAX_BITS))
def test_log_buckets(number: int, bits: int) -> None:
    assert run(LOG_FUNCTIONS[bits], number) == expected_log(number, bits)


@pytest.mark.parametrize("bits", range(MAX_BITS + 1))
def test_log_buckets_at_every_power_of_two(bits: int) -> None:
    edges = [(1 << power) + offset for power in range(63) for offset in (-1, 0, 1)]
    numbers = [-(1 << 63), -1, *edges, (1 << 63) - 1]
    found = [run(LOG_FUNCTIONS[bits], number) for number in numbers]
    assert found == [expected_log(number, bits) for number in numbers]


def test_log_buckets_follow_one_another() -> None:
    for bits, func in enumerate(LOG_FUNCTIONS):
        numbers = range(4 << bits)
        buckets = [run(func, number) for number in numbers]
        steps = {after - before for before, after in pairwise(buckets)}
        assert buckets[0] == 1
        assert steps <= {0, 1}


def test_log_buckets_take_no_branch_and_few_operations() -> None:
    func = optimize(log_function(MAX_BITS))
    assert len(func.blocks) == 1
    assert sum(isinstance(op, Binary) for op in func.blocks[0].ops) <= 36


@given(
    INT64 | st.integers(-50, 5000),
    st.integers(-100, 100),
    st.integers(1, 4000),
    st.integers(1, 4000),
)
def test_linear_buckets(number: int, least: int, width: int, step: int) -> None:
    step = min(step, width)
    most = least + width
    bucket = run(linear_function(least, most, step), number)
    if number < least:
        assert bucket == 0
    elif number >= most:
        assert bucket == 1 + width // step
    else:
        assert least + (bucket - 1) * step <= number < least + bucket * step
