"""`exitsnoop`: how processes end, and threads."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

ME = str(os.getpid())
PYTHON = (sys.executable, "-I", "-S", "-c")

# The first thread ends, in a system call of its own, before another one ends the process.
LEADER_FIRST = """
import ctypes, os, threading, time
def end(): time.sleep(0.1); os._exit(5)
threading.Thread(target=end).start()
ctypes.CDLL(None).syscall(60, 3)
"""
THREADS = """
import threading
for _ in range(3):
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
"""


def no_core() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(*command: str) -> tuple[int, int]:
    """A child's process id, and its exit code as `subprocess` counts it."""
    with subprocess.Popen(command, preexec_fn=no_core) as child:
        return child.pid, child.wait()


def ends(rows: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Who ended, and how."""
    names = ("pcomm", "pid", "ppid", "tid", "exit_code", "signal", "core")
    return [tuple(one[name] for name in names) for one in rows]


def test_exit_codes_and_signals() -> None:
    """Of processes that the test starts; a neighbour's, who was there before, are not shown."""
    pids: list[int] = []

    with subprocess.Popen(["sh"], stdin=subprocess.PIPE) as neighbour:

        def act() -> None:
            for command in ("exit 0", "exit 3", "exit 255", "kill -KILL $$", "kill -SEGV $$"):
                pids.append(run("sh", "-c", command)[0])
            neighbour.communicate(b"/bin/false\n")

        rows = tool_rows("exitsnoop", "-p", ME, "--tree", act=act)
    ways = [(0, None), (3, None), (255, None), (137, "SIGKILL"), (139, "SIGSEGV")]
    assert ends(rows) == [
        ("sh", pid, int(ME), pid, code, name, None)
        for pid, (code, name) in zip(pids, ways, strict=True)
    ]


def test_failures_alone_as_text() -> None:
    text = tool_text("exitsnoop", "-x", "-c", "sh -c '/bin/true; /bin/false; exit 7'")
    heading, *lines = text.splitlines()
    assert " ".join(heading.split()) == "PCOMM PID PPID TID AGE_MS EXIT_CODE SIGNAL CORE"
    at = heading.index("EXIT_CODE")
    assert [(line.split()[0], line[at:].split()) for line in lines] == [
        ("false", ["1", "-", "-"]),
        ("sh", ["7", "-", "-"]),
    ]


def test_the_age_is_that_of_the_process() -> None:
    """No less than it slept, no more than it was waited for."""
    start = time.monotonic()
    (row,) = tool_rows("exitsnoop", "-c", "sleep 0.3")
    assert 300 <= row["age_ms"] <= (time.monotonic() - start) * 1000


def test_a_process_ends_with_its_last_thread() -> None:
    """One row, with what the parent is told, though its first thread ended otherwise."""
    found: list[tuple[int, int]] = []
    rows = tool_rows(
        "exitsnoop", "-p", ME, "--tree", act=lambda: found.append(run(*PYTHON, LEADER_FIRST))
    )
    ((pid, code),) = found
    assert code == 5
    assert [(one["pid"], one["tid"], one["exit_code"]) for one in rows] == [(pid, pid, 5)]


def test_threads() -> None:
    """Each thread has a row, with its own id; join(3) does not wait for its very end."""
    found: list[tuple[int, int]] = []
    rows = tool_rows(
        *("exitsnoop", "--per-thread", "-p", ME, "--tree"),
        act=lambda: found.append(run(*PYTHON, THREADS)),
    )
    pid = found[0][0]
    assert [one["pid"] for one in rows] == [pid] * 4
    tids = [one["tid"] for one in rows]
    assert len(set(tids)) == 4
    assert pid in tids
    assert {one["exit_code"] for one in rows} == {0}


@pytest.mark.guest
def test_a_core_that_was_dumped(tmp_path: object) -> None:
    """Where cores are written to files, which only the guest's own settings say."""
    with open("/proc/sys/kernel/core_pattern", "r+") as file:
        before = file.read()
        file.write(f"{tmp_path}/core")
        file.flush()
        try:
            command = "sh -c 'ulimit -c unlimited; kill -ABRT $$'"
            (row,) = tool_rows("exitsnoop", "-c", command)
        finally:
            file.seek(0)
            file.write(before)
    assert (row["exit_code"], row["signal"], row["core"]) == (
        128 + signal.SIGABRT,
        "SIGABRT",
        "dumped",
    )
