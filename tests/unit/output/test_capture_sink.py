"""The capture sink keeps everything it is told."""

from __future__ import annotations

from seismo.base.layout import U64
from seismo.base.source import NOWHERE
from seismo.events.kinds import Action, EventLayout, FaultSite, MapView, event_layout
from seismo.output.capture import CaptureSink
from seismo.output.sink import Outcome, Sink, Timing

EVENT = EventLayout(
    id=1, action=Action.PRINTF, layout=event_layout("e", [("0", U64)]), span=NOWHERE
)
VIEW = MapView(name="@m", key=None, value=U64)
SITE = FaultSite(index=2, kind="map_full", helper="map_update_elem", span=NOWHERE)
PASSED = Outcome(name="adds", passed=True, duration_ns=5, output="")
MEASURED = Timing(name="adds", average_ns=40, iterations=1000)


def feed(sink: Sink) -> None:
    sink.attached(2)
    sink.printf("one ", EVENT)
    sink.printf("two\nthree\n", EVENT)
    sink.errorf("bad", NOWHERE)
    sink.warnf("hm", NOWHERE)
    sink.time("12:00\n")
    sink.cat("a file")
    sink.join("a b")
    sink.system("hi\n")
    sink.value(7, EVENT)
    sink.map(VIEW, [((), 1)])
    sink.lost(3)
    sink.lost(4)
    sink.runtime_error("division by 0", NOWHERE)
    sink.helper_error("map_update_elem", -7, NOWHERE)
    sink.warning("a map is full")
    sink.fault(SITE, 12, "12 updates refused")
    sink.tests(["adds"])
    sink.outcome(PASSED)
    sink.summary([PASSED])
    sink.benches(["adds"])
    sink.timing(MEASURED)
    sink.flush()
    sink.end()
    sink.map(VIEW, [((), 2)])
    sink.flush(is_last=True)


def test_everything_is_kept() -> None:
    capture = CaptureSink()
    feed(capture)
    assert capture == CaptureSink(
        probes=2,
        printed=[(EVENT, "one "), (EVENT, "two\nthree\n")],
        values=[7],
        maps={"@m": [((), 2)]},
        lost_events=7,
        errors=[("division by 0", NOWHERE), ("map_update_elem returned -7", NOWHERE)],
        notes=[("bad", NOWHERE), ("hm", NOWHERE)],
        outputs=["12:00\n", "a file", "a b", "hi\n"],
        faults=[(SITE, 12)],
        outcomes=[PASSED],
        timings=[MEASURED],
        warnings=["a map is full"],
        is_ended=True,
    )


def test_printed_text_by_lines() -> None:
    capture = CaptureSink()
    assert (capture.text, capture.lines) == ("", [])
    feed(capture)
    assert capture.text == "one two\nthree\n"
    assert capture.lines == ["one two", "three"]
