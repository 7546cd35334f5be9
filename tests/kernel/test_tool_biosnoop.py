"""`biosnoop`: every request of a disk, whose it was, and none of anybody else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from disk_setup import disk, worker
from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

REQUESTS = """
    import mmap
    page = mmap.mmap(-1, 16384)
    fd = os.open(sys.argv[1], os.O_RDWR | os.O_DIRECT)
    os.pwrite(fd, memoryview(page)[:4096], 0)
    os.pwrite(fd, page, 1 << 20)
    os.preadv(fd, [memoryview(page)[:8192]], 1 << 20)
    os.fsync(fd)
"""
SEEN = [("W", 0, 4096), ("W", 2048, 16384), ("R", 2048, 8192), ("F", 0, 0)]


@pytest.fixture
def device(tmp_path: Path) -> Iterator[str]:
    with disk(tmp_path) as device:
        yield device


def seen(rows: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    return [(one["type"][0], one["sector"], one["bytes"]) for one in rows]


def test_the_requests_of_a_process_are_rows(device: str) -> None:
    with worker(REQUESTS, device) as one, worker(REQUESTS, device) as other:
        rows = tool_rows("biosnoop", "-p", str(one.pid), act=lambda: (one.go(), other.go()))
    assert seen(rows) == SEEN
    assert {(row["pid"], row["disk"]) for row in rows} == {(one.pid, os.path.basename(device))}
    assert all(row["comm"].startswith("python") and row["lat_us"] >= 0 for row in rows)
    assert "F" in rows[-1]["type"] and rows[0]["type"].startswith("WS")


def test_all_requests_of_one_disk(device: str) -> None:
    """-Q adds the time in the queue to the latency."""
    with worker(REQUESTS, device) as one, worker(REQUESTS, device) as other:
        name = os.path.basename(device)
        rows = tool_rows("biosnoop", "-Q", "-d", name, act=lambda: (one.go(), other.go()))
    assert {row["disk"] for row in rows} == {name}
    assert seen(rows) == [*SEEN, *SEEN]
    assert [row["pid"] for row in rows] == [one.pid] * 4 + [other.pid] * 4
    assert all(row["lat_us"] >= row["queue_us"] for row in rows)


def test_the_rows_as_text(device: str) -> None:
    with worker(REQUESTS, device) as one:
        heading, *lines = tool_text("biosnoop", "-p", str(one.pid), act=one.go).splitlines()
    assert heading.split() == [
        "PID",
        "COMM",
        "DISK",
        "TYPE",
        "SECTOR",
        "BYTES",
        "QUEUE_US",
        "LAT_US",
    ]
    name = os.path.basename(device)
    assert [line.split()[0] for line in lines] == [str(one.pid)] * 4
    assert {line.index(name) for line in lines} == {heading.index("DISK")}
    assert [len(line) for line in lines] == [len(heading)] * 4
