"""`setuids`: every change of ids, from which to which."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

# What the C library makes of the calls is a call for each thread, and there is one.
CHANGES = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
libc.setfsgid(31)
os.setgid(30)
os.setregid(-1, 32)
os.setresgid(33, -1, 34)
libc.setfsuid(21)
os.setreuid(20, 22)
os.setresuid(-1, 20, 22)
for _ in range(3):
    try:
        os.setuid(0)
    except PermissionError:
        pass
libc.setfsuid(0)
os.setuid(22)
"""
UNASKED = -1


@pytest.fixture
def command(tmp_path: Path) -> str:
    """A program that gives itself other ids."""
    path = tmp_path / "changes.py"
    path.write_text(CHANGES)
    return f"{sys.executable} -I -S {path}"


def steps(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What was called, and what came of it."""
    names = ("call", "asked", "before", "after", "err")
    return [tuple(one[name] for name in names) for one in rows]


def test_every_call_with_ids_before_and_after(command: str) -> None:
    rows = tool_rows("setuids", "-c", command)
    refused = ("setuid", [0], [20, 20, 22, 20], [20, 20, 22, 20], "EPERM")
    assert steps(rows) == [
        ("setfsgid", [31], [0, 0, 0, 0], [0, 0, 0, 31], None),
        ("setgid", [30], [0, 0, 0, 31], [30, 30, 30, 30], None),
        ("setregid", [UNASKED, 32], [30, 30, 30, 30], [30, 32, 32, 32], None),
        ("setresgid", [33, UNASKED, 34], [30, 32, 32, 32], [33, 32, 34, 32], None),
        ("setfsuid", [21], [0, 0, 0, 0], [0, 0, 0, 21], None),
        ("setreuid", [20, 22], [0, 0, 0, 21], [20, 22, 22, 22], None),
        ("setresuid", [UNASKED, 20, 22], [20, 22, 22, 22], [20, 20, 22, 20], None),
        *[refused] * 3,
        ("setfsuid", [0], [20, 20, 22, 20], [20, 20, 22, 20], None),
        ("setuid", [22], [20, 20, 22, 20], [20, 22, 22, 22], None),
    ]
    assert len({(one["pid"], one["comm"]) for one in rows}) == 1


def test_failures_alone_as_text(command: str) -> None:
    heading, *lines = tool_text("setuids", "-x", "-c", command).splitlines()
    assert " ".join(heading.split()) == "PID COMM CALL ASKED BEFORE AFTER ERR"
    assert len(lines) == 3
    for line in lines:
        assert line[25:].split("  ", 1)[0] == "setuid"
        assert line[heading.index("BEFORE") :].split(") ")[0] == "(20, 20, 22, 20"
        assert line[heading.index("ERR") :] == "EPERM"


def test_no_neighbour(command: str) -> None:
    """A process that the one traced has not started does the same."""
    with subprocess.Popen(["sh"], stdin=subprocess.PIPE) as shell:

        def act() -> None:
            os.setregid(-1, os.getegid())
            shell.communicate(f"{command}\n".encode())

        rows = tool_rows("setuids", "-p", str(os.getpid()), act=act)
    assert {one["pid"] for one in rows} == {os.getpid()}
    assert steps(rows)[0][:2] == ("setregid", [UNASKED, os.getegid()])
