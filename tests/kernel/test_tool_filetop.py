"""`filetop`: the calls and bytes of each file, exactly."""

from __future__ import annotations

from pathlib import Path

import pytest

from disk_setup import worker
from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

CALLS = """
    for name, times in (("less", 1), ("more", 3)):
        fd = os.open(f"{sys.argv[1]}-{name}", os.O_RDWR | os.O_CREAT)
        for _ in range(times):
            os.write(fd, b"x" * 100)
            os.writev(fd, [b"y" * 10, b"z" * 5])
            os.pread(fd, 50, 0)
    os.preadv(fd, [bytearray(7)], 0)
    left, right = os.pipe()
    os.write(right, b"piped")
    os.read(left, 99)
    try:
        os.read(right, 1)
    except OSError:
        pass
"""
FILES = {
    "more": {"bytes": 502, "reads": 4, "writes": 6, "read_bytes": 157, "write_bytes": 345},
    "less": {"bytes": 165, "reads": 1, "writes": 2, "read_bytes": 50, "write_bytes": 115},
}
NUMBERS = ("bytes", "reads", "writes", "read_bytes", "write_bytes")


def test_the_files_of_a_process(tmp_path: Path) -> None:
    """The one with the most bytes first; a neighbour's are not shown."""
    with worker(CALLS, tmp_path / "a") as one, worker(CALLS, tmp_path / "b") as other:
        act = [one.go, other.go]
        rows = tool_rows("filetop", "-p", str(one.pid), act=lambda: [do() for do in act])
    assert {row["pid"] for row in rows} == {one.pid}
    assert all(row["comm"].startswith("python") for row in rows)
    assert [(row["path"], {name: row[name] for name in NUMBERS}) for row in rows] == [
        (str(tmp_path / f"a-{name}"), numbers) for name, numbers in FILES.items()
    ]


def test_pipes_too(tmp_path: Path) -> None:
    with worker(CALLS, tmp_path / "a") as one:
        rows = tool_rows("filetop", "-a", "-p", str(one.pid), act=one.go)
    pipes = [row for row in rows if row["path"].startswith("pipe:[")]
    (mine,) = [row for row in pipes if row["reads"] and row["writes"]]
    assert [mine[name] for name in NUMBERS] == [10, 1, 1, 5, 5]


def test_the_top_as_text(tmp_path: Path) -> None:
    with worker(CALLS, tmp_path / "a") as one:
        text = tool_text("filetop", "--top", "1", "-p", str(one.pid), act=one.go)
    heading, line = text.splitlines()
    assert heading.split() == ["PID", "COMM", "PATH", *(name.upper() for name in NUMBERS)]
    assert line.split()[-6:] == [str(tmp_path / "a-more"), *map(str, FILES["more"].values())]
