"""Medians, ratios, targets, and the row that compares two tools."""

from __future__ import annotations

import pytest

from bench.sample import Sample, Target, compare, ratio


def _show(sample: Sample) -> str:
    return f"{sample.median:g} ({sample.low:g} – {sample.high:g})"


def test_a_sample_is_known_by_median_and_spread() -> None:
    sample = Sample((9.0, 1.0, 2.0, 4.0))
    assert (sample.median, sample.low, sample.high) == (3.0, 1.0, 9.0)


def test_a_sample_needs_a_value() -> None:
    with pytest.raises(ValueError, match="a sample needs a value"):
        Sample(())


def test_the_ratio_is_of_medians() -> None:
    assert ratio(Sample((1.0, 2.0, 90.0)), Sample((8.0,))) == 0.25


@pytest.mark.parametrize(
    ("target", "text", "value", "verdict"),
    [
        (Target(1.0), "≤ 1x", 1.0, "met"),
        (Target(0.6), "≤ 0.6x", 0.75, "missed by 25%"),
        (Target(40, "MB"), "≤ 40 MB", 39.9, "met"),
        (Target(40, "MB"), "≤ 40 MB", 92.0, "missed by 130%"),
    ],
)
def test_a_target_judges(target: Target, text: str, value: float, verdict: str) -> None:
    assert str(target) == text
    assert target.verdict(value) == verdict


def test_a_relative_target_judges_the_ratio_as_printed() -> None:
    row = compare("time", (3.0, 1.0, 2.0), (4.0, 3.0, 9.0), _show, Target(0.4))
    assert row == ("time", "0.50x (0.33x)", "2 (1 – 3)", "4 (3 – 9)", "≤ 0.4x", "missed by 25%")
    assert compare("time", (1004.0,), (1000.0,), _show, Target(1.0))[1:] == (
        "1.00x (1.00x)",
        "1004 (1004 – 1004)",
        "1000 (1000 – 1000)",
        "≤ 1x",
        "met",
    )


def test_an_absolute_target_judges_our_own_value() -> None:
    row = compare("memory", (50.0,), (100.0,), _show, Target(40, "MB"))
    assert row == (
        "memory",
        "0.50x (0.50x)",
        "50 (50 – 50)",
        "100 (100 – 100)",
        "≤ 40 MB",
        "missed by 25%",
    )


def test_without_a_peer_only_an_absolute_target_is_judged() -> None:
    relative = compare("time", (2.0,), (), _show, Target(1.0))
    assert relative == ("time", "", "2 (2 – 2)", "not installed", "≤ 1x", "")
    absolute = compare("memory", (2.0,), (), _show, Target(40, "MB"))
    assert absolute[3:] == ("not installed", "≤ 40 MB", "met")


def test_without_a_target_nothing_is_judged() -> None:
    assert compare("cpu", (1.0,), (2.0,), _show, None)[4:] == ("", "")
