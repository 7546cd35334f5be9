"""`funclatency`: how long functions take: calls within calls, and what has not returned."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis_program import CALLS, NAPS_MS, program
from tool_runs import tool_rows, tool_run, tool_text

pytestmark = pytest.mark.kernel


def test_a_function_that_sleeps(tmp_path: Path) -> None:
    path = program(tmp_path)
    histogram, total = tool_rows("funclatency", f"{path}:nap", "-m", "msecs", "-c", path)
    assert (histogram["function"], histogram["unit"]) == ("nap", "msecs")
    assert sum(one["count"] for one in histogram["buckets"]) == CALLS["nap"]
    assert histogram["buckets"][0]["min"] == 16  # [16, 32) has 20
    assert total["function"] == "nap" and total["calls"] == CALLS["nap"]
    assert total["total_ns"] >= NAPS_MS * 3 * 1_000_000
    assert total["longest_ns"] >= total["average_ns"] >= NAPS_MS * 1_000_000
    assert total["average_ns"] == total["total_ns"] // 3


def test_calls_within_calls_are_measured_each_for_itself(tmp_path: Path) -> None:
    """The outermost of ten calls takes the longest, and no call is lost."""
    path = program(tmp_path)
    *_, total = tool_rows("funclatency", f"{path}:descend", "-m", "nsecs", "-c", path)
    assert total["calls"] == CALLS["descend"]
    assert total["longest_ns"] <= total["total_ns"] < total["longest_ns"] * CALLS["descend"]


def test_several_functions_that_call_each_other(tmp_path: Path) -> None:
    path = program(tmp_path)
    rows = tool_rows("funclatency", f"{path}:*_way", "-c", path)
    assert {row["function"]: row["calls"] for row in rows if "calls" in row} == {
        "first_way": 4,
        "second_way": 8,
    }


def test_short_calls_are_left_out(tmp_path: Path) -> None:
    path = program(tmp_path)
    rows = tool_rows("funclatency", f"{path}:*a*", "--least", "5000", "-c", path)
    counts = {row["function"]: row["calls"] for row in rows if "calls" in row}
    assert counts == {"nap": CALLS["nap"], "main": 1}


def test_the_text_has_histogram_and_table(tmp_path: Path) -> None:
    path = program(tmp_path)
    lines = tool_text("funclatency", f"{path}:nap", "-m", "msecs", "-c", path).splitlines()
    assert lines[0] == "function = nap (msecs):"
    assert lines[1].startswith("[16, 32)               3 |@@@@@@@@")
    assert lines[3].split() == ["FUNCTION", "CALLS", "TOTAL_NS", "AVERAGE_NS", "LONGEST_NS"]


@pytest.mark.guest
def test_a_function_of_the_kernel() -> None:
    """`do_nanosleep` of a child that sleeps twice."""
    rows = tool_rows("funclatency", "do_nanosleep", "-m", "msecs", "-c", "sleep 0.1")
    assert rows[-1]["calls"] == 1
    assert rows[-1]["total_ns"] >= 100e6


def test_what_does_not_return_is_refused() -> None:
    run = tool_run("funclatency", "t:sched:sched_switch", status=1)
    assert "'t:sched:sched_switch' is not a function" in run.errors
