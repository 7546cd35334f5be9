"""Every JSON shape, to the byte; every line is valid JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest

from seismo.base.layout import (
    S64,
    U8,
    U32,
    U64,
    Array,
    Blob,
    Buffer,
    FieldType,
    Int,
    Layout,
    Symbolic,
    Text,
)
from seismo.base.source import Source, Span
from seismo.events.kinds import Action, EventLayout, FaultSite, MapView, event_layout
from seismo.events.value import Bucket, Histogram, Row, TimeSeries, Value
from seismo.output.jsonl import JsonSink
from seismo.output.sink import Outcome, Timing
from seismo.output.stream import Buffering

SPAN = Span(Source("stdin", "BEGIN { @ = 1 / $x }"), 12, 18)
FULL = FaultSite(index=2, kind="map_full", helper="map_update_elem", span=SPAN)
POINTER = Int(8, signed=False, shown="pointer")
BOOL = Int(1, signed=False, shown="bool")


def lines(*calls: Callable[[JsonSink], None]) -> str:
    stream = io.BytesIO()
    sink = JsonSink(stream)
    for call in calls:
        call(sink)
    sink.flush()
    text = stream.getvalue().decode()
    for line in text.splitlines():
        assert isinstance(json.loads(line), dict)
    return text


def printing(*types: FieldType) -> EventLayout:
    layout = event_layout("e", [(str(at), type_) for at, type_ in enumerate(types)])
    return EventLayout(id=1, action=Action.PRINT_VALUE, layout=layout, span=SPAN)


def keyed(name: str, value: FieldType, *keys: FieldType) -> MapView:
    members = [(str(at), type_) for at, type_ in enumerate(keys)]
    return MapView(name=name, key=Layout.of("key", members, "tuple"), value=value)


def layout(kind: str, **members: FieldType) -> Layout:
    return Layout.of("l", members.items(), kind)


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (
            lambda sink: sink.attached(1),
            '{"type": "attached_probes", "count": 1, "data": {"probes": 1}}',
        ),
        (
            lambda sink: sink.lost(7),
            '{"type": "lost_events", "count": 7, "data": {"events": 7}}',
        ),
        (
            lambda sink: sink.printf("test 5", printing()),
            '{"type": "printf", "data": "test 5"}',
        ),
        (
            lambda sink: sink.runtime_error("division by 0", SPAN),
            '{"type": "runtime_error", "msg": "division by 0", '
            '"filename": "stdin", "line": 1, "col": 13}',
        ),
        (
            lambda sink: sink.helper_error("probe_read_user", -14, SPAN),
            '{"type": "helper_error", "msg": "Bad address", "helper": "probe_read_user", '
            '"retcode": -14, "filename": "stdin", "line": 1, "col": 13}',
        ),
        (lambda sink: sink.time("12:00\n"), '{"type": "time", "data": "12:00\\n"}'),
        (lambda sink: sink.cat("Linux\n"), '{"type": "cat", "data": "Linux\\n"}'),
        (lambda sink: sink.join("ls -l"), '{"type": "join", "data": "ls -l"}'),
        (lambda sink: sink.system("hi\n"), '{"type": "syscall", "data": "hi\\n"}'),
        (
            lambda sink: sink.errorf("bad 5\n", SPAN),
            '{"type": "errorf", "msg": "bad 5\\n", "filename": "stdin", "line": 1, "col": 13}',
        ),
        (
            lambda sink: sink.warnf("hm", SPAN),
            '{"type": "warnf", "msg": "hm", "filename": "stdin", "line": 1, "col": 13}',
        ),
        (
            lambda sink: sink.fault(FULL, 12, "12 updates of @ refused"),
            '{"type": "fault", "kind": "map_full", "count": 12, "msg": "12 updates of @ refused", '
            '"filename": "stdin", "line": 1, "col": 13}',
        ),
        (
            lambda sink: sink.outcome(Outcome(name="a", passed=False, duration_ns=1, output="x\n")),
            '{"type": "test_result", "data": {"a": '
            '{"duration": 1, "passed": false, "output": "x\\n"}}}',
        ),
        (
            lambda sink: sink.timing(Timing(name="a", average_ns=40, iterations=1000)),
            '{"type": "benchmark_result", "data": {"a": {"average": 40, "iters": 1000}}}',
        ),
        (lambda sink: sink.warning("a map is full"), '{"type": "warning", "msg": "a map is full"}'),
    ],
)
def test_lines_about_events_and_the_run(call: Callable[[JsonSink], None], line: str) -> None:
    assert lines(call) == line + "\n"


@pytest.mark.parametrize(
    ("view", "rows", "data"),
    [
        (MapView(name="@scalar", key=None, value=U64), [((), 5)], '{"@scalar": 5}'),
        (
            keyed("@map", U64, Text(16)),
            [(("key1",), 2), (("key2",), 3)],
            '{"@map": {"key1": 2, "key2": 3}}',
        ),
        (
            keyed("@complex", U64, Text(16), U32),
            [(("bpftrace", 2), 5)],
            '{"@complex": {"bpftrace,2": 5}}',
        ),
        (
            keyed("@", U64, Text(16), layout("tuple", a=U8, b=U8)),
            [(("a b", (1, 2)), 5)],
            '{"@": {"a b,(1,2)": 5}}',
        ),
        (keyed("@", U64, layout("tuple", a=U8, b=U8)), [(((1, 2),), 5)], '{"@": {"1,2": 5}}'),
        (keyed("@", BOOL, POINTER), [((4096,), True)], '{"@": {"0x1000": true}}'),
        (
            MapView(
                name="@",
                key=None,
                value=layout("tuple", a=U8, b=U8, c=Text(8), d=Array(U8, 2)),
            ),
            [((), (1, 2, "string", (4, 5)))],
            '{"@": [1,2,"string",[4,5]]}',
        ),
        (
            MapView(
                name="@a",
                key=None,
                value=layout("struct", a=U8, c=Text(8), d=layout("tuple", x=U8, y=U8)),
            ),
            [((), {"a": 0, "c": "str", "d": (5, 6)})],
            '{"@a": {"a": 0, "c": "str", "d": [5,6]}}',
        ),
    ],
)
def test_maps(view: MapView, rows: list[Row], data: str) -> None:
    assert lines(lambda sink: sink.map(view, rows)) == f'{{"type": "map", "data": {data}}}\n'


def reduced(reduction: str, key: Layout | None = None) -> MapView:
    share = Layout.of("share", [("value", S64), ("count", U64), ("epoch", U64)])
    return MapView(
        name="@",
        key=key,
        value=share,
        reduction=reduction,
        has_buckets=reduction in ("hist", "lhist", "tseries"),
    )


HISTOGRAM = Histogram(
    (
        Bucket(None, 0, 1, "(..., 0)"),
        Bucket(0, 1, 0, "[0]"),
        Bucket(1 << 62, 1 << 63, 2, "[4E, 8E)"),
        Bucket(100, None, 3, "[100, ...)"),
    )
)
BUCKETS = (
    '[{"max": -1, "count": 1},{"min": 0, "max": 0, "count": 0},'
    '{"min": 4611686018427387904, "max": "9223372036854775807", "count": 2},'
    '{"min": 100, "count": 3}]'
)
SERIES = TimeSeries(500_000_000, ((500_000_000, 9), (1_000_000_000, None), (1_500_000_000, -1)))
POINTS = (
    '[{"interval_start":"1970-01-01 00:00:00.500000000","value":9},'
    '{"interval_start":"1970-01-01 00:00:01.500000000","value":-1}]'
)
STATS = {"count": 2, "average": 6, "total": 12}


@pytest.mark.parametrize(
    ("view", "rows", "line"),
    [
        (reduced("sum"), [((), 5)], '{"type": "map", "data": {"@": 5}}'),
        (reduced("max"), [((), -5)], '{"type": "map", "data": {"@": -5}}'),
        (reduced("avg"), [((), 5)], '{"type": "stats", "data": {"@": 5}}'),
        (
            reduced("avg", Layout.of("key", [("0", Text(4))])),
            [(("c",), 3), (("d",), 4)],
            '{"type": "stats", "data": {"@": {"c": 3, "d": 4}}}',
        ),
        (
            reduced("stats"),
            [((), STATS)],
            '{"type": "stats", "data": {"@": {"count": 2, "average": 6, "total": 12}}}',
        ),
        (reduced("hist"), [((), HISTOGRAM)], f'{{"type": "hist", "data": {{"@": {BUCKETS}}}}}'),
        (
            reduced("lhist", Layout.of("key", [("0", U64), ("1", Text(4))])),
            [((1, "x"), HISTOGRAM), ((2, "y"), Histogram(()))],
            f'{{"type": "hist", "data": {{"@": {{"1,x": {BUCKETS}, "2,y": []}}}}}}',
        ),
        (reduced("tseries"), [((), SERIES)], f'{{"type": "tseries", "data": {{"@": {POINTS}}}}}'),
    ],
)
def test_reduced_maps(view: MapView, rows: list[Row], line: str) -> None:
    assert lines(lambda sink: sink.map(view, rows)) == line + "\n"


@pytest.mark.parametrize("view", [keyed("@", U64, U32), MapView(name="@", key=None, value=U64)])
def test_a_map_without_rows_is_no_line(view: MapView) -> None:
    assert lines(lambda sink: sink.map(view, [])) == ""


@pytest.mark.parametrize(
    ("type_", "value", "data"),
    [
        (U64, 1 << 53, "9007199254740992"),
        (U64, (1 << 53) + 1, '"9007199254740993"'),
        (U64, (1 << 53) + 2, "9007199254740994"),
        (U64, 1 << 63, "9223372036854775808"),
        (U64, (1 << 64) - 1, '"18446744073709551615"'),
        (S64, -(1 << 63), "-9223372036854775808"),
        (S64, -(1 << 53) - 1, '"-9007199254740993"'),
        (POINTER, 0x1000, "4096"),
        (POINTER, 0xFFFF888000000001, '"18446612682070032385"'),
        (BOOL, False, "false"),
        (Text(8), "cat", '"cat"'),
        (Blob(3), b"\0A\xff", "[0,65,255]"),
        (Buffer(3), b"\0A\xff", "[0,65,255]"),
        (Buffer(9, "words"), ("ls", 'a "b"', "\udcff"), '["ls","a \\"b\\"","\ufffd"]'),
        (Buffer(9, "words"), (), "[]"),
        (Symbolic("inet", 20), "10.0.0.1", '"10.0.0.1"'),
        (Int(4, True, "enum", ((7, "SEVEN"),)), 7, "7"),
        (Array(Text(2), 2), ("a", "b"), '["a","b"]'),
        (layout("struct", m=U8, n=U8), {"m": 2, "n": 3}, '{"m": 2, "n": 3}'),
        (layout("struct"), {}, "{}"),
        (layout("tuple"), (), "[]"),
    ],
    ids=str,
)
def test_a_printed_value(type_: FieldType, value: Value, data: str) -> None:
    written = lines(lambda sink: sink.value(value, printing(type_)))
    assert written == f'{{"type": "value", "data": {data}}}\n'


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('say "hi"\\\n\r\t', r'"say \"hi\"\\\n\r\t"'),
        ("\x00\x08\x1f\x7f", '"\\u0000\\u0008\\u001f\x7f"'),
        ("é€😀", '"é€😀"'),
        ("a\udcffb", '"a\ufffdb"'),
        ("a\udcc3\udca9b", '"aéb"'),
    ],
)
def test_strings_are_escaped_and_always_utf8(text: str, data: str) -> None:
    written = lines(lambda sink: sink.printf(text, printing()))
    assert written == f'{{"type": "printf", "data": {data}}}\n'


def test_the_end_is_no_line() -> None:
    assert lines(lambda sink: sink.end()) == ""


def test_nothing_is_written_before_flush() -> None:
    stream = io.BytesIO()
    sink = JsonSink(stream)
    sink.attached(1)
    sink.printf("a", printing())
    assert stream.getvalue() == b""
    sink.flush()
    sink.flush()
    assert len(stream.getvalue().splitlines()) == 2


def test_what_a_quiet_run_without_warnings_leaves_out() -> None:
    stream = io.BytesIO()
    sink = JsonSink(stream, is_quiet=True, has_warnings=False)
    sink.attached(1)
    sink.warnf("hm", SPAN)
    sink.flush()
    assert stream.getvalue() == b""


def test_full_buffering_waits_for_the_end() -> None:
    stream = io.BytesIO()
    sink = JsonSink(stream, buffering=Buffering.FULL)
    sink.printf("a", printing())
    sink.flush()
    assert stream.getvalue() == b""
    sink.flush(is_last=True)
    assert len(stream.getvalue().splitlines()) == 1
