"""Rules from mappings; every mistake with its place."""

from __future__ import annotations

import math
from typing import Any

import pytest

from audit_batches import catalog
from seismo.audit.rules.mistakes import Place, RuleMistakes
from seismo.audit.rules.model import (
    AllOf,
    AnyOf,
    Channel,
    Comparison,
    FunctionKind,
    Not,
    Operator,
    RuleOutput,
    Threshold,
    Window,
)
from seismo.audit.rules.parse import parse_rules

_SECOND = 1_000_000_000


def _rule(**keys: Any) -> dict[str, Any]:
    return {"name": "r", "events": ["openat"], **keys}


def _parsed(*rules: dict[str, Any], **more: Any) -> Any:
    return parse_rules(list(rules), catalog(), **more)


def _mistakes(*rules: Any, **more: Any) -> list[tuple[Place, str, str]]:
    with pytest.raises(RuleMistakes) as caught:
        parse_rules(list(rules), catalog(), **more)
    return [(one.place, one.message, one.hint) for one in caught.value.mistakes]


def test_a_rule_with_everything() -> None:
    made = _parsed(
        _rule(
            events=["openat", "getpid"],
            where="ret < 0",
            by=["comm", "uid"],
            window={"seconds": 10, "slide": 2.5},
            function={"name": "top", "field": "path", "most": 5},
            when=">= 100",
            output={"channel": "alarms", "format": "{comm}: {value} {path}"},
            limit=7,
        ),
        channels=[{"id": "alarms", "type": "file", "path": "x.txt"}],
    )
    (rule,) = made.rules
    assert made.channels == (Channel(id="alarms", type="file", path="x.txt"),)
    assert {catalog().by_id(one).name.removeprefix("compat:") for one in rule.types} == {
        "openat",
        "getpid",
    }
    assert rule.where == Comparison("ret", Operator.LESS, (0,))
    assert rule.by == ("comm", "uid")
    assert rule.window == Window(10 * _SECOND, 5 * _SECOND // 2)
    assert rule.window.panes == 4
    assert (rule.function.kind, rule.function.field, rule.function.most) == (
        FunctionKind.TOP,
        "path",
        5,
    )
    assert rule.when == Threshold(Operator.GREATER_EQUAL, 100)
    assert rule.output == RuleOutput(channel="alarms", format="{comm}: {value} {path}")
    assert rule.limit == 7


def test_what_a_rule_is_without() -> None:
    (rule,) = _parsed(_rule()).rules
    assert rule.function.kind is FunctionKind.COUNT
    assert (rule.where, rule.by, rule.window, rule.when) == (AllOf(()), (), None, None)
    assert (rule.output, rule.limit, rule.is_counted_only) == (RuleOutput(), 10_000, False)


def test_short_forms() -> None:
    rule = _rule(window=0.5, by="comm", function="rate", when={">": 3}, output="main")
    (found,) = _parsed(rule, outputs=["main"]).rules
    assert found.window == Window(_SECOND // 2, _SECOND // 2)
    assert (found.by, found.output.channel) == (("comm",), "main")
    assert found.when == Threshold(Operator.GREATER, 3)


def test_a_channel_may_stand_in_the_rule() -> None:
    made = _parsed(_rule(output={"channel": {"type": "unix", "path": "/run/x"}}))
    assert made.channels == (Channel(id="(of r)", type="unix", path="/run/x"),)
    assert made.rules[0].output.channel == "(of r)"


@pytest.mark.parametrize(
    ("where", "condition"),
    [
        ({"comm": "cat"}, Comparison("comm", Operator.EQUAL, ("cat",))),
        ({"uid": [0, 1]}, Comparison("uid", Operator.IN, (0, 1))),
        (
            {"comm": "cat", "ret": {"<": 0}},
            AllOf((
                Comparison("comm", Operator.EQUAL, ("cat",)),
                Comparison("ret", Operator.LESS, (0,)),
            )),
        ),
        (
            {"path": {"prefix": ["/a", "/b"]}},
            AnyOf((
                Comparison("path", Operator.PREFIX, ("/a",)),
                Comparison("path", Operator.PREFIX, ("/b",)),
            )),
        ),
        ({"path": {"exists": True}}, Comparison("path", Operator.EXISTS)),
        ({"path": {"exists": False}}, Not(Comparison("path", Operator.EXISTS))),
        ({"not": {"uid": 0}}, Not(Comparison("uid", Operator.EQUAL, (0,)))),
        (
            {"any": ["uid = 0", {"gid": 0}]},
            AnyOf((
                Comparison("uid", Operator.EQUAL, (0,)),
                Comparison("gid", Operator.EQUAL, (0,)),
            )),
        ),
        (["uid = 0"], AllOf((Comparison("uid", Operator.EQUAL, (0,)),))),
        ({"succeeded": True}, Comparison("succeeded", Operator.EQUAL, (1,))),
        (
            {"address": {"cidr": ["10.0.0.0/8", "::/0"]}},
            Comparison("address", Operator.CIDR, ("10.0.0.0/8", "::/0")),
        ),
    ],
)  # fmt: skip
def test_conditions_as_mappings(where: Any, condition: Any) -> None:
    assert _parsed(_rule(where=where)).rules[0].where == condition


_R = ("rules", 0)


@pytest.mark.parametrize(
    ("keys", "place", "message", "hint"),
    [
        ({"evnts": 1}, (*_R, "evnts"), "there is no key 'evnts' here", "did you mean 'events'?"),
        ({"name": "a b"}, (*_R, "name"), "a rule needs a 'name' of letters", ""),
        ({"name": 5}, (*_R, "name"), "'name' must be a text, not '5'", ""),
        ({"events": ["opnat"]}, (*_R, "events"), "no event or family is called 'opnat'", ""),
        ({"events": ["openat", "!openat"]}, (*_R, "events"), "no event is left", ""),
        ({"events": 5}, (*_R, "events"), "'events' must be a text or a list of texts", ""),
        ({"where": "ret <"}, (*_R, "where"), "a value is wanted", ""),
        ({"where": "rett < 0"}, (*_R, "where"), "no field 'rett' in openat", "did you mean 'ret'?"),
        ({"where": {"ret": {"=>": 0}}}, (*_R, "where", "ret", "=>"), "'=>' is no operator", ""),
        ({"where": {"ret": 1.5}}, (*_R, "where", "ret"), "a value is a text, a whole number", ""),
        ({"where": {"uid": []}}, (*_R, "where", "uid"), "a list without values", ""),
        ({"where": {"any": 5}}, (*_R, "where", "any"), "'any' takes a list of conditions", ""),
        ({"where": 5}, (*_R, "where"), "a condition is a text, a mapping", ""),
        ({"where": "address cidr 10/x"}, (*_R, "where"), "'10/x' is no network", "such as 10."),
        (
            {"where": "not (pid = 1 or uid = root)"},
            (*_R, "where"),
            "uid is a number, and never the text 'root'",
            "such as 100, 5ms or 4KiB",
        ),
        (
            {"where": "duration_ns > 5min"},
            (*_R, "where"),
            "duration_ns is a number, and never the text '5min'",
            "",
        ),
        (
            {"where": {"ret": ["ENOENT", "ENOTHING"]}},
            (*_R, "where", "ret"),
            "ret is a number, and never the text 'ENOTHING'",
            "such as 100, ENOENT",
        ),
        (
            {"where": {"pid": {"!=": "7"}}},
            (*_R, "where", "pid", "!="),
            "pid is a number, and never the text '7'",
            "without quotes",
        ),
        (
            {"function": {"name": "first_seen", "field": "path", "learn_seconds": math.inf}},
            (*_R, "function", "learn_seconds"),
            "'learn_seconds' must be a number from 0 to 1e+09",
            "",
        ),
        ({"by": "com"}, (*_R, "by"), "no field 'com' in openat", "did you mean 'comm'?"),
        (
            {"window": "x"},
            (*_R, "window"),
            "a mapping is wanted, not 'x'",
            "allowed: seconds, slide",
        ),
        ({"window": {"seconds": 0}}, (*_R, "window"), "a window needs 'seconds' above 0", ""),
        (
            {"window": {"seconds": 1, "slide": 0.3}},
            (*_R, "window"),
            "'seconds' must be a multip",
            "",
        ),
        (
            {"window": {"seconds": 5000, "slide": 1}},
            (*_R, "window"),
            "'seconds' is more than 1000",
            "",
        ),
        (
            {"function": "cont"},
            (*_R, "function"),
            "there is no function 'cont'",
            "did you mean 'count'",
        ),
        ({"function": "top"}, (*_R, "function"), "top needs a 'field'", "{name: top, field: path}"),
        (
            {"function": {"name": "count", "field": "x"}},
            (*_R, "function", "field"),
            "there is no key 'field' here",
            "allowed: name",
        ),
        (
            {"function": {"name": "distinct", "field": "pth"}},
            (*_R, "function"),
            "no field 'pth'",
            "did you mean 'path'?",
        ),
        (
            {"function": {"name": "histogram", "field": "ret", "quantile": 2}},
            (*_R, "function", "quantile"),
            "a quantile is",
            "",
        ),
        ({"function": "rate"}, _R, "rate needs a 'window'", "window: {seconds: 1}"),
        ({"function": "sigma"}, _R, "sigma needs a 'frequency'", ""),
        (
            {"when": "100"},
            (*_R, "when"),
            "a threshold is an operator and a number",
            'such as "> 100"',
        ),
        (
            {"function": {"name": "first_seen", "field": "path"}, "when": "> 1"},
            (*_R, "when"),
            "first_seen has no threshold",
            "",
        ),
        ({"output": "out"}, (*_R, "output"), "there is no channel 'out'", ""),
        ({"output": {"metrics": "x"}}, (*_R, "output", "metrics"), "there are no metrics 'x'", ""),
        ({"output": {"format": "{nonsense}"}}, (*_R, "output"), "no field 'nonsense'", ""),
        ({"limit": 0}, (*_R, "limit"), "'limit' must be a whole number from 1 on, not '0'", ""),
        ({"limit": 2_000_000}, (*_R, "limit"), "'limit' is at most 1000000", ""),
        (
            {"counted_only": "yes"},
            (*_R, "counted_only"),
            "'counted_only' must be true or false",
            "",
        ),
        (
            {"counted_only": True, "by": "path"},
            (*_R, "counted_only"),
            "the kernel cannot count this: it has no field 'path' to group by",
            "without 'counted_only'",
        ),
    ],
)
def test_each_mistake_has_its_place(
    keys: dict[str, Any], place: Place, message: str, hint: str
) -> None:
    ((found_place, found, found_hint),) = _mistakes(_rule(**keys))
    assert found_place == place
    assert found.startswith(message)
    assert found_hint.startswith(hint) or hint in found_hint


def test_a_window_without_end_is_a_mistake() -> None:
    (place, message, _), _ = _mistakes(_rule(window=math.inf))
    assert place == (*_R, "window", "seconds")
    assert message == "'seconds' must be a number from 0 to 1e+09, not 'inf'"


def test_a_rule_must_get_its_events() -> None:
    counted = {"name": "all", "events": ["openat", "mkdir"], "counted_only": True}
    ((place, message, _),) = _mistakes(counted, {"name": "some", "events": ["openat"]})
    assert place == ("rules", 1, "events")
    assert message == "rule 'all' has 'counted_only': some of these are never sent"
    parse_rules([counted, {**counted, "name": "too"}], catalog())
    parse_rules([{**counted, "where": "uid = 0"}, {"name": "r", "events": ["mkdir"]}], catalog())


def test_all_mistakes_are_told_at_once_and_where() -> None:
    places: dict[Place, str] = {("rules", 1, "limit"): "x.yaml:7:10"}
    with pytest.raises(RuleMistakes) as caught:
        parse_rules(
            [{"name": "a"}, _rule(limit=-1, name="b"), _rule(name="b"), 5],
            catalog(),
            where=lambda place: places.get(place, "x.yaml:1:1"),
        )
    assert str(caught.value).splitlines() == [
        "x.yaml:1:1: error: a rule needs 'events'",
        'hint: such as ["openat"]',
        "x.yaml:7:10: error: 'limit' must be a whole number from 1 on, not '-1'",
        "x.yaml:1:1: error: there are two rules named 'b'",
        "x.yaml:1:1: error: a mapping is wanted, not '5'",
        "hint: allowed: name, events, where, by, window, function, when, output, limit, "
        "counted_only",
        "x.yaml:1:1: error: a rule needs 'events'",
        'hint: such as ["openat"]',
        "x.yaml:1:1: error: a rule needs a 'name' of letters, digits, '-', '_' and '.'",
    ]


@pytest.mark.parametrize(
    ("channel", "message"),
    [
        ({"type": "file", "path": "x"}, "a channel needs an 'id'"),
        ({"id": "a", "type": "file"}, "a channel of type file needs a 'path'"),
        ({"id": "a", "type": "file", "path": "a\0b"}, "no path has a NUL in it"),
        ({"id": "a", "type": "fil"}, "there is no channel type 'fil'"),
        ({"id": "a", "type": "grpc", "path": "localhost:1"}, "there is no gRPC here"),
        ("a", "a mapping is wanted, not 'a'"),
    ],
)
def test_channels_that_cannot_be(channel: Any, message: str) -> None:
    found = _mistakes(channels=[channel])
    assert message in [one[1] for one in found]
    if "gRPC" in message:
        assert found[0][2].startswith("type: unix with a socket's path")
