"""Timers, counters, watchpoints, iterators, signals: what they take and where they attach."""

from __future__ import annotations

from pathlib import Path

import pytest

from seismo.base.source import NOWHERE
from seismo.btf.spec import Btf
from seismo.btf.types import Func, FuncProto, Member, Ptr, Struct
from seismo.btf.write import write
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel.perf_kinds import COUNTERS
from seismo.probes.backend import NO_USE, Backend, Context, Use
from seismo.probes.iterator import company
from seismo.probes.kind import TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.table import find_kind
from seismo.spec.types import (
    AttachSpec,
    BreakpointAttach,
    IterAttach,
    PerfEventAttach,
    ProgramTarget,
    SignalAttach,
    TimerAttach,
)
from seismo.views import RecordedView

RECORDED = Path(__file__).parents[2] / "recorded" / "6.18"
MS, S = 1_000_000, 1_000_000_000


class View(RecordedView):
    """The recording, of a kernel that has the features asked for and two iterators."""

    def __init__(self, *missing: str, machine: str = "x86_64") -> None:
        super().__init__(RECORDED)
        self.missing = missing
        self.own_machine = machine

    def has(self, feature: str) -> bool:
        return feature not in self.missing

    def refusal(self, feature: str) -> tuple[str, str]:
        return f"{feature} is missing", "look elsewhere"

    def machine(self) -> str:
        return self.own_machine

    def btf(self) -> Btf:
        types = (
            FuncProto(0),
            Struct("task_struct", 8),
            Ptr(2),
            *(Func("bpf_iter_task", 1), Func("bpf_iter_tcp", 1), Func("bpf_iter_num_new", 1)),
            *(Func("bpf_iter_sockmap", 1), Func("bpf_iter_init_tcp", 1)),
            Struct("bpf_iter__sockmap", 8),
            Struct("bpf_iter__udp", 8),
            Struct("bpf_iter__tcp", 8),
            Struct("bpf_iter__task", 8, (Member("task", 3, 0),)),
        )
        return Btf(write(types))


def points(text: str, view: View) -> tuple[AttachPoint, ...]:
    word, _, rest = text.partition(":")
    kind = find_kind(word)
    return tuple(
        AttachPoint(kind.name, one, NOWHERE) for one in kind.expand(kind.parse(rest), view)
    )


def chosen(text: str, use: Use = NO_USE, view: View | None = None) -> Backend:
    view = view or View()
    found = points(text, view)
    return find_kind(text.partition(":")[0]).choose(found, use, view)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("profile:hz:99", TimerAttach(frequency_hz=99, every_cpu=True)),
        ("profile:ms:10", TimerAttach(period_ns=10 * MS, every_cpu=True)),
        ("p:s:1", TimerAttach(period_ns=S, every_cpu=True)),
        ("p:us:50", TimerAttach(period_ns=50_000, every_cpu=True)),
        ("profile:1s", TimerAttach(period_ns=S, every_cpu=True)),
        ("profile:1000", TimerAttach(period_ns=1000, every_cpu=True)),
        ("interval:hz:99", TimerAttach(frequency_hz=99)),
        ("software:faults", PerfEventAttach("page-faults", 100)),
        ("software:page-faults:1", PerfEventAttach("page-faults", 1)),
        ("s:cs:", None),
        ("s:cs", PerfEventAttach("context-switches", 1000)),
        ("s:cpu", PerfEventAttach("cpu-clock", 1_000_000)),
        ("s:minor-faults", PerfEventAttach("minor-faults", 100)),
        ("s:major-faults", PerfEventAttach("major-faults", 1)),
        ("s:dummy:1e3", PerfEventAttach("dummy", 1000)),
        ("hardware:cycles:5", PerfEventAttach("cpu-cycles", 5)),
        ("h:branches", PerfEventAttach("branch-instructions", 100_000)),
        ("h:cache-misses", PerfEventAttach("cache-misses", 1_000_000)),
        ("watchpoint:0x1000:8:w", BreakpointAttach(0x1000, 8, "w")),
        ("w:4096:2:wr", BreakpointAttach(0x1000, 2, "rw")),
        ("w:0x1000:8:x", BreakpointAttach(0x1000, 8, "x")),
        ("w:avenrun:4:rw", BreakpointAttach(0xFFFFFFFF82A05A40, 4, "rw")),
        ("iter:task", IterAttach()),
        ("it:tcp:/tmp/x", IterAttach("/tmp/x")),
        ("iter:tcp:list", IterAttach("list")),
        ("self:signal:SIGUSR1", SignalAttach("SIGUSR1")),
    ],
)
def test_where_it_attaches(text: str, spec: AttachSpec | None) -> None:
    if spec is None:
        with pytest.raises(TargetError):
            chosen(text)
    else:
        assert chosen(text).attach == (spec,)


@pytest.mark.parametrize(
    ("text", "pid"),
    [("profile:hz:9", 7), ("s:cs", 7), ("h:cycles", 7), ("w:8:8:w", 7), ("interval:hz:9", 0)],
)
def test_the_process_of_p(text: str, pid: int) -> None:
    (spec,) = chosen(text, Use(pid=7)).attach
    assert isinstance(spec, (TimerAttach, PerfEventAttach, BreakpointAttach))
    assert spec.pid == pid


@pytest.mark.parametrize(
    ("text", "type_", "context"),
    [
        ("profile:hz:9", ProgType.PERF_EVENT, Context.REGISTERS),
        ("s:cs", ProgType.PERF_EVENT, Context.REGISTERS),
        ("h:cycles", ProgType.PERF_EVENT, Context.REGISTERS),
        ("w:8:8:w", ProgType.PERF_EVENT, Context.REGISTERS),
        ("self:signal:SIGUSR1", ProgType.RAW_TRACEPOINT, Context.NONE),
        ("iter:task", ProgType.TRACING, Context.ITERATOR),
    ],
)
def test_programs(text: str, type_: ProgType, context: Context) -> None:
    backend = chosen(text)
    assert (backend.prog_type, backend.context) == (type_, context)


def test_an_iterator_is_loaded_for_its_function() -> None:
    backend = chosen("iter:task")
    assert backend.attach_type is AttachType.TRACE_ITER
    assert backend.target == ProgramTarget("bpf_iter_task")


def test_what_an_iterator_hands_out() -> None:
    (point,) = points("iter:task", view := View())
    arguments = find_kind("iter").arguments
    assert arguments is not None
    told = arguments(point, view)
    assert (told.name, told.btf.type(told.type_id).name) == ("task", "bpf_iter__task")


def test_iterators_are_listed_that_have_a_function_and_a_struct() -> None:
    assert list(find_kind("iter").targets("", View())) == ["task", "tcp"]


def test_events_are_listed_with_their_counts() -> None:
    software = list(find_kind("software").targets("", View()))
    assert "page-faults:100" in software
    assert software == sorted(software)
    assert "cpu-cycles:1000000" in find_kind("hardware").targets("", View())
    assert list(find_kind("self").targets("", View())) == ["signal:SIGUSR1"]


def test_the_kernel_has_every_event_that_is_listed() -> None:
    listed = [
        one for kind in ("software", "hardware") for one in find_kind(kind).targets("", View())
    ]
    assert {one.partition(":")[0] for one in listed} == set(COUNTERS)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("profile:x:1", "'x' is no unit of time", "units are hz s ms us"),
        ("profile:hz:0", "an interval of 0 hz never ends", ""),
        ("profile:hz:x", "'x' is no interval", "profile:hz:99"),
        ("interval:hz:x", "'x' is no interval", "interval:hz:99"),
        ("profile:999", "an interval of 999 ns is too short", "1us"),
        ("profile", "'' is no interval", ""),
        ("software:page-falts", "there is no software event 'page-falts'", "'page-faults'"),
        ("software", "there is no software event ''", "events are alignment-faults"),
        ("software:cycles", "there is no software event 'cycles'", ""),
        ("s:cs:x", "'x' is no count of events", "software:cs:1000"),
        ("s:cs:0", "'0' is no count of events", ""),
        ("hardware:cycle", "there is no hardware event 'cycle'", "'cycles'"),
        ("w:0x10:8", "a watchpoint has an address, a length and a mode", "0x10000000:8:w"),
        ("w:0x10:8:w:x", "a watchpoint has an address, a length and a mode", ""),
        ("w::8:w", "a watchpoint has an address, a length and a mode", ""),
        ("w:0x1g:8:w", "'0x1g' is no address", ""),
        ("w:0x10:3:w", "a watchpoint's length is not 3", "1, 2, 4 or 8"),
        ("w:0x10:8:q", "a watchpoint's mode has no 'q'", ""),
        ("w:0x10:8:ww", "the mode 'ww' has 'w' twice", ""),
        ("w:0x10:8:rx", "no processor watches for 'rx'", "x alone"),
        ("w:0x10:8:r", "x86 watches for no reads alone", "rw"),
        ("w:0x10:4:x", "a watchpoint for execution is not 4 bytes long on x86_64", "write 8"),
        ("w:0x14:8:w", "0x14 is no multiple of the watchpoint's length, 8", "shorter"),
        ("w:vfs_reed:8:x", "there is no kernel symbol 'vfs_reed'", "'vfs_read'"),
        ("iter", "an iterator has a sort of objects", "iter:task"),
        ("iter:task:", "an iterator has a sort of objects", ""),
        ("iter:tusk", "there is no iterator 'tusk'", "'task'"),
        ("iter:udp", "there is no iterator 'udp'", "'tcp'"),
        ("iter:num_new", "there is no iterator 'num_new'", "there are task tcp"),
        ("iter:sockmap", "iterator 'sockmap' cannot be used: it is about a single map", ""),
        ("self:x", "'x' is nothing that happens to the tracer", "self:signal:SIGUSR1"),
        ("self:signal:SIGHUP", "a script cannot be told of 'SIGHUP'", "SIGUSR1"),
        ("self:signal", "a script cannot be told of ''", ""),
    ],
)
def test_targets_that_mean_nothing(text: str, message: str, hint: str) -> None:
    with pytest.raises(TargetError) as caught:
        chosen(text)
    assert caught.value.message.startswith(message)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "feature"),
    [("h:cycles", "hardware"), ("w:8:8:w", "breakpoint"), ("iter:task", "iterator")],
)
def test_what_the_kernel_has_not(text: str, feature: str) -> None:
    with pytest.raises(TargetError) as caught:
        chosen(text, view=View(feature))
    assert (caught.value.message, caught.value.hint) == (f"{feature} is missing", "look elsewhere")


def test_arm64_watches_for_reads_and_for_an_instruction() -> None:
    view = View(machine="aarch64")
    assert chosen("w:0x10:8:r", view=view).attach == (BreakpointAttach(0x10, 8, "r"),)
    assert chosen("w:0x10:4:x", view=view).attach == (BreakpointAttach(0x10, 4, "x"),)
    with pytest.raises(TargetError, match="write 4"):
        chosen("w:0x10:8:x", view=view)


def test_an_iterator_wants_to_be_alone() -> None:
    view = View()
    (task,), (tcp,) = points("iter:task", view), points("iter:tcp", view)
    (begin,) = points("BEGIN", view)
    assert company([begin]) == ()
    assert company([task]) == ()
    assert company([begin, task, tcp]) == (begin, tcp)
