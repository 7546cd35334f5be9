"""The shares of the CPUs, and the buckets of a key, become what prints."""

from __future__ import annotations

import struct

import pytest

from seismo.base.layout import S64, U64, FieldType, Layout, Text
from seismo.events.aggregate import MapReader
from seismo.events.kinds import MapView
from seismo.events.value import Histogram, TimeSeries, Value

SECOND = 1_000_000_000


def two(type_: FieldType) -> Layout:
    return Layout.of("share", [("value", type_), ("count", U64)])


def view(
    reduction: str,
    type_: FieldType = S64,
    *,
    key: Layout | None = None,
    parameters: tuple[int | str, ...] = (),
) -> MapView:
    share = {"hist": U64, "lhist": U64, "sum": type_}.get(reduction, two(type_))
    if reduction == "tseries":
        share = Layout.of("share", [("value", type_), ("meta", U64), ("epoch", U64)])
    return MapView(
        name="@",
        key=key,
        value=share,
        reduction=reduction,
        parameters=parameters,
        has_buckets=reduction in ("hist", "lhist", "tseries"),
    )


def words(*values: int) -> bytes:
    return b"".join([struct.pack("=q" if value < 0 else "=Q", value) for value in values])


@pytest.mark.parametrize(
    ("reduction", "type_", "shares", "value"),
    [
        ("min", S64, (5, 1, -3, 1, -9, 0), -3),
        ("min", U64, (5, 1, 3, 1), 3),
        ("max", S64, (-5, 1, -3, 1, 7, 0), -3),
        ("max", U64, ((1 << 64) - 1, 1, 3, 1), (1 << 64) - 1),
        ("min", S64, (5, 0, 3, 0), 0),
        ("avg", S64, (5, 1, -8, 1), -1),
        ("avg", S64, (7, 2, 0, 0), 3),
        ("avg", U64, (7, 2), 3),
        ("avg", S64, (0, 0), 0),
        ("stats", S64, (3, 1, -10, 1), {"count": 2, "average": -3, "total": -7}),
        ("stats", U64, (6, 3), {"count": 3, "average": 2, "total": 6}),
        ("stats", U64, (0, 0), {"count": 0, "average": 0, "total": 0}),
        ("sum", S64, (3, -10), -7),
    ],
)
def test_shares_become_one(
    reduction: str, type_: FieldType, shares: tuple[int, ...], value: Value
) -> None:
    assert MapReader(view(reduction, type_)).rows([(bytes(8), words(*shares))]) == [((), value)]


KEY = Layout.of("key", [("0", U64)])


def test_averages_and_stats_sort_by_the_average() -> None:
    entries = [(words(1), words(100, 50)), (words(2), words(9, 1)), (words(3), words(-4, 2))]
    assert [key for key, _ in MapReader(view("avg", key=KEY)).rows(entries)] == [(3,), (1,), (2,)]
    assert [key for key, _ in MapReader(view("stats", key=KEY)).rows(entries)] == [(3,), (1,), (2,)]


def test_extremes_sort_with_their_sign() -> None:
    entries = [(words(1), words(1, 1)), (words(2), words(-1, 1))]
    assert MapReader(view("max", key=KEY)).rows(entries) == [((2,), -1), ((1,), 1)]


def test_div_divides_averages_but_not_the_counts_and_totals_of_stats() -> None:
    entries = [(bytes(8), words(-700, 2))]
    assert MapReader(view("avg")).rows(entries, div=100) == [((), -3)]
    (row,) = MapReader(view("stats")).rows(entries, div=100)
    assert row == ((), {"count": 2, "average": -3, "total": -700})


@pytest.mark.parametrize(
    ("reduction", "printed"),
    [
        ("sum", S64),
        ("avg", S64),
        ("max", S64),
        ("stats", Layout.of("stats", [("count", S64), ("average", S64), ("total", S64)])),
        ("tseries", S64),
    ],
)
def test_what_prints_is_not_the_share(reduction: str, printed: FieldType) -> None:
    assert view(reduction).printed == printed
    assert MapView(name="@", key=None, value=two(S64)).printed == two(S64)


def test_the_buckets_of_a_key_are_one_histogram() -> None:
    key = Layout.of("key", [("0", Text(4))])
    reader = MapReader(view("hist", key=key, parameters=(0,)))
    entries = [
        (b"b\0\0\0\0\0\0\0" + words(3), words(1, 1)),
        (b"a\0\0\0\0\0\0\0" + words(2), words(7, 0)),
        (b"b\0\0\0\0\0\0\0" + words(4), words(0, 1)),
    ]
    rows = reader.rows(entries)
    assert [(key, histogram(value)) for key, value in rows] == [
        (("b",), {"[2, 4)": 2, "[4, 8)": 1}),
        (("a",), {"[1]": 7}),
    ]
    assert reader.rows(entries, top=1) == rows[1:]


def histogram(value: Value) -> dict[str, int]:
    assert isinstance(value, Histogram)
    return {one.label: one.count for one in value.buckets}


def test_the_key_of_a_scalar_histogram_is_the_bucket() -> None:
    reader = MapReader(view("lhist", parameters=(0, 100, 10)))
    ((key, value),) = reader.rows([(words(11), words(1, 2)), (words(10), words(4, 0))])
    assert (key, histogram(value)) == ((), {"[90, 100)": 4, "[100, ...)": 3})


def test_only_the_counts_of_hist_are_divided() -> None:
    entries = [(words(3), words(7)), (words(4), words(1))]
    ((_, log2),) = MapReader(view("hist", parameters=(0,))).rows(entries, div=2)
    assert histogram(log2) == {"[2, 4)": 3, "[4, 8)": 0}
    ((_, linear),) = MapReader(view("lhist", parameters=(0, 100, 10))).rows(entries, div=2)
    assert histogram(linear) == {"[20, 30)": 7, "[30, 40)": 1}


def series(function: str, *entries: tuple[int, tuple[int, ...]], num: int = 4) -> list[Value]:
    reader = MapReader(view("tseries", parameters=(SECOND, num, function)))
    return [value for _, value in reader.rows([(words(at), words(*of)) for at, of in entries])]


@pytest.mark.parametrize(
    ("function", "value"), [("", -2), ("sum", 4), ("min", -2), ("max", 6), ("avg", 1)]
)
def test_the_shares_of_an_interval_become_one(function: str, value: int) -> None:
    """Here the second share was written last, and has three times the count of the first."""
    shares = (6, 1, 9, -2, 3, 9)
    assert series(function, (1, shares)) == [TimeSeries(SECOND, ((9 * SECOND, value),))]


def test_shares_of_older_intervals_in_the_same_bucket_are_left_out() -> None:
    assert series("sum", (1, (5, 1, 9, 100, 1, 5, 0, 0, 0))) == [
        TimeSeries(SECOND, ((9 * SECOND, 5),))
    ]


def test_a_series_ends_with_the_latest_interval_and_has_no_more_than_asked_for() -> None:
    """Epoch 5 shares its bucket with 9 and was not overwritten, but is too old to be shown."""
    assert series("", (0, (8, 0, 8)), (1, (5, 0, 5)), (2, (6, 0, 6))) == [
        TimeSeries(SECOND, ((5 * SECOND, 5), (6 * SECOND, 6), (7 * SECOND, None), (8 * SECOND, 8)))
    ]
    assert series("", (0, (8, 0, 8)), (1, (5, 0, 5)), num=3) == [
        TimeSeries(SECOND, ((8 * SECOND, 8),))
    ]


def test_the_series_of_all_keys_end_together() -> None:
    reader = MapReader(view("tseries", key=KEY, parameters=(SECOND, 3, "")))
    entries = [
        (words(2, 7 % 3), words(70, 0, 7)),
        (words(1, 8 % 3), words(81, 0, 8)),
        (words(3, 1 % 3), words(10, 0, 1)),
    ]
    assert reader.rows(entries) == [
        ((1,), TimeSeries(SECOND, ((8 * SECOND, 81),))),
        ((2,), TimeSeries(SECOND, ((7 * SECOND, 70), (8 * SECOND, None)))),
        ((3,), TimeSeries(SECOND, ())),
    ]


def test_a_bucket_that_was_never_written_counts_for_nothing() -> None:
    assert series("", (0, (0, 0, 0))) == [TimeSeries(SECOND, ())]
