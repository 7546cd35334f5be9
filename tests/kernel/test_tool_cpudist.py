"""`cpudist`: every stretch of a process on the CPU is counted, and every one off it."""

from __future__ import annotations

from pathlib import Path

import pytest
from event_targets import target
from known_switches import rounds

from tool_runs import tool_rows

pytestmark = pytest.mark.kernel

_BURNT_MS = 120


def test_every_stretch_on_the_cpu(tmp_path: Path) -> None:
    with rounds(tmp_path) as process:
        (row,) = tool_rows("cpudist", "-p", str(process.pid), act=process)
    assert row["unit"] == "usecs"
    assert sum(one["count"] for one in row["buckets"]) == process.switches


def test_every_stretch_off_the_cpu_but_that_which_began_before(tmp_path: Path) -> None:
    with rounds(tmp_path) as process:
        (row,) = tool_rows("cpudist", "-O", "-P", "-p", str(process.pid), act=process)
    assert (row["pid"], row["comm"]) == (process.pid, "target")
    assert sum(one["count"] for one in row["buckets"]) == process.switches - 1


def test_stretches_add_up_to_the_time_that_it_ran(tmp_path: Path) -> None:
    """However often it is pushed aside meanwhile: each bucket's bounds are known."""
    with target(tmp_path) as process:
        process.do("burn", 0)

        def act() -> None:
            process.do("burn", _BURNT_MS)

        (row,) = tool_rows("cpudist", "-L", "-p", str(process.pid), act=act)
    assert (row["tid"], row["comm"]) == (process.pid, "target")
    least = sum(one["min"] * one["count"] for one in row["buckets"])
    most = sum((one["max"] + 1) * one["count"] for one in row["buckets"])
    assert least < 2 * _BURNT_MS * 1000
    assert most > _BURNT_MS * 1000 / 2
