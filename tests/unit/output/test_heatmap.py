"""Heat maps: which column, how dark, and when a heading is due."""

from __future__ import annotations

import re

import pytest

from seismo.events.histogram import linear_histogram, log2_histogram
from seismo.events.value import Histogram
from seismo.output.heatmap import HeatMap
from seismo.output.measures import symbol_of
from seismo.output.printable import text_width

NOTHING = Histogram(())


def of_values(*values: int) -> Histogram:
    """What `hist()` has of positive values."""
    counts: dict[int, int] = {}
    for value in values:
        counts[1 + value.bit_length()] = counts.get(1 + value.bit_length(), 0) + 1
    return log2_histogram(counts, 0)


def test_a_column_is_a_power_of_two() -> None:
    assert HeatMap("us").line("10:00:01", of_values(8, 15, 16, 16, 16, 63)) == (
        "          8us   16us  32us\n"
        "10:00:01 |████████████▒▒▒▒▒▒| 6\n"
    )  # fmt: skip


def test_darkness_is_logarithmic_and_one_value_is_seen() -> None:
    counts = {2: 1, 3: 9, 4: 99, 5: 999, 6: 9_999, 8: 10}
    line = HeatMap("count", 40).line("", log2_histogram(counts, 0))
    assert line == (
        "  1  2  4  8  16 32 64\n"
        " |░░░░░░▒▒▒▓▓▓███   ▒▒▒| 11117\n"
    )  # fmt: skip


def test_a_line_has_a_scale_of_its_own() -> None:
    heat = HeatMap("us")
    heat.line("1", of_values(*[1] * 1000))
    assert heat.line("2", of_values(1)) == "2 |██████| 1\n"


def test_new_columns_need_a_heading() -> None:
    heat = HeatMap("us")
    assert heat.line("1", of_values(4)) == "   4us\n1 |██████| 1\n"
    assert heat.line("2", of_values(4, 4)) == "2 |██████| 2\n"
    assert heat.line("3", of_values(8)) == "   4us   8us\n3 |      ██████| 1\n"
    assert (
        heat.line("4", of_values(1)) == "   1us   2us   4us   8us\n4 |██████" + 18 * " " + "| 1\n"
    )
    assert heat.line("5", NOTHING) == "5 |" + 24 * " " + "| 0\n"


def test_a_longer_label_needs_a_heading() -> None:
    heat = HeatMap("us")
    heat.line("a", of_values(4))
    assert heat.line("日本\n", of_values(4)) == f"{'':8}4us\n日本\\n |██████| 1\n"
    assert heat.line("a", of_values(4)) == f"a{'':6}|██████| 1\n"


def test_headings_come_again_every_screenful() -> None:
    heat = HeatMap("us", height=3)
    texts = [heat.line("1", of_values(4)) for _ in range(7)]
    assert [text.count("\n") for text in texts] == [2, 1, 1, 2, 1, 1, 2]


def test_before_any_value_there_is_no_heading() -> None:
    heat = HeatMap("us", height=1)
    assert heat.line("1", NOTHING) == "1 || 0\n"
    assert heat.line("2", of_values(1)) == "   1us\n2 |██████| 1\n"


def test_columns_are_narrower_the_more_there_are() -> None:
    heat = HeatMap("ns", 80)
    widths = []
    for power in (1, 8, 10, 13, 28, 58, 59, 62):
        line = heat.line("10:00:01", of_values(1, 1 << power)).split("\n")[1]
        widths.append((line.count("█") // 2, text_width(line)))
    assert widths == [(6, 25), (6, 67), (5, 68), (4, 69), (2, 71), (1, 72), (1, 43), (1, 45)]


def test_neighbours_share_a_column_when_there_are_too_many() -> None:
    counts = {1: 5, 2: 6, 3: 1, 1000: 2}
    heading, line, _ = (
        HeatMap("ms", 40, step=1).line("x", linear_histogram(counts, 0, 2000, 1)).split("\n")
    )
    assert heading.startswith("   0 ")
    assert re.fullmatch(r"x \|█ {24}▒\| 14", line)


def test_linear_buckets_begin_where_lhist_begins() -> None:
    found = linear_histogram({0: 1, 1: 1, 3: 3, 11: 1}, 5, 105, 10)
    assert HeatMap("us", low=5, step=10).line("", found) == (
        "  <5us 5us  15us 25us 35us 45us 55us 65us 75us 85us 95us 105us\n"
        " |▒▒▒▒▒▒▒▒▒▒     █████                                   ▒▒▒▒▒| 6\n"
    )  # fmt: skip


def test_values_below_zero_are_one_column() -> None:
    text = HeatMap("us").line("", log2_histogram({0: 1, 1: 1}, 0))
    assert text == "  <0    0\n |████████████| 2\n"


def test_parts_of_powers_of_two_add_up() -> None:
    halves = log2_histogram({5: 1, 6: 1, 7: 1}, 1)
    assert HeatMap("us").line("", halves) == "  4us   8us\n |██████▓▓▓▓▓▓| 3\n"


@pytest.mark.parametrize(
    ("unit", "power", "name"),
    [
        ("us", 9, "512us"),
        ("us", 10, "1ms"),
        ("usecs", 20, "1s"),
        ("ns", 62, "4294967296s"),
        ("ms", 13, "8s"),
        ("s", 12, "4096s"),
        ("bytes", 9, "512B"),
        ("bytes", 16, "64K"),
        ("", 10, "1K"),
        ("", 62, "4E"),
    ],
)
def test_bounds_are_in_units_that_people_would_write(unit: str, power: int, name: str) -> None:
    assert HeatMap(unit).line("", of_values(1 << power)).split("\n")[0].strip() == name


def test_linear_bounds_are_decimal() -> None:
    found = linear_histogram({16: 1}, 0, 100_000, 100)
    assert HeatMap("us", step=100).line("", found).startswith("  1.5ms\n")
    assert (
        HeatMap("bytes", step=1024)
        .line("", linear_histogram({3: 1}, 0, 1 << 20, 1024))
        .startswith("  2K\n")
    )


def test_colors_say_the_same() -> None:
    line = HeatMap("us", has_color=True).line("x", of_values(1, 4, 4, 4))
    assert line == (
        "   1us   2us   4us\n"
        "x |\033[48;5;196m      \033[0m      \033[48;5;226m      \033[0m| 4\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "symbol"),
    [("nsecs", "ns"), ("us", "us"), ("milliseconds", "ms"), ("secs", "s"), ("bytes", "B")],
)
def test_units_have_several_names(unit: str, symbol: str) -> None:
    assert symbol_of(unit) == symbol
    assert symbol_of(unit + "?") == ""
