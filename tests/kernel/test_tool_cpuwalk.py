"""`cpuwalk`: a process that is bound to a CPU is seen there alone."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

_SECONDS = 0.5


@contextmanager
def busy(cpu: int) -> Iterator[int]:
    command = ["taskset", "-c", str(cpu), "sh", "-c", "while :; do :; done"]
    with subprocess.Popen(command) as process:
        try:
            yield process.pid
        finally:
            process.kill()


@pytest.mark.parametrize("cpu", sorted(os.sched_getaffinity(0))[:2])
def test_a_process_is_where_it_is_bound_to(cpu: int) -> None:
    with busy(cpu) as pid:
        (row,) = tool_rows("cpuwalk", "-p", str(pid), act=lambda: time.sleep(_SECONDS))
    assert row["unit"] == "cpu"
    assert {one["min"] for one in row["buckets"] if one["count"]} == {cpu}
    assert sum(one["count"] for one in row["buckets"]) > 0


def test_every_cpu_that_is_busy_is_seen() -> None:
    cpu = max(os.sched_getaffinity(0))
    with busy(cpu):
        text = tool_text("cpuwalk", act=lambda: time.sleep(_SECONDS))
    assert text.startswith("cpu:\n[")
    assert f"[{cpu}] " in text
