"""`fileslower`: reads and writes that waited, with their files; a frozen file system makes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from disk_setup import disk, mounted, worker
from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

QUICK = """
    fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
    os.write(fd, b"x" * 100)
    os.writev(fd, [b"y" * 10, b"z" * 5])
    os.pread(fd, 50, 0)
    os.preadv(fd, [bytearray(7)], 0)
    os.pread(fd, 10, 1000)
    try:
        os.write(os.open(sys.argv[1], os.O_RDONLY), b"no")
    except OSError:
        pass
"""
CALLS = [("write", 100), ("write", 15), ("read", 50), ("read", 7), ("read", 0)]

SLOW = """
    import fcntl, threading
    FREEZE, THAW = 0xC0045877, 0xC0045878  # include/uapi/linux/fs.h: FIFREEZE, FITHAW
    pipe = os.pipe()
    fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
    place = os.open(os.path.dirname(sys.argv[1]), os.O_RDONLY)
    os.write(fd, b"quick")
    fcntl.ioctl(place, FREEZE, 0)
    threading.Timer(0.2, fcntl.ioctl, (place, THAW, 0)).start()
    os.write(fd, b"slow")
    threading.Timer(0.2, os.write, (pipe[1], b"piped")).start()
    os.read(pipe[0], 9)
"""


def test_all_calls_with_a_limit_of_nothing(tmp_path: Path) -> None:
    """Those that succeed; a neighbour's are not shown."""
    path = tmp_path / "file"
    with worker(QUICK, path) as one, worker(QUICK, tmp_path / "other") as other:
        act = [one.go, other.go]
        rows = tool_rows("fileslower", "0", "-p", str(one.pid), act=lambda: [do() for do in act])
    assert [(row["type"], row["bytes"]) for row in rows] == CALLS
    assert {(row["pid"], row["tid"], row["path"]) for row in rows} == {
        (one.pid, one.pid, str(path))
    }


def test_only_what_was_slow(tmp_path: Path) -> None:
    place = tmp_path / "place"
    path = place / "file"
    with disk(tmp_path, "ext4") as device, worker(SLOW, path, at=mounted(device, place)) as one:
        (row,) = tool_rows("fileslower", "-p", str(one.pid), act=one.go)
    assert (row["type"], row["bytes"], row["path"]) == ("write", 4, str(path))
    assert row["lat_us"] >= 50_000


def test_other_things_than_files_as_text(tmp_path: Path) -> None:
    """What ended while the tool was attached: the line that the process waits for before, too."""
    place = tmp_path / "place"
    path = place / "file"
    with disk(tmp_path, "ext4") as device, worker(SLOW, path, at=mounted(device, place)) as one:
        text = tool_text("fileslower", "-a", "-p", str(one.pid), act=one.go)
    heading, *lines = text.splitlines()
    assert heading.split() == ["PID", "TID", "COMM", "TYPE", "BYTES", "LAT_US", "PATH"]
    slow, piped = [line for line in lines if line[heading.index("PATH") :][0] in "/p"][-2:]
    assert slow.endswith(f" {path}")
    assert piped.split()[3:5] == ["read", "5"]
    assert " pipe:[" in piped
