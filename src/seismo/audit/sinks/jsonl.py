"""Events as lines of JSON: one object a line, in UTF-8. `json_form.py` documents the keys."""

from __future__ import annotations

import json
from typing import Any

from seismo.audit.record.account import Account
from seismo.audit.record.event import AuditEvent
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.clock import WallClock
from seismo.audit.sinks.json_form import account_object, alert_object, event_object, gap_object

__all__ = ("JsonFormat", "json_line")

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode

_CONTROLS = {code: f"\\u{code:04x}" for code in range(0x80, 0xA0)}


def json_line(value: dict[str, Any]) -> str:
    """The object on one line; bytes that are no UTF-8 become U+FFFD each. Controls are escaped,
    also those behind ASCII, which terminals obey too."""
    text = _encode(value)
    if not text.isascii():
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        text = text.translate(_CONTROLS)
    return text


class JsonFormat:
    """`fields` are the keys to write, () for all; alerts and accounts are always whole."""

    def __init__(self, clock: WallClock, *, fields: tuple[str, ...] = ()) -> None:
        self._clock = clock
        self._fields = frozenset(fields)

    def heading(self) -> str:
        return ""

    def line(self, event: AuditEvent) -> str:
        found = event_object(event, self._clock)
        if self._fields:
            found = {name: value for name, value in found.items() if name in self._fields}
        return json_line(found)

    def alert(self, alert: Alert) -> str:
        return json_line(alert_object(alert, self._clock))

    def account(self, account: Account, *, is_final: bool) -> str:
        """Only at the end: the stream is of events."""
        return json_line(account_object(account, is_final=True)) if is_final else ""

    def gap(self, failed: int, reason: str) -> str:
        return json_line(gap_object(failed, reason))
