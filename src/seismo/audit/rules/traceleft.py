"""TraceLeft's aggregation spec: its channels and events as `Rules`.

    {"channels": [{"id": "out", "type": "file", "path": "alerts.txt"}],
     "events": [{"name": "open", "channel": "out", "stream": "s", "group": "g",
                 "rule": "arg[0] == \\"/tmp/a.txt\\"",
                 "function": {"id": "sigma", "parameters": "frequency=100;threshold=0"},
                 "output": {"metrics": "alerts_per_sec", "format": "text"}}]}

`rule` is in the language of expression.py, '' for all events of the name. `sigma` is the one
function: it counts by content hash (of what several processes do, each its own), passes when there
are more than `frequency`, and begins anew; `threshold` unless 0 is how many seconds they may take.
`metrics` is '' or `alerts_per_sec`; `format` is '' or `text`, or `json` (the channel gets JSON
lines), or a template of ours; what has nothing in braces is as `text`: TraceLeft reads no format,
and its examples have words there. `stream` and `group` only name the rule. A file is made if it is
not there. `grpc` is answered with what there is instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from seismo.audit.catalog.model import EventType
from seismo.audit.rules.mistakes import Place, Reading, RuleMistakes, Where, place_text
from seismo.audit.rules.model import (
    Channel,
    FunctionKind,
    Rule,
    RuleFunction,
    RuleOutput,
    Rules,
)
from seismo.audit.rules.parse import EventNames, check_fields, read_channels
from seismo.audit.rules.parse_condition import comparisons, read_condition
from seismo.audit.rules.wording import placeholders
from seismo.base.dataclass import replace
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError

__all__ = ("is_aggregation_spec", "parse_aggregation_spec")

_EVENT_KEYS = ("name", "channel", "stream", "group", "rule", "function", "output")
_PARAMETERS = ("frequency", "threshold")
_SECOND_NS = 1_000_000_000


def is_aggregation_spec(value: Any) -> bool:
    """Whether a mapping has the shape of TraceLeft's spec."""
    return isinstance(value, Mapping) and "channels" in value and "events" in value


def parse_aggregation_spec(
    spec: Mapping[str, Any], catalog: EventNames, *, where: Where = place_text
) -> Rules:
    """The rules and channels of a spec; RuleMistakes with everything that is wrong."""
    reading = Reading()
    fields = reading.mapping(spec, (), ("channels", "events"))
    channels = read_channels(reading, fields.get("channels", ()))
    events = fields.get("events", ())
    if not isinstance(events, (list, tuple)):
        reading.wrong(("events",), "'events' must be a list")
        events = ()
    ids = [one.id for one in channels]
    rules = [
        _rule(reading, reading.mapping(one, ("events", at), _EVENT_KEYS), at, ids, catalog)
        for at, one in enumerate(events)
    ]
    if reading.mistakes:
        raise RuleMistakes(tuple(reading.mistakes), where)
    as_json = {one.output.channel for one in rules if one.output.format == "json"}
    return Rules(
        rules=tuple([_without_form(one) for one in rules]),
        channels=tuple([_with_form(one, as_json) for one in channels]),
    )


def _rule(
    reading: Reading, given: Mapping[str, Any], at: int, channels: list[str], catalog: EventNames
) -> Rule:
    place = ("events", at)
    types = _types(reading, reading.text(given, "name", place), place, catalog)
    text = reading.text(given, "rule", place)
    condition = read_condition(reading, text or (), (*place, "rule"))
    named = [((*place, "rule"), one.field) for one in comparisons(condition)]
    if types:
        check_fields(reading, named, types)
    channel = reading.text(given, "channel", place)
    if channel not in channels:
        hint = did_you_mean(channel, channels) or f"channels are {', '.join(channels) or 'missing'}"
        reading.wrong((*place, "channel"), f"there is no channel '{channel}'", hint)
    parts = [reading.text(given, name, place) for name in ("stream", "group", "name")]
    return Rule(
        name=f"{at}-{'-'.join([part for part in parts if part])}",
        types=frozenset([one.id for one in types]),
        function=_function(reading, given.get("function", {}), (*place, "function")),
        where=condition,
        output=_output(reading, given.get("output", {}), (*place, "output"), channel),
    )


def _types(reading: Reading, name: str, place: Place, catalog: EventNames) -> tuple[EventType, ...]:
    """The types of a name; `open` is TraceLeft's word for what is `openat` on any system today."""
    try:
        return catalog.select(["open", "openat"] if name == "open" else [name])
    except BpfError as error:
        reading.wrong((*place, "name"), str(error))
        return ()


def _function(reading: Reading, given: Any, place: Place) -> RuleFunction:
    fields = reading.mapping(given, place, ("id", "parameters"))
    kind = reading.text(fields, "id", place)
    if kind != "sigma":
        reading.wrong((*place, "id"), f"there is no function '{kind}'", "sigma is the one there is")
    numbers = dict.fromkeys(_PARAMETERS, 0.0)
    text = reading.text(fields, "parameters", place)
    for part in [one.strip() for one in text.split(";") if one.strip()]:
        name, _, number = (one.strip() for one in part.partition("="))
        try:
            if name not in numbers or not isfinite(float(number)):
                raise ValueError(name)
            numbers[name] = float(number)
        except ValueError:
            hint = "frequency=100;threshold=0"
            reading.wrong((*place, "parameters"), f"'{part}' is no parameter", hint)
    frequency, threshold = int(numbers["frequency"]), numbers["threshold"]
    if frequency < 1:
        reading.wrong((*place, "parameters"), "'frequency' must be 1 or more")
    if threshold < 0:
        reading.wrong((*place, "parameters"), "'threshold' must be 0 or more seconds")
    within_ns = round(max(threshold, 0) * _SECOND_NS)
    return RuleFunction(kind=FunctionKind.SIGMA, frequency=frequency, within_ns=within_ns)


def _output(reading: Reading, given: Any, place: Place, channel: str) -> RuleOutput:
    fields = reading.mapping(given, place, ("metrics", "format"))
    metrics = reading.text(fields, "metrics", place)
    if metrics not in ("", "alerts_per_sec"):
        hint = "alerts_per_sec is the one there is"
        reading.wrong((*place, "metrics"), f"there are no metrics '{metrics}'", hint)
    form = reading.text(fields, "format", place)
    return RuleOutput(channel=channel, format=form, metrics=metrics)


def _without_form(rule: Rule) -> Rule:
    """A template is what has places for values; any other word says how the channel writes."""
    if placeholders(rule.output.format):
        return rule
    return replace(rule, output=replace(rule.output, format=""))


def _with_form(channel: Channel, as_json: set[str]) -> Channel:
    is_json = channel.id in as_json and channel.type == "file"
    return replace(channel, type="jsonl") if is_json else channel
