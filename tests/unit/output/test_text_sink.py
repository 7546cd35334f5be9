"""What stands on standard output and standard error, to the byte."""

from __future__ import annotations

import io

import pytest

from seismo.base.layout import S64, U8, U32, U64, Array, Blob, FieldType, Int, Layout, Text
from seismo.base.source import Source, Span
from seismo.events.kinds import Action, EventLayout, MapView, event_layout
from seismo.events.value import Row, Value
from seismo.output.text import TextSink

SOURCE = Source("stdin", "BEGIN { @ = 1 / $x }")
SPAN = Span(SOURCE, 12, 18)
POINTER = Int(8, signed=False, shown="pointer")
BOOL = Int(1, signed=False, shown="bool")


class Screen:
    """A text sink on two buffers, and what stands in them."""

    def __init__(self, *, is_quiet: bool = False, has_warnings: bool = True) -> None:
        self.out, self.err = io.BytesIO(), io.BytesIO()
        self.sink = TextSink(self.out, self.err, is_quiet=is_quiet, has_warnings=has_warnings)

    @property
    def stdout(self) -> bytes:
        self.sink.flush()
        return self.out.getvalue()

    @property
    def stderr(self) -> str:
        return self.err.getvalue().decode()


def printing(*types: FieldType) -> EventLayout:
    layout = event_layout("e", [(str(at), type_) for at, type_ in enumerate(types)])
    return EventLayout(id=1, action=Action.PRINT_VALUE, layout=layout, span=SPAN)


def keyed(value: FieldType, *keys: FieldType) -> MapView:
    members = [(str(at), type_) for at, type_ in enumerate(keys)]
    return MapView(name="@m", key=Layout.of("key", members, "tuple"), value=value)


def test_printf_text_is_written_as_it_is() -> None:
    screen = Screen()
    screen.sink.printf("a ", printing())
    screen.sink.printf("b\n\n", printing())
    assert screen.stdout == b"a b\n\n"


def test_bytes_that_are_no_utf8_come_out_unchanged() -> None:
    screen = Screen()
    screen.sink.printf(b"caf\xc3\xa9 \xff\n".decode("utf-8", "surrogateescape"), printing())
    assert screen.stdout == b"caf\xc3\xa9 \xff\n"


def test_nothing_is_written_before_flush() -> None:
    screen = Screen()
    screen.sink.printf("a\n", printing())
    assert screen.out.getvalue() == b""
    screen.sink.flush()
    screen.sink.flush()
    assert screen.out.getvalue() == b"a\n"


def test_a_broken_pipe_passes_through_and_is_not_written_again() -> None:
    class Broken(io.BytesIO):
        def write(self, _: object) -> int:
            raise BrokenPipeError

    sink = TextSink(Broken(), io.BytesIO())
    sink.printf("a\n", printing())
    with pytest.raises(BrokenPipeError):
        sink.flush()
    sink.flush()


@pytest.mark.parametrize(
    ("type_", "value", "line"),
    [
        (S64, -3, b"-3\n"),
        (Text(8), "cat", b"cat\n"),
        (BOOL, True, b"true\n"),
        (POINTER, 0xFF, b"0xff\n"),
        (Array(U8, 2), (1, 2), b"[1,2]\n"),
        (Layout.of("t", [("0", U8), ("1", Text(4))], "tuple"), (1, "a"), b"(1, a)\n"),
        (Layout.of("s", [("a", U8)]), {"a": 1}, b"{ .a = 1 }\n"),
        (Blob(2), b"a\0", b"a\\x00\n"),
    ],
    ids=str,
)
def test_a_printed_value_is_a_line(type_: FieldType, value: Value, line: bytes) -> None:
    screen = Screen()
    screen.sink.value(value, printing(type_))
    assert screen.stdout == line


@pytest.mark.parametrize(
    ("view", "rows", "text"),
    [
        (MapView(name="@", key=None, value=U64), [((), 5)], b"@: 5\n"),
        (MapView(name="@x", key=None, value=U64), [], b""),
        (keyed(U64, Text(16)), [(("a",), 1), (("b",), 2)], b"@m[a]: 1\n@m[b]: 2\n"),
        (keyed(U64, U32, Text(16)), [((1, "a b"), 2)], b"@m[1, a b]: 2\n"),
        (keyed(BOOL, POINTER), [((4096,), False)], b"@m[0x1000]: false\n"),
        (
            keyed(U64, Layout.of("t", [("0", U8), ("1", U8)], "tuple")),
            [(((1, 2),), 3)],
            b"@m[1, 2]: 3\n",
        ),
        (
            keyed(Layout.of("t", [("0", U8), ("1", U8)], "tuple"), U32),
            [((7,), (1, 2))],
            b"@m[7]: (1, 2)\n",
        ),
        (keyed(U64, U32), [], b""),
    ],
)
def test_maps(view: MapView, rows: list[Row], text: bytes) -> None:
    screen = Screen()
    screen.sink.map(view, rows)
    assert screen.stdout == text


def test_two_empty_lines_stand_before_the_last_maps() -> None:
    screen = Screen()
    screen.sink.printf("bye\n", printing())
    screen.sink.end()
    screen.sink.map(MapView(name="@a", key=None, value=U64), [((), 1)])
    screen.sink.map(keyed(U64, U32), [((1,), 2)])
    assert screen.stdout == b"bye\n\n\n@a: 1\n@m[1]: 2\n"
    assert screen.stderr == ""


@pytest.mark.parametrize(("count", "line"), [(0, "0 probes"), (1, "1 probe"), (2, "2 probes")])
def test_the_number_of_probes_is_a_note(count: int, line: str) -> None:
    screen = Screen()
    screen.sink.attached(count)
    assert (screen.stdout, screen.stderr) == (b"", f"Attached {line}\n")


def test_a_quiet_run_does_not_say_how_many_probes() -> None:
    screen = Screen(is_quiet=True)
    screen.sink.attached(3)
    screen.sink.lost(1)
    assert screen.stderr == "Lost 1 events\n"


def test_lost_events_are_always_said() -> None:
    screen = Screen(is_quiet=True, has_warnings=False)
    screen.sink.lost(7)
    assert (screen.stdout, screen.stderr) == (b"", "Lost 7 events\n")


def test_a_runtime_error_shows_the_script() -> None:
    screen = Screen()
    screen.sink.runtime_error("division by 0", SPAN)
    assert screen.stderr == (
        "stdin:1:13: warning: division by 0\n    BEGIN { @ = 1 / $x }\n                ^^^^^^\n"
    )


def test_a_helper_error_names_the_helper_and_the_error() -> None:
    screen = Screen()
    screen.sink.helper_error("probe_read_user", -14, SPAN)
    first = screen.stderr.splitlines()[0]
    assert first == "stdin:1:13: warning: probe_read_user returned -14: Bad address"
    assert "hint" not in screen.stderr


def test_a_full_map_has_a_hint() -> None:
    screen = Screen()
    screen.sink.helper_error("map_update_elem", -7, SPAN)
    assert screen.stderr.splitlines()[-1] == "hint: the map is full: raise max_map_keys"


def test_warnings_can_be_turned_off() -> None:
    screen = Screen(has_warnings=False)
    screen.sink.runtime_error("division by 0", SPAN)
    screen.sink.helper_error("map_update_elem", -7, SPAN)
    screen.sink.warning("a map is full")
    assert screen.stderr == ""


def test_a_warning_of_the_whole_run() -> None:
    screen = Screen()
    screen.sink.warning("a map is full")
    assert screen.stderr == "warning: a map is full\n"


def test_a_note_comes_after_what_was_printed_before_it() -> None:
    terminal = io.BytesIO()
    sink = TextSink(terminal, terminal)
    sink.printf("before\n", printing())
    sink.lost(1)
    sink.printf("after\n", printing())
    sink.flush()
    assert terminal.getvalue() == b"before\nLost 1 events\nafter\n"
