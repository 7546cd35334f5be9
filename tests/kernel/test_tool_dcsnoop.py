"""`dcsnoop`: names that are not in the cache of directory entries, and those that are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import pytest

from disk_setup import worker
from tool_runs import tool_rows, tool_text

pytestmark = [pytest.mark.kernel, pytest.mark.guest]

LOOKUPS = """
    def missing(call, *arguments):
        try:
            call(*arguments)
        except OSError:
            pass

    place = sys.argv[1]
    missing(os.stat, f"{place}/walked")
    missing(os.open, f"{place}/opened", os.O_RDONLY)
    missing(os.unlink, f"{place}/removed")
    os.close(os.open(f"{place}/made", os.O_WRONLY | os.O_CREAT))
    os.stat(f"{place}/made")
"""
MISSED = ["walked", "opened", "removed", "made"]


@contextmanager
def place() -> Iterator[str]:
    """In a tmpfs, which does not remember what there is not."""
    with TemporaryDirectory(dir="/dev/shm") as directory:
        yield directory


def test_what_is_missing() -> None:
    """Each once, and nobody else's."""
    with (
        place() as mine,
        place() as others,
        worker(LOOKUPS, mine) as one,
        worker(LOOKUPS, others) as other,
    ):
        act = [one.go, other.go]
        rows = tool_rows("dcsnoop", "-p", str(one.pid), act=lambda: [do() for do in act])
    assert {(row["pid"], row["type"]) for row in rows} == {(one.pid, "M")}
    assert [row["path"].rpartition("/")[2] for row in rows] == MISSED
    assert rows[0]["path"] == f"{mine}/walked"


def test_what_is_found_as_text() -> None:
    with place() as mine, worker(LOOKUPS, mine) as one:
        text = tool_text("dcsnoop", "-a", "-p", str(one.pid), act=one.go)
    heading, *lines = text.splitlines()
    assert heading.split() == ["PID", "COMM", "TYPE", "PATH"]
    found = [tuple(line[heading.index("TYPE") :].split()) for line in lines]
    assert [path for type_, path in found if type_ == "M"][:2] == [
        f"{mine}/walked",
        f"{mine}/opened",
    ]
    assert found.count(("R", "/dev")) == 5
    assert found.count(("R", f"{mine}/made")) == 1
