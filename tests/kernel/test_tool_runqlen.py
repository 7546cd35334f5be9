"""`runqlen`: three processes that compute on one CPU."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator

import pytest

from tool_runs import tool_rows

pytestmark = pytest.mark.kernel

_BUSY = 3
_SECONDS = 0.6


@pytest.fixture(scope="module")
def busy() -> Iterator[tuple[int, int]]:
    """The CPU, and one of the processes."""
    cpu = min(os.sched_getaffinity(0))
    command = ["taskset", "-c", str(cpu), "sh", "-c", "while :; do :; done"]
    processes = [subprocess.Popen(command) for _ in range(_BUSY)]
    try:
        yield cpu, processes[0].pid
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _wait() -> None:
    time.sleep(_SECONDS)


def test_while_one_runs_the_others_wait(busy: tuple[int, int]) -> None:
    cpu, pid = busy
    (row,) = tool_rows("runqlen", "-C", "-p", str(pid), act=_wait)
    assert (row["cpu"], row["unit"]) == (cpu, "tasks")
    counts = {one["min"]: one["count"] for one in row["buckets"] if one["count"]}
    assert sum(counts.values()) > 0
    assert min(counts) >= _BUSY - 1


def test_all_cpus_together(busy: tuple[int, int]) -> None:
    (row,) = tool_rows("runqlen", act=_wait)
    assert "cpu" not in row
    counts = {one["min"]: one["count"] for one in row["buckets"]}
    assert sum(count for low, count in counts.items() if low >= _BUSY - 1) > 0


def test_occupancy(busy: tuple[int, int]) -> None:
    cpu, pid = busy
    (row,) = tool_rows("runqlen", "-O", "-p", str(pid), act=_wait)
    assert row["cpu"] == cpu
    assert row["samples"] == row["waited"] > 0
