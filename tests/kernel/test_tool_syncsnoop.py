"""`syncsnoop`: every call that writes data to the disk, with its file and its error."""

from __future__ import annotations

import ctypes
import mmap
import os
import subprocess
from pathlib import Path

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

_WRITE = 2  # SYNC_FILE_RANGE_WRITE
_NOT_OPEN = 1 << 20


def test_every_call_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(mmap.PAGESIZE))
    library = ctypes.CDLL(None)
    size = ctypes.c_long(mmap.PAGESIZE)

    def act() -> None:
        fd = os.open(path, os.O_RDWR)
        for _ in range(3):
            os.fsync(fd)
        os.fdatasync(fd)
        assert library.sync_file_range(fd, ctypes.c_long(0), size, _WRITE) == 0
        assert library.syncfs(fd) == 0
        with mmap.mmap(fd, mmap.PAGESIZE) as memory:
            memory.flush()
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fsync(_NOT_OPEN)
        os.sync()
        os.close(fd)
        subprocess.run(["/bin/sync", path], check=True)

    rows = tool_rows("syncsnoop", "-p", str(os.getpid()), act=act)
    assert [(one["call"], one["err"], one["path"]) for one in rows] == [
        *[("fsync", None, str(path))] * 3,
        ("fdatasync", None, str(path)),
        ("sync_file_range", None, str(path)),
        ("syncfs", None, str(path)),
        ("msync", None, ""),
        ("fsync", "EBADF", ""),
        ("sync", None, ""),
    ]
    assert {one["pid"] for one in rows} == {os.getpid()}
    assert all(0 <= one["us"] < 60_000_000 for one in rows)


def test_the_text_is_aligned(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    shell = f"sh -c 'cd {tmp_path}; sync -d file; sync -f file'"
    heading, *lines = tool_text("syncsnoop", "-c", shell).splitlines()
    assert heading == "PID     COMM             CALL            ERR              US PATH"
    assert [line[8:50] + line[61:] for line in lines] == [
        f"sync             fdatasync       -        {tmp_path}/file",
        f"sync             syncfs          -        {tmp_path}/file",
    ]
