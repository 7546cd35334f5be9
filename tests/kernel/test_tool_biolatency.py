"""`biolatency`: as many requests in the histograms as there were."""

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
    page = mmap.mmap(-1, 4096)
    fd = os.open(sys.argv[1], os.O_RDWR | os.O_DIRECT)
    for place in range(3):
        os.pwrite(fd, page, place << 20)
    for place in range(5):
        os.preadv(fd, [page], place << 20)
"""


@pytest.fixture
def device(tmp_path: Path) -> Iterator[str]:
    with disk(tmp_path) as device:
        yield device


def total(row: dict[str, Any]) -> int:
    return sum(bucket["count"] for bucket in row["buckets"])


def test_one_histogram_of_a_process(device: str) -> None:
    with worker(REQUESTS, device) as one, worker(REQUESTS, device) as other:
        act = [one.go, other.go]
        (row,) = tool_rows("biolatency", "-p", str(one.pid), act=lambda: [do() for do in act])
    assert (row["unit"], total(row)) == ("us", 8)


def test_a_histogram_for_each_disk(device: str, tmp_path: Path) -> None:
    with disk(tmp_path) as second, worker(REQUESTS, device) as one, worker(REQUESTS, second) as two:
        rows = tool_rows("biolatency", "-D", act=lambda: (one.go(), two.go()))
    found = {row["disk"]: total(row) for row in rows}
    assert {found[os.path.basename(one)] for one in (device, second)} == {8}


def test_a_histogram_for_each_kind(device: str) -> None:
    with worker(REQUESTS, device) as one:
        rows = tool_rows("biolatency", "-F", "-Q", "-p", str(one.pid), act=one.go)
    assert sorted((row["type"][0], total(row)) for row in rows) == [("R", 5), ("W", 3)]


def test_each_disk_and_kind_as_text(device: str) -> None:
    with worker(REQUESTS, device) as one:
        text = tool_text("biolatency", "-D", "-F", "-p", str(one.pid), act=one.go)
    name = os.path.basename(device)
    headings = [line for line in text.splitlines() if line.startswith("disk")]
    assert len(headings) == 2
    assert all(f"disk = {name}, type = " in line and "(us)" in line for line in headings)
