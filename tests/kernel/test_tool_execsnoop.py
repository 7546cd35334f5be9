"""`execsnoop`: every program that is run, with its whole arguments, and every attempt."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

ME = str(os.getpid())
TRUE = os.path.realpath(shutil.which("true") or "")
THREAD = """
import os, sys, threading
threading.Thread(target=os.execv, args=(sys.argv[1], ["true", "thread"])).start()
"""


def test_every_program_with_its_arguments(tmp_path: Path) -> None:
    """By name, by a relative path, as a script; a neighbour's, who was there before, are not."""
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    many = [str(number) for number in range(100)]
    with subprocess.Popen(["sh"], stdin=subprocess.PIPE) as neighbour:

        def act() -> None:
            for _ in range(3):
                subprocess.run([TRUE, "a b", "", "ä"], check=True)
            subprocess.run([TRUE, *many], check=True)
            subprocess.run(["./script", "x"], cwd=tmp_path, check=True)
            neighbour.communicate(f"{TRUE} neighbour\n".encode())

        rows = tool_rows("execsnoop", "-p", ME, "--tree", act=act)
    assert [one["args"] for one in rows] == [
        *[[TRUE, "a b", "", "ä"]] * 3,
        [TRUE, *many],
        ["/bin/sh", "./script", "x"],
    ]
    assert [one["pcomm"] for one in rows] == ["true"] * 4 + ["script"]
    assert [one["path"] for one in rows] == [TRUE] * 4 + [os.path.realpath("/bin/sh")]
    assert {(one["ppid"], one["ret"], one["err"]) for one in rows} == {(int(ME), 0, None)}
    assert len({one["pid"] for one in rows}) == 5


def test_attempts_that_fail(tmp_path: Path) -> None:
    """What was asked for, and why it was refused; without -x they are not shown."""
    (tmp_path / "file").write_text("")
    wrong = [str(tmp_path / "none"), "./file", str(tmp_path)]

    def act() -> None:
        for path in wrong:
            with pytest.raises(OSError):
                subprocess.run([path, "1", "2"], cwd=tmp_path)
        subprocess.run([TRUE], check=True)

    rows = tool_rows("execsnoop", "-x", "-p", ME, "--tree", act=act)
    assert [(one["path"], one["ret"], one["err"], one["args"]) for one in rows] == [
        (wrong[0], -2, "ENOENT", [wrong[0], "1", "2"]),
        (str(tmp_path / "file"), -13, "EACCES", ["./file", "1", "2"]),
        (wrong[2], -13, "EACCES", [wrong[2], "1", "2"]),
        (TRUE, 0, None, [TRUE]),
    ]
    assert [one["args"] for one in tool_rows("execsnoop", "-p", ME, "--tree", act=act)] == [[TRUE]]


def test_by_descriptor_and_from_a_thread() -> None:
    """execveat(2), and an exec by which a thread becomes the process."""
    by_descriptor = f"import os; os.execve(os.open('{TRUE}', os.O_RDONLY), ['x', 'fd'], {{}})"
    python = [sys.executable, "-I", "-S", "-c"]
    pids: list[int] = []

    def act() -> None:
        for command in ([*python, by_descriptor], [*python, THREAD, TRUE]):
            with subprocess.Popen(command) as child:
                pids.append(child.pid)

    rows = tool_rows("execsnoop", "-x", "-p", ME, "--tree", act=act)
    assert [(one["pid"], one["path"], one["args"]) for one in rows if one["path"] == TRUE] == [
        (pids[0], TRUE, ["x", "fd"]),
        (pids[1], TRUE, ["true", "thread"]),
    ]
    assert {one["err"] for one in rows} == {None}


def test_more_arguments_than_there_is_room_for() -> None:
    words = ["x" * 100] * 200
    (row,) = tool_rows(
        *("execsnoop", "-p", ME, "--tree"),
        act=lambda: subprocess.run([TRUE, *words], check=True),
    )
    assert row["args"][:2] == [TRUE, words[0]]
    assert row["args"][-1].endswith("...")
    assert 70 <= len(row["args"]) < len(words)


def test_text_and_one_parents_children() -> None:
    """`sh` runs a program that runs another: only the first is a child of the test."""

    def act() -> None:
        subprocess.run(["sh", "-c", f"{TRUE} inner; exit 0"], check=True)
        subprocess.run([TRUE, "outer"], check=True)

    text = tool_text("execsnoop", "--ppid", ME, act=act)
    heading, *lines = text.splitlines()
    assert heading == (
        "PCOMM            PID     PPID     RET ERR          PATH                     ARGS"
    )
    at = heading.index("RET")
    assert [line[at:].split(maxsplit=3) for line in lines] == [
        ["0", "-", os.path.realpath(shutil.which("sh") or ""), f"sh -c {TRUE} inner; exit 0"],
        ["0", "-", TRUE, f"{TRUE} outer"],
    ]
