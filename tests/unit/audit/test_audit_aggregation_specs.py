"""TraceLeft's aggregation spec, read as it is meant."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from audit_batches import catalog
from seismo.audit.rules.mistakes import RuleMistakes
from seismo.audit.rules.model import (
    AllOf,
    Channel,
    Comparison,
    FunctionKind,
    Operator,
    RuleOutput,
)
from seismo.audit.rules.traceleft import is_aggregation_spec, parse_aggregation_spec

_SPEC: dict[str, Any] = {
    "channels": [{"id": "out", "type": "file", "path": "alerts"}],
    "events": [
        {
            "name": "chmod",
            "channel": "out",
            "stream": "s",
            "group": "g",
            "rule": 'arg[0] == "/tmp/a.txt"',
            "function": {"id": "sigma", "parameters": "frequency=100; threshold=2.5"},
            "output": {"metrics": "alerts_per_sec", "format": "text"},
        }
    ],
}


def _changed(*path: str | int, to: Any) -> dict[str, Any]:
    spec = deepcopy(_SPEC)
    inner: Any = spec
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return spec


def test_a_spec() -> None:
    made = parse_aggregation_spec(_SPEC, catalog())
    assert made.channels == (Channel(id="out", type="file", path="alerts"),)
    (rule,) = made.rules
    assert rule.name == "0-s-g-chmod"
    assert {catalog().by_id(one).name for one in rule.types} == {"chmod", "compat:chmod"}
    assert rule.where == Comparison("arg0", Operator.EQUAL, ("/tmp/a.txt",))
    function = rule.function
    assert (function.kind, function.frequency) == (FunctionKind.SIGMA, 100)
    assert function.within_ns == 2_500_000_000
    assert rule.output == RuleOutput(channel="out", metrics="alerts_per_sec")


def test_open_is_what_opens_files_today() -> None:
    (rule,) = parse_aggregation_spec(_changed("events", 0, "name", to="open"), catalog()).rules
    names = {catalog().by_id(one).name for one in rule.types}
    assert {"open", "openat"} <= names


def test_without_a_rule_every_event_counts() -> None:
    (rule,) = parse_aggregation_spec(_changed("events", 0, "rule", to=""), catalog()).rules
    assert rule.where == AllOf(())


def test_json_is_how_the_channel_writes_and_the_rest_a_template() -> None:
    made = parse_aggregation_spec(_changed("events", 0, "output", to={"format": "json"}), catalog())
    assert made.channels[0].type == "jsonl"
    assert made.rules[0].output == RuleOutput(channel="out")
    made = parse_aggregation_spec(
        _changed("events", 0, "output", to={"format": "{rule}"}), catalog()
    )
    assert (made.channels[0].type, made.rules[0].output.format) == ("file", "{rule}")


@pytest.mark.parametrize("word", ["text", "collector_spec_pb"])
def test_a_word_is_no_template(word: str) -> None:
    spec = _changed("events", 0, "output", to={"metrics": "alerts_per_sec", "format": word})
    (rule,) = parse_aggregation_spec(spec, catalog()).rules
    assert rule.output == RuleOutput(channel="out", metrics="alerts_per_sec")


def test_shape() -> None:
    assert is_aggregation_spec(_SPEC)
    assert not is_aggregation_spec({"events": []})
    assert not is_aggregation_spec([_SPEC])


@pytest.mark.parametrize(
    ("path", "value", "where", "message"),
    [
        (("channels", 0, "type"), "grpc", "channels[0].type", "there is no gRPC here"),
        (("events", 0, "channel"), "ou", "events[0].channel", "there is no channel 'ou'"),
        (("events", 0, "name"), "chmood", "events[0].name", "no event or family is called"),
        (("events", 0, "rule"), "arg[0] ==", "events[0].rule", "a value is wanted"),
        (("events", 0, "rule"), "agr0 = 1", "events[0].rule", "no field 'agr0' in chmod"),
        (("events", 0, "function"), {"id": "mean"}, "events[0].function.id", "no function 'mean'"),
        (
            ("events", 0, "function", "parameters"),
            "frequncy=5",
            "events[0].function.parameters",
            "'frequncy=5' is no parameter",
        ),
        (
            ("events", 0, "function", "parameters"),
            "frequency=nan;threshold=inf",
            "events[0].function.parameters",
            "'frequency=nan' is no parameter",
        ),
        (
            ("events", 0, "function", "parameters"),
            "threshold=5",
            "events[0].function.parameters",
            "'frequency' must be 1 or more",
        ),
        (("events", 0, "output"), {"metrics": "x"}, "events[0].output.metrics", "no metrics 'x'"),
        (("events", 0, "rul"), "", "events[0].rul", "there is no key 'rul' here"),
        (("events",), 5, "events", "'events' must be a list"),
    ],
)
def test_mistakes(path: tuple[str | int, ...], value: Any, where: str, message: str) -> None:
    with pytest.raises(RuleMistakes) as caught:
        parse_aggregation_spec(_changed(*path, to=value), catalog())
    assert f"{where}: error: " in str(caught.value)
    assert message in str(caught.value)


def test_what_to_use_instead_of_grpc() -> None:
    with pytest.raises(RuleMistakes, match="hint: type: unix with a socket's path"):
        parse_aggregation_spec(_changed("channels", 0, "type", to="grpc"), catalog())
