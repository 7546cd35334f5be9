"""The text of alerts: templates, and TraceLeft's `alerts_per_sec`.

>>> wording("{comm} opened {value} files in {window}s", fields)(alert)
'cat opened 100 files in 1s'
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from seismo.audit.rules.fields import ABSENT, field_getter
from seismo.audit.sinks.alert import Alert, value_text
from seismo.audit.sinks.traceleft import traceleft_line
from seismo.base.dataclass import replace
from seismo.output.printable import printable

__all__ = ("OWN_NAMES", "Wording", "per_second_text", "placeholders", "worded", "wording")

Wording: TypeAlias = Callable[[Alert], str]

OWN_NAMES = ("rule", "function", "value", "events", "window", "time_ns", "start_ns", "end_ns")
"""What a template may name beside fields: those of the alert itself."""

_PLACE = re.compile(r"\{([^{}]*)\}")
_SECOND_NS = 1_000_000_000


def placeholders(template: str) -> list[str]:
    """The names that stand in braces."""
    return _PLACE.findall(template)


def wording(template: str) -> Wording:
    """What makes the text of an alert; a field that it has not is `-`. What comes out of events is
    made printable: no file name makes a line of its own."""
    getters = {name: _getter(name) for name in placeholders(template)}
    return lambda alert: _PLACE.sub(lambda match: getters[match[1]](alert), template)


def per_second_text(alert: Alert) -> str:
    """The two lines that TraceLeft's channels get each second in which there were alerts."""
    event = traceleft_line(alert.last[0]) if alert.last else alert.text()
    return f"COUNT: {alert.events}\nEVENT: {event}"


def worded(alert: Alert, make: Wording) -> Alert:
    """The alert with the text as its message."""
    return replace(alert, message=make(alert))


def _getter(name: str) -> Wording:
    match name:
        case "value":
            return lambda alert: printable(value_text(alert.value))
        case "window":
            return lambda alert: f"{(alert.end_ns - alert.start_ns) / _SECOND_NS:g}"
    if name in OWN_NAMES:
        return lambda alert: str(getattr(alert, name))
    get = field_getter(name)

    def field(alert: Alert) -> str:
        for key, value in alert.key:
            if key == name:
                return printable(str(value))
        found = get(alert.last[0]) if alert.last else ABSENT
        return "-" if found is ABSENT else printable(str(found))

    return field
