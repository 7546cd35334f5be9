"""`hist`, `lhist`, `tseries` on the running kernel: where each number is counted."""

from __future__ import annotations

import re

import pytest

from script_runs import output_of

pytestmark = pytest.mark.kernel

ROW = re.compile(r"^(\(.*\)|\[.*\)|\[.*\])\s+(\d+) \|@* *\|$", re.MULTILINE)

HIST = {
    "negatives": ("@ = hist(-1); @ = hist(-9223372036854775808)", {"(..., 0)": 2}),
    "zero and one": ("@ = hist(0); @ = hist(1); @ = hist(1)", {"[0]": 1, "[1]": 2}),
    "a power of two": ("@ = hist(1023); @ = hist(1024)", {"[512, 1K)": 1, "[1K, 2K)": 1}),
    "the greatest": ("@ = hist(9223372036854775807)", {"[4E, 8E)": 1}),
    "taken as an int64": ("@ = hist((uint64)0xffffffffffffffff)", {"(..., 0)": 1}),
    "two bits": (
        "@ = hist(7, 2); @ = hist(8, 2); @ = hist(9, 2); @ = hist(10, 2)",
        {"[7]": 1, "[8, 10)": 2, "[10, 12)": 1},
    ),
    "five bits": ("@ = hist(63, 5); @ = hist(64, 5); @ = hist(65, 5)", {"[63]": 1, "[64, 66)": 2}),
}

LHIST = {
    "edges": (
        "@ = lhist(-1, 0, 10, 5); @ = lhist(0, 0, 10, 5); @ = lhist(4, 0, 10, 5);"
        "@ = lhist(5, 0, 10, 5); @ = lhist(10, 0, 10, 5); @ = lhist(1000000, 0, 10, 5)",
        {"(..., 0)": 1, "[0, 5)": 2, "[5, 10)": 1, "[10, ...)": 2},
    ),
    "a range below zero": (
        "@ = lhist(-11, -10, 10, 10); @ = lhist(-10, -10, 10, 10); @ = lhist(9, -10, 10, 10)",
        {"(..., -10)": 1, "[-10, 0)": 1, "[0, 10)": 1},
    ),
    "the least and the greatest number": (
        "@ = lhist(-9223372036854775808, 0, 10, 1); @ = lhist(9223372036854775807, 0, 10, 1)",
        {"(..., 0)": 1, "[10, ...)": 1},
    ),
}


def buckets(text: str) -> dict[str, int]:
    """The count of each bucket that is not empty, by its label."""
    return {label: int(count) for label, count in ROW.findall(text) if int(count)}


@pytest.mark.parametrize("name", HIST)
def test_hist(name: str) -> None:
    body, expected = HIST[name]
    assert buckets(output_of(f"{body}; print(@)")) == expected


@pytest.mark.parametrize("name", LHIST)
def test_lhist(name: str) -> None:
    body, expected = LHIST[name]
    assert buckets(output_of(f"{body}; print(@)")) == expected


def test_hist_is_printed_as_rows() -> None:
    bar = "@" * 52
    assert output_of("@ = hist(1); @ = hist(2); @ = hist(2); print(@)") == (
        f"@:\n[1]                    1 |{bar[:26]}{' ' * 26}|\n[2, 4)                 2 |{bar}|"
    )


def test_hist_of_every_power_of_two() -> None:
    """Each power of two begins a bucket, and what is one below it belongs to the one before."""
    text = output_of("for $i : 0..62 { @ = hist((1 << $i)); @ = hist((1 << $i) - 1) } print(@)")
    assert list(buckets(text).values()) == [1, *[2] * 61, 1]
    assert list(buckets(text))[-2:] == ["[1E, 2E)", "[2E, 4E)"]


def test_hist_by_key() -> None:
    text = output_of('@["a"] = hist(1); @["b"] = hist(5); @["b"] = hist(5); print(@)')
    first, second = text.split("\n\n")
    assert first.startswith("@[a]:\n")
    assert buckets(first) == {"[1]": 1}
    assert second.startswith("@[b]:\n")
    assert buckets(second) == {"[4, 8)": 2}


def test_tseries_keeps_the_last_of_an_interval() -> None:
    text = output_of("@ = tseries(5, 1h, 3); @ = tseries(-2, 1h, 3); print(@)")
    assert re.search(r"\| -2$", text, re.MULTILINE)
    assert not re.search(r"\| 5$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("function", "expected"), [("sum", 12), ("avg", 4), ("min", -1), ("max", 8)]
)
def test_tseries_aggregates_an_interval(function: str, expected: int) -> None:
    values = "; ".join(f'@ = tseries({n}, 1h, 3, "{function}")' for n in (8, -1, 5))
    assert re.search(rf"\| {expected}$", output_of(f"{values}; print(@)"), re.MULTILINE)
