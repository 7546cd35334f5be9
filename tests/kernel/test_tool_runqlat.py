"""`runqlat`: every wait of a process is counted, as often as it was switched to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from known_switches import Rounds, rounds

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Rounds]:
    with rounds(tmp_path) as one:
        yield one


def test_every_wait_is_counted(process: Rounds) -> None:
    (row,) = tool_rows("runqlat", "-p", str(process.pid), act=process)
    assert row["unit"] == "usecs"
    assert sum(one["count"] for one in row["buckets"]) == process.switches


def test_a_histogram_for_each_process_in_ms(process: Rounds) -> None:
    (row,) = tool_rows("runqlat", "-P", "-m", "-p", str(process.pid), act=process)
    assert (row["pid"], row["comm"], row["unit"]) == (process.pid, "target", "msecs")
    assert sum(one["count"] for one in row["buckets"]) == process.switches


def test_a_histogram_for_each_thread_as_text(process: Rounds) -> None:
    text = tool_text("runqlat", "-L", "-p", str(process.pid), act=process)
    assert text.startswith(f"tid = {process.pid}, comm = target (usecs):\n[")


def test_a_histogram_for_each_pid_namespace(process: Rounds) -> None:
    (row,) = tool_rows("runqlat", "--pidnss", "-p", str(process.pid), act=process)
    assert row["pidns"] == os.stat(f"/proc/{process.pid}/ns/pid").st_ino
    assert sum(one["count"] for one in row["buckets"]) == process.switches
