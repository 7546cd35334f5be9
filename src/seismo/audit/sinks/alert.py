"""`Alert`: what a rule found, an event of its own: sinks write it as they write events.

>>> alert.text()
'many-opens: count 100 comm=cat in 1s'
"""

from __future__ import annotations

from typing import TypeAlias

from seismo.audit.record.event import AuditEvent
from seismo.base.dataclass import dataclass
from seismo.output.printable import printable

__all__ = ("Alert", "AlertValue", "value_text")

AlertValue: TypeAlias = int | float | str | tuple[tuple[str, int], ...]
"""A number, what was seen for the first time, or counts by name, the largest first (`top`) or in
the order of buckets (`histogram`)."""

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What a rule found of one group of events in one window.

    `time_ns`, `start_ns` and `end_ns` are CLOCK_MONOTONIC; a rule without windows has both of the
    latter at the event's time. `key` is the group: the rule's fields and their values. `events` is
    how many events are in it, `last` the last of them, where there is one: counts from the kernel
    come without. Not `is_final`: the window has not ended yet. `is_partial`: state was full, and
    the value is a lower bound. `message` is the text that the rule's format made, '' without a
    format.
    """

    rule: str
    function: str
    time_ns: int
    start_ns: int
    end_ns: int
    key: tuple[tuple[str, int | str], ...]
    value: AlertValue
    events: int
    last: tuple[AuditEvent, ...] = ()
    is_final: bool = True
    is_partial: bool = False
    message: str = ""

    def text(self) -> str:
        """The rule's own message, or one line: the rule, its value, the group and the window."""
        if self.message:
            return self.message
        group = "".join([f" {name}={printable(str(value))}" for name, value in self.key])
        window = (self.end_ns - self.start_ns) / _SECOND_NS
        least = "at least " if self.is_partial else ""
        when = f" in {window:g}s" if window else ""
        return (
            f"{self.rule}: {self.function} {least}{printable(value_text(self.value))}{group}{when}"
        )


def value_text(value: AlertValue) -> str:
    """A value on one line: `a:3 b:1` for counts by name."""
    if isinstance(value, tuple):
        return " ".join([f"{name}:{count}" for name, count in value])
    return f"{value:g}" if isinstance(value, float) else str(value)
