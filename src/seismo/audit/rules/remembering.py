"""FIRST_SEEN and SIGMA: what a rule remembers since the run began, in bounded space.

Both remember `limit` values or groups; the one that was longest not seen is forgotten for a new
one, which is counted in `evicted`.
"""

from __future__ import annotations

from seismo.audit.record.event import AuditEvent
from seismo.audit.rules.fields import ABSENT, FieldValue
from seismo.audit.rules.model import Rule
from seismo.audit.rules.windows import Key, named_key
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.content_hash import content_hash

__all__ = ("FirstSeen", "Sigma")


class FirstSeen:
    """Tells of a value of the rule's field that its group did not have before.

    With a window, a value is forgotten that was not seen for so long. An event without the field is
    none of the rule's.
    """

    def __init__(self, rule: Rule) -> None:
        self.evicted = 0
        self._rule = rule
        self._seen: dict[tuple[Key, FieldValue], int] = {}  # last time, the oldest first
        self._learnt_ns = -1

    def add(self, event: AuditEvent, key: Key, value: FieldValue) -> list[Alert]:
        """Take an event; an alert if its value is new."""
        if value is ABSENT:
            return []
        now_ns = event.time_ns
        if self._learnt_ns < 0:
            self._learnt_ns = now_ns + self._rule.function.learn_ns
        self._forget(now_ns)
        is_known = self._seen.pop((key, value), None) is not None
        if not is_known and len(self._seen) >= self._rule.limit:
            self._seen.pop(next(iter(self._seen)))
            self.evicted += 1
        self._seen[key, value] = now_ns
        is_learning = self._rule.function.learn_ns > 0 and now_ns < self._learnt_ns
        if is_known or is_learning:
            return []
        return [_alert(self._rule, event, key, value, 1)]

    def _forget(self, now_ns: int) -> None:
        window = self._rule.window
        if window is None:
            return
        while self._seen:
            oldest = next(iter(self._seen))
            if now_ns - self._seen[oldest] <= window.size_ns:
                return
            del self._seen[oldest]


class Sigma:
    """Passes when there were more than `frequency` events of a group, and begins anew.

    Groups are those of the rule's fields, or else the content hash. With `within_ns`, they must
    come within so long of the first; later ones begin anew.
    """

    def __init__(self, rule: Rule) -> None:
        self.evicted = 0
        self._rule = rule
        self._counts: dict[Key, tuple[int, int]] = {}  # events, time of the first

    def add(self, event: AuditEvent, key: Key, value: FieldValue) -> list[Alert]:
        """Take an event; an alert if it is the one above `frequency`."""
        function = self._rule.function
        group = key or (content_hash(event),)
        count, first_ns = self._counts.pop(group, (0, event.time_ns))
        if function.within_ns and event.time_ns - first_ns > function.within_ns:
            count, first_ns = 0, event.time_ns
        count += 1
        if count > function.frequency:
            return [_alert(self._rule, event, key, count, count)]
        if len(self._counts) >= self._rule.limit:
            self._counts.pop(next(iter(self._counts)))
            self.evicted += 1
        self._counts[group] = count, first_ns
        return []


def _alert(rule: Rule, event: AuditEvent, key: Key, value: int | str, events: int) -> Alert:
    return Alert(
        rule=rule.name,
        function=rule.function.kind.value,
        time_ns=event.time_ns,
        start_ns=event.time_ns,
        end_ns=event.time_ns,
        key=named_key(rule, key) if rule.by else (),
        value=value,
        events=events,
        last=(event,),
    )
