"""`trace`: a line for each event, with what was asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analysis_program import program
from tool_runs import tool_rows, tool_run, tool_text

pytestmark = pytest.mark.kernel


def test_strings_and_numbers_of_a_function(tmp_path: Path) -> None:
    path = program(tmp_path)
    rows = tool_rows("trace", f'p:{path}:say "%s %d times", arg1, arg2', "-c", path)
    assert [row["message"] for row in rows] == ["one 1 times", "two 2 times", "two 3 times"]
    assert {(row["comm"], row["place"]) for row in rows} == {("analysed", "say")}
    assert len({(row["pid"], row["tid"]) for row in rows}) == 1


def test_results_and_filters(tmp_path: Path) -> None:
    path = program(tmp_path)
    specifiers = [f'r:{path}:say "%s", retval', f'{path}:leaf(long v) (v > 1 && v < 50) "%d", v']
    rows = tool_rows("trace", *specifiers, "-c", path)
    assert [(row["place"], row["message"]) for row in rows] == [
        ("leaf", "2"), ("leaf", "3"), ("say", "ne"), ("say", "wo"), ("say", "wo"),
    ]  # fmt: skip


def test_a_string_is_compared(tmp_path: Path) -> None:
    path = program(tmp_path)
    rows = tool_rows("trace", f'{path}:say (STRCMP("two", arg1)) "%d", arg2', "-c", path)
    assert [row["message"] for row in rows] == ["2", "3"]


def test_the_text_is_aligned_and_ends_after_as_many_lines(tmp_path: Path) -> None:
    path = program(tmp_path)
    text = tool_text("trace", f'{path}:leaf "%d%%", arg1', "-M", "2", "-c", path)
    heading, *lines = text.splitlines()
    assert heading == "PID     TID     COMM            PLACE            MESSAGE"
    assert [line.split()[2:] for line in lines] == [
        ["analysed", "leaf", one] for one in ("0%", "1%")
    ]
    assert {line.index("leaf") for line in lines} == {heading.index("PLACE")}


def test_fields_of_a_tracepoint_of_one_process(tmp_path: Path) -> None:
    def act() -> None:
        os.close(os.open(tmp_path, os.O_RDONLY))

    rows = tool_rows(
        *("trace", 't:syscalls:sys_enter_openat "%s", args->filename', "-p", str(os.getpid())),
        act=act,
    )
    assert str(tmp_path) in [row["message"] for row in rows]


def test_a_place_alone_and_a_stack(tmp_path: Path) -> None:
    path = program(tmp_path)
    rows = tool_rows("trace", f"{path}:say", "-U", "-c", path)
    assert len(rows) == 3
    assert all("main+" in row["message"] for row in rows)


@pytest.mark.parametrize(
    ("specifier", "message"),
    [
        ('vfs_read "%d"', '"%d" takes 1 values, and there are 0'),
        ('vfs_read "%d", arg0', "arg1 is the first argument, there is no arg0"),
        ("vfs_read what", "cannot read 'vfs_read what'"),
        ('t:sched:sched_switch "%s", args->none', "has no field 'none'"),
    ],
)
def test_mistakes_are_told_once(specifier: str, message: str) -> None:
    run = tool_run("trace", specifier, status=1)
    assert run.errors.count(message) == 1, run.errors
