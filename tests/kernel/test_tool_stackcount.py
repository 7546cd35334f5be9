"""`stackcount`: on which ways a function is reached, as text, JSON and pictures."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from analysis_program import program
from tool_runs import tool_rows, tool_run

pytestmark = pytest.mark.kernel


def way_of(frames: list[str]) -> str:
    """Who called, two calls up; before Linux 6.12 a function's caller itself is not seen where it
    begins (arch/x86/events/core.c: perf_callchain_user)."""
    (way,) = {"first_way", "second_way"} & set(frames)
    return way


def test_two_ways_to_a_function(tmp_path: Path) -> None:
    path = program(tmp_path)
    rows = tool_rows("stackcount", "-U", f"{path}:leaf", "-c", path)
    ways = [(row["ustack"][0], way_of(row["ustack"]), row["times"]) for row in rows]
    assert ways == [("leaf", "first_way", 4), ("leaf", "second_way", 8)]


def test_files_hold_what_was_counted(tmp_path: Path) -> None:
    path = program(tmp_path)
    names = {form: tmp_path / form for form in ("flame", "folded", "speedscope")}
    options = [word for form, file in names.items() for word in (f"--{form}", str(file))]
    run = tool_run("stackcount", "-U", f"{path}:leaf", *options, "-c", path)
    assert run.output.count("    4 times\n") == 1 and run.output.count("    8 times\n") == 1
    folded = [line.rpartition(" ") for line in names["folded"].read_text().splitlines()]
    assert {way_of(stack.split(";")): int(count) for stack, _, count in folded} == {
        "first_way": 4,
        "second_way": 8,
    }
    profile = json.loads(names["speedscope"].read_text())["profiles"][0]
    assert sum(profile["weights"]) == 12
    ElementTree.parse(names["flame"])
    assert "second_way" in names["flame"].read_text()


def test_a_function_of_a_program_has_no_stack_of_the_kernel(tmp_path: Path) -> None:
    """Which is nothing to complain about."""
    path = program(tmp_path)
    rows = tool_rows("stackcount", f"{path}:leaf", "-c", path)
    assert [(row["kstack"], row["times"]) for row in rows] == [([], 4), ([], 8)]


def test_each_process_for_itself(tmp_path: Path) -> None:
    """The kernel's stack is above the user's; pid and name are part of the key."""
    rows = tool_rows(
        *("stackcount", "-P", "t:syscalls:sys_enter_getppid", "-p", str(os.getpid())),
        act=lambda: [os.getppid() for _ in range(6)],
    )
    assert {(row["pid"], row["times"]) for row in rows} == {(os.getpid(), 6)}
    comm = Path("/proc/self/comm").read_text().strip()
    assert rows[0]["comm"] == comm and isinstance(rows[0]["ustack"], list)


def test_a_file_that_cannot_be_written_stops_the_run_before_it_begins(tmp_path: Path) -> None:
    run = tool_run("stackcount", "c:malloc", "--flame", str(tmp_path / "no" / "x"), status=1)
    assert run.errors.startswith("error: cannot write --flame ")
    run = tool_run("stackcount", "c:malloc", "--flame", "x", "-i", "1", status=1)
    assert "-i begins anew each time, and --flame is of the whole run" in run.errors
