"""`syscount`: how many system calls, by name and by process, with errors and times."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

_CALLS = """
import os
for _ in range(1234): os.getppid()
for _ in range(17):
    try: os.rmdir("/no/such/directory")
    except FileNotFoundError: pass
for _ in range(5):
    try: os.rmdir("/proc")
    except OSError: pass
"""


@pytest.fixture
def command(tmp_path: Path) -> str:
    program = tmp_path / "calls.py"
    program.write_text(_CALLS)
    return f"{sys.executable} -I -S {program}"


def test_calls_by_name(command: str) -> None:
    rows = tool_rows("syscount", "--top", "1000", "-c", command)
    counts = {one["syscall"]: one["count"] for one in rows}
    assert counts["getppid"] == 1234 and counts["rmdir"] == 22 and counts["exit_group"] == 1
    assert [one["count"] for one in rows] == sorted(counts.values(), reverse=True)
    heading, *lines = tool_text("syscount", "--top", "1", "-c", command).splitlines()
    assert heading.split() == ["SYSCALL", "COUNT"]
    assert [line.split() for line in lines] == [["getppid", "1234"]]


def test_errors_by_name(command: str) -> None:
    rows = tool_rows("syscount", "-e", "enoent", "-c", command)
    failed = tool_rows("syscount", "-x", "-c", command)
    assert {"syscall": "rmdir", "count": 17} in rows
    assert {"syscall": "rmdir", "count": 22} in failed
    assert "getppid" not in {one["syscall"] for one in (*rows, *failed)}


def test_times_by_name_and_by_process() -> None:
    def act() -> None:
        for _ in range(4):
            time.sleep(0.02)
        subprocess.run(["sleep", "0.01"], check=True)

    pid = str(os.getpid())
    rows = tool_rows("syscount", "-L", "--top", "1000", "-p", pid, act=act)
    (sleeps,) = [one for one in rows if one["syscall"] == "clock_nanosleep"]
    assert sleeps["count"] == 4 and sleeps["ns"] >= 80_000_000
    (process,) = tool_rows("syscount", "-P", "-L", "-p", pid, act=act)
    assert list(process) == ["pid", "comm", "count", "ns"]
    assert process["pid"] == os.getpid() and process["ns"] >= 80_000_000
