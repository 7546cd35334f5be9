"""`bitesize`: each request in the bucket of its size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from disk_setup import disk, worker
from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

REQUESTS = """
    import mmap
    pages = mmap.mmap(-1, 65536)
    fd = os.open(sys.argv[1], os.O_RDWR | os.O_DIRECT)
    open("/proc/self/comm", "w").write("biter")
    for place in range(3):
        os.pwrite(fd, memoryview(pages)[:4096], place << 20)
    for place in range(2):
        os.preadv(fd, [pages], place << 20)
    os.fsync(fd)
"""
SIZES = {4096: 3, 65536: 2}


@pytest.fixture
def device(tmp_path: Path) -> Iterator[str]:
    with disk(tmp_path) as device:
        yield device


def test_sizes_of_a_process(device: str) -> None:
    """The flush has no size."""
    with worker(REQUESTS, device) as one, worker(REQUESTS, device) as other:
        act = [one.go, other.go]
        (row,) = tool_rows("bitesize", "-p", str(one.pid), act=lambda: [do() for do in act])
    assert (row["comm"], row["unit"]) == ("biter", "bytes")
    assert {one["min"]: one["count"] for one in row["buckets"] if one["count"]} == SIZES


def test_sizes_by_command(device: str) -> None:
    with worker(REQUESTS, device) as one, worker(REQUESTS, device) as other:
        text = tool_text("bitesize", "--comm", "biter", act=lambda: (one.go(), other.go()))
    heading, *lines = text.strip().splitlines()
    assert heading == "comm = biter (bytes):"
    assert lines[0].split()[:3] == ["[4K,", "8K)", "6"]
    assert lines[-1].split()[:3] == ["[64K,", "128K)", "4"]
