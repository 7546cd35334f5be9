"""Every JSON shape, to the byte; every line is valid JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest

from seismo.base.layout import S64, U8, U32, U64, Array, Blob, FieldType, Int, Layout, Text
from seismo.base.source import Source, Span
from seismo.events.kinds import Action, EventLayout, MapView, event_layout
from seismo.events.value import Row, Value
from seismo.output.jsonl import JsonSink

SPAN = Span(Source("stdin", "BEGIN { @ = 1 / $x }"), 12, 18)
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
