"""Watchpoints: every access to a variable of a process, and to one of the kernel."""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from event_targets import Target, target
from live_command import tracing

from script_runs import run_script
from seismo.base.diagnostics import DiagnosticsError
from seismo.builtin.options import TaskFilter

pytestmark = pytest.mark.kernel

PR_SET_TIMERSLACK = 29


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Target]:
    with target(tmp_path) as one:
        yield one


def hits(script: str, process: Target, *work: tuple[str, int]) -> int:
    def act() -> None:
        for what, count in work:
            process.do(what, count)

    ran = run_script(script, act, filter=TaskFilter(process.pid))
    found = re.search(r"@: (\d+)", ran.output)
    return int(found[1]) if found else 0


@pytest.mark.parametrize(
    ("mode", "work", "count"),
    [
        ("w", ("write", 17), 17),
        ("w", ("read", 17), 0),
        ("rw", ("read", 17), 17),
        ("wr", ("write", 17), 17),
    ],
)
def test_every_access_to_a_variable(
    mode: str, work: tuple[str, int], count: int, process: Target
) -> None:
    script = f"watchpoint:{process.variable:#x}:8:{mode} /usermode/ {{ @ = count(); }}"
    assert hits(script, process, work) == count


def test_every_call_of_a_function(process: Target) -> None:
    script = f"w:{process.function:#x}:8:x {{ @ = count(); }}"
    assert hits(script, process, ("call", 23)) == 23


def test_unwatch(process: Target) -> None:
    """What comes before a tick has been acted on when the tick is printed."""
    address = f"{process.variable:#x}"
    script = (
        f"w:{address}:8:w {{ @ = count(); unwatch({address}); }}"
        'interval:ms:50 /@ > 0/ { printf("tick\\n"); }'
    )
    with tracing("-p", str(process.pid), "-e", script) as run:
        process.do("write", 5)
        run.until("tick")
        process.do("write", 5)
        run.until("tick")
        assert [line for line in run.end() if line != "tick"] == ["@: 5"]


def test_the_kernels_memory() -> None:
    """prctl(PR_SET_TIMERSLACK) writes one member of the caller's task."""
    member = "(uint64)curtask + offsetof(struct task_struct, timer_slack_ns)"
    address = int(run_script(f'BEGIN {{ printf("%lu", {member}); }}').output)
    prctl = ctypes.CDLL(None).prctl

    def act() -> None:
        for value in range(50_001, 50_014):
            prctl(PR_SET_TIMERSLACK, ctypes.c_ulong(value))
        prctl(PR_SET_TIMERSLACK, ctypes.c_ulong(50_000))

    ran = run_script(
        f"watchpoint:{address}:8:w /pid == {os.getpid()}/ {{ @[usermode] = count(); }}", act
    )
    assert ran.output.split() == ["@[0]:", "14"]


def test_a_symbol_that_is_none() -> None:
    with pytest.raises(DiagnosticsError, match="there is no kernel symbol 'no_such_variable'"):
        run_script("watchpoint:no_such_variable:8:w { }")
