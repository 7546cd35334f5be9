"""The buckets of a histogram lie side by side, and addresses print as the C library prints them."""

from __future__ import annotations

import socket
import struct
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from seismo.base.layout import Symbolic
from seismo.events.decode import value_decoder
from seismo.events.histogram import linear_histogram, log2_histogram
from seismo.events.value import Histogram

COUNTS = st.dictionaries(st.integers(0, 60), st.integers(0, 1 << 40), max_size=8)
INET = value_decoder(Symbolic("inet", 20, alignment=4))
WORDS = st.sampled_from([0, 0, 0, 1, 0xFFFF]) | st.integers(0, 0xFFFF)


def check_side_by_side(histogram: Histogram, counts: dict[int, int]) -> None:
    buckets = histogram.buckets
    assert histogram.total == sum(counts.values())
    assert all(left.high == right.low for left, right in pairwise(buckets))
    if buckets:
        assert buckets[0].count > 0 and buckets[-1].count > 0


@given(COUNTS, st.integers(0, 5))
def test_powers_of_two_leave_no_gap(counts: dict[int, int], bits: int) -> None:
    check_side_by_side(log2_histogram(counts, bits), counts)


@given(st.integers(0, (1 << 63) - 1), st.integers(0, 5))
def test_a_number_lies_in_its_bucket(number: int, bits: int) -> None:
    """By the bucket number that programs give it (`builtin/histogram.py`)."""
    shift = max(number.bit_length() - 1 - bits, 0)
    bucket = 1 + (shift << bits) + (number >> shift)
    (one,) = log2_histogram({bucket: 1}, bits).buckets
    assert one.low is not None and one.high is not None
    assert one.low <= number < one.high


@given(COUNTS, st.integers(-5000, 5000), st.integers(1, 3000))
def test_steps_leave_no_gap(counts: dict[int, int], low: int, step: int) -> None:
    check_side_by_side(linear_histogram(counts, low, low + 60 * step, step), counts)


@given(st.lists(WORDS, min_size=8, max_size=8))
def test_ipv6_addresses_are_those_of_inet_ntop(words: list[int]) -> None:
    address = struct.pack(">8H", *words)
    record = struct.pack("=I", socket.AF_INET6) + address
    assert INET(record) == socket.inet_ntop(socket.AF_INET6, address)
