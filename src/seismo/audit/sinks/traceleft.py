"""Events as TraceLeft prints them:

    name open pid 5518 program id 0 return value 8 hash 3355305515321265881 Filename "/etc/passwd" …

Arguments are named as in TraceLeft, with a capital letter; texts are in quotes, and quotes and
backslashes in them have a backslash before them; descriptors have the path or socket behind them
(`Fd 3</proc/cpuinfo>`); numbers are decimal. Then `[container]` stands where the mount namespace is
not the machine's own, `[incomplete]` where something could not be read. The hash is that of
`content_hash.py`. Events of sockets have Saddr, Daddr, Sport, Dport, Netns.
"""

from __future__ import annotations

from typing import Any

from seismo.audit.catalog.model import EventField, FieldKind
from seismo.audit.record.account import Account
from seismo.audit.record.event import AuditEvent, SocketState
from seismo.audit.record.layout import EventFlag
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.content_hash import content_hash
from seismo.audit.sinks.shown import behind, quoted
from seismo.output.printable import printable

__all__ = ("TraceLeftFormat", "traceleft_line")

_MASK = (1 << 64) - 1


def traceleft_line(event: AuditEvent) -> str:
    """The event in one line."""
    parts = [
        f"name {event.type.name} pid {event.tgid} program id {event.program_id}",
        f"return value {event.ret} hash {content_hash(event)}",
    ]
    parts += [_argument(event, field) for field in event.type.fields]
    marks = "[container]" if "container" in event.notes else ""
    if event.flags & EventFlag.INCOMPLETE:
        marks += "[incomplete]"
    return " ".join([*parts, marks] if marks else parts)


def _argument(event: AuditEvent, field: EventField) -> str:
    value: Any = event.values.get(field.name)
    if isinstance(value, SocketState):
        return _socket(value)
    return f"{field.name[:1].upper()}{field.name[1:]} {_value(event, field, value)}"


def _value(event: AuditEvent, field: EventField, value: Any) -> str:
    match value:
        case None:
            given = event.args[field.argument] if 0 <= field.argument < len(event.args) else 0
            return str(given & _MASK)
        case int() if field.kind in (FieldKind.FD, FieldKind.DIRFD):
            found = behind(event, field.argument) if value >= 0 else ""
            return f"{value}<{found}>" if found else str(value)
        case str():
            return quoted(value)
        case bytes():
            return quoted(value.decode("utf-8", "surrogateescape"))
    return printable(str(value))


def _socket(state: SocketState) -> str:
    local, remote = state.local, state.remote
    return (
        f"Saddr {local.address} Daddr {remote.address} Sport {local.port} Dport {remote.port} "
        f"Netns {state.netns}"
    )


class TraceLeftFormat:
    """Lines of `traceleft_line`; losses as TraceLeft tells them: `Lost N events`."""

    def heading(self) -> str:
        return ""

    def line(self, event: AuditEvent) -> str:
        return traceleft_line(event)

    def alert(self, alert: Alert) -> str:
        return alert.text()

    def account(self, account: Account, *, is_final: bool) -> str:
        lost = account.lost_in_all
        return f"Lost {lost} events" if is_final and lost else ""

    def gap(self, failed: int, reason: str) -> str:
        return f"Lost {failed} events"
