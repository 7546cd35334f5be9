"""`killsnoop`: every call that sends a signal, and what came of it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

ME = str(os.getpid())
COMM = Path("/proc/self/comm").read_text().rstrip()
LIBC = ctypes.CDLL(None, use_errno=True)
TKILL, TGKILL, RT_SIGQUEUEINFO, RT_TGSIGQUEUEINFO, PIDFD_SEND_SIGNAL = 200, 234, 129, 297, 424
WINCH, URG = signal.SIGWINCH, signal.SIGURG  # which are ignored unless somebody waits for them
NOBODY = 0x3FFFFF  # the largest pid: with so few processes nobody has it


@pytest.fixture
def target() -> Iterator[int]:
    """A process to send signals to."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process.pid
        process.kill()


def rows_about(pid: int, rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The test ends the tool by a signal, too: that is none of these."""
    names = ("call", "signal", "tpid", "ttid", "err")
    return [tuple(one[name] for name in names) for one in rows if pid in (one["tpid"], one["ttid"])]


def test_calls_that_send_signals(target: int) -> None:
    info = ctypes.create_string_buffer(128)
    ctypes.c_int.from_buffer(info, 8).value = -1  # SI_QUEUE

    def act() -> None:
        for _ in range(3):
            os.kill(target, WINCH)
        os.kill(target, 0)
        LIBC.syscall(TKILL, target, URG)
        LIBC.syscall(TGKILL, target, target, URG)
        LIBC.syscall(RT_SIGQUEUEINFO, target, WINCH, info)
        LIBC.syscall(RT_TGSIGQUEUEINFO, target, target, WINCH, info)

    rows = tool_rows("killsnoop", "-p", ME, act=act)
    assert rows_about(target, rows) == [
        *[("kill", "SIGWINCH", target, 0, None)] * 3,
        ("kill", "SIG0", target, 0, None),
        ("tkill", "SIGURG", 0, target, None),
        ("tgkill", "SIGURG", target, target, None),
        ("rt_sigqueueinfo", "SIGWINCH", target, 0, None),
        ("rt_tgsigqueueinfo", "SIGWINCH", target, target, None),
    ]
    assert {one["pid"] for one in rows} == {os.getpid()}
    assert {one["comm"] for one in rows} == {COMM}


def test_signals_by_descriptor(target: int) -> None:
    """A pidfd, a directory of /proc, and a descriptor of something else."""

    def act() -> None:
        for path in (None, f"/proc/{target}"):
            fd = os.open(path, os.O_RDONLY) if path else os.pidfd_open(target)
            assert LIBC.syscall(PIDFD_SEND_SIGNAL, fd, WINCH, None, 0) == 0
            os.close(fd)
        assert LIBC.syscall(PIDFD_SEND_SIGNAL, 0, WINCH, None, 0) == -1

    rows = tool_rows("killsnoop", "-p", ME, "--signal", "winch", act=act)
    sent = [(one["call"], one["tpid"], one["err"]) for one in rows]
    call = "pidfd_send_signal"
    assert sent == [(call, target, None), (call, target, None), (call, 0, "EBADF")]


def test_failures_alone(target: int) -> None:
    def act() -> None:
        os.kill(target, 0)
        with pytest.raises(ProcessLookupError):
            os.kill(NOBODY, signal.SIGTERM)
        assert LIBC.kill(target, 99) == -1

    rows = tool_rows("killsnoop", "-p", ME, "-x", act=act)
    assert [(one["signal"], one["tpid"], one["err"]) for one in rows] == [
        ("SIGTERM", NOBODY, "ESRCH"),
        ("SIG99", target, "EINVAL"),
    ]


def test_one_target_and_no_neighbour(target: int) -> None:
    """A shell does the same at the same time; it was there before the tool."""
    with subprocess.Popen(["sh"], stdin=subprocess.PIPE) as shell:

        def act() -> None:
            os.kill(target, 0)
            os.kill(shell.pid, 0)
            shell.communicate(f"kill -0 {target}\n".encode())

        text = tool_text("killsnoop", "-p", ME, "--target", str(target), act=act)
    assert [line.split() for line in text.splitlines()] == [
        ["PID", "COMM", "SIGNAL", "TPID", "TTID", "ERR", "CALL"],
        [ME, COMM, "SIG0", str(target), "0", "-", "kill"],
    ]
