"""Histograms come out as BCC prints them."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seismo.bcc.table.histogram import (
    LINEAR_BUCKETS,
    LOG2_BUCKETS,
    json_histogram,
    linear_histogram,
    log2_histogram,
    write,
)

STARS_40 = "*" * 40


def counts(slots: int, **by_slot: int) -> list[int]:
    """`counts(65, _2=7)`: 7 in slot 2."""
    made = [0] * slots
    for slot, count in by_slot.items():
        made[int(slot[1:])] = count
    return made


def test_powers_of_two() -> None:
    lines = log2_histogram(counts(LOG2_BUCKETS, _1=3, _3=211, _8=800), "kbytes")

    assert lines == [
        "     kbytes              : count     distribution",
        "         0 -> 1          : 3        |                                        |",
        "         2 -> 3          : 0        |                                        |",
        "         4 -> 7          : 211      |**********                              |",
        "         8 -> 15         : 0        |                                        |",
        "        16 -> 31         : 0        |                                        |",
        "        32 -> 63         : 0        |                                        |",
        "        64 -> 127        : 0        |                                        |",
        f"       128 -> 255        : 800      |{STARS_40}|",
    ]


def test_numbers_beyond_32_bits_widen_the_rows_and_halve_the_bars() -> None:
    lines = log2_histogram(counts(LOG2_BUCKETS, _33=2, _1=1), "nsecs")

    assert len(lines) == 34
    assert lines[0] == "               nsecs                         : count     distribution"
    assert lines[1] == (
        "                   0 -> 1                    : 1        |**********          |"
    )
    assert lines[-1] == (
        "          4294967296 -> 8589934591           : 2        |********************|"
    )


def test_bucket_32_is_narrow_still() -> None:
    assert log2_histogram(counts(LOG2_BUCKETS, _32=1), "x")[-1] == (
        f"2147483648 -> 4294967295 : 1        |{STARS_40}|"
    )


def test_leading_zeros_are_left_out_on_request_only_until_the_first_count() -> None:
    lines = log2_histogram(counts(LOG2_BUCKETS, _4=1, _6=1), "x", strips_zeros=True)

    assert [line.split(":")[0].strip() for line in lines[1:]] == ["8 -> 15", "16 -> 31", "32 -> 63"]


@pytest.mark.parametrize("empty", [[0] * 65, counts(65, _0=5)])
def test_nothing_is_shown_where_only_bucket_0_was_counted(empty: list[int]) -> None:
    assert log2_histogram(empty, "x") == []


def test_linear() -> None:
    lines = linear_histogram(counts(LINEAR_BUCKETS, _0=1, _2=4), "runqlen")

    assert lines == [
        "     runqlen       : count     distribution",
        "        0          : 1        |**********                              |",
        "        1          : 0        |                                        |",
        f"        2          : 4        |{STARS_40}|",
    ]


def test_linear_without_leading_zeros() -> None:
    lines = linear_histogram(counts(LINEAR_BUCKETS, _3=1), "x", strips_zeros=True)

    assert lines[1:] == [f"        3          : 1        |{STARS_40}|"]


def test_nothing_counted_shows_nothing() -> None:
    assert linear_histogram([0] * LINEAR_BUCKETS, "x") == []


def test_as_what_json_is_made_of() -> None:
    before = time.strftime("%Y-%m-%d %H:%M")
    made = json_histogram(counts(LOG2_BUCKETS, _1=1, _3=2), "usecs", ("disk", b"sda"))

    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", made.pop("ts"))
    assert before <= time.strftime("%Y-%m-%d %H:%M")
    assert made == {
        "val_type": "usecs",
        "data": [
            {"interval-start": 0, "interval-end": 1, "count": 1},
            {"interval-start": 2, "interval-end": 3, "count": 0},
            {"interval-start": 4, "interval-end": 7, "count": 2},
        ],
        "disk": b"sda",
    }
    assert list(made) == ["val_type", "data", "disk"]


def test_json_of_nothing_has_no_rows() -> None:
    assert json_histogram([0] * LOG2_BUCKETS, "x")["data"] == []


def test_lines_are_written_as_print_does(capsys: pytest.CaptureFixture[str]) -> None:
    write(["a", "b"])
    write([])

    assert capsys.readouterr().out == "a\nb\n"


def bar_by_steps(count: int, most: int, width: int) -> str:
    """A star for each step until one more would be too much: the rule, one star at a time."""
    stars = 0
    while not (stars > width * count / most - 1 or stars > width - 1):
        stars += 1
    return "*" * stars


@given(st.lists(st.integers(0, 1 << 64), min_size=3, max_size=40))
def test_bars_are_as_long_as_counts_are_large(values: list[int]) -> None:
    made = [0, *values]
    lines = log2_histogram(made, "x")

    width = 40 if max((at for at, one in enumerate(made) if one), default=0) <= 32 else 20
    bars = [line.rpartition("|")[0].rpartition("|")[2] for line in lines[1:]]
    shown = values[: len(bars)]
    assert [bar.rstrip() for bar in bars] == [
        bar_by_steps(one, max(values), width) for one in shown
    ]
    assert all(len(bar) == width for bar in bars)
