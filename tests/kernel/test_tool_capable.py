"""`capable`: who is asked for which capability, and the answer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

SOURCES = Path(__file__).parents[2] / "src" / "seismo" / "tools" / "security"

# chroot(2) asks for CAP_SYS_CHROOT, each time, and sethostname(2) for CAP_SYS_ADMIN.
CALLS = """
import ctypes, os
libc = ctypes.CDLL(None)
def calls(count):
    for _ in range(count):
        libc.chroot(b"/")
        libc.sethostname(b"", -1)
calls(4)
os.setresuid(65534, 65534, 65534)
calls(3)
"""
CHROOT, ADMIN = 18, 21


@pytest.fixture
def program(tmp_path: Path) -> str:
    """A program that needs capabilities, with them and without."""
    path = tmp_path / "calls.py"
    path.write_text(CALLS)
    return f"{sys.executable} -I -S {path}"


def test_checks_and_their_answers(program: str) -> None:
    """Of one process: a neighbour, who was there before, is asked for the same."""
    pids: list[int] = []
    with subprocess.Popen(["sh"], stdin=subprocess.PIPE) as neighbour:

        def act() -> None:
            with subprocess.Popen(program.split()) as child:
                pids.append(child.pid)
            neighbour.communicate(f"{program}\n".encode())

        rows = tool_rows("capable", "-p", str(os.getpid()), "--tree", act=act)
    assert {one["pid"] for one in rows} <= {os.getpid(), *pids}
    asked = [one for one in rows if one["cap"] == CHROOT]
    assert {one["name"] for one in asked} == {"CAP_SYS_CHROOT"}
    assert [(one["pid"], one["uid"], one["err"]) for one in asked] == [
        *[(pids[0], 0, None)] * 4,
        *[(pids[0], 65534, "EPERM")] * 3,
    ]
    assert {one["audit"] for one in asked} <= {"yes", None}
    assert {one["name"] for one in rows if one["cap"] == ADMIN} == {"CAP_SYS_ADMIN"}


def test_stacks(program: str) -> None:
    """Where in the kernel it was asked; the outermost function comes last in text."""
    rows = tool_rows("capable", "-K", "-c", program)
    asked = [one["kstack"] for one in rows if one["cap"] == CHROOT]
    assert len(asked) == 7
    assert all(any("chroot" in frame for frame in stack) for stack in asked)
    assert {str(one["ustack"]) for one in rows} == {"[]"}
    rows = tool_rows("capable", "-U", "-c", program)
    assert all(any("chroot" in frame for frame in one["ustack"])
               for one in rows if one["cap"] == CHROOT)  # fmt: skip


def test_text_and_each_check_once(program: str) -> None:
    text = tool_text("capable", "--all", "--unique", "-c", program)
    heading, *lines = text.splitlines()
    assert heading == "UID     PID     COMM             CAP  NAME               AUDIT ERR"
    chroots = [line for line in lines if "CAP_SYS_CHROOT" in line]
    assert [line[heading.index("NAME") :].split()[::2] for line in chroots] == [
        ["CAP_SYS_CHROOT", "-"]
    ]


@pytest.mark.guest
@pytest.mark.parametrize("script", ["capable_fexit", "capable_kprobe"])
def test_each_script_by_itself(script: str, program: str) -> None:
    """At the function, by its trampoline and by its beginning and end."""
    command = [sys.executable, "-m", "seismo", "-q", "--tree", "-c", program]
    command += [str(SOURCES / f"{script}.bt")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split() for line in done.stdout.splitlines()]
    found = [(one[0], one[-2], one[-1]) for one in rows if one[3:4] == [str(CHROOT)]]
    assert found == [("0", "1", "0")] * 4 + [("65534", "1", "-1")] * 3
