"""`profile`: a program that spends its time in one function."""

from __future__ import annotations

from pathlib import Path

import pytest
from stack_programs import build

from tool_runs import tool_rows, tool_run, tool_text

pytestmark = pytest.mark.kernel

_MS = 500
_SOURCE = r"""
#include <stdlib.h>
#include <time.h>
__attribute__((noinline)) long burn(long rounds) {
    volatile long sum = 0;
    for (long i = 0; i < rounds; i++) sum += i;
    return sum;
}
int main(int argc, char **argv) {
    struct timespec used;
    do {
        burn(100000);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    } while (used.tv_sec * 1000 + used.tv_nsec / 1000000 < atol(argv[1]));
    return 0;
}
"""


@pytest.fixture(scope="module")
def burner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("profile"), "burner", _SOURCE)


def about(count: int) -> range:
    """An emulated processor loses ticks, and an interrupt that comes late makes one more."""
    return range(count // 4, count * 3 // 2 + 2)


def test_samples_have_the_function_that_runs(burner: Path) -> None:
    rows = tool_rows("profile", "-c", f"{burner} {_MS}")
    assert len({one["pid"] for one in rows}) == 1
    burning = [one for one in rows if one["ustack"][:1] == ["burn"]]
    assert {(one["comm"], *one["ustack"][:2]) for one in burning} == {("burner", "burn", "main")}
    assert sum(one["samples"] for one in burning) in about(_MS * 99 // 1000)


def test_the_frequency_can_be_set(burner: Path) -> None:
    rows = tool_rows("profile", "-F", "499", "-U", "-c", f"{burner} {_MS}")
    assert {tuple(one["kstack"]) for one in rows} == {()}
    burning = sum(one["samples"] for one in rows if one["ustack"][:1] == ["burn"])
    assert burning in about(_MS * 499 // 1000)


def test_stacks_of_the_kernel_only(burner: Path) -> None:
    rows = tool_rows("profile", "-K", "-L", "-c", f"{burner} {_MS}")
    assert {tuple(one["ustack"]) for one in rows} == {()}
    assert sum(one["samples"] for one in rows) in about(_MS * 99 // 1000 + 10)


def test_both_of_two_stacks_that_are_asked_for(burner: Path) -> None:
    rows = tool_rows("profile", "-U", "-K", "-c", f"{burner} {_MS}")
    assert [one for one in rows if one["ustack"][:1] == ["burn"]]


@pytest.mark.parametrize("frequency", ["0", "-1", "10001", "x"])
def test_a_frequency_that_would_take_all_the_time_there_is(frequency: str) -> None:
    run = tool_run("profile", "-F", frequency, status=1)
    assert f"'{frequency}' is no frequency from 1 to 10000" in run.errors


def test_folded_stacks_are_written(burner: Path, tmp_path: Path) -> None:
    path = tmp_path / "folded"
    text = tool_text("profile", "-U", "--folded", str(path), "-c", f"{burner} {_MS}")
    assert "burn+" in text
    lines = path.read_text().splitlines()
    found = [line for line in lines if line.startswith("burner;") and ";main;burn " in line]
    assert sum(int(line.rpartition(" ")[2]) for line in found) in about(_MS * 99 // 1000)
