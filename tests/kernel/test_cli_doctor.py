"""`seismo doctor` and `seismo -l`: what they say of the running kernel is true."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from seismo.probes.table import KINDS

pytestmark = pytest.mark.kernel


def seismo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "seismo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_report_knows_this_kernel() -> None:
    done = seismo("doctor")
    assert done.returncode == 0, done.stderr
    assert os.uname().release in done.stdout.splitlines()[0]
    for kind in ("begin", "end", "tracepoint", "interval"):
        assert f"  ok  {kind}\n" in done.stdout
    for kind in KINDS:
        assert f"  ok  {kind.name}\n" in done.stdout or f"  NO  {kind.name}: " in done.stdout
    assert "RINGBUF" in done.stdout
    assert done.stdout.count("\nattaching: ") == 1


def test_kprobes_are_found_by_trying() -> None:
    """Guests have kprobes, a kernel without CONFIG_KPROBE_EVENTS has not: the report says which."""
    report = seismo("doctor").stdout
    has_kprobes = os.path.exists("/sys/bus/event_source/devices/kprobe")
    missing = "  NO  kprobe event source" in report
    assert missing != has_kprobes
    if missing:
        assert "-> the kernel needs CONFIG_KPROBE_EVENTS" in report


def test_every_no_comes_with_a_reason_and_advice() -> None:
    lines = seismo("doctor").stdout.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("  NO  "):
            assert ": " in line
            rest = lines[number + 1 : number + 4]
            assert any(one.startswith("      -> ") for one in rest), line


def test_listing_is_what_tracefs_has() -> None:
    done = seismo("-l", "t:syscalls:sys_enter_open*")
    names = done.stdout.splitlines()
    assert "tracepoint:syscalls:sys_enter_openat" in names
    assert all(one.startswith("tracepoint:syscalls:sys_enter_open") for one in names)
    everything = seismo("-l").stdout.splitlines()
    assert len(everything) > 500
    assert set(names) < set(everything)
    assert {"BEGIN", "END"} < set(everything)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("t:nope:*", "no tracepoint matches 'nope:*'"),
        ("kprob:x", "unknown probe kind 'kprob'"),
        ("t:[z-a]:x", "a set that is none"),
    ],
)
def test_listing_mistakes(pattern: str, message: str) -> None:
    done = seismo("-l", pattern)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert message in done.stderr


def test_no_tracefs_mount_is_left() -> None:
    with open("/proc/self/mounts", encoding="utf-8") as file:
        before = file.read()
    seismo("-l", "t:sched:*")
    with open("/proc/self/mounts", encoding="utf-8") as file:
        assert file.read() == before
