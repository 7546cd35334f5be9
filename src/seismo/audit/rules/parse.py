"""Rules from a configuration: plain dicts and lists to `Rules`, every mistake told with its place.

    rules:
    - name: many-opens            # letters, digits, `-`, `_`, `.`; each name once
      events: [openat, "%file"]   # what the catalog selects
      where: 'ret < 0 and not path prefix "/usr"'       # see expression.py, parse_condition.py
      by: [comm, uid]             # fields that make groups: see fields.py
      window: {seconds: 10, slide: 2}                   # or a number of seconds
      function: {name: top, field: path, most: 5}       # or just: count
      when: "> 100"               # without it every group is told at each window's end
      output: {channel: alarms, format: "{comm}: {value}"}   # or just a channel's id; a channel
                                  # may stand here itself, {type: file, path: alarms.txt}
      limit: 10000                # groups, and values that are remembered
      counted_only: false         # count in the kernel, do not send the events
    channels:
    - {id: alarms, type: file, path: alarms.txt}

Functions: count, rate, distinct (field), top (field, most), histogram (field, quantile), first_seen
(field, learn_seconds), sigma (frequency, within_seconds).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from seismo.audit.catalog.model import EventType
from seismo.audit.rules.fields import known_fields
from seismo.audit.rules.kernel import why_not_in_kernel
from seismo.audit.rules.mistakes import Place, Reading, RuleMistakes, Where, place_text
from seismo.audit.rules.model import (
    AllOf,
    Channel,
    FunctionKind,
    Operator,
    Rule,
    RuleFunction,
    RuleOutput,
    Rules,
    Threshold,
    Window,
)
from seismo.audit.rules.parse_condition import comparisons, read_condition
from seismo.audit.rules.wording import OWN_NAMES, placeholders
from seismo.audit.sinks.settings import SINK_TYPES
from seismo.base.dataclass import replace
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError

__all__ = ("EventNames", "check_fields", "parse_rules", "read_channels")

_RULE_KEYS = (
    *("name", "events", "where", "by", "window", "function", "when", "output", "limit"),
    "counted_only",
)
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_WHEN = re.compile(r"\s*(==|=|!=|<=|>=|<|>)\s*(-?\d+(?:\.\d+)?)\s*")
_SECOND_NS = 1_000_000_000
_USUAL_LIMIT = 10_000
_MOST_PANES = 1000
_MOST_GROUPS = 1_000_000
_PARAMETERS: dict[FunctionKind, tuple[str, ...]] = {
    FunctionKind.COUNT: (),
    FunctionKind.RATE: (),
    FunctionKind.DISTINCT: ("field",),
    FunctionKind.TOP: ("field", "most"),
    FunctionKind.HISTOGRAM: ("field", "quantile"),
    FunctionKind.FIRST_SEEN: ("field", "learn_seconds"),
    FunctionKind.SIGMA: ("frequency", "within_seconds"),
}
_FUNCTIONS = {one.value: one for one in FunctionKind}
_ORDER = {one.value: one for one in Operator} | {"==": Operator.EQUAL}
_CHANNEL_TYPES = ("file", *SINK_TYPES)
_WITH_PATH = ("file", "parquet", "sqlite", "unix")
_COUNT = RuleFunction(kind=FunctionKind.COUNT)


class EventNames(Protocol):
    """The catalog, as far as rules need it."""

    def select(self, words: Iterable[str]) -> tuple[EventType, ...]:
        """The types that names, families and globs stand for; a BpfError for unknown ones."""


def parse_rules(
    rules: Any,
    catalog: EventNames,
    *,
    channels: Any = (),
    outputs: Collection[str] = (),
    where: Where = place_text,
) -> Rules:
    """The rules and channels of a configuration; RuleMistakes with everything that is wrong.

    `outputs` are the names of outputs that a rule may use as channels too.
    """
    reading = Reading()
    made = read_channels(reading, channels)
    known = {*outputs, *(channel.id for channel in made)}
    found: list[Rule] = []
    if not isinstance(rules, Sequence) or isinstance(rules, str):
        reading.wrong(("rules",), "'rules' must be a list of rules")
        rules = ()
    for at, given in enumerate(rules):
        place = ("rules", at)
        reader = _Rule(reading, reading.mapping(given, place, _RULE_KEYS), place, catalog)
        rule = reader.read()
        made += reader.channels
        known |= {channel.id for channel in reader.channels}
        if rule.output.channel not in {"", *known}:
            hint = did_you_mean(rule.output.channel, known) or "channels have their own list"
            channel = f"there is no channel '{rule.output.channel}'"
            reading.wrong((*place, "output"), channel, hint)
        if rule.name in {one.name for one in found}:
            reading.wrong((*place, "name"), f"there are two rules named '{rule.name}'")
        found.append(rule)
    _check_counted(reading, found)
    if reading.mistakes:
        raise RuleMistakes(tuple(reading.mistakes), where)
    return Rules(rules=tuple(found), channels=made)


def _check_counted(reading: Reading, rules: Sequence[Rule]) -> None:
    """Note rules of events that another rule counts in the kernel, all of them: none is sent."""
    for one in rules:
        if not one.is_counted_only or one.where != AllOf(()):
            continue
        for at, other in enumerate(rules):
            if other.types & one.types and not other.is_counted_only:
                message = f"rule '{one.name}' has 'counted_only': some of these are never sent"
                hint = (
                    f"leave 'counted_only' out of '{one.name}', or say which events `where` it is"
                )
                reading.wrong(("rules", at, "events"), message, hint)


def read_channels(reading: Reading, given: Any) -> tuple[Channel, ...]:
    """The channels; `grpc` is answered with what there is instead."""
    if not isinstance(given, (list, tuple)):
        reading.wrong(("channels",), "'channels' must be a list")
        return ()
    found: list[Channel] = []
    for at, one in enumerate(given):
        place = ("channels", at)
        channel = _channel(reading, reading.mapping(one, place, ("id", "type", "path")), place)
        if not channel.id:
            reading.wrong(place, "a channel needs an 'id'")
        elif channel.id in {other.id for other in found}:
            reading.wrong((*place, "id"), f"there are two channels '{channel.id}'")
        found.append(channel)
    return tuple(found)


def _channel(reading: Reading, fields: Mapping[str, Any], place: Place) -> Channel:
    channel = Channel(
        id=reading.text(fields, "id", place),
        type=reading.text(fields, "type", place, "file"),
        path=reading.text(fields, "path", place),
    )
    if channel.type == "grpc":
        hint = "type: unix with a socket's path: who connects to it gets a JSON object a line"
        reading.wrong((*place, "type"), "there is no gRPC here", hint)
    elif channel.type not in _CHANNEL_TYPES:
        hint = did_you_mean(channel.type, _CHANNEL_TYPES) or f"one of {', '.join(_CHANNEL_TYPES)}"
        reading.wrong((*place, "type"), f"there is no channel type '{channel.type}'", hint)
    elif "\0" in channel.path:
        reading.wrong((*place, "path"), "no path has a NUL in it")
    elif channel.type in _WITH_PATH and not channel.path:
        reading.wrong(place, f"a channel of type {channel.type} needs a 'path'")
    return channel


def check_fields(
    reading: Reading, names: Iterable[tuple[Place, str]], types: tuple[EventType, ...]
) -> None:
    """Note the fields that no event of the rule can have."""
    known = set(known_fields(types))
    for place, name in names:
        if name not in known and not name.startswith("process."):
            events = ", ".join([one.name for one in types[:3]]) + ("…" if len(types) > 3 else "")
            hint = did_you_mean(name, known)
            reading.wrong(place, f"no field '{name}' in {events or 'any event'}", hint)


class _Rule:
    """Reads one rule."""

    def __init__(
        self, reading: Reading, given: Mapping[str, Any], place: Place, catalog: EventNames
    ) -> None:
        self._reading = reading
        self._given = given
        self._place = place
        self._types = self._events(catalog)
        self.channels: tuple[Channel, ...] = ()

    def read(self) -> Rule:
        """The rule, as far as it can be read."""
        reading, given, place = self._reading, self._given, self._place
        name = reading.text(given, "name", place)
        if isinstance(given.get("name", ""), str) and not _NAME.fullmatch(name):
            message = "a rule needs a 'name' of letters, digits, '-', '_' and '.'"
            reading.wrong((*place, "name") if name else place, message)
        where = given.get("where", ())
        rule = Rule(
            name=name,
            types=frozenset([one.id for one in self._types]),
            function=self._function(),
            where=read_condition(reading, where, (*place, "where")),
            by=reading.texts(given, "by", place),
            window=self._window(),
            when=self._when(),
            output=self._output(),
            limit=reading.whole(given, "limit", place, _USUAL_LIMIT, 1),
            is_counted_only=reading.flag(given, "counted_only", place),
        )
        self._check(rule)
        return rule

    def _events(self, catalog: EventNames) -> tuple[EventType, ...]:
        words = self._reading.texts(self._given, "events", self._place)
        place = (*self._place, "events")
        if not words:
            if "events" not in self._given:
                self._reading.wrong(self._place, "a rule needs 'events'", 'such as ["openat"]')
            return ()
        try:
            types = catalog.select(words)
        except BpfError as error:
            self._reading.wrong(place, str(error))
            return ()
        if not types:
            self._reading.wrong(place, "no event is left of these")
        return types

    def _function(self) -> RuleFunction:
        reading, place = self._reading, (*self._place, "function")
        given = self._given.get("function", "count")
        if isinstance(given, str):
            given = {"name": given}
        if not isinstance(given, Mapping):
            reading.wrong(place, "a function is a name, or a mapping with 'name' and parameters")
            return _COUNT
        name = given.get("name", "")
        kind = _FUNCTIONS.get(name) if isinstance(name, str) else None
        if kind is None:
            hint = did_you_mean(str(name), _FUNCTIONS) or f"one of {', '.join(_FUNCTIONS)}"
            reading.wrong(place, f"there is no function '{name}'", hint)
            return _COUNT
        fields = reading.mapping(given, place, ("name", *_PARAMETERS[kind]))
        field = reading.text(fields, "field", place) if "field" in _PARAMETERS[kind] else ""
        if "field" in _PARAMETERS[kind] and not field:
            reading.wrong(place, f"{name} needs a 'field'", f"{{name: {name}, field: path}}")
        quantile = reading.number(fields, "quantile", place, 0.99)
        if quantile > 1:
            reading.wrong((*place, "quantile"), "a quantile is a number from 0 to 1")
        learn = reading.number(fields, "learn_seconds", place, 0)
        within = reading.number(fields, "within_seconds", place, 0)
        return RuleFunction(
            kind=kind,
            field=field,
            most=reading.whole(fields, "most", place, 10, 1),
            quantile=quantile,
            learn_ns=round(learn * _SECOND_NS),
            frequency=reading.whole(fields, "frequency", place, 0),
            within_ns=round(within * _SECOND_NS),
        )

    def _window(self) -> Window | None:
        given = self._given.get("window")
        if given is None:
            return None
        reading, place = self._reading, (*self._place, "window")
        if isinstance(given, (int, float)):
            given = {"seconds": given}
        fields = reading.mapping(given, place, ("seconds", "slide"))
        size_ns = round(reading.number(fields, "seconds", place, 0) * _SECOND_NS)
        slide_ns = round(reading.number(fields, "slide", place, size_ns / _SECOND_NS) * _SECOND_NS)
        if size_ns <= 0 or slide_ns <= 0:
            if fields:
                reading.wrong(place, "a window needs 'seconds' above 0", "window: {seconds: 10}")
            return None
        if size_ns % slide_ns:
            reading.wrong(place, "'seconds' must be a multiple of 'slide'")
        elif size_ns // slide_ns > _MOST_PANES:
            reading.wrong(place, f"'seconds' is more than {_MOST_PANES} times 'slide'")
        return Window(size_ns, slide_ns)

    def _when(self) -> Threshold | None:
        given = self._given.get("when")
        if given is None:
            return None
        if isinstance(given, Mapping) and len(given) == 1:
            ((sign, number),) = given.items()
            given = f"{sign} {number}"
        found = _WHEN.fullmatch(given) if isinstance(given, str) else None
        if found is None:
            message = "a threshold is an operator and a number"
            self._reading.wrong((*self._place, "when"), message, 'such as "> 100"')
            return None
        return Threshold(_ORDER[found[1]], float(found[2]))

    def _output(self) -> RuleOutput:
        given = self._given.get("output", "")
        if isinstance(given, str):
            return RuleOutput(channel=given)
        reading, place = self._reading, (*self._place, "output")
        fields = reading.mapping(given, place, ("channel", "format", "metrics"))
        output = RuleOutput(
            channel=self._own_channel(fields, place),
            format=reading.text(fields, "format", place),
            metrics=reading.text(fields, "metrics", place),
        )
        if output.metrics not in ("", "alerts_per_sec"):
            hint = "alerts_per_sec is the one there is"
            reading.wrong((*place, "metrics"), f"there are no metrics '{output.metrics}'", hint)
        return output

    def _own_channel(self, fields: Mapping[str, Any], place: Place) -> str:
        """The id of the rule's channel; one that is given as a mapping is the rule's own."""
        given = fields.get("channel", "")
        if not isinstance(given, Mapping):
            return self._reading.text(fields, "channel", place)
        inside = (*place, "channel")
        channel = _channel(
            self._reading, self._reading.mapping(given, inside, ("type", "path")), inside
        )
        name = self._given.get("name", "")
        self.channels = (replace(channel, id=f"(of {name})"),)
        return self.channels[0].id

    def _check(self, rule: Rule) -> None:
        """What is wrong with parts that are each right."""
        reading, place, kind = self._reading, self._place, rule.function.kind
        if rule.limit > _MOST_GROUPS:
            reading.wrong((*place, "limit"), f"'limit' is at most {_MOST_GROUPS}")
        if kind is FunctionKind.RATE and rule.window is None and "window" not in self._given:
            reading.wrong(place, "rate needs a 'window'", "window: {seconds: 1}")
        if kind is FunctionKind.SIGMA and not rule.function.frequency:
            reading.wrong(place, "sigma needs a 'frequency'", "{name: sigma, frequency: 100}")
        if rule.when and kind in (FunctionKind.FIRST_SEEN, FunctionKind.SIGMA):
            reading.wrong((*place, "when"), f"{kind.value} has no threshold: leave 'when' out")
        names = [((*place, "where"), one.field) for one in comparisons(rule.where)]
        names += [((*place, "by"), name) for name in rule.by]
        if rule.function.field:
            names.append(((*place, "function"), rule.function.field))
        own = [*OWN_NAMES, *rule.by]
        texts = [name for name in placeholders(rule.output.format) if name not in own]
        names += [((*place, "output"), name) for name in texts]
        if self._types:
            check_fields(reading, names, self._types)
        if rule.is_counted_only and (why := why_not_in_kernel(rule)):
            hint = "without 'counted_only' the events are sent, and counted here"
            reading.wrong((*place, "counted_only"), f"the kernel cannot count this: {why}", hint)
