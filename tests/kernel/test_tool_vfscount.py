"""`vfscount`: the kernel's functions, as often as a process makes it call them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import pytest

from disk_setup import worker
from tool_runs import tool_rows, tool_text

pytestmark = [pytest.mark.kernel, pytest.mark.guest]

CALLS = """
    os.chdir(sys.argv[1])
    for name in ("a", "b", "c"):
        os.mkdir(name)
    for name in ("a", "b"):
        os.rmdir(name)
"""


@contextmanager
def place() -> Iterator[str]:
    """In a tmpfs: an overlay calls the functions for what is below it, too."""
    with TemporaryDirectory(dir="/dev/shm") as directory:
        yield directory


def test_functions_are_counted() -> None:
    """A neighbour's calls are not."""
    with (
        place() as mine,
        place() as others,
        worker(CALLS, mine) as one,
        worker(CALLS, others) as other,
    ):
        act = [one.go, other.go]
        rows = tool_rows("vfscount", "-p", str(one.pid), act=lambda: [do() for do in act])
    found = {row["function"]: row["count"] for row in rows}
    assert (found["vfs_mkdir"], found["vfs_rmdir"]) == (3, 2)
    counts = [row["count"] for row in rows]
    assert counts == sorted(counts, reverse=True)


def test_the_counts_as_text() -> None:
    with place() as mine, worker(CALLS, mine) as one:
        heading, *lines = tool_text("vfscount", "-p", str(one.pid), act=one.go).splitlines()
    assert heading.split() == ["FUNCTION", "COUNT"]
    assert ["vfs_mkdir", "3"] in [line.split() for line in lines]
