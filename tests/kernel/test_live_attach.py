"""Attached programs run as often as what they are attached to happens."""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from bpf_programs import counter_map, counting_program, own_thread_counter, u32
from seismo.base.errors import SyscallError
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import ProgType
from seismo.kernel import perf
from seismo.kernel.abi import BpfAttr, Cmd
from seismo.kernel.errors import NotInKernel
from seismo.kernel.live import LiveKernel
from seismo.kernel.proc import online_cpus
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.table import attach
from seismo.objects.link import link_perf_event_by_ioctl
from seismo.objects.load import Loaded, load
from seismo.spec import types as spec

pytestmark = pytest.mark.kernel

CALLS = 1234


@pytest.fixture
def tracefs(kernel: LiveKernel) -> Iterator[Tracefs]:
    with Tracefs(kernel) as tracefs:
        yield tracefs


@pytest.fixture
def loaded(kernel: LiveKernel) -> Iterator[Loaded]:
    """`mine` counts its runs in this thread, `ticks` all of its runs on each CPU."""
    tid = threading.get_native_id()
    specs = spec.ObjectSpec(
        maps=(counter_map("runs"), counter_map("ticks", MapType.PERCPU_ARRAY)),
        programs=(
            own_thread_counter("mine", ProgType.TRACEPOINT, "runs", tid),
            counting_program("ticks", ProgType.PERF_EVENT, "ticks"),
        ),
    )
    with load(specs, kernel) as loaded:
        yield loaded


def runs(loaded: Loaded) -> int:
    return int.from_bytes(loaded.maps["runs"].get(u32(0)), sys.byteorder)


def ticks(loaded: Loaded) -> list[int]:
    """What each CPU counted."""
    values = loaded.maps["ticks"].get_per_cpu(u32(0))
    return [int.from_bytes(value, sys.byteorder) for value in values]


def call_getpgid(times: int) -> None:
    for _ in range(times):
        os.getpgid(0)


GETPGID = spec.TracepointAttach("syscalls", "sys_enter_getpgid")


def test_a_tracepoint_counts_our_calls_exactly(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs
) -> None:
    call_getpgid(10)
    with attach(loaded.programs["mine"], GETPGID, kernel, tracefs) as link:
        assert [fd.kind for fd in link.fds] == ["link", "perf event"]
        call_getpgid(CALLS)
    call_getpgid(10)
    assert runs(loaded) == CALLS


def test_the_ioctl_way_counts_the_same(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs
) -> None:
    event = perf.open_tracepoint(kernel, tracefs.event_id(GETPGID.category, GETPGID.name))
    with link_perf_event_by_ioctl(kernel, loaded.programs["mine"], event) as link:
        assert [fd.kind for fd in link.fds] == ["perf event"]
        call_getpgid(CALLS)
    call_getpgid(10)
    assert runs(loaded) == CALLS


def test_two_links_of_one_program_count_twice(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs
) -> None:
    leave = spec.TracepointAttach("syscalls", "sys_exit_getpgid")
    with (
        attach(loaded.programs["mine"], GETPGID, kernel, tracefs),
        attach(loaded.programs["mine"], leave, kernel, tracefs),
    ):
        call_getpgid(50)
    assert runs(loaded) == 100


def test_a_link_outlives_its_program(kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs) -> None:
    with attach(loaded.programs["mine"], GETPGID, kernel, tracefs):
        loaded.programs["mine"].close()
        call_getpgid(5)
    assert runs(loaded) == 5


def test_an_unknown_tracepoint_has_a_near_name(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs
) -> None:
    with pytest.raises(NotInKernel, match="did you mean 'syscalls:sys_enter_getpgid'"):
        attach(
            loaded.programs["mine"],
            spec.TracepointAttach("syscalls", "sys_enter_getpgidd"),
            kernel,
            tracefs,
        )


def test_a_program_of_the_wrong_type_leaves_no_event(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs
) -> None:
    with pytest.raises(SyscallError):
        attach(loaded.programs["ticks"], GETPGID, kernel, tracefs)


def ticks_per_second(loaded: Loaded, cpu: int) -> float:
    """The rate on `cpu`, which is kept busy: a virtual CPU that idles may sleep through ticks."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        before, start = ticks(loaded)[cpu], time.monotonic()
        while time.monotonic() < start + 0.5:
            pass
        return (ticks(loaded)[cpu] - before) / (time.monotonic() - start)
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.slow
def test_a_timer_on_one_cpu_keeps_its_period(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs
) -> None:
    every_2_ms = spec.TimerAttach(period_ns=2_000_000)
    first, *others = online_cpus(kernel)
    with attach(loaded.programs["ticks"], every_2_ms, kernel, tracefs):
        assert ticks_per_second(loaded, first) == pytest.approx(500, rel=0.1)
    assert [ticks(loaded)[cpu] for cpu in others] == [0] * len(others)


@pytest.mark.slow
def test_a_timer_on_every_cpu_keeps_its_frequency(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs
) -> None:
    at_99_hz = spec.TimerAttach(frequency_hz=99, every_cpu=True)
    with attach(loaded.programs["ticks"], at_99_hz, kernel, tracefs):
        for cpu in online_cpus(kernel):
            assert ticks_per_second(loaded, cpu) == pytest.approx(99, rel=0.1)


def test_a_timer_stops_when_its_link_is_closed(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs
) -> None:
    every_cpu = spec.TimerAttach(period_ns=1_000_000, every_cpu=True)
    with attach(loaded.programs["ticks"], every_cpu, kernel, tracefs):
        assert all(ticks_per_second(loaded, cpu) > 0 for cpu in online_cpus(kernel))
    after = ticks(loaded)
    time.sleep(0.05)
    assert ticks(loaded) == after


def test_a_frequency_beyond_the_limit_says_which(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs
) -> None:
    with pytest.raises(SyscallError, match="perf_event_max_sample_rate"):
        attach(
            loaded.programs["ticks"],
            spec.TimerAttach(frequency_hz=10_000_000),
            kernel,
            tracefs,
        )


def test_a_timer_has_a_period_or_a_frequency(kernel: LiveKernel) -> None:
    for wrong in ({}, {"period_ns": 1000, "frequency_hz": 1}):
        with pytest.raises(ValueError, match="one of period_ns"):
            perf.open_timer(kernel, perf.EVERYWHERE, **wrong)


def test_a_test_run_is_attached_nowhere(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs
) -> None:
    with attach(loaded.programs["mine"], spec.TestRunAttach(), kernel, tracefs) as link:
        assert link.fds == ()


class KernelBeforePerfLinks(LiveKernel):
    """Answers as Linux 5.14 does: a link to a perf event is EINVAL."""

    def bpf(self, cmd: Cmd, attr: BpfAttr) -> int:
        if cmd is Cmd.LINK_CREATE:
            raise SyscallError(f"bpf({cmd.kernel_name})", errno.EINVAL)
        return super().bpf(cmd, attr)


def test_without_perf_links_the_ioctl_way_is_taken(loaded: Loaded, tracefs: Tracefs) -> None:
    old = KernelBeforePerfLinks()
    with attach(loaded.programs["mine"], GETPGID, old, tracefs) as link:
        assert [fd.kind for fd in link.fds] == ["perf event"]
        call_getpgid(CALLS)
    assert runs(loaded) == CALLS
