"""Programs on counters, breakpoints and timers, most of them of one process."""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bpf_programs import counter_map, counting_program, u32
from c_library import COMPILER, CLibrary
from seismo.isa.prog_types import ProgType
from seismo.kernel.errors import NotInKernel
from seismo.kernel.features.attaching import BREAKPOINT, HARDWARE
from seismo.kernel.features.record import FeatureProbe
from seismo.kernel.live import LiveKernel
from seismo.kernel.proc import online_cpus
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.table import attach
from seismo.objects.errors import AttachRefused
from seismo.objects.link import Link, detach_all
from seismo.objects.load import Loaded, load
from seismo.spec import types as spec

pytestmark = pytest.mark.kernel

PAGES = 500
NOBODY = (1 << 22) - 1


@pytest.fixture
def loaded(kernel: LiveKernel) -> Iterator[Loaded]:
    program = counting_program("count", ProgType.PERF_EVENT, "runs")
    specs = spec.ObjectSpec(maps=(counter_map("runs"),), programs=(program,))
    with load(specs, kernel) as loaded:
        yield loaded


@pytest.fixture
def attached(kernel: LiveKernel, loaded: Loaded) -> Callable[[spec.AttachSpec], Link]:
    def attach_here(at: spec.AttachSpec) -> Link:
        with Tracefs(kernel) as tracefs:
            return attach(loaded.programs["count"], at, kernel, tracefs)

    return attach_here


def runs(loaded: Loaded) -> int:
    return int.from_bytes(loaded.maps["runs"].get(u32(0)), sys.byteorder)


def touch_pages(count: int) -> None:
    """One page fault a page, for the pages are made when they are first written."""
    with mmap.mmap(-1, count * mmap.PAGESIZE) as memory:
        memory.madvise(mmap.MADV_NOHUGEPAGE)
        for offset in range(0, count * mmap.PAGESIZE, mmap.PAGESIZE):
            memory[offset] = 1


def in_new_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


@pytest.mark.parametrize("pid", [0, os.getpid()])
def test_every_page_fault_is_counted(
    loaded: Loaded, attached: Callable[[spec.AttachSpec], Link], pid: int
) -> None:
    with attached(spec.PerfEventAttach("page-faults", 1, pid)):
        before = runs(loaded)
        touch_pages(PAGES)
        assert runs(loaded) - before >= PAGES
    after = runs(loaded)
    touch_pages(PAGES)
    assert runs(loaded) == after


def test_a_period_thins_the_hits_out(
    loaded: Loaded, attached: Callable[[spec.AttachSpec], Link]
) -> None:
    with attached(spec.PerfEventAttach("page-faults", 100, os.getpid())):
        touch_pages(PAGES)
        assert PAGES // 100 <= runs(loaded) < PAGES // 2


def test_threads_old_and_new_are_counted_until_the_link_is_detached(
    loaded: Loaded, attached: Callable[[spec.AttachSpec], Link]
) -> None:
    begin, done, stop = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begin.wait()
        touch_pages(PAGES)
        done.set()
        stop.wait()
        touch_pages(PAGES)

    old = threading.Thread(target=work)
    old.start()
    link = attached(spec.PerfEventAttach("page-faults", 1, os.getpid()))
    try:
        in_new_thread(lambda: touch_pages(PAGES))
        of_the_new = runs(loaded)
        assert of_the_new >= PAGES
        begin.set()
        done.wait()
        assert runs(loaded) - of_the_new >= PAGES
        detach_all([link])
        after = runs(loaded)
    finally:
        stop.set()
        old.join()
        link.close()
    assert runs(loaded) == after


def test_other_processes_are_left_out(
    loaded: Loaded, attached: Callable[[spec.AttachSpec], Link]
) -> None:
    with attached(spec.PerfEventAttach("page-faults", 1, os.getpid())):
        child = os.fork()
        if child == 0:
            touch_pages(10 * PAGES)
            os._exit(0)
        os.waitpid(child, 0)
        assert runs(loaded) < 10 * PAGES


def test_detaching_ends_the_events_of_all_cpus(
    kernel: LiveKernel, loaded: Loaded, attached: Callable[[spec.AttachSpec], Link]
) -> None:
    with attached(spec.TimerAttach(period_ns=1_000_000, every_cpu=True)) as link:
        assert len(link.attached) == len(online_cpus(kernel))
        detach_all([link])
        after = runs(loaded)
        time.sleep(0.05)
        assert runs(loaded) == after


def test_a_timer_of_a_process_ticks_while_that_runs(
    loaded: Loaded, attached: Callable[[spec.AttachSpec], Link]
) -> None:
    def burn() -> None:
        end = time.thread_time_ns() + 50_000_000
        while time.thread_time_ns() < end:
            pass

    with attached(spec.TimerAttach(period_ns=1_000_000, pid=os.getpid())):
        in_new_thread(burn)
        assert runs(loaded) >= 10


@pytest.mark.parametrize(
    "event",
    [
        *("cpu-clock", "task-clock", "minor-faults", "major-faults", "context-switches"),
        *("cpu-migrations", "alignment-faults", "emulation-faults", "dummy", "bpf-output"),
    ],
)
def test_every_software_event_can_be_attached_to(
    attached: Callable[[spec.AttachSpec], Link], kernel: LiveKernel, event: str
) -> None:
    with attached(spec.PerfEventAttach(event, 1_000_000_000)) as link:
        kinds = [fd.kind for fd in link.fds]
    cpus = len(online_cpus(kernel))
    assert kinds == ["link"] * cpus + ["counter"] * cpus


def test_context_switches_of_a_process(
    loaded: Loaded, attached: Callable[[spec.AttachSpec], Link]
) -> None:
    def switches() -> int:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_nvcsw + usage.ru_nivcsw

    with attached(spec.PerfEventAttach("context-switches", 1, os.getpid())):
        before = switches()
        for _ in range(50):
            time.sleep(0.0005)
        switched = switches() - before
        assert 0 < switched <= runs(loaded)


def test_hardware_events_count_or_say_why_not(
    kernel: LiveKernel, loaded: Loaded, attached: Callable[[spec.AttachSpec], Link]
) -> None:
    at = spec.PerfEventAttach("instructions", 100_000)
    if FeatureProbe(kernel).ask(HARDWARE).works:
        with attached(at):
            sum(range(1_000_000))
            assert runs(loaded) > 0
        return
    with pytest.raises(AttachRefused) as caught:
        attached(at)
    assert str(caught.value).startswith(
        "counter of instructions: this machine does not count such events ("
    )
    assert "virtual machines seldom" in caught.value.hint


def test_an_unknown_event_has_a_near_name(attached: Callable[[spec.AttachSpec], Link]) -> None:
    with pytest.raises(NotInKernel, match=r"no perf event 'page-fault'.*\n.*'page-faults'"):
        attached(spec.PerfEventAttach("page-fault", 1))


def test_a_process_that_is_not_there_is_named(
    attached: Callable[[spec.AttachSpec], Link],
) -> None:
    with pytest.raises(AttachRefused, match="there is no such process"):
        attached(spec.PerfEventAttach("page-faults", 1, NOBODY))
    with pytest.raises(AttachRefused, match=r"timer of 1000000 ns: No such process \(ESRCH\)"):
        attached(spec.TimerAttach(period_ns=1_000_000, pid=NOBODY))


@pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")
@pytest.mark.parametrize(("mode", "hits"), [("w", 100), ("rw", 150)])
def test_a_breakpoint_counts_accesses_exactly(
    kernel: LiveKernel,
    loaded: Loaded,
    attached: Callable[[spec.AttachSpec], Link],
    tmp_path: Path,
    mode: str,
    hits: int,
) -> None:
    if not FeatureProbe(kernel).ask(BREAKPOINT).works:
        pytest.skip("this machine has no breakpoints")
    source = "volatile int word; void put(int x) { word = x; } int get(void) { return word; }"
    library = CLibrary(tmp_path, source)
    at = spec.BreakpointAttach(library.address("word"), 4, mode, os.getpid())
    library.call("put", 1)
    with attached(at):
        library.call("put", 7, times=99)
        assert library.call("get", times=50) == 7
        in_new_thread(lambda: library.call("put", 8))
    library.call("put", 1)
    assert runs(loaded) == hits


def test_a_fifth_breakpoint_finds_no_place(
    attached: Callable[[spec.AttachSpec], Link],
) -> None:
    words = (ctypes.c_uint64 * 5)()
    links: list[Link] = []
    try:
        with pytest.raises(AttachRefused, match=r"watchpoint 0x.*:8:w: .* all in use \(ENOSPC\)"):
            for index in range(5):
                address = ctypes.addressof(words) + 8 * index
                links.append(attached(spec.BreakpointAttach(address, 8, "w", os.getpid())))
        assert len(links) == 4
    finally:
        for link in links:
            link.close()


@pytest.mark.parametrize(("shift", "mode"), [(1, "w"), (0, "r")])
def test_a_breakpoint_that_cannot_be_is_explained(
    attached: Callable[[spec.AttachSpec], Link], shift: int, mode: str
) -> None:
    word = ctypes.c_uint64(0)
    with pytest.raises(AttachRefused, match="the processor cannot watch this") as caught:
        attached(spec.BreakpointAttach(ctypes.addressof(word) + shift, 4, mode, os.getpid()))
    assert "multiple of the length" in caught.value.hint
