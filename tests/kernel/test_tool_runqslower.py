"""`runqslower`: each wait of a process that was long enough is a row."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from known_switches import rounds

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel


@contextmanager
def busy(cpu: int) -> Iterator[int]:
    """A process that computes on this CPU, and never waits for anything else."""
    command = ["taskset", "-c", str(cpu), "sh", "-c", "while :; do :; done"]
    with subprocess.Popen(command) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def test_every_wait_is_a_row(tmp_path: Path) -> None:
    with rounds(tmp_path) as process:
        rows = tool_rows("runqslower", "0", "-p", str(process.pid), act=process)
    assert {(one["comm"], one["tid"]) for one in rows} == {("target", process.pid)}
    assert len(rows) == process.switches


def test_two_that_compute_on_one_cpu_wait_for_each_other() -> None:
    cpu = min(os.sched_getaffinity(0))
    with busy(cpu) as one, busy(cpu) as other:
        rows = tool_rows("runqslower", "500", "-p", str(one), act=lambda: time.sleep(2))
    assert {row["tid"] for row in rows} == {one}
    assert min(row["lat_us"] for row in rows) >= 500
    assert other in {row["prev_tid"] for row in rows}
    assert {row["prev"] for row in rows if row["prev_tid"] == other} == {"sh"}


def test_a_heading_stands_above_the_rows() -> None:
    with busy(min(os.sched_getaffinity(0))) as pid:
        text = tool_text("runqslower", "0", "-p", str(pid), act=lambda: time.sleep(0.3))
    heading, *rows = text.splitlines()
    assert heading.split() == ["COMM", "TID", "LAT_US", "PREV", "PREV_TID"]
    assert rows
    for row in rows:
        assert row.split()[:2] == ["sh", str(pid)]
        assert row[: heading.index("TID")].strip() == "sh"
