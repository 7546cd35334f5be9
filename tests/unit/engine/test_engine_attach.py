"""Programs at their places: which, in what order, how often, and until when."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from engine_cases import CAT, OPENAT, PLACES, hit

from seismo.base.errors import NotSupported
from seismo.engine.attach import attach_points
from seismo.engine.hit import Hit
from seismo.engine.kernel import VmKernel
from seismo.engine.listed import ListedSource
from seismo.engine.places import Places
from seismo.engine.source import Source
from seismo.engine.timers import Timers
from seismo.isa.map_types import MapType
from seismo.isa.parse import parse_listing
from seismo.isa.prog_types import ProgType
from seismo.kernel.errors import NotInKernel
from seismo.objects.link import Link, detach_all
from seismo.objects.map import Map
from seismo.objects.program import Program, load_program
from seismo.spec.types import (
    AttachSpec,
    BreakpointAttach,
    IterAttach,
    KprobeAttach,
    KprobeMultiAttach,
    MapSpec,
    PerfEventAttach,
    ProgramSpec,
    RawTracepointAttach,
    SignalAttach,
    TestRunAttach,
    TimerAttach,
    TracepointAttach,
    TracingAttach,
    UprobeAttach,
    UprobeMultiAttach,
)

AT_OPENAT = TracepointAttach("syscalls", "sys_enter_openat")
SPEC = MapSpec(name="m", type=MapType.ARRAY, key_size=4, value_size=8, max_entries=1)

# *value = *value * 10 + cookie, but for a cookie of 0: then 1.
COUNT = """
r0 = 0
r6 = map[fd:0][0]+0
r7 = 1
call bpf_get_attach_cookie#174
if r0 == 0x0 goto pc+1
r7 = r0
r1 = *(u64 *)(r6 +0)
r1 *= 10
r1 += r7
*(u64 *)(r6 +0) = r1
r0 = 0
exit
"""


class Bench:
    """A map, and programs that write digits to it."""

    def __init__(self, kernel: VmKernel, map_: Map) -> None:
        self.kernel = kernel
        self.map = map_
        self._programs: list[Program] = []
        self._links: list[Link] = []

    def program(self, type_: ProgType = ProgType.TRACEPOINT, text: str = COUNT) -> Program:
        insns = parse_listing(text.strip())
        refs = tuple((at, "m") for at, one in enumerate(insns) if one.is_map_load)
        spec = ProgramSpec(name="p", type=type_, insns=insns, map_refs=refs)
        self._programs.append(load_program(spec, {"m": self.map}, self.kernel))
        return self._programs[-1]

    def attach(self, program: Program, at: AttachSpec) -> Link:
        self._links.append(self.kernel.attach(program, at))
        return self._links[-1]

    def take(self) -> int:
        """The digits since the last time."""
        (value,) = (value for _, value in self.map.items())
        self.map.clear()
        return int.from_bytes(value, "little")

    def close(self) -> None:
        for one in (*self._links, *self._programs, self.map):
            one.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from opened(VmKernel())


def opened(kernel: VmKernel) -> Iterator[Bench]:
    made = Bench(kernel, Map.create(kernel, SPEC))
    try:
        yield made
    finally:
        made.close()


def over(source: Source, run: Callable[[Bench], None]) -> None:
    """Run something on a kernel over a source."""
    for made in opened(VmKernel(source)):
        run(made)


def test_programs_run_in_the_order_in_which_they_were_attached(bench: Bench) -> None:
    program = bench.program()
    for cookie in (3, 1, 2):
        bench.attach(program, TracepointAttach("syscalls", "sys_enter_openat", cookie))
    bench.kernel.fire(hit())
    bench.kernel.fire(hit("tracepoint:syscalls:sys_enter_close"))
    assert bench.take() == 312


def test_detached_means_detached(bench: Bench) -> None:
    program = bench.program()
    links = [bench.attach(program, AT_OPENAT) for _ in range(50)]
    links[0].close()
    bench.kernel.fire(hit())
    assert bench.take() == int("1" * 49) % (1 << 64)
    detach_all(links)
    bench.kernel.fire(hit())
    assert bench.take() == 0
    assert not any(fd.is_open for link in links for fd in link.fds)


def test_many_functions_at_once(bench: Bench) -> None:
    at = KprobeMultiAttach(("vfs_read", "vfs_write"), cookies=(4, 5), is_return=True)
    bench.attach(bench.program(ProgType.KPROBE), at)
    for place in ("kretprobe:vfs_write", "kretprobe:vfs_read", "kprobe:vfs_read"):
        bench.kernel.fire(hit(place))
    assert bench.take() == 54


def test_places_by_their_names() -> None:
    assert attach_points(RawTracepointAttach("sys_enter")) == (("rawtracepoint:sys_enter", 0),)
    assert attach_points(KprobeAttach("vfs_read", cookie=2)) == (("kprobe:vfs_read", 2),)
    assert attach_points(KprobeMultiAttach(("a", "b"))) == (("kprobe:a", 0), ("kprobe:b", 0))


@pytest.mark.parametrize(
    ("at", "what"),
    [
        (TracingAttach(), "fentry"),
        (UprobeAttach("/bin/sh", 4), "uprobes"),
        (UprobeMultiAttach("/bin/sh", (4, 8)), "uprobes"),
        (PerfEventAttach("cycles", 1000), "hardware"),
        (BreakpointAttach(4096, 8, "w"), "watchpoints"),
        (IterAttach(), "iterators"),
        (KprobeAttach("vfs_read", offset=4), "a kprobe within a function"),
        (TimerAttach(frequency_hz=99, every_cpu=True), "profile"),
    ],
)
def test_what_takes_a_kernel_is_refused(bench: Bench, at: AttachSpec, what: str) -> None:
    program = bench.program()
    with pytest.raises(NotSupported) as refused:
        bench.attach(program, at)
    assert refused.value.feature.startswith(what)


@pytest.mark.parametrize(
    "at",
    [
        TracepointAttach("sched", "sched_switch"),
        RawTracepointAttach("sched_switch"),
        KprobeAttach("vfs_read"),
    ],
)
def test_a_place_that_the_source_has_not_is_refused(at: AttachSpec) -> None:
    def run(bench: Bench) -> None:
        with pytest.raises(NotInKernel) as refused:
            bench.attach(bench.program(), at)
        assert refused.value.hint == PLACES.absence

    over(ListedSource([], PLACES), run)


@pytest.mark.parametrize("at", [TestRunAttach(), SignalAttach("SIGUSR1")])
def test_what_runs_on_demand_is_attached_to_nothing(bench: Bench, at: AttachSpec) -> None:
    assert bench.attach(bench.program(), at).fds == ()


def test_a_source_is_told_what_is_wanted() -> None:
    class Recorder(ListedSource):
        wanted = frozenset[str]()

        def want(self, places: frozenset[str], *, needs_cpu: bool = True) -> None:
            self.wanted = places

    source = Recorder([], PLACES)

    def run(bench: Bench) -> None:
        bench.attach(bench.program(), AT_OPENAT)
        bench.attach(bench.program(), TracepointAttach("syscalls", "sys_exit_openat")).close()
        bench.kernel.start()
        assert source.wanted == frozenset((OPENAT,))

    over(source, run)


def test_a_timer_runs_before_the_hits_that_come_after_it() -> None:
    def run(bench: Bench) -> None:
        at = TracepointAttach("syscalls", "sys_enter_openat", 2)
        bench.attach(bench.program(), at)
        timer = bench.program(ProgType.PERF_EVENT, COUNT.replace("r7 = 1", "r7 = 9"))
        link = bench.attach(timer, TimerAttach(period_ns=10))
        assert bench.kernel.poll([], -1) == []
        assert bench.kernel.is_over
        assert bench.take() == 2_2_9_2_9_9_9_2
        link.close()

    over(ListedSource([hit(ns=ns) for ns in (100, 105, 110, 145)], PLACES), run)


class Live(Source):
    """Hits that come when a descriptor is written to, a byte each."""

    is_live = True
    wall_offset_ns = 0

    def __init__(self, places: Places) -> None:
        self.places = places
        self.reader, self.writer = os.pipe2(os.O_NONBLOCK)

    @property
    def is_over(self) -> bool:
        return False

    @property
    def fds(self) -> tuple[int, ...]:
        return (self.reader,)

    @property
    def ended_fd(self) -> int:
        return -1

    def want(self, places: frozenset[str], *, needs_cpu: bool = True) -> None: ...

    def start(self) -> None:
        os.write(self.writer, b"abc")

    def pump(self, fire: Callable[[Hit], None], limit: int) -> int:
        try:
            data = os.read(self.reader, limit)
        except BlockingIOError:
            return 0
        for _ in data:
            fire(hit())
        return len(data)

    def close(self) -> None:
        os.close(self.reader)
        os.close(self.writer)


def test_a_live_source_is_waited_for_as_long_as_there_is_time() -> None:
    source = Live(PLACES)

    def run(bench: Bench) -> None:
        bench.attach(bench.program(), AT_OPENAT)
        assert bench.kernel.poll([], 30) == []
        assert bench.take() == 111
        timer = bench.program(ProgType.PERF_EVENT)
        bench.attach(timer, TimerAttach(period_ns=1_000_000))
        assert bench.kernel.poll([], 20) == []
        assert bench.take() > 0

    over(source, run)
    source.close()


def test_a_faulty_program_does_not_end_the_run_nor_hold_up_the_ring(bench: Bench) -> None:
    faulty = bench.program(text="r0 = *(u64 *)(r1 +9999)\nexit")
    good = bench.program()
    link = bench.attach(faulty, AT_OPENAT)
    bench.attach(good, AT_OPENAT)
    for _ in range(3):
        bench.kernel.fire(hit())
    assert bench.take() == 111
    assert link.missed(bench.kernel) == 3
    assert (faulty.info().run_count, good.info().run_count) == (3, 3)


def test_a_hit_on_a_processor_that_is_not_there_is_refused(bench: Bench) -> None:
    bench.attach(bench.program(), AT_OPENAT)
    with pytest.raises(NotSupported):
        bench.kernel.fire(hit(cpu=bench.kernel.places.cpus))


def test_the_current_task_is_the_hits() -> None:
    for bench in opened(VmKernel()):
        text = """
            call bpf_get_current_pid_tgid#14
            r1 = map[fd:0][0]+0
            *(u64 *)(r1 +0) = r0
            exit"""
        bench.attach(bench.program(text=text), AT_OPENAT)
        bench.kernel.fire(hit())
        assert bench.take() == CAT.pid << 32 | CAT.tid


def test_poll_comes_back_in_time_from_hits_without_end() -> None:
    class Endless(ListedSource):
        @property
        def is_over(self) -> bool:
            return False

        def pump(self, fire: Callable[[Hit], None], limit: int) -> int:
            fire(hit())
            return 1

    def run(bench: Bench) -> None:
        bench.attach(bench.program(), AT_OPENAT)
        assert bench.kernel.poll([], 20) == []
        assert bench.take() > 0

    over(Endless([], PLACES), run)


def test_timers_by_their_order_and_until_they_are_removed() -> None:
    timers = Timers[str]()
    assert (timers.next_ns, timers.take(100)) == (None, None)
    timers.add("a", 10)
    timers.add("b", 5)
    timers.start(100)
    assert timers.next_ns == 105
    taken = []
    while (due := timers.take(115)) is not None:
        taken.append(due)
    assert taken == [(105, "b"), (110, "a"), (110, "b"), (115, "b")]
    timers.remove("b")
    assert timers.take(119) is None
    assert timers.take(120) == (120, "a")
