"""Histograms and time series as text, to the character."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from seismo.base.layout import S64, U64, Int
from seismo.events.value import Bucket, Histogram, TimeSeries
from seismo.output.bars import histogram_text
from seismo.output.graph import graph_text

SECOND = 1_000_000_000


@pytest.fixture(autouse=True)
def utc() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def bars(*counts: int) -> list[int]:
    histogram = Histogram(tuple(Bucket(0, 1, count, "[0]") for count in counts))
    return [line.count("@") for line in histogram_text(histogram).splitlines()]


@pytest.mark.parametrize(
    ("counts", "lengths"),
    [
        ((1, 2, 4), [13, 26, 52]),
        ((1, 3), [17, 52]),
        ((0, 5), [0, 52]),
        ((0,), [0]),
        # Exactly a 52nd, and what a float makes of a 49th's share.
        ((1, 52), [1, 52]),
        ((1, 1000), [0, 52]),
        ((1 << 63, (1 << 64) - 1), [26, 52]),
    ],
)
def test_bars_are_parts_of_the_longest(counts: tuple[int, ...], lengths: list[int]) -> None:
    assert bars(*counts) == lengths


def test_long_labels_and_counts_push_the_bar() -> None:
    bucket = Bucket(0, 1, 123_456_789, "[1000000, 1100000)")
    assert histogram_text(Histogram((bucket,))) == f"[1000000, 1100000)123456789 |{'@' * 52}|\n"


def test_no_buckets_are_no_text() -> None:
    assert histogram_text(Histogram(())) == ""


def graph(interval_ns: int, start_ns: int, *values: int | None, type_: Int = S64) -> list[str]:
    points = [(start_ns + at * interval_ns, value) for at, value in enumerate(values)]
    return graph_text(TimeSeries(interval_ns, tuple(points)), type_).splitlines()


def test_a_graph() -> None:
    assert graph(SECOND, 3600 * SECOND, 1, None, 3, 2) == [
        "         1                                                   3",
        "hh:mm:ss |___________________________________________________|",
        "01:00:00 *                                                   | 1",
        "01:00:01 |                                                   | -",
        "01:00:02 |                                                   * 3",
        "01:00:03 |                         *                         | 2",
        "         v___________________________________________________v",
        "         1                                                   3",
    ]


def test_short_intervals_show_their_part_of_the_second() -> None:
    lines = graph(100_000_000, 3600 * SECOND, 1, 3)
    assert lines[:4] == [
        "             1                                                   3",
        "hh:mm:ss.ms  |___________________________________________________|",
        "01:00:00.000 *                                                   | 1",
        "01:00:00.100 |                                                   * 3",
    ]
    assert graph(5_000, 7_000, 1, 3)[3].startswith("00:00:00.000012 ")
    assert graph(5, 7, 1, 3)[3].startswith("00:00:00.000000012 ")


def test_a_dot_marks_zero_between_negative_and_positive_values() -> None:
    assert [line[9:62] for line in graph(SECOND, 0, -10, 10, 0)[2:5]] == [
        "*" + " " * 25 + "." + " " * 25 + "|",
        "|" + " " * 25 + "." + " " * 25 + "*",
        "|" + " " * 25 + "*" + " " * 25 + "|",
    ]


@pytest.mark.parametrize(
    ("type_", "value", "ends"),
    [(S64, 5, ["4", "6"]), (S64, 0, ["-1", "1"]), (U64, 0, ["0", "1"])],
)
def test_a_graph_of_equal_values_has_room_around_them(
    type_: Int, value: int, ends: list[str]
) -> None:
    assert graph(SECOND, 0, value, value, type_=type_)[0].split() == ends


def test_a_series_without_values() -> None:
    assert graph(SECOND, 0) == graph(SECOND, 0, None) == ["<no data>"]
