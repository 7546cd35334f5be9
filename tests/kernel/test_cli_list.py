"""`seismo -l`: attach points with their arguments, types, a script's attach points."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.kernel, pytest.mark.slow]

SWITCH = """tracepoint:sched:sched_switch
    char prev_comm[16]
    pid_t prev_pid
    int prev_prio
    long prev_state
    char next_comm[16]
    pid_t next_pid
    int next_prio
"""
OPENAT = """tracepoint:syscalls:sys_enter_openat
    int __syscall_nr
    int dfd
    const char * filename
    int flags
    umode_t mode
"""


def listing(*arguments: str, status: int = 0) -> tuple[str, str]:
    """(standard output, standard error) of a listing."""
    command = [sys.executable, "-m", "seismo", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr


def test_everything() -> None:
    lines = listing("-l")[0].splitlines()
    assert lines[:2] == ["BEGIN", "END"]
    assert "tracepoint:sched:sched_switch" in lines and "interval:unit:count" in lines
    assert listing("-l", "*")[0].splitlines() == lines


@pytest.mark.parametrize(
    "pattern",
    [
        "t:sched:sched_switc*",
        "tracepoint:sched:sched_switch",
        "sched_switch",
        "*:sched:sched_swit[ck]h",
    ],
)
def test_patterns(pattern: str) -> None:
    assert listing("-l", pattern) == ("tracepoint:sched:sched_switch\n", "")


def test_arguments_as_c_declares_them() -> None:
    pattern = "t:sched:sched_switch,tracepoint:syscalls:sys_enter_openat"
    assert listing("-lv", pattern) == (SWITCH + OPENAT, "")
    dynamic, _ = listing("-l", "-v", "t:sched:sched_process_exec")
    assert "    __data_loc char[] filename\n" in dynamic


def test_types_by_name_and_as_c() -> None:
    assert listing("-l", "struct timespec64") == ("struct timespec64\n", "")
    shown = "struct timespec64 {\n\ttime64_t tv_sec;\n\tlong int tv_nsec;\n};\n"
    assert listing("-lv", "struct timespec64") == (shown, "")
    names = listing("-l", "struct timesp*")[0].splitlines()
    assert "struct timespec64" in names and names == sorted(names)
    assert "\tHRTIMER_RESTART = 1,\n" in listing("-lv", "enum hrtimer_restart")[0]


@pytest.mark.parametrize("is_file", [True, False])
def test_where_a_script_would_attach(is_file: bool, tmp_path: Path) -> None:
    text = "BEGIN {} t:sched:sched_process_ex* { print(nosuch); } i:s:1 {} BEGIN {}"
    path = tmp_path / "script.bt"
    path.write_text(text)
    points = [
        *("begin", "tracepoint:sched:sched_process_exec"),
        *("tracepoint:sched:sched_process_exit", "interval:s:1"),
    ]
    given = [str(path)] if is_file else ["-e", text]
    assert listing("-l", *given)[0].splitlines() == points


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("t:sched:nosuch*", "no probe matches 't:sched:nosuch*'\nhint: `seismo -l` lists all of"),
        ("t:sched:sched_switch,nosuch", "no probe matches 'nosuch'"),
        ("struct nosuch", "no type matches 'struct nosuch'\nhint: `seismo -l 'struct *'` lists"),
        ("nosuch.bt", "hint: there is no file 'nosuch.bt', either"),
        ("tracepont:sched:*", "unknown probe kind 'tracepont'\nhint: did you mean 'tracepoint'?"),
        ("t:sched:[z-a]", "has a set that is none"),
    ],
)
def test_nothing_matches(pattern: str, message: str) -> None:
    assert message in listing("-l", pattern, status=1)[1]
