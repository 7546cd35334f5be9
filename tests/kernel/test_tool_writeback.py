"""`writeback`: the rounds that a sync of a file system asks for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from disk_setup import disk, mounted, worker
from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

SYNCS = """
    import ctypes
    fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
    os.pwrite(fd, bytes(10 * 4096), 0)
    assert ctypes.CDLL(None).syncfs(fd) == 0
"""


def test_who_asked_for_how_much(tmp_path: Path) -> None:
    place = tmp_path / "place"
    with disk(tmp_path, "ext4") as device:
        program = worker(SYNCS, place / "file", at=mounted(device, place))
        with program as one:
            rows = tool_rows("writeback", "-p", str(one.pid), act=one.go)
    assert {(row["pid"], row["disk"], row["reason"]) for row in rows} == {
        (one.pid, os.path.basename(device), "sync")
    }
    assert all(row["comm"].startswith("python") for row in rows)
    assert sum(row["pages"] for row in rows) == 10


def test_the_rows_as_text(tmp_path: Path) -> None:
    place = tmp_path / "place"
    with disk(tmp_path, "ext4") as device:
        program = worker(SYNCS, place / "file", at=mounted(device, place))
        with program as one:
            heading, *lines = tool_text("writeback", act=one.go).splitlines()
    assert heading.split() == ["PID", "COMM", "DISK", "REASON", "PAGES", "US"]
    mine = [line for line in lines if line.split()[0] == str(one.pid)]
    assert {line.index("sync") for line in mine} == {heading.index("REASON")}
