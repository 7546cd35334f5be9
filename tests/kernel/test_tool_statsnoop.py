"""`statsnoop`: every call that asks about a file, under the kernel's name, with its whole path."""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

_STAT, _FSTAT, _LSTAT, _STATFS = 4, 5, 6, 137  # of x86-64
_STATX = 332
_FDCWD = -100


def test_every_call_of_the_family_is_a_row(tmp_path: Path) -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("the numbers of these system calls are those of x86-64")
    path, none = tmp_path / "file", tmp_path / "none"
    path.write_text("x")
    raw = ctypes.CDLL(None).syscall
    buffer = ctypes.create_string_buffer(256)

    def act() -> None:
        fd = os.open(path, os.O_RDONLY)
        for number in (_STAT, _LSTAT, _STATFS):
            assert raw(number, bytes(path), buffer) == 0
        assert raw(_STAT, bytes(none), buffer) == -1
        assert raw(_FSTAT, fd, buffer) == 0
        assert raw(_STATX, _FDCWD, bytes(path), 0, 0xFFF, buffer) == 0
        os.stat("file", dir_fd=(directory := os.open(tmp_path, os.O_RDONLY)))
        os.fstatvfs(fd)
        os.close(directory)
        os.close(fd)
        subprocess.run(["/bin/ls", "-l", path], check=True, capture_output=True)

    rows = tool_rows("statsnoop", "-p", str(os.getpid()), act=act)
    mine = [one for one in rows if one["path"].startswith(str(tmp_path))]
    assert [(one["call"], one["err"], one["path"]) for one in mine] == [
        ("stat", None, str(path)),
        ("lstat", None, str(path)),
        ("statfs", None, str(path)),
        ("stat", "ENOENT", str(none)),
        ("fstat", None, str(path)),
        ("statx", None, str(path)),
        ("newfstatat", None, str(path)),
        ("fstatfs", None, str(path)),
    ]
    assert {one["pid"] for one in rows} == {os.getpid()}


def test_failed_calls_alone_by_text(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    shell = f"sh -c 'cd {tmp_path}; ls -l file; ! ls -l gone'"
    heading, *lines = tool_text("statsnoop", "-x", "--comm", "ls", "-c", shell).splitlines()
    assert heading == "PID     COMM             CALL       ERR      PATH"
    mine = [line[8:] for line in lines if str(tmp_path) in line]
    assert set(mine) == {f"ls               {mine[0][17:27]} ENOENT   {tmp_path}/gone"}
    assert mine[0][17:27].strip() in ("statx", "newfstatat", "lstat", "stat")


def test_a_burst_is_shown_whole() -> None:
    """A row takes no more of the ring than its path does: it may be a hundred times as long."""
    count = 3000
    rows = tool_rows(
        *("statsnoop", "-p", str(os.getpid())),
        act=lambda: [os.path.exists("/none/of it") for _ in range(count)],
    )
    found = [(one["comm"], one["err"]) for one in rows if one["path"] == "/none/of it"]
    assert found == [(Path("/proc/self/comm").read_text().strip(), "ENOENT")] * count
