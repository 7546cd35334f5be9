"""`vfsstat`: calls that succeed are counted, each once."""

from __future__ import annotations

from pathlib import Path

import pytest

from disk_setup import worker
from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

CALLS = """
    os.chdir(sys.argv[1])
    fd = os.open("new", os.O_RDWR | os.O_CREAT)
    os.open("new", os.O_RDWR | os.O_CREAT)
    directory = os.open(".", os.O_DIRECTORY)
    for _ in range(3):
        os.write(fd, b"x")
    os.writev(fd, [b"y"])
    os.pread(fd, 1, 0)
    os.fsync(fd)
    os.fdatasync(fd)
    os.mkdir("one")
    os.mkdir("two", dir_fd=directory)
    os.mkdir("three")
    os.rmdir("one")
    os.rmdir("two", dir_fd=directory)
    os.unlink("new", dir_fd=directory)
    os.close(os.open("next", os.O_WRONLY | os.O_CREAT))
    os.unlink("next")
    for call in (os.unlink, os.rmdir, lambda name: os.open(name, os.O_RDONLY)):
        try:
            call("none")
        except OSError:
            pass
"""
COUNTS = {
    "read": 1 + 1,  # the line that lets it go
    "write": 4 + 1,  # the line that says that it is done
    "fsync": 2,
    "open": 4,
    "create": 2,
    "unlink": 2,
    "mkdir": 3,
    "rmdir": 2,
}


def test_every_call_is_counted_once(tmp_path: Path) -> None:
    """A neighbour's are not."""
    places = [tmp_path / "mine", tmp_path / "others"]
    for place in places:
        place.mkdir()
    with worker(CALLS, places[0]) as one, worker(CALLS, places[1]) as other:
        act = [one.go, other.go]
        rows = tool_rows("vfsstat", "-p", str(one.pid), act=lambda: [do() for do in act])
    assert rows == [COUNTS]


def test_the_counts_as_text(tmp_path: Path) -> None:
    with worker(CALLS, tmp_path) as one:
        heading, line = tool_text("vfsstat", "-p", str(one.pid), act=one.go).splitlines()
    assert heading.split() == [name.upper() for name in COUNTS]
    assert line.split() == [str(count) for count in COUNTS.values()]
