"""`argdist`: the values of arguments and results, counted exactly."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analysis_program import CALLS, program
from tool_runs import tool_rows, tool_run, tool_text

pytestmark = pytest.mark.kernel


def test_arguments_by_their_names(tmp_path: Path) -> None:
    path = program(tmp_path)
    rows = tool_rows("argdist", "-C", f"p:{path}:leaf(long value):long:value", "-c", path)
    assert {row["value"]: row["count"] for row in rows} == {100: 8, 0: 1, 1: 1, 2: 1, 3: 1}


def test_results_with_a_filter(tmp_path: Path) -> None:
    path = program(tmp_path)
    specifier = f"r:{path}:leaf():long:$retval:$retval<7"
    rows = tool_rows("argdist", "-C", specifier, "-c", path)
    assert {row["retval"]: row["count"] for row in rows} == {0: 1, 2: 1, 4: 1, 6: 1}


def test_strings_and_several_values(tmp_path: Path) -> None:
    path = program(tmp_path)
    specifier = f"p:{path}:say(char *word, int times):char*,int:word,times"
    rows = tool_rows("argdist", "-C", specifier, "-c", path)
    assert sorted((*row.values(),) for row in rows) == [
        ("one", 1, 1),
        ("two", 2, 1),
        ("two", 3, 1),
    ]


def test_what_was_known_at_the_call(tmp_path: Path) -> None:
    """The latency of calls whose argument was 20: of all three."""
    path = program(tmp_path)
    specifier = f"r:{path}:nap(long ms):u64:$latency/1000000:$entry(ms)==20#ms"
    (row,) = tool_rows("argdist", "-H", specifier, "-c", path)
    assert row["unit"] == "ms"
    assert [(one["min"], one["count"]) for one in row["buckets"]] == [(16, CALLS["nap"])]


def test_each_call_of_a_function_that_calls_itself(tmp_path: Path) -> None:
    path = program(tmp_path)
    specifier = f"r:{path}:descend(long depth):long:$entry(depth):$latency>0"
    rows = tool_rows("argdist", "-C", specifier, "-c", path)
    assert {row["entry(depth)"]: row["count"] for row in rows} == dict.fromkeys(
        range(1, CALLS["descend"] + 1), 1
    )


def test_several_specifiers_and_one_without_a_value(tmp_path: Path) -> None:
    path = program(tmp_path)
    arguments = ["-C", f"p:{path}:nap", "-H", f"p:{path}:descend(long depth):long:depth"]
    text = tool_text("argdist", *arguments, "-c", path)
    table, _, histogram = text.partition("\n\n")
    assert table == "PLACE  COUNT\nnap        3"
    counts = [int(line.split("|")[0].split()[-1]) for line in histogram.splitlines()[1:]]
    assert sum(counts) == CALLS["descend"]


def test_fields_of_tracepoints() -> None:
    def act() -> None:
        for fd in (-5, -5, -7):
            try:
                os.close(fd)
            except OSError:
                continue

    specifier = "t:syscalls:sys_enter_close:int:(int32)args->fd:args->fd>1000"
    rows = tool_rows("argdist", "-C", specifier, "-p", str(os.getpid()), act=act)
    assert {(*row.values(),) for row in rows} == {(-5, 2), (-7, 1)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to count: give -C or -H"),
        (("-C", "p:c:write:int"), "cannot read 'p:c:write:int'"),
        (("-C", "p:c:write(int fd):int,int:fd"), "has 2 types for 1 expressions"),
        (("-C", "r:c:write(int fd):int:$entry(fd"), "has no closing parenthesis"),
    ],
)
def test_mistakes_are_told(arguments: tuple[str, ...], message: str) -> None:
    run = tool_run("argdist", *arguments, status=1)
    assert message in run.errors
    assert "Traceback" not in run.errors
