"""`loads`: the numbers are those of /proc/loadavg."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from live_command import tracing

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

_SECONDS = 2.3
_CODE = Path(__file__).parents[2] / "src" / "seismo" / "tools" / "cpu" / "loads_code.bt"


class Averages:
    """Reads the averages while the tool runs: each row must be one of those that were seen."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, ...]] = set()

    def __call__(self) -> None:
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            self.seen.add(tuple(Path("/proc/loadavg").read_text().split()[:3]))
            time.sleep(0.02)


def test_rows_are_what_the_kernel_tells() -> None:
    averages = Averages()
    rows = tool_rows("loads", act=averages)
    assert len(rows) >= 1
    assert {(one["1min"], one["5min"], one["15min"]) for one in rows} <= averages.seen


def test_rows_as_text() -> None:
    averages = Averages()
    heading, *rows = tool_text("loads", act=averages).splitlines()
    assert heading == "LOAD AVERAGES: 1MIN 5MIN 15MIN"
    assert rows
    assert {tuple(row.removeprefix("LOAD AVERAGES:").split()) for row in rows} <= averages.seen


def test_the_code_of_the_kernel_tells_where_they_are() -> None:
    """Also where the kernel tells it by name, so that both ways are tried on every kernel."""
    averages = Averages()
    with tracing("-q", "-e", _CODE.read_text()) as run:
        averages()
        lines = run.end()
    found = [re.fullmatch(r"LOAD AVERAGES: +(\d+) +(\d+) +(\d+)", line) for line in lines]
    rows = [one.groups() for one in found if one]
    assert rows
    assert {tuple(map(_hundredths, map(int, row))) for row in rows} <= averages.seen


def _hundredths(value: int) -> str:
    return f"{value >> 11}.{(value & 2047) * 100 >> 11:02}"
