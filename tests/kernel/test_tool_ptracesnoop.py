"""`ptracesnoop`: who takes hold of whom, and who writes into whose memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

NOBODY = 0x3FFFFF  # the largest pid: with so few processes nobody has it

# Its first argument says what to do; what it writes into is an own child that sleeps.
TRACER = f"""
import ctypes, os, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4
TRACEME, PEEKTEXT, ATTACH, DETACH, SEIZE = 0, 1, 16, 17, 0x4206
text = ctypes.create_string_buffer(b"injected")
place = ctypes.addressof(text)
comm = os.open("/proc/self/comm", os.O_WRONLY)
os.write(comm, b"victim")
child = os.fork()
if not child:
    signal.pause()
os.write(comm, b"tracer")
class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
def attach():
    for _ in range(3):
        assert libc.ptrace(ATTACH, child, 0, 0) == 0
        os.waitpid(child, 0)
        assert libc.ptrace(PEEKTEXT, child, place, 0) >= -1
        libc.ptrace(DETACH, child, 0, 0)
    assert libc.ptrace(SEIZE, child, 0, 0) == 0
    assert libc.ptrace(ATTACH, {NOBODY}, 0, 0) == -1
def write():
    own, nowhere = ctypes.byref(Vector(place, 8)), ctypes.byref(Vector(8, 8))
    for _ in range(2):
        assert libc.process_vm_writev(child, own, 1, own, 1, 0) == 8
    assert libc.process_vm_writev(child, own, 1, nowhere, 1, 0) < 0
    memory = os.open(f"/proc/{{child}}/mem", os.O_RDWR)
    assert os.pwrite(memory, b"again", place) == 5
    os.lseek(memory, place, 0)
    assert os.write(os.dup(memory), b"and again") == 9
    assert os.pread(memory, 9, place) == b"and again"
def ask():
    pid = os.fork()
    if not pid:
        libc.ptrace(TRACEME, 0, 0, 0)
        os._exit(0)
    os.waitpid(pid, 0)
for name in sys.argv[1:]:
    globals()[name]()
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
"""


@pytest.fixture
def tracer(tmp_path: Path) -> str:
    """A program that takes hold of a child of its own."""
    path = tmp_path / "tracer.py"
    path.write_text(TRACER)
    return f"{sys.executable} -I -S {path}"


def requests(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What was done to whom, and what came of it."""
    names = ("comm", "request", "tcomm", "err")
    return [tuple(one[name] for name in names) for one in rows]


def test_attachments(tracer: str) -> None:
    rows = tool_rows("ptracesnoop", "-c", f"{tracer} attach ask")
    assert requests(rows) == [
        *[("tracer", "PTRACE_ATTACH", "victim", None)] * 3,
        ("tracer", "PTRACE_SEIZE", "victim", None),
        ("tracer", "PTRACE_ATTACH", None, "ESRCH"),
        ("tracer", "PTRACE_TRACEME", "tracer", None),
    ]
    caller = rows[0]["pid"]
    assert {one["pid"] for one in rows[:5]} == {caller}
    assert rows[4]["tpid"] == NOBODY
    assert (rows[5]["tpid"], rows[5]["pid"] != caller) == (caller, True)
    assert len({one["tpid"] for one in rows[:4]}) == 1


def test_writes_into_memory(tracer: str) -> None:
    """By process_vm_writev(2) and by /proc, through whatever descriptor; reading is none."""
    rows = tool_rows("ptracesnoop", "-c", f"{tracer} write")
    assert requests(rows) == [
        *[("tracer", "process_vm_writev", "victim", None)] * 2,
        ("tracer", "process_vm_writev", "victim", "EFAULT"),
        *[("tracer", "/proc/PID/mem", "victim", None)] * 2,
    ]
    assert len({one["tpid"] for one in rows}) == 1


def test_every_request(tracer: str) -> None:
    rows = tool_rows("ptracesnoop", "--all", "-c", f"{tracer} attach")
    one = ["PTRACE_ATTACH", "PTRACE_PEEKTEXT", "PTRACE_DETACH"]
    assert [row["request"] for row in rows] == [*one * 3, "PTRACE_SEIZE", "PTRACE_ATTACH"]


def test_failures_alone_and_no_neighbour(tracer: str) -> None:
    """Of two that do the same, the one that is traced."""
    with subprocess.Popen(["sh"], stdin=subprocess.PIPE) as neighbour:

        def act() -> None:
            subprocess.run([*tracer.split(), "attach"], check=True)
            neighbour.communicate(f"{tracer} attach\n".encode())

        text = tool_text("ptracesnoop", "-x", "-p", str(os.getpid()), "--tree", act=act)
    heading, line = text.splitlines()
    assert heading == "PID     COMM             REQUEST              TPID    TCOMM            ERR"
    assert line.split()[1:] == ["tracer", "PTRACE_ATTACH", str(NOBODY), "-", "ESRCH"]
