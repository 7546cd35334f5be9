"""Bucket numbers to labelled buckets: every kind of label, and no bucket left out between."""

from __future__ import annotations

import pytest

from seismo.events.histogram import linear_histogram, log2_histogram
from seismo.events.value import Bucket, Histogram


def labels(histogram: Histogram) -> list[str]:
    return [one.label for one in histogram.buckets]


@pytest.mark.parametrize(
    ("number", "bits", "label"),
    [
        (0, 0, "(..., 0)"),
        (1, 0, "[0]"),
        (2, 0, "[1]"),
        (3, 0, "[2, 4)"),
        (4, 0, "[4, 8)"),
        (10, 0, "[256, 512)"),
        (11, 0, "[512, 1K)"),
        (12, 0, "[1K, 2K)"),
        (21, 0, "[512K, 1M)"),
        (22, 0, "[1M, 2M)"),
        (32, 0, "[1G, 2G)"),
        (42, 0, "[1T, 2T)"),
        (52, 0, "[1P, 2P)"),
        (62, 0, "[1E, 2E)"),
        (64, 0, "[4E, 8E)"),
        (0, 2, "(..., 0)"),
        (1, 2, "[0]"),
        (8, 2, "[7]"),
        (9, 2, "[8, 10)"),
        (13, 2, "[16, 20)"),
        # A suffix stands for ten doublings of the bucket's width, not of its value.
        (38, 2, "[1280, 1536)"),
        (45, 2, "[4K, 5K)"),
        (32, 5, "[31]"),
        (64, 5, "[63]"),
        (65, 5, "[64, 66)"),
    ],
)
def test_labels_of_powers_of_two(number: int, bits: int, label: str) -> None:
    assert labels(log2_histogram({number: 1}, bits)) == [label]


def test_the_bounds_of_powers_of_two() -> None:
    assert log2_histogram({0: 1, 1: 2, 3: 4}, 0) == Histogram(
        (
            Bucket(None, 0, 1, "(..., 0)"),
            Bucket(0, 1, 2, "[0]"),
            Bucket(1, 2, 0, "[1]"),
            Bucket(2, 4, 4, "[2, 4)"),
        )
    )
    (last,) = log2_histogram({64: 1}, 0).buckets
    assert (last.low, last.high) == (1 << 62, 1 << 63)


@pytest.mark.parametrize(
    ("number", "sizes", "label"),
    [
        (0, (0, 100, 10), "(..., 0)"),
        (1, (0, 100, 10), "[0, 10)"),
        (10, (0, 100, 10), "[90, 100)"),
        (11, (0, 100, 10), "[100, ...)"),
        (0, (-1000, 1000, 200), "(..., -1000)"),
        (1, (-1000, 1000, 200), "[-1000, -800)"),
        (2, (0, 25, 10), "[10, 20)"),
        # What is left of the range beyond whole steps belongs to the last bucket.
        (3, (0, 25, 10), "[20, ...)"),
        (5, (0, 10, 1), "[4]"),
        (3, (0, 10240, 1024), "[2K, 3K)"),
        (1, (0, 10240, 1024), "[0, 1K)"),
        (1024, (0, 2 << 20, 1024), "[1023K, 1M)"),
        (2, (1, 10241, 1024), "[1025, 2049)"),
        (6, (0, 10000, 1000), "[5000, 6000)"),
    ],
)
def test_labels_of_steps(number: int, sizes: tuple[int, int, int], label: str) -> None:
    assert labels(linear_histogram({number: 1}, *sizes)) == [label]


def test_the_bounds_of_steps() -> None:
    assert linear_histogram({0: 1, 2: 3, 3: 4}, 0, 20, 10) == Histogram(
        (
            Bucket(None, 0, 1, "(..., 0)"),
            Bucket(0, 10, 0, "[0, 10)"),
            Bucket(10, 20, 3, "[10, 20)"),
            Bucket(20, None, 4, "[20, ...)"),
        )
    )


def test_empty_buckets_stand_only_between_full_ones() -> None:
    counts = {2: 0, 3: 5, 6: 1, 9: 0}
    assert labels(log2_histogram(counts, 0)) == ["[2, 4)", "[4, 8)", "[8, 16)", "[16, 32)"]
    assert log2_histogram({3: 0}, 0) == log2_histogram({}, 0) == Histogram(())


def test_the_total_is_all_that_was_counted() -> None:
    assert log2_histogram({3: 5, 6: 1}, 0).total == 6
