"""`opensnoop`: every open, with its whole path, and none of anybody else."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

_OPENAT2 = 437
_CHILD = """
import ctypes, os, sys
root = sys.argv[1]
os.chdir(root + "/below")
os.close(os.open("file", os.O_RDONLY))
os.close(os.open("./file", os.O_RDONLY))
directory = os.open(root, os.O_RDONLY)
os.close(os.open("below/file", os.O_RDONLY, dir_fd=directory))
os.close(os.open(root + "/link", os.O_RDONLY))
"""


def test_every_open_is_a_row(tmp_path: Path) -> None:
    """Opens that succeed and that fail, in order, of this process and not of its neighbour."""
    path = tmp_path / "file"
    path.write_text("x")
    descriptors = []

    def act() -> None:
        for _ in range(7):
            descriptors.append(os.open(path, os.O_RDONLY))
            os.close(descriptors[-1])
        with pytest.raises(FileNotFoundError):
            os.open(tmp_path / "none", os.O_RDONLY)
        with pytest.raises(NotADirectoryError):
            os.open(path / "x", os.O_RDONLY)
        subprocess.run(["/bin/cat", path, path, path], check=True, capture_output=True)

    rows = tool_rows("opensnoop", "-p", str(os.getpid()), act=act)
    mine = [(one["path"], one["fd"], one["err"]) for one in rows if str(tmp_path) in one["path"]]
    assert mine == [
        *((str(path), fd, None) for fd in descriptors),
        (str(tmp_path / "none"), -1, "ENOENT"),
        (str(path / "x"), -1, "ENOTDIR"),
    ]
    assert {one["pid"] for one in rows} == {os.getpid()}
    assert {one["comm"] for one in rows} == {Path("/proc/self/comm").read_text().strip()}


def test_relative_paths_are_whole(tmp_path: Path) -> None:
    """By the working directory, by a descriptor; a symbolic link by its own name."""
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "file").write_text("x")
    (tmp_path / "link").symlink_to("below/file")
    program = tmp_path / "opens.py"
    program.write_text(_CHILD)
    rows = tool_rows("opensnoop", "--path", tmp_path.name, "-c",
                     f"{sys.executable} -I -S {program} {tmp_path}")  # fmt: skip
    paths = [one["path"] for one in rows if not one["path"].endswith("/opens.py")]
    file = str(tmp_path / "below" / "file")
    assert paths == [file, file, str(tmp_path), file, str(tmp_path / "link")]


def test_the_text_is_aligned_and_filtered(tmp_path: Path) -> None:
    made, missing = tmp_path / "made", tmp_path / "no" / "made"
    shell = f"sh -c 'exec 2>&-; cat < {tmp_path}; : > {made}; cat > {missing}; exit 0'"
    text = tool_text("opensnoop", "--flags", "O_CREAT|O_TRUNC", "--path", "made", "-c", shell)
    heading, *rows = text.splitlines()
    assert heading == "PID     COMM               FD ERR      PATH"
    assert [line[8:25].rstrip() for line in rows] == ["sh", "sh"]
    assert [line[25:] for line in rows] == [f"   2 -        {made}", f"  -1 ENOENT   {missing}"]


def test_failed_opens_alone(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    shell = f"sh -c 'exec 2>/dev/null; cat {file} >/dev/null; cat {file}.1; cat {file}.2; exit 0'"
    rows = tool_rows("opensnoop", "-x", "--path", str(file), "-c", shell)
    assert [(one["comm"], one["fd"], one["err"], one["path"]) for one in rows] == [
        ("cat", -1, "ENOENT", f"{file}.1"),
        ("cat", -1, "ENOENT", f"{file}.2"),
    ]


def test_openat2_and_open(tmp_path: Path) -> None:
    """Calls that Python itself does not make; `how` is 24 bytes: flags, mode, resolve."""
    path = tmp_path / "file"
    library = ctypes.CDLL(None, use_errno=True)
    how = (ctypes.c_uint64 * 3)(os.O_CREAT | os.O_WRONLY, 0o600, 0)

    def act() -> None:
        fd = library.syscall(_OPENAT2, -100, os.fsencode(path), how, ctypes.sizeof(how))
        assert fd >= 0
        os.close(fd)
        assert library.syscall(_OPENAT2, -100, os.fsencode(path), how, 3) == -1
        if os.uname().machine == "x86_64":
            os.close(library.syscall(2, os.fsencode(path), os.O_RDONLY | os.O_CREAT, 0))

    rows = tool_rows("opensnoop", "-f", "O_CREAT", "-p", str(os.getpid()), act=act)
    mine = [one["err"] for one in rows if one["path"] == str(path)]
    assert mine == [None, "EINVAL", None][: 3 if os.uname().machine == "x86_64" else 2]
