"""What rules find in streams: each function, windows, thresholds, bounds, texts; exact numbers."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from audit_batches import batch_of, call, catalog, opened, surroundings
from seismo.audit.rules.aggregator import Aggregator, RuleCounts
from seismo.audit.rules.channels import Channels, RuleSink
from seismo.audit.rules.model import Rules
from seismo.audit.rules.parse import parse_rules
from seismo.audit.rules.traceleft import parse_aggregation_spec
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.open import open_sink
from seismo.audit.sinks.settings import SinkSettings

_MS = 1_000_000
_SECOND = 1000 * _MS


def _rules(**keys: Any) -> Rules:
    return parse_rules([{"name": "r", "events": ["openat", "getpid"], **keys}], catalog())


def _alerts(records: Iterable[bytes], **keys: Any) -> list[Alert]:
    """All alerts of one rule over a stream that ends."""
    aggregator = Aggregator(_rules(**keys).rules)
    return aggregator.take(batch_of(*records)) + aggregator.finish()


def _opens(*milliseconds: int, **more: Any) -> list[bytes]:
    return [opened("/a", time_ns=ms * _MS, **more) for ms in milliseconds]


def test_counts_of_tumbling_windows() -> None:
    alerts = _alerts(_opens(1000, 1999, 2000, 5500), window=1)
    assert [(one.start_ns // _MS, one.end_ns // _MS, one.value) for one in alerts] == [
        (1000, 2000, 2),
        (2000, 3000, 1),
        (5000, 6000, 1),
    ]
    assert all(one.is_final and one.last for one in alerts)


def test_a_window_is_told_when_time_has_passed_it() -> None:
    aggregator = Aggregator(_rules(window=1).rules)
    assert aggregator.take(batch_of(*_opens(1000))) == []
    assert aggregator.advance(1999 * _MS) == []
    assert [one.value for one in aggregator.advance(2000 * _MS)] == [1]
    assert aggregator.advance(9000 * _MS) == []
    assert aggregator.finish() == []


def test_groups_and_conditions() -> None:
    records = [
        opened("/a", comm=b"cat", ret=-2),
        opened("/a", comm=b"dog", ret=-2),
        opened("/b", comm=b"cat", ret=-2),
        opened("/b", comm=b"cat", ret=3),
        call("close", comm=b"cat", ret=-9),
    ]
    alerts = _alerts(records, by=["comm", "path"], where="failed", window=1)
    assert [(one.key, one.value) for one in alerts] == [
        ((("comm", "cat"), ("path", "/a")), 1),
        ((("comm", "dog"), ("path", "/a")), 1),
        ((("comm", "cat"), ("path", "/b")), 1),
    ]


def test_a_threshold_is_told_at_the_event_that_reaches_it_and_once() -> None:
    aggregator = Aggregator(_rules(window=1, when="> 2").rules)
    told = [
        [(one.value, one.time_ns, one.is_final) for one in aggregator.take(batch_of(record))]
        for record in _opens(1100, 1200, 1300, 1400, 2100, 2200, 2300)
    ]
    assert told == [[], [], [(3, 1300 * _MS, False)], [], [], [], [(3, 2300 * _MS, False)]]
    assert aggregator.finish() == []


def test_a_threshold_that_may_be_left_again_waits_for_the_end() -> None:
    alerts = _alerts(_opens(1100, 1200, 2100, 3100, 3200), window=1, when="< 2")
    assert [(one.start_ns // _MS, one.value) for one in alerts] == [(2000, 1)]
    alerts = _alerts(_opens(1100, 1200, 2100), window=1, when="= 2")
    assert [(one.end_ns // _MS, one.value) for one in alerts] == [(2000, 2)]


def test_rates() -> None:
    alerts = _alerts(_opens(1000, 1100, 1200, 1300, 2000), window=0.5, function="rate")
    assert [one.value for one in alerts] == [8.0, 2.0]
    assert alerts[0].text() == "r: rate 8 in 0.5s"
    (alert,) = _alerts(_opens(1000, 1001), window=0.5, function="rate", when=">= 4")
    assert (alert.value, alert.time_ns) == (4.0, 1001 * _MS)


def test_sliding_windows_count_each_event_in_each() -> None:
    window = {"seconds": 3, "slide": 1}
    alerts = _alerts(_opens(10_000, 10_500, 12_000), window=window)
    assert [(one.start_ns // _SECOND, one.end_ns // _SECOND, one.value) for one in alerts] == [
        (8, 11, 2),
        (9, 12, 2),
        (10, 13, 3),
    ]
    alerts = _alerts(_opens(10_000, 20_000), window=window)
    assert [(one.end_ns // _SECOND, one.value) for one in alerts] == [
        (11, 1),
        (12, 1),
        (13, 1),
        (21, 1),
    ]


def test_the_whole_run_is_a_window() -> None:
    (alert,) = _alerts(_opens(1000, 50_000))
    assert (alert.value, alert.start_ns, alert.end_ns) == (2, _SECOND, 50 * _SECOND)
    (alert,) = _alerts(_opens(1000, 2000, 3000), when=">= 2")
    assert (alert.value, alert.time_ns) == (2, 2 * _SECOND)


def test_distinct() -> None:
    records = [opened(path) for path in ("/a", "/b", "/a", "/c")] + [call("getpid")]
    (alert,) = _alerts(records, function={"name": "distinct", "field": "path"}, window=10)
    assert (alert.value, alert.events, alert.is_partial) == (3, 5, False)
    (alert,) = _alerts(records, function={"name": "distinct", "field": "path"}, limit=2)
    assert (alert.value, alert.is_partial) == (2, True)
    assert alert.text() == "r: distinct at least 2"


def test_top() -> None:
    records = [opened(path) for path in ("/b", "/a", "/c", "/a", "/b", "/d")]
    function = {"name": "top", "field": "path", "most": 3}
    (alert,) = _alerts(records, function=function, window=10)
    assert alert.value == (("/a", 2), ("/b", 2), ("/c", 1))
    assert alert.text() == "r: top /a:2 /b:2 /c:1 in 10s"
    (alert,) = _alerts(records, function=function, limit=2)
    assert (alert.value, alert.is_partial, alert.events) == ((("/a", 2), ("/b", 2)), True, 6)
    assert _alerts(records, function=function, window=10, when="> 2") == []


def test_histogram() -> None:
    records = [call("getpid", duration_ns=one) for one in (0, 1, 2, 3, 4, 1000, 1023, 1024)]
    records += [call("getpid", ret=-5, duration_ns=7)]
    function: dict[str, Any] = {"name": "histogram", "field": "duration_ns"}
    (alert,) = _alerts(records, function=function, window=10)
    assert alert.value == (("0", 1), ("1", 1), ("2", 2), ("4", 2), ("512", 2), ("1024", 1))
    (alert,) = _alerts(records, function={"name": "histogram", "field": "ret"})
    assert alert.value == (("-", 1), ("0", 8))
    half = {**function, "quantile": 0.5}
    assert len(_alerts(records, function=half, window=10, when="> 6")) == 1
    assert _alerts(records, function=half, window=10, when="> 7") == []


def test_a_quantile_is_exact_at_the_edge_of_a_bucket() -> None:
    records = [call("getpid", duration_ns=1)] * 55 + [call("getpid", duration_ns=9)] * 45
    function = {"name": "histogram", "field": "duration_ns", "quantile": 0.55}
    assert len(_alerts(records, function=function, window=10, when="= 1")) == 1


def test_first_seen() -> None:
    function: dict[str, Any] = {"name": "first_seen", "field": "path"}
    records = [
        opened("/a", time_ns=1 * _SECOND, uid=1),
        opened("/a", time_ns=2 * _SECOND, uid=1),
        opened("/a", time_ns=3 * _SECOND, uid=2),
        opened("/b", time_ns=4 * _SECOND, uid=1),
        call("getpid", time_ns=5 * _SECOND),
    ]
    alerts = _alerts(records, function=function, by="uid")
    assert [(one.key[0][1], one.value, one.time_ns // _SECOND) for one in alerts] == [
        (1, "/a", 1),
        (2, "/a", 3),
        (1, "/b", 4),
    ]
    assert [one.value for one in _alerts(records, function={**function, "learn_seconds": 3})] == [
        "/b"
    ]


def test_first_seen_forgets() -> None:
    function = {"name": "first_seen", "field": "path"}
    times = [(path, at * _SECOND) for at, path in enumerate("abacba", 1)]
    records = [opened(f"/{path}", time_ns=at) for path, at in times]
    aggregator = Aggregator(_rules(function=function, limit=2).rules)
    alerts = aggregator.take(batch_of(*records))
    # c pushes out b, which was not seen for longest; b pushes out a, and a pushes out c.
    assert [one.value for one in alerts] == ["/a", "/b", "/c", "/b", "/a"]
    assert aggregator.counts()["r"].evicted == 3
    alerts = _alerts(
        [opened("/a", time_ns=at * _SECOND) for at in (1, 2, 4, 7)], function=function, window=2
    )
    assert [one.time_ns // _SECOND for one in alerts] == [1, 7]


def test_sigma_passes_and_begins_anew() -> None:
    function: dict[str, Any] = {"name": "sigma", "frequency": 2}
    records = [opened("/a"), opened("/b"), *[opened("/a")] * 6]
    alerts = _alerts(records, function=function)
    # Of seven opens of /a the third and the sixth are above two.
    assert [(one.value, one.last[0].values["filename"]) for one in alerts] == [(3, "/a"), (3, "/a")]
    by_comm = _alerts([opened("/a"), opened("/b"), opened("/c")], function=function, by="comm")
    assert [one.value for one in by_comm] == [3]


def test_sigma_within_a_time() -> None:
    function = {"name": "sigma", "frequency": 2, "within_seconds": 1}
    assert _alerts(_opens(0, 900, 1800, 2700), function=function) == []
    assert len(_alerts(_opens(0, 900, 1000), function=function)) == 1
    assert len(_alerts(_opens(0, 1800, 2700, 2800), function=function)) == 1


def test_groups_that_find_no_room_are_counted_as_others() -> None:
    records = [opened("/a", uid=number % 5) for number in range(20)]
    aggregator = Aggregator(_rules(by="uid", window=10, limit=2).rules)
    aggregator.take(batch_of(*records))
    alerts = aggregator.finish()
    assert [(one.key, one.value) for one in alerts] == [
        ((("uid", 0),), 4),
        ((("uid", 1),), 4),
        ((("uid", "(others)"),), 12),
    ]
    assert aggregator.counts()["r"] == RuleCounts(
        matched=20, alerts=3, late=0, others=12, evicted=0
    )


def test_events_that_come_late_are_counted() -> None:
    aggregator = Aggregator(_rules(window=1).rules)
    alerts = aggregator.take(batch_of(*_opens(1500, 2500, 1600, 2400)))
    assert [one.value for one in alerts + aggregator.finish()] == [1, 2]
    assert aggregator.counts()["r"].late == 1


def test_what_rules_could_not_count_is_told() -> None:
    rules = _rules(by="comm", window=1, limit=1)
    sink = RuleSink(Aggregator(rules.rules), Channels(rules, surroundings()))
    sink.write(batch_of(*_opens(2000), *_opens(2001, comm=b"b"), *_opens(1000)))
    assert sink.missed == {
        "r": "1 events came after their window had ended, 1 events found no room for their group"
    }


def test_messages() -> None:
    text = "{rule} {function} {value} {events} {window} {comm} {path} {uid} {path2}"
    (alert,) = _alerts([opened("/a", comm=b"cat")], window=2, by="comm", output={"format": text})
    assert alert.message == alert.text() == "r count 1 1 2 cat /a 1000 -"


@pytest.mark.parametrize("form", ["", "{comm} {path} {value}"])
def test_no_name_makes_a_line_of_its_own(form: str) -> None:
    output = {"format": form}
    (alert,) = _alerts([opened("/a", comm=b"x\nroot\x1b[2J")], by="comm", when="> 0", output=output)
    assert "x\\nroot\\x1b[2J" in alert.text()
    assert alert.text().isprintable()
    first_seen = {"name": "first_seen", "field": "path"}
    (alert,) = _alerts([opened("/a\nb")], function=first_seen, output=output)
    assert "/a\\nb" in alert.text()
    assert alert.text().isprintable()


def test_alerts_per_second() -> None:
    function = {"name": "sigma", "frequency": 1}
    records = _opens(1000, 1100, 1200, 1300, 2000, 2100)
    aggregator = Aggregator(_rules(function=function, output={"metrics": "alerts_per_sec"}).rules)
    alerts = aggregator.take(batch_of(*records)) + aggregator.finish()
    assert [(one.function, one.events, one.end_ns // _MS) for one in alerts] == [
        ("alerts_per_sec", 2, 2000),
        ("alerts_per_sec", 1, 3000),
    ]
    assert alerts[0].text().startswith("COUNT: 2\nEVENT: name openat pid 70001 program id 0 ")


def test_only_events_of_rules_are_decoded() -> None:
    aggregator = Aggregator(_rules(window=1).rules)
    damaged = call("close")[:-8]
    batch = batch_of(*_opens(1000), damaged)
    aggregator.take(batch)
    assert batch.decoder.undecodable == 0


def test_alerts_go_to_their_channels(tmp_path: Path) -> None:
    rules = parse_rules(
        [
            {"name": "one", "events": ["openat"], "window": 1, "output": "file"},
            {"name": "two", "events": ["openat"], "window": 1},
            {"name": "three", "events": ["openat"], "window": 1, "output": "main"},
        ],
        catalog(),
        channels=[{"id": "file", "type": "file", "path": str(tmp_path / "alerts")}],
        outputs=["main"],
    )
    out, other = io.BytesIO(), io.BytesIO()
    outputs = [
        (name, open_sink(SinkSettings(type="jsonl"), surroundings(stream)))
        for name, stream in (("main", out), ("", other))
    ]
    channels = Channels(rules, surroundings(), outputs=outputs)
    sink = RuleSink(Aggregator(rules.rules), channels)
    sink.write(batch_of(*_opens(1000, 1500)))
    sink.advance(2999 * _MS)
    assert out.getvalue() == b""
    sink.advance(3000 * _MS)
    sink.flush()
    sink.close()
    sink.close()
    assert (tmp_path / "alerts").read_text() == "one: count 2 in 1s\n"
    assert [json.loads(line)["rule"] for line in out.getvalue().splitlines()] == ["two", "three"]
    assert [json.loads(line)["rule"] for line in other.getvalue().splitlines()] == ["two"]
    assert sink.failed == 0


def test_traceleft_demo(tmp_path: Path) -> None:
    """The rule, the function, the output and the file of a spec do what they say."""
    path = tmp_path / "alerts.txt"
    rules = parse_aggregation_spec(
        {
            "channels": [{"id": "out", "type": "file", "path": str(path)}],
            "events": [
                {
                    "name": "open",
                    "channel": "out",
                    "stream": "s",
                    "group": "g",
                    "rule": 'arg[1] == "/tmp/a.txt"',
                    "function": {"id": "sigma", "parameters": "frequency=100;threshold=0"},
                    "output": {"metrics": "alerts_per_sec", "format": "text"},
                }
            ],
        },
        catalog(),
    )
    sink = RuleSink(Aggregator(rules.rules), Channels(rules, surroundings()))
    records = [opened("/tmp/a.txt", time_ns=_SECOND + n) for n in range(303)]
    records += [opened("/tmp/b.txt", time_ns=_SECOND + n) for n in range(303, 900)]
    sink.write(batch_of(*records))
    sink.close()
    # 303 opens are three times one more than 100.
    first, second = path.read_text().splitlines()
    assert first == "COUNT: 3"
    assert second.startswith("EVENT: name openat pid 70001 ")
    assert second.endswith('Filename "/tmp/a.txt" Flags 0 Mode 0')
