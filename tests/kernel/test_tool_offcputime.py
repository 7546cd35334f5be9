"""`offcputime`: a program that sleeps a known number of times, and nobody else."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from stack_programs import CALLS, build

from tool_runs import tool_rows

pytestmark = pytest.mark.kernel

_NAPS, _NAP_US = 5, 50_000
_SOURCE = (
    CALLS
    + r"""
#include <time.h>
__attribute__((noinline)) static long nap(long us) {
    struct timespec time = {.tv_nsec = us * 1000};
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "0"(SYS_nanosleep), "D"(&time), "S"(0)
                     : "rcx", "r11", "memory");
    return result;
}
int main(int argc, char **argv) {
    for (int count = atoi(argv[1]); count > 0; count--) nap(atol(argv[2]));
    return 0;
}
"""
)


@pytest.fixture(scope="module")
def napper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("offcputime"), "napper", _SOURCE)


def naps(napper: Path, *options: str) -> list[dict[str, Any]]:
    """The rows of its sleep; nobody else may be in any, though others sleep meanwhile."""
    with subprocess.Popen([napper, "1000", "1000"]) as neighbour:
        try:
            command = f"{napper} {_NAPS} {_NAP_US}"
            rows = tool_rows("offcputime", "-c", command, *options)
        finally:
            neighbour.kill()
    assert len({one["pid"] for one in rows}) <= 1
    assert neighbour.pid not in {one["pid"] for one in rows}
    return [one for one in rows if "do_nanosleep" in one["kstack"] or "nap" in one["ustack"]]


def test_time_asleep_is_summed_up_by_stack(napper: Path) -> None:
    rows = [one for one in naps(napper) if "do_nanosleep" in one["kstack"]]
    (row,) = rows
    assert row["comm"] == "napper"
    assert row["ustack"][:2] == ["nap", "main"]
    assert "schedule" in row["kstack"][: row["kstack"].index("do_nanosleep")]
    assert _NAPS * _NAP_US <= row["us"] < 20 * _NAPS * _NAP_US


def test_stacks_of_the_program_and_long_waits_only(napper: Path) -> None:
    (row,) = naps(napper, "-U", "--min-block-time", str(_NAP_US))
    assert row["kstack"] == []
    assert row["us"] >= _NAPS * _NAP_US


def test_stacks_of_the_kernel_and_sleep_only(napper: Path) -> None:
    (row,) = naps(napper, "-K", "--state", "1")
    assert row["ustack"] == []
    assert row["us"] >= _NAPS * _NAP_US


def test_both_of_two_stacks_that_are_asked_for(napper: Path) -> None:
    (row,) = naps(napper, "-U", "-K", "--min-block-time", str(_NAP_US))
    assert "do_nanosleep" in row["kstack"] and row["ustack"][:2] == ["nap", "main"]


@pytest.mark.parametrize(
    "options",
    [("--max-block-time", str(_NAP_US - 1)), ("--state", "2"), ("--kernel-threads",)],
)
def test_what_is_left_out(napper: Path, options: tuple[str, ...]) -> None:
    rows = naps(napper, "-m", str(_NAP_US // 2), *options)
    assert [one for one in rows if "do_nanosleep" in one["kstack"]] == []
