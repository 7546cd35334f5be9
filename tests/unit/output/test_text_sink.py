"""What stands on standard output and standard error, to the byte."""

from __future__ import annotations

import io

import pytest

from seismo.base.layout import S64, U8, U32, U64, Array, Blob, FieldType, Int, Layout, Text
from seismo.base.source import Source, Span
from seismo.events.kinds import Action, EventLayout, FaultSite, MapView, event_layout
from seismo.events.value import Bucket, Histogram, Row, TimeSeries, Value
from seismo.output.sink import Outcome, Timing
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


def reduced(reduction: str, *keys: FieldType) -> MapView:
    share = Layout.of("share", [("value", S64), ("count", U64), ("epoch", U64)])
    has_buckets = reduction in ("hist", "lhist", "tseries")
    members = [(str(at), type_) for at, type_ in enumerate(keys)]
    key = Layout.of("key", members, "tuple") if keys else None
    return MapView(name="@m", key=key, value=share, reduction=reduction, has_buckets=has_buckets)


HISTOGRAM = Histogram((Bucket(0, 1, 1, "[0]"), Bucket(1, 2, 3, "[1]")))
BARS = (
    b"[0]                    1 |@@@@@@@@@@@@@@@@@                                   |\n"
    b"[1]                    3 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
)
STATS = {"count": 3, "average": 2, "total": 6}


@pytest.mark.parametrize(
    ("view", "rows", "text"),
    [
        (reduced("avg"), [((), -1)], b"@m: -1\n"),
        (
            reduced("stats"),
            [((), STATS)],
            b"@m: { .count = 3, .average = 2, .total = 6 }\n",
        ),
        (
            reduced("stats", U32),
            [((7,), STATS)],
            b"@m[7]: { .count = 3, .average = 2, .total = 6 }\n",
        ),
        (reduced("hist"), [((), HISTOGRAM)], b"@m:\n" + BARS + b"\n"),
        (reduced("hist"), [((), Histogram(()))], b"@m:\n\n"),
        (
            reduced("lhist", U32, Text(4)),
            [((1, "x"), HISTOGRAM), ((2, "y"), HISTOGRAM)],
            b"@m[1, x]:\n" + BARS + b"\n@m[2, y]:\n" + BARS + b"\n",
        ),
        (reduced("tseries"), [((), TimeSeries(1, ()))], b"@m:\n<no data>\n"),
    ],
)
def test_reduced_maps(view: MapView, rows: list[Row], text: bytes) -> None:
    screen = Screen()
    screen.sink.map(view, rows)
    assert screen.stdout == text


def test_other_output_is_written_as_it_is_but_joined_words_are_a_line() -> None:
    screen = Screen()
    screen.sink.time("12:00\n")
    screen.sink.cat("Linux\n")
    screen.sink.join("ls -l")
    screen.sink.system("hi")
    assert screen.stdout == b"12:00\nLinux\nls -l\nhi"


def test_messages_of_the_script_say_where_they_come_from() -> None:
    screen = Screen()
    screen.sink.errorf("bad 5\n", SPAN)
    screen.sink.warnf("hm", SPAN)
    assert screen.stderr == "stdin:1:13: ERROR: bad 5\nstdin:1:13: WARNING: hm\n"
    quiet = Screen(has_warnings=False)
    quiet.sink.errorf("bad", SPAN)
    quiet.sink.warnf("hm", SPAN)
    assert quiet.stderr == "stdin:1:13: ERROR: bad\n"


def test_a_message_comes_after_what_was_printed_before_it() -> None:
    both = io.BytesIO()
    sink = TextSink(both, both)
    sink.printf("one\n", printing())
    sink.errorf("two", SPAN)
    sink.printf("three\n", printing())
    sink.flush()
    assert both.getvalue() == b"one\nstdin:1:13: ERROR: two\nthree\n"


def test_a_fault_is_a_line_with_its_place() -> None:
    site = FaultSite(index=2, kind="map_full", helper="map_update_elem", span=SPAN)
    screen = Screen()
    screen.sink.fault(site, 12, "12 updates of @ refused")
    assert screen.stderr == "stdin:1:13: 12 updates of @ refused\n"
    quiet = Screen(has_warnings=False)
    quiet.sink.fault(site, 12, "12 updates of @ refused")
    assert quiet.stderr == ""


PASSED = Outcome(name="adds", passed=True, duration_ns=12_345, output="seen\n")
FAILED = Outcome(name="divides", passed=False, duration_ns=999, output="one\n\ntwo\n")


def test_the_results_of_tests() -> None:
    screen = Screen()
    screen.sink.tests(["adds", "divides"])
    screen.sink.outcome(PASSED)
    screen.sink.outcome(FAILED)
    screen.sink.summary([PASSED, FAILED])
    assert screen.stdout.decode().splitlines() == [
        "[==========] Running 2 tests.",
        "[ RUN      ] adds",
        "[       OK ] adds (12 μs)",
        "[ RUN      ] divides",
        "one",
        "two",
        "[  FAILED  ] divides (999 ns)",
        "[==========] 2 tests ran.",
        "[  PASSED  ] 1 test.",
        "[  FAILED  ] 1 test, listed below:",
        "[  FAILED  ] divides",
    ]


def test_results_may_be_painted() -> None:
    out = io.BytesIO()
    sink = TextSink(out, io.BytesIO(), has_color=True)
    sink.outcome(FAILED)
    sink.flush()
    assert out.getvalue().startswith(b"\033[32m[ RUN      ]\033[0m divides\n")
    assert b"\033[31m[  FAILED  ]\033[0m divides (999 ns)\n" in out.getvalue()


def test_the_times_of_benchmarks_are_a_table() -> None:
    screen = Screen()
    screen.sink.benches(["adds", "divides"])
    screen.sink.timing(Timing(name="adds", average_ns=40, iterations=100_000))
    assert screen.stdout.decode().splitlines() == [
        f"{'Benchmark':41}Time(ns)       Iterations",
        "-" * 66,
        f"{'adds':41}40             100000",
    ]


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
