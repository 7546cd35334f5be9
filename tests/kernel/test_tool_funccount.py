"""`funccount`: how often functions are called, exactly."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analysis_program import CALLS, program
from tool_runs import tool_rows, tool_run, tool_text

pytestmark = pytest.mark.kernel


def test_functions_of_a_program_by_wildcard(tmp_path: Path) -> None:
    path = program(tmp_path)
    rows = tool_rows("funccount", f"{path}:*_way", "-c", path)
    assert rows == [{"place": "second_way", "calls": 8}, {"place": "first_way", "calls": 4}]


def test_the_table_is_aligned_and_cut(tmp_path: Path) -> None:
    path = program(tmp_path)
    text = tool_text("funccount", f"p:{path}:*", "--top", "2", "-c", path)
    assert text == "PLACE   CALLS\nleaf       12\nmiddle     12\n"


def test_tracepoints_of_one_process_alone() -> None:
    """A neighbour, this process' own child, makes the same calls and is not counted."""

    def act() -> None:
        for _ in range(9):
            os.getppid()
        child = os.fork()
        if not child:
            for _ in range(5):
                os.getppid()
            os._exit(0)
        os.waitpid(child, 0)

    place = "t:syscalls:sys_enter_getppid"
    rows = tool_rows("funccount", place, "-p", str(os.getpid()), act=act)
    assert rows == [{"place": "syscalls:sys_enter_getppid", "calls": 9}]


def test_the_reports_of_an_interval_add_up(tmp_path: Path) -> None:
    """Every call is in one of the reports."""
    path = program(tmp_path)
    rows = tool_rows("funccount", f"{path}:nap", "-i", "0.02", "-c", path)
    assert len(rows) > 1
    assert sum(row["calls"] for row in rows) == CALLS["nap"]


@pytest.mark.guest
def test_functions_of_the_kernel_by_wildcard() -> None:
    def act() -> None:
        with open("/proc/self/comm", "rb", buffering=0) as file:
            for _ in range(7):
                file.read(1)

    rows = tool_rows("funccount", "vfs_*", "-p", str(os.getpid()), act=act)
    counts = {row["place"]: row["calls"] for row in rows}
    assert counts["vfs_read"] >= 7 and counts["vfs_open"] >= 1
    assert all(name.startswith("vfs_") for name in counts)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("p::", "the function has no name"),
        ("a b", "'a b' is no place to trace"),
        ("x:y:z:w", "'x:y:z:w' is no place to trace"),
    ],
)
def test_mistakes_are_told(place: str, message: str) -> None:
    run = tool_run("funccount", place, status=1)
    assert message in run.errors
