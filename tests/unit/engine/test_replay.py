"""Scripts over hits that are known, and the script that records them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from seismo.base.diagnostics import Diagnostics, DiagnosticsError
from seismo.base.layout import U64, Layout
from seismo.base.source import NOWHERE, Source
from seismo.builtin.bytes import UNREADABLE
from seismo.builtin.options import LowerOptions
from seismo.compiler import compile_script
from seismo.engine.hit import Hit
from seismo.engine.listed import ListedSource
from seismo.engine.record import (
    DEFAULT_PROBES,
    PRODUCED,
    CallForm,
    LateForm,
    NotRecordable,
    PlaceForm,
    Recorder,
    is_recordable,
)
from seismo.engine.recording import Accounts, Header, Recording, RecordingWriter, read_recording
from seismo.engine.recording_sink import RecordingSink
from seismo.engine.replay import listed_source, recorded_source, run_hits
from seismo.engine.run import lower_options
from seismo.engine.view import EngineView
from seismo.events.kinds import Action, EventLayout, MapView
from seismo.lang.expand import attach_points
from seismo.lang.parse_probe import parse
from seismo.output.capture import CaptureSink
from seismo.plan import Plan
from seismo.probes.format import FormatField, TracepointFormat
from seismo.probes.spec import AttachPoint
from seismo.probes.view import FEATURE_NAMES, KernelView
from seismo.vm.environment import Task
from user_programs import FileView

VIEW = FileView(*FEATURE_NAMES)
CAT = Task(pid=7, tid=7, comm=b"cat")
SWITCH = TracepointFormat(
    "sched",
    "sched_switch",
    (FormatField(name="prev_pid", c_type="pid_t", offset=8, size=4, signed=True),),
)


def opened(name: str, ns: int) -> Hit:
    at = "tracepoint:syscalls:sys_enter_openat"
    return Hit(at=at, ns=ns, task=CAT, arguments={"filename": name})


def ran(script: str, source: ListedSource) -> CaptureSink:
    """What a script gives over hits."""
    plan = compile_script(
        Source("test.bt", script), EngineView(source.places), lower_options(source)
    ).plan
    sink = CaptureSink()
    run_hits(plan, source, sink)
    return sink


def recording(*probes: str, hits: Sequence[Hit] = (), cpus: int = 1) -> Recording:
    header = Header(
        machine="x86_64", release="6.18", cpus=cpus, wall_offset_ns=10**18, probes=probes
    )
    return Recording(header=header, hits=tuple(hits), formats={"sched:sched_switch": SWITCH})


def compiled(recorder: Recorder) -> Plan:
    options = LowerOptions(possible_cpus=2)
    return compile_script(Source("recorder", recorder.script), VIEW, options).plan


def points(text: str, view: KernelView = VIEW) -> tuple[AttachPoint, ...]:
    """The places that the attach points of a script mean."""
    diagnostics = Diagnostics()
    script = parse(Source("points.bt", f"{text} {{ }}"), diagnostics)
    found = [
        one for probe in script.probes for one in attach_points(probe, view, diagnostics, "error")
    ]
    diagnostics.stop_on_errors()
    return tuple(found)


def test_hits_are_run_in_the_order_of_their_times() -> None:
    hits = [opened("b", 20), opened("c", 20), opened("a", 10)]
    script = 'tracepoint:syscalls:sys_enter_openat { printf("%s\\n", str(args.filename)); }'
    assert ran(script, listed_source(hits, {}, "x86_64")).lines == ["a", "b", "c"]


def test_time_is_that_of_the_hits() -> None:
    hits = [opened("a", 5_000_000_000), opened("b", 5_003_500_000)]
    script = """
        BEGIN { printf("%llu %llu\\n", nsecs, elapsed); }
        interval:ms:1 { @ticks = count(); }
        tracepoint:syscalls:sys_enter_openat { printf("%llu %llu\\n", nsecs, elapsed); }
    """
    sink = ran(script, listed_source(hits, {}, "x86_64"))
    assert sink.lines == ["5000000000 0", "5000000000 0", "5003500000 3500000"]
    assert sink.maps["@ticks"] == [((), 3)]


def test_exit_ends_the_run() -> None:
    hits = [opened(str(number), number) for number in range(500)]
    script = "tracepoint:syscalls:sys_enter_openat { @ = count(); if (nsecs == 9) { exit(3); } }"
    source = listed_source(hits, {}, "x86_64")
    plan = compile_script(
        Source("test.bt", script), EngineView(source.places), lower_options(source)
    ).plan
    sink = CaptureSink()
    assert run_hits(plan, source, sink) == 3
    ((_, count),) = sink.maps["@"]
    assert count == 10


def test_a_wildcard_means_what_was_recorded() -> None:
    source = recorded_source(
        recording("tracepoint:syscalls:sys_enter_open*", hits=[opened("a", 1)], cpus=3)
    )
    assert set(source.places.tracepoints) == {
        f"syscalls:sys_enter_{name}"
        for name in (
            "open",
            "open_by_handle_at",
            "open_tree",
            "open_tree_attr",
            "openat",
            "openat2",
        )
    }
    assert source.places.cpus == 3
    sink = ran("tracepoint:syscalls:* { @[probe] = count(); }", source)
    assert sink.maps["@"] == [(("tracepoint:syscalls:sys_enter_openat",), 1)]


def test_a_place_that_was_not_recorded_is_an_error_with_what_there_is() -> None:
    source = recorded_source(recording("tracepoint:sched:sched_switch", "kprobe:vfs_read"))
    with pytest.raises(DiagnosticsError) as caught:
        ran("tracepoint:syscalls:sys_enter_openat { }", source)
    message = str(caught.value)
    assert "test.bt:1:1: error: " in message and "sys_enter_openat" in message
    assert "the recording has tracepoint:sched:sched_switch, kprobe:vfs_read; " in message
    assert "`seismo record` records others" in message


def test_formats_and_functions_are_the_recordings() -> None:
    hits = [
        Hit(at="tracepoint:sched:sched_switch", ns=1, task=CAT, arguments={"prev_pid": -5}),
        Hit(at="kprobe:vfs_read", ns=2, task=CAT, arguments={"arg1": 0x1000}),
        Hit(at="kretprobe:vfs_read", ns=3, task=CAT, arguments={"retval": 77}),
    ]
    probes = ("tracepoint:sched:sched_switch", "kprobe:vfs_*", "kretprobe:vfs_read")
    script = """
        tracepoint:sched:sched_switch { printf("%d\\n", args.prev_pid); }
        kprobe:vfs_read { printf("%x\\n", arg1); }
        kretprobe:vfs_read { printf("%d\\n", retval); }
    """
    assert ran(script, recorded_source(recording(*probes, hits=hits))).lines == ["-5", "1000", "77"]


def test_the_wall_clock_is_the_recordings() -> None:
    source = recorded_source(recording("tracepoint:syscalls:*", hits=[opened("a", 1_000_000_000)]))
    script = """tracepoint:syscalls:sys_enter_openat
        { printf("%s\\n", strftime("%Y %S", nsecs)); }"""
    assert ran(script, source).lines == ["2001 41"]


@pytest.mark.parametrize("name", VIEW.tracepoints())
def test_there_is_a_recorder_for_every_tracepoint(name: str) -> None:
    recorder = Recorder(points(f"tracepoint:{name}"), VIEW, own_pid=1)
    assert compiled(recorder).probe_count > 0


def test_two_programs_record_all_system_calls() -> None:
    text = "tracepoint:syscalls:sys_enter_*, tracepoint:syscalls:sys_exit_*"
    recorder = Recorder(points(text), VIEW, own_pid=1, has_stacks=True)
    assert sorted(one.probe for one in compiled(recorder).attachments) == [
        "tracepoint:raw_syscalls:sys_enter",
        "tracepoint:raw_syscalls:sys_exit",
    ]
    assert recorder.calls[0] == ("read", ("fd", "buf", "count"))
    assert recorder.calls[59] == ("execve", ("filename", "argv", "envp"))
    assert CallForm((0,), 1) in recorder.forms.values()
    assert CallForm((1,), is_late=True) in recorder.forms.values()
    assert "pid != 1" in recorder.script


def test_the_places_of_a_user_engine_are_recordable_by_default() -> None:
    view = EngineView(listed_source([], {}, "x86_64").places)
    recorder = Recorder(points(", ".join(DEFAULT_PROBES), view), view, own_pid=1)
    assert recorder.formats == []
    names = {name for name, _ in recorder.calls.values()}
    assert {"openat", "execve", "newfstatat", "newuname"} <= names and len(names) > 300


def test_registers_of_functions() -> None:
    recorder = Recorder(points("kprobe:vfs_read, kretprobe:vfs_read"), VIEW, own_pid=1)
    entry = ("arg0", "arg1", "arg2", "arg3", "arg4", "arg5", "ip", "sp")
    assert list(recorder.forms.values()) == [
        PlaceForm("kprobe:vfs_read", entry),
        PlaceForm("kretprobe:vfs_read", ("retval", "ip", "sp")),
    ]
    assert len(compiled(recorder).attachments) == 2


@pytest.mark.parametrize(("text", "is_wanted"), [("BEGIN", False), ("interval:s:1", False)])
def test_what_belongs_to_a_run_is_not_recorded(text: str, is_wanted: bool) -> None:
    assert is_recordable(str(points(text)[0])) is is_wanted


def test_what_cannot_be_recorded_is_refused() -> None:
    with pytest.raises(NotRecordable, match=r"profile:hz:99 cannot be recorded\nhint: .* kprobe"):
        is_recordable("profile:hz:99")


class Records:
    """Feeds a sink with records as the recorder's programs send them."""

    def __init__(self, path: Path, text: str) -> None:
        self.recorder = Recorder(points(text), VIEW, own_pid=1)
        self.path, self.stream = path, io.BytesIO()
        header = recording("tracepoint:*").header
        self.sink = RecordingSink(self.recorder, RecordingWriter(self.stream, header))
        self.ns = 0

    def send(self, form: object, *values: object, tid: int = 7) -> None:
        number = next(key for key, one in self.recorder.forms.items() if one == form)
        self.ns += 1
        common = (self.ns, 0, 7, tid, 0, 0, 1, "cat")
        self.sink.value((number, *common, *values), EVENT)  # type: ignore[arg-type]

    def send_late(self, form: object, tid: int, *texts: str) -> None:
        numbers = {one: key for key, one in self.recorder.forms.items()}
        number = numbers[LateForm(numbers[form])]  # type: ignore[index]
        self.sink.value((number, tid, *texts), EVENT)

    def read(self, produced: int) -> tuple[Accounts, Recording]:
        view = MapView(name=PRODUCED, key=None, value=U64)
        self.sink.map(view, [((), produced)])
        accounts = self.sink.finish()
        self.path.write_bytes(self.stream.getvalue())
        return accounts, read_recording(str(self.path))


EVENT = EventLayout(
    id=1, action=Action.PRINT_VALUE, layout=Layout.of("event", [("id", U64)]), span=NOWHERE
)
OPENAT = CallForm((1,), is_late=True)
EXITS = PlaceForm("tracepoint:syscalls:sys_exit_*", ("id", "ret"))
CALLS = "tracepoint:syscalls:sys_enter_openat, tracepoint:syscalls:sys_exit_openat"


def test_text_that_comes_late_is_put_where_it_belongs(tmp_path: Path) -> None:
    records = Records(tmp_path / "a.rec", CALLS)
    registers = (3, 0x1000, 0, 0, 0, 0)
    records.send(OPENAT, 257, registers, UNREADABLE, tid=7)
    records.send(OPENAT, 257, registers, "/b", tid=8)
    assert b"openat" not in records.stream.getvalue()
    records.send_late(OPENAT, 7, "/a")
    records.send(EXITS, 257, -2, tid=7)
    accounts, found = records.read(3)
    assert accounts == Accounts(produced=3, recorded=3, lost=0)
    assert [hit.arguments.get("filename", hit.arguments.get("ret")) for hit in found.hits] == [
        *("/a", "/b", -2)
    ]
    assert [hit.ns for hit in found.hits] == [1, 2, 3]
    assert found.hits[2].at == "tracepoint:syscalls:sys_exit_openat"


def test_text_that_never_comes_is_a_pointer_and_counted(tmp_path: Path) -> None:
    records = Records(tmp_path / "a.rec", CALLS)
    records.send(OPENAT, 257, (3, 0x1000, 0, 0, 0, 0), UNREADABLE)
    records.send(OPENAT, 257, (3, 0, 0, 0, 0, 0), UNREADABLE)
    accounts, found = records.read(5)
    assert accounts == Accounts(produced=5, recorded=2, lost=3, unread=1)
    assert found.accounts == accounts
    assert [hit.arguments["filename"] for hit in found.hits] == [0x1000, 0]


def test_text_is_not_waited_for_when_the_thread_has_gone_on(tmp_path: Path) -> None:
    records = Records(tmp_path / "a.rec", CALLS)
    records.send(OPENAT, 257, (3, 0x1000, 0, 0, 0, 0), UNREADABLE)
    records.send(OPENAT, 257, (3, 0x1000, 0, 0, 0, 0), "/b")
    assert b'"/b"' in records.stream.getvalue()
    records.send_late(OPENAT, 7, "/c")
    accounts, found = records.read(2)
    assert accounts == Accounts(produced=2, recorded=2, lost=0, unread=1)
    assert [hit.arguments["filename"] for hit in found.hits] == [0x1000, "/b"]


def test_late_text_of_a_call_that_was_lost_is_nothing(tmp_path: Path) -> None:
    records = Records(tmp_path / "a.rec", CALLS)
    records.send(OPENAT, 257, (3, 0x1000, 0, 0, 0, 0), "/a")
    records.send_late(OPENAT, 9, "/b")
    accounts, found = records.read(2)
    assert accounts == Accounts(produced=2, recorded=1, lost=1)
    assert found.hits[0].arguments["filename"] == "/a"


def test_the_words_of_execve(tmp_path: Path) -> None:
    records = Records(tmp_path / "a.rec", "tracepoint:syscalls:sys_enter_execve")
    records.send(CallForm((0,), 1), 59, (16, 32, 48, 0, 0, 0), "/bin/ls", ("ls", "-l"))
    _, found = records.read(1)
    assert found.hits[0].arguments == {"filename": "/bin/ls", "argv": ("ls", "-l"), "envp": 48}


def test_execve_without_any_words(tmp_path: Path) -> None:
    records = Records(tmp_path / "a.rec", "tracepoint:syscalls:sys_enter_execve")
    records.send(CallForm((0,), 1), 59, (16, 0, 0, 0, 0, 0), "/bin/ls", (UNREADABLE,))
    _, found = records.read(1)
    assert found.hits[0].arguments == {"filename": "/bin/ls", "argv": 0, "envp": 0}
