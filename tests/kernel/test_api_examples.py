"""The scripts of `examples/`, each run as a user would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from api_cases import GETPPID, call_getppid, compiled, needs_clang

pytestmark = [pytest.mark.kernel, needs_clang]

EXAMPLES = Path(__file__).parents[2] / "examples"


@contextmanager
def running(script: str, source: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The script once it has attached."""
    command = [sys.executable, str(EXAMPLES / script), str(compiled(EXAMPLES / source))]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "attached\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def output(process: subprocess.Popen[str]) -> str:
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return text


def test_exec_watch_prints_every_program_of_a_parent() -> None:
    options = ("--parent", str(os.getpid()), "--idle", "2")
    with running("exec_watch.py", "exec_watch.bpf.c", *options) as process:
        started = [subprocess.Popen(["true"]) for _ in range(3)]
        for one in started:
            one.wait()
        lines = output(process).splitlines()
    # They run at the same time.
    assert sorted(lines) == sorted(
        [*[f"{one.pid} {os.getpid()} true" for one in started], "dropped 0"]
    )


def test_syscall_counts_counts_each_call() -> None:
    options = (str(os.getpid()), "--seconds", "1")
    with running("syscall_counts.py", "syscalls.bpf.c", *options) as process:
        call_getppid(123)
        text = output(process)
    assert f"thread {os.getpid()} system call {GETPPID}: 123\n" in text


def test_async_events_counts_while_the_loop_runs() -> None:
    options = (str(os.getpid()), "--seconds", "1")
    with running("async_events.py", "syscalls.bpf.c", *options) as process:
        call_getppid(321)
        text = output(process)
    assert f"system call {GETPPID}: 321\n" in text


def test_rates_receives_all_that_was_sent() -> None:
    pytest.importorskip("numpy")
    options = (str(os.getpid()), "--seconds", "1")
    with running("rates.py", "syscalls.bpf.c", *options) as process:
        call_getppid(10_000)
        text = output(process)
    assert f"most of them {GETPPID}\n" in text
    received = re.search(r"received (\d+) of (\d+), dropped 0", text)
    assert received is not None and received[1] == received[2] and int(received[1]) >= 10_000


def test_port_filter_drops_the_port_alone() -> None:
    script, program = EXAMPLES / "port_filter.py", compiled(EXAMPLES / "port_filter.bpf.c")
    done = subprocess.run(
        [sys.executable, str(script), str(program)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "port 53: dropped\nport 80: passed\nPASSED: 1\nDROPPED: 1001\n"
