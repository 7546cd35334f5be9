"""Timers and counters: how often they hit a process whose events are known."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from event_targets import Target, target
from language_cases import mistakes

from script_runs import run_script
from seismo.base.diagnostics import DiagnosticsError
from seismo.base.errors import SyscallError
from seismo.builtin.options import TaskFilter
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.views import LiveView

pytestmark = pytest.mark.kernel

BURNT_MS = 300


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Target]:
    with target(tmp_path) as one:
        one.do("burn", 0)
        one.do("touch", 1)
        yield one


def counted(probe: str, process: Target, what: str, count: int, body: str = "@ = count();") -> int:
    """How often a probe with -p hit the process while it did something."""
    ran = run_script(
        f"{probe} {{ {body} }}",
        lambda: process.do(what, count),
        filter=TaskFilter(process.pid),
    )
    found = re.search(r"@: (\d+)", ran.output)
    return int(found[1]) if found else 0


def about(count: int) -> range:
    """What a timer may do in a time: the last tick is not due yet, and an emulated processor loses
    some, while an interrupt that comes late can make one more."""
    return range(count // 4, count * 3 // 2 + 2)


@pytest.mark.parametrize(
    ("probe", "hits"),
    [
        ("profile:hz:200", BURNT_MS // 5),
        ("profile:ms:5", BURNT_MS // 5),
        ("profile:2ms", BURNT_MS // 2),
        ("software:cpu-clock:5000000", BURNT_MS // 5),
        ("software:task-clock:5000000", BURNT_MS // 5),
    ],
)
def test_a_busy_process_is_sampled(probe: str, hits: int, process: Target) -> None:
    assert counted(probe, process, "burn", BURNT_MS) in about(hits)


def test_samples_of_a_process_in_user_mode(process: Target) -> None:
    body = "if (usermode) { @ = count(); }"
    assert counted("profile:hz:200", process, "burn", BURNT_MS, body) in about(BURNT_MS // 5)


def _burn_on_every_cpu() -> None:
    """An idle virtual processor sleeps through its ticks."""
    allowed = os.sched_getaffinity(0)
    for cpu in allowed:
        os.sched_setaffinity(0, {cpu})
        until = time.monotonic() + 0.2
        while time.monotonic() < until:
            pass
    os.sched_setaffinity(0, allowed)


def test_profile_is_on_every_cpu() -> None:
    script = "profile:ms:10 { @[cpu] = count(); }"
    ran = run_script(script, _burn_on_every_cpu)
    assert len(re.findall(r"@\[\d+\]: \d+", ran.output)) == _online_cpus()


def _online_cpus() -> int:
    return len(re.findall(r"^processor", Path("/proc/cpuinfo").read_text(), re.MULTILINE))


@pytest.mark.parametrize(("event", "period"), [("page-faults", 1), ("faults", 1), ("faults", 5)])
def test_every_page_is_one_fault(event: str, period: int, process: Target) -> None:
    assert counted(f"software:{event}:{period}", process, "touch", 40) == 40 // period


def test_minor_faults_are_a_hundred_for_a_hit(process: Target) -> None:
    assert counted("s:minor-faults", process, "touch", 250) == 2


def test_every_context_switch(process: Target) -> None:
    switches: list[int] = []

    def act() -> None:
        switches.append(process.switches())
        for _ in range(30):
            process.do("read", 1)
        switches.append(process.switches())

    ran = run_script(
        "software:context-switches:1 { @ = count(); }", act, filter=TaskFilter(process.pid)
    )
    assert ran.output.split() == ["@:", str(switches[1] - switches[0])]
    assert switches[1] - switches[0] >= 30


def test_a_processor_without_counters_is_told_so() -> None:
    with Tracefs(LiveKernel()) as tracefs:
        if LiveView(LiveKernel(), tracefs).has("hardware"):
            pytest.skip("this machine counts the processor's events")
    with pytest.raises(DiagnosticsError) as caught:
        run_script("hardware:cycles:1000 { @ = count(); }")
    (one,) = caught.value.diagnostics
    assert one.span.text == "hardware:cycles:1000"
    assert one.message == "this machine does not count the processor's events"
    assert "software events and timers" in one.hint


def test_a_frequency_that_the_kernel_does_not_allow() -> None:
    most = int(Path("/proc/sys/kernel/perf_event_max_sample_rate").read_text())
    with pytest.raises(SyscallError) as caught:
        run_script(f"profile:hz:{most + 1} {{ }}")
    assert "kernel.perf_event_max_sample_rate" in caught.value.hint


def test_usermode_needs_registers() -> None:
    said = mistakes("tracepoint:syscalls:sys_enter_openat { print(usermode); }")
    assert said == ["usermode: usermode does not exist in a probe of kind tracepoint"]
