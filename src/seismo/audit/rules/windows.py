"""A rule's groups in windows of time: tumbling, sliding, or one for the whole run.

Time is that of the events. A window ends when an event (or `advance`) has a later time; what then
still comes for it is late: counted, and in no window. A sliding window is made of panes of
`slide_ns`, and ends with each of them. The first window and the last are told as they are, though
the run may not have seen all of them.

A threshold that a count can only rise to (`>` or `>=` of COUNT, RATE, DISTINCT) is told at the
event that reaches it, once for each group and window, unless windows slide; all else at the
window's end.
"""

from __future__ import annotations

from typing import TypeAlias

from seismo.audit.record.event import AuditEvent
from seismo.audit.rules.conditions import is_reached
from seismo.audit.rules.counting import TallyOf, tally_of
from seismo.audit.rules.fields import ABSENT, FieldValue
from seismo.audit.rules.model import FunctionKind, Operator, Rule
from seismo.audit.sinks.alert import Alert

__all__ = ("OTHERS", "Key", "Windows", "named_key")

Key: TypeAlias = tuple[FieldValue, ...]

OTHERS: Key = ()
"""The group of all that found no room; the key of no other, as a rule with groups has fields."""

_RISING = (FunctionKind.COUNT, FunctionKind.RATE, FunctionKind.DISTINCT)
_ABOVE = (Operator.GREATER, Operator.GREATER_EQUAL)


class _Group:
    """A group's tally in a pane; `last` is its last event, or () where events were only counted."""

    __slots__ = ("is_told", "last", "tally")

    def __init__(self, tally: TallyOf) -> None:
        self.tally = tally
        self.last: tuple[AuditEvent, ...] = ()
        self.is_told = False


_Pane: TypeAlias = dict[Key, _Group]


def named_key(rule: Rule, key: Key) -> tuple[tuple[str, int | str], ...]:
    """A group's key with the names of its fields, as alerts have it."""
    if not key:
        return tuple([(name, "(others)") for name in rule.by])
    values = ["" if value is ABSENT else value for value in key]
    return tuple(zip(rule.by, values, strict=True))


class Windows:
    """The state of one rule. `late` and `others` are counts of events."""

    def __init__(self, rule: Rule) -> None:
        self.late = 0
        self.others = 0
        self._rule = rule
        window = rule.window
        self._slide_ns = window.slide_ns if window else 0
        self._size_ns = window.size_ns if window else 0
        self._panes_each = window.panes if window else 1
        self._panes: dict[int, _Pane] = {}
        self._next = -1  # the pane that ends next; -1 before the first event
        self._first_ns = 0
        self._last_ns = 0
        when = rule.when
        self._is_told_at_once = (
            when is not None
            and when.operator in _ABOVE
            and rule.function.kind in _RISING
            and self._panes_each == 1
        )

    def add(
        self, event: AuditEvent, key: Key, value: FieldValue, *, time_ns: int = -1
    ) -> list[Alert]:
        """Take an event of a group, whose field has `value`; what there is to tell now."""
        time_ns = event.time_ns if time_ns < 0 else time_ns
        alerts = self.advance(time_ns)
        group = self._group(time_ns, key, 1)
        if group is None:
            self.late += 1
            return alerts
        group.tally.add(value)
        group.last = (event,)
        self._last_ns = max(self._last_ns, time_ns)
        return alerts + self._told_at_once(key, group, time_ns)

    def add_count(self, time_ns: int, key: Key, count: int) -> list[Alert]:
        """Take `count` events that were counted elsewhere, for COUNT and RATE."""
        alerts = self.advance(time_ns)
        group = self._group(time_ns, key, count)
        if group is None:
            self.late += count
            return alerts
        group.tally.events += count
        self._last_ns = max(self._last_ns, time_ns)
        return alerts + self._told_at_once(key, group, time_ns)

    def advance(self, now_ns: int) -> list[Alert]:
        """Tell of the windows that have ended by `now_ns`."""
        if not self._slide_ns:
            self._begin(0, now_ns)
            return []
        current = now_ns // self._slide_ns
        self._begin(current, now_ns)
        return self._end_before(current)

    def finish(self) -> list[Alert]:
        """Tell of the windows that have begun and not ended."""
        if not self._panes:
            return []
        return self._end_before(max(self._panes) + 1)

    def _told_at_once(self, key: Key, group: _Group, time_ns: int) -> list[Alert]:
        if not self._is_told_at_once or group.is_told or not self._reaches(group.tally):
            return []
        group.is_told = True
        start_ns = time_ns // self._slide_ns * self._slide_ns if self._slide_ns else self._first_ns
        return [self._alert(key, group, start_ns, start_ns + self._size_ns, at_ns=time_ns)]

    def _begin(self, pane: int, now_ns: int) -> None:
        if self._next < 0:
            self._next = pane
            self._first_ns = now_ns

    def _group(self, time_ns: int, key: Key, count: int) -> _Group | None:
        """The group at this time of `count` events, made if need be; None if its window has
        ended."""
        number = time_ns // self._slide_ns if self._slide_ns else 0
        if number < self._next:
            return None
        pane = self._panes.setdefault(number, {})
        group = pane.get(key)
        if group is None:
            if key and len(pane) - (OTHERS in pane) >= self._rule.limit:
                self.others += count
                return self._others(pane)
            group = pane[key] = self._new_group()
        return group

    def _others(self, pane: _Pane) -> _Group:
        if OTHERS not in pane:
            pane[OTHERS] = self._new_group()
        return pane[OTHERS]

    def _new_group(self) -> _Group:
        rule = self._rule
        return _Group(tally_of(rule.function, window_ns=self._size_ns, limit=rule.limit))

    def _end_before(self, current: int) -> list[Alert]:
        alerts: list[Alert] = []
        while self._next < current and self._panes:
            first = min(self._panes)
            self._next = max(self._next, min(first, current))
            if self._next < current:
                alerts += self._end(self._next)
                self._next += 1
                self._panes.pop(self._next - self._panes_each, None)
        self._next = max(self._next, current)
        return alerts

    def _end(self, last: int) -> list[Alert]:
        """What the window whose last pane this is has to tell."""
        if self._is_told_at_once:
            return []
        end_ns = (last + 1) * self._slide_ns if self._slide_ns else self._last_ns
        start_ns = end_ns - self._size_ns if self._slide_ns else self._first_ns
        groups = self._groups_of(range(last - self._panes_each + 1, last + 1))
        return [
            self._alert(key, group, start_ns, end_ns, at_ns=end_ns)
            for key, group in groups.items()
            if self._rule.when is None or self._reaches(group.tally)
        ]

    def _groups_of(self, numbers: range) -> _Pane:
        """The groups of several panes in one."""
        if len(numbers) == 1:
            return self._panes.get(numbers[0], {})
        whole: _Pane = {}
        for number in numbers:
            for key, group in self._panes.get(number, {}).items():
                into = whole.get(key)
                if into is None:
                    into = whole[key] = self._new_group()
                into.tally.take_in(group.tally)
                into.last = group.last
        return whole

    def _reaches(self, tally: TallyOf) -> bool:
        when = self._rule.when
        return when is not None and is_reached(when, tally.measure())

    def _alert(self, key: Key, group: _Group, start_ns: int, end_ns: int, *, at_ns: int) -> Alert:
        tally = group.tally
        return Alert(
            rule=self._rule.name,
            function=self._rule.function.kind.value,
            time_ns=at_ns,
            start_ns=start_ns,
            end_ns=end_ns,
            key=named_key(self._rule, key) if self._rule.by else (),
            value=tally.value(),
            events=tally.events,
            last=group.last,
            is_final=at_ns == end_ns,
            is_partial=tally.is_partial,
        )
