"""`naptime`: every sleep that is asked for, relative or until a point in time."""

from __future__ import annotations

import ctypes
import os
import sys
import time

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

_SLEEPS = """
import ctypes, time
library = ctypes.CDLL(None)
def spec(ns): return (ctypes.c_long * 2)(ns // 10**9, ns % 10**9)
# Python itself sleeps until a point in time.
library.nanosleep(spec(3_000_001), None)
library.syscall(35, spec(5), None)
library.clock_nanosleep(1, 0, spec(2_000_000), None)
assert library.nanosleep(spec(-5), None) == -1
for clock in (time.CLOCK_REALTIME, time.CLOCK_MONOTONIC, time.CLOCK_BOOTTIME, time.CLOCK_TAI):
    library.clock_nanosleep(clock, 1, spec(time.clock_gettime_ns(clock) + 300_000_000), None)
library.clock_nanosleep(time.CLOCK_MONOTONIC, 1, spec(1), None)
"""


def test_sleeps_are_shown_as_they_were_asked_for() -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("the number of nanosleep(2) is that of x86-64")
    run = f"sh -c '{sys.executable} -I -S -c \"$SLEEPS\"; exit 0'"
    os.environ["SLEEPS"] = _SLEEPS
    try:
        rows = [one for one in tool_rows("naptime", "-c", run) if one["pcomm"] == "sh"]
    finally:
        del os.environ["SLEEPS"]
    exact, until = rows[:3], rows[3:7]
    assert [one["seconds"] for one in exact] == ["0.003000001", "0.000000005", "0.002000000"]
    assert all(0 < float(one["seconds"]) <= 0.3 for one in until), until
    assert [one["seconds"] for one in rows[7:]] == ["0.000000000"]
    assert len({(one["ppid"], one["pid"], one["comm"]) for one in rows}) == 1
    assert rows[0]["ppid"] != rows[0]["pid"]


def test_a_row_comes_when_the_sleep_begins() -> None:
    """The sleep of a process that is still asleep at the end; its neighbour's is not shown."""
    text = tool_text("naptime", "--duration", "1", "-c", "sh -c 'sleep 0.01; sleep 0.25'")
    heading, *lines = text.splitlines()
    assert heading == "PPID    PCOMM            PID     COMM             SECONDS"
    assert [line[8:25] + line[33:] for line in lines] == [
        "sh               sleep            0.010000000",
        "sh               sleep            0.250000000",
    ]


def test_this_process_alone() -> None:
    other = ctypes.CDLL(None)

    def act() -> None:
        for _ in range(4):
            time.sleep(0.002)
        os.system("sleep 0.001")
        other.usleep(1500)

    rows = tool_rows("naptime", "-p", str(os.getpid()), act=act)
    assert len(rows) == 5 and rows[-1]["seconds"] == "0.001500000"
    assert {(one["ppid"], one["pid"]) for one in rows} == {(os.getppid(), os.getpid())}
