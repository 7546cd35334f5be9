"""`Aggregator`: the rules of a run over its stream of batches; what they find are alerts.

>>> aggregator = Aggregator(rules.rules)
>>> for batch in tracer:
...     for alert in aggregator.take(batch):
...         sink.alert(alert)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from seismo.audit.record.batch import Batch
from seismo.audit.record.event import AuditEvent
from seismo.audit.rules.conditions import Predicate, predicate
from seismo.audit.rules.fields import ABSENT, FieldValue, Getter, field_getter
from seismo.audit.rules.model import FunctionKind, Rule, RuleFunction, Window
from seismo.audit.rules.remembering import FirstSeen, Sigma
from seismo.audit.rules.windows import Key, Windows
from seismo.audit.rules.wording import Wording, per_second_text, worded, wording
from seismo.audit.sinks.alert import Alert
from seismo.base.dataclass import dataclass, replace

__all__ = ("Aggregator", "RuleCounts")

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCounts:
    """How a rule has fared: `matched` events were its own; of these `late` came after their window
    had ended, and `others` found no room for their group. `evicted` were forgotten."""

    matched: int
    alerts: int
    late: int
    others: int
    evicted: int

    def missed(self) -> str:
        """What is not in the rule's alerts as it should be; '' for nothing."""
        parts = (
            (self.late, "events came after their window had ended"),
            (self.others, "events found no room for their group"),
            (self.evicted, "values were forgotten for others"),
        )
        return ", ".join([f"{count} {what}" for count, what in parts if count])


class Aggregator:
    """All rules. Only events of the types that a rule names are decoded for it."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._running = {rule.name: _Running(rule) for rule in rules}
        self._by_type: dict[int, list[_Running]] = {}
        for one in self._running.values():
            for type_ in one.rule.types:
                self._by_type.setdefault(type_, []).append(one)
        self._types = set(self._by_type)

    def take(self, batch: Batch) -> list[Alert]:
        """Take a batch, in the order of time; the alerts that it leads to."""
        if not self._types:
            return []
        alerts: list[Alert] = []
        by_type = self._by_type
        for event in batch.select(self._types).events():
            for one in by_type[event.type.id]:
                if one.wants(event):
                    alerts += one.take(event)
        return alerts

    def take_count(self, rule: str, key: Key, count: int, time_ns: int) -> list[Alert]:
        """Take `count` events that the kernel has counted for a rule of COUNT or RATE."""
        return self._running[rule].take_count(key, count, time_ns)

    def advance(self, now_ns: int) -> list[Alert]:
        """Tell of windows that have ended by `now_ns`, CLOCK_MONOTONIC: called when no events come,
        with a time that no event can be older than."""
        return [alert for one in self._running.values() for alert in one.advance(now_ns)]

    def advance_rule(self, rule: str, now_ns: int) -> list[Alert]:
        """The same for one rule."""
        return self._running[rule].advance(now_ns)

    def finish(self) -> list[Alert]:
        """Tell of the windows that have not ended: at the end of the run."""
        return [alert for one in self._running.values() for alert in one.finish()]

    def counts(self) -> dict[str, RuleCounts]:
        """How each rule has fared, by name."""
        return {name: one.counts() for name, one in self._running.items()}


class _Running:
    """A rule and its state."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.wants: Predicate = predicate(rule.where)
        self._matched = 0
        self._alerts = 0
        self._by: list[Getter] = [field_getter(name) for name in rule.by]
        self._field: Getter = field_getter(rule.function.field) if rule.function.field else _nothing
        self._windows = Windows(rule)
        self._remembering = _REMEMBERING[rule.function.kind](rule)
        self._wording = _wording_of(rule)
        self._seconds = _per_second(rule)

    def take(self, event: AuditEvent) -> list[Alert]:
        """Take an event that the rule wants."""
        self._matched += 1
        key = tuple([get(event) for get in self._by])
        state = self._remembering or self._windows
        return self._told(state.add(event, key, self._field(event)))

    def take_count(self, key: Key, count: int, time_ns: int) -> list[Alert]:
        """Take events that were counted elsewhere."""
        self._matched += count
        return self._told(self._windows.add_count(time_ns, key, count))

    def advance(self, now_ns: int) -> list[Alert]:
        """What has ended by now."""
        alerts = [] if self._remembering else self._windows.advance(now_ns)
        told = self._told(alerts)
        if self._seconds:
            told += self._seconds_told(self._seconds.advance(now_ns))
        return told

    def finish(self) -> list[Alert]:
        """What has not ended yet."""
        told = self._told(self._windows.finish())
        if self._seconds:
            told += self._seconds_told(self._seconds.finish())
        return told

    def counts(self) -> RuleCounts:
        """How it has fared."""
        evicted = self._remembering.evicted if self._remembering else 0
        return RuleCounts(
            matched=self._matched,
            alerts=self._alerts,
            late=self._windows.late,
            others=self._windows.others,
            evicted=evicted,
        )

    def _told(self, alerts: list[Alert]) -> list[Alert]:
        self._alerts += len(alerts)
        if self._seconds is not None:
            told: list[Alert] = []
            for alert in alerts:
                for event in alert.last:
                    told += self._seconds.add(event, (), ABSENT, time_ns=alert.time_ns)
            return self._seconds_told(told)
        return [worded(alert, self._wording) for alert in alerts] if self._wording else alerts

    def _seconds_told(self, alerts: list[Alert]) -> list[Alert]:
        named = [replace(alert, function="alerts_per_sec") for alert in alerts]
        return [worded(alert, self._wording or per_second_text) for alert in named]


def _nothing(event: AuditEvent) -> FieldValue:
    return ABSENT


def _wording_of(rule: Rule) -> Wording | None:
    """What makes the messages of its alerts, unless the usual text does."""
    return wording(rule.output.format) if rule.output.format else None


def _per_second(rule: Rule) -> Windows | None:
    """The windows of a second that its alerts are counted in, if they are to be."""
    if rule.output.metrics != "alerts_per_sec":
        return None
    count = RuleFunction(kind=FunctionKind.COUNT)
    second = Window(_SECOND_NS, _SECOND_NS)
    return Windows(Rule(name=rule.name, types=rule.types, function=count, window=second))


def _no_state(rule: Rule) -> None:
    """For the functions that count by windows."""


_REMEMBERING: dict[FunctionKind, Callable[[Rule], FirstSeen | Sigma | None]] = {
    **dict.fromkeys(FunctionKind, _no_state),
    FunctionKind.FIRST_SEEN: FirstSeen,
    FunctionKind.SIGMA: Sigma,
}
