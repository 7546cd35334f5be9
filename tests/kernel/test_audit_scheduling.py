"""Scheduling and interrupts: each time that a watched task leaves a CPU, and what runs instead."""

from __future__ import annotations

import os
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from audit_reader import AuditRun, Found, audit_run, open_folder

from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.catalog.constants import constant_table
from seismo.audit.record.layout import KernelEvent

pytestmark = pytest.mark.kernel

__all__ = ("open_folder",)

SWITCH, INTERRUPT, SOFTIRQ = (
    KernelEvent.SCHED_SWITCH,
    KernelEvent.INTERRUPT,
    KernelEvent.SOFTIRQ,
)
STATES = dict(constant_table("task_state").names)
VECTORS = dict(constant_table("softirq").names)
MOMENT_NS = 200_000
BUSY_NS = 300_000_000


def named(event: Found) -> str:
    return STATES[int(event["state"])]


def idle() -> None:
    """Sleep, twenty times."""
    for _ in range(20):
        time.sleep(0.002)


def be_busy() -> None:
    """For so much of its own time, whatever else the machine does."""
    while time.process_time_ns() < BUSY_NS:
        pass


def test_each_sleep_is_a_switch() -> None:
    with audit_run((SWITCH,)) as run:
        child = run.did(idle)
        switches = run.of(SWITCH)
        assert {(one["tgid"], one["tid"]) for one in switches} == {(child, child)}
        counts = Counter(map(named, switches))
        assert counts["sleeping"] >= 20
        for one in switches:
            assert one["next_tid"] != child
            assert not one["is_preempted"] or named(one) == "running"
            assert one["ppid"] == os.getpid()
        assert run.is_exact(SWITCH)


def test_the_time_on_the_cpu_is_all_that_a_process_used() -> None:
    """What a busy process had in turns is no less than what the kernel says that it used."""

    def work() -> None:
        be_busy()
        os.write(to, b"%d" % time.process_time_ns())
        time.sleep(0.001)

    ours, to = os.pipe()
    with audit_run((SWITCH,)) as run:
        run.did(work)
        used = int(os.read(ours, 32))
        switches = run.of(SWITCH)
        assert run.is_exact(SWITCH)
    os.close(ours)
    os.close(to)
    assert used >= BUSY_NS
    # It is not watched from its very start. What is no task's counts as its own only here.
    assert sum(one["duration_ns"] for one in switches) > used * 0.9
    for one, other in pairwise(switches):
        # A record's time is taken a moment after that of the switch.
        assert one["time_ns"] + other["duration_ns"] <= other["time_ns"] + MOMENT_NS


def _interrupts(run: AuditRun) -> list[Found]:
    return run.of(INTERRUPT) + run.of(SOFTIRQ)


def test_a_busy_process_is_interrupted() -> None:
    """The timer of its CPU puts off its work into softirqs, on each machine."""
    with audit_run((INTERRUPT, SOFTIRQ)) as run:
        child = run.did(be_busy)
        assert run.of(SOFTIRQ)
        assert {one["tgid"] for one in _interrupts(run)} == {child}
        for one in run.of(SOFTIRQ):
            assert one["vector"] in VECTORS
            assert 0 < one["duration_ns"] < one["time_ns"]
        assert run.is_exact(SOFTIRQ)
        assert run.is_exact(INTERRUPT)


def _devices() -> dict[int, tuple[int, str]]:
    """What /proc/interrupts has of devices: by number how many there were, and the line."""
    lines = [one.split(":", 1) for one in Path("/proc/interrupts").read_text().splitlines()[1:]]
    counts = os.cpu_count() or 1
    return {
        int(number): (sum(int(one) for one in text.split()[:counts] if one.isdecimal()), text)
        for number, text in lines
        if number.strip().isdecimal()
    }


def test_interrupts_of_devices_have_their_names(open_folder: Path) -> None:
    """A disk that is written to interrupts whoever has the CPU: mostly us, who have all of them."""
    cpus = sorted(os.sched_getaffinity(0))

    def work() -> None:
        for cpu in cpus:
            if not os.fork():
                os.sched_setaffinity(0, [cpu])
                be_busy()
                os._exit(0)
        with (open_folder / "file").open("wb", buffering=0) as opened:
            for _ in range(100):
                opened.write(bytes(4096))
                os.fsync(opened.fileno())
        for _ in cpus:
            os.wait()

    before = _devices()
    with audit_run((INTERRUPT,)) as run:
        run.did(work)
        found, after = run.of(INTERRUPT), _devices()
        assert run.is_exact(INTERRUPT)
    for one in found:
        name = one.fixed["name"]
        assert isinstance(name, bytes)
        assert name.partition(b"\0")[0].decode() in after[int(one["irq"])][1]
        assert one["is_handled"] in (0, 1)
        assert one["duration_ns"] > 0
    counts = Counter(int(one["irq"]) for one in found)
    grown = {irq: count - before.get(irq, (0,))[0] for irq, (count, _) in after.items()}
    assert all(count <= grown[irq] for irq, count in counts.items())
    # A machine may have no device that interrupts, or another task that is as busy.
    assert counts or sum(grown.values()) < 100


def test_nobody_else_is_told_of() -> None:
    """Who is not watched is switched, and interrupted, as often."""
    with audit_run((SWITCH, INTERRUPT, SOFTIRQ)) as run:
        other = os.fork()
        if not other:
            be_busy()
            idle()
            os._exit(0)
        child = run.did(idle)
        os.waitpid(other, 0)
        assert {one["tgid"] for one in run.records()} == {child}
        assert all(run.is_exact(one) for one in (SWITCH, INTERRUPT, SOFTIRQ))


def test_only_who_asks_by_name_gets_them() -> None:
    catalog = shipped_catalog()
    many = {SWITCH, INTERRUPT, SOFTIRQ}
    for family in ("all", "default", "kernel", "!syscalls"):
        assert many.isdisjoint(one.id for one in catalog.select([family]))
    asked = catalog.select(["all", "sched", "interrupts"])
    assert asked == catalog.types
