"""`JournaldSink`: entries for systemd's journal, by its native protocol.

Fields: MESSAGE, PRIORITY (6; 4 for alerts), SYSLOG_IDENTIFIER, SEISMO_EVENT, SEISMO_TGID, _TID,
_PPID, _UID, _GID, _COMM, _RET, _ERROR, _PROGRAM_ID, _EXE, _CONTAINER, and SEISMO_JSON, the event as
jsonl has it; of alerts SEISMO_RULE, SEISMO_VALUE and SEISMO_JSON. The journal's own time is when it
got the entry; the event's is SEISMO_TIME_NS (CLOCK_MONOTONIC) and in the JSON. Entries that are too
large for a datagram go in a sealed memfd.

>>> $ journalctl SYSLOG_IDENTIFIER=seismo-audit SEISMO_EVENT=openat -o json
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.audit.record.account import Account
from seismo.audit.record.batch import Batch
from seismo.audit.record.event import AuditEvent
from seismo.audit.sinks.alert import Alert, value_text
from seismo.audit.sinks.clock import WallClock
from seismo.audit.sinks.datagrams import DatagramSocket
from seismo.audit.sinks.json_form import account_object, alert_object, event_object
from seismo.audit.sinks.jsonl import json_line
from seismo.audit.sinks.message import event_message

__all__ = ("JournaldSink", "journal_entry")

_USUAL_PATH = "/run/systemd/journal/socket"
_INFO, _NOTICE, _WARNING = "6", "5", "4"
_LENGTH_BYTES = 8


def journal_entry(fields: Mapping[str, str]) -> bytes:
    """An entry: `NAME=value` lines; a value with a newline has its length before it, 64 bits."""
    parts: list[bytes] = []
    for name, text in fields.items():
        value = text.encode("utf-8", "surrogateescape")
        if b"\n" in value:
            length = len(value).to_bytes(_LENGTH_BYTES, "little")
            parts.append(name.encode() + b"\n" + length + value + b"\n")
        else:
            parts.append(name.encode() + b"=" + value + b"\n")
    return b"".join(parts)


class JournaldSink:
    """Entries under the identifier `tag`. SinkError where there is no journal."""

    def __init__(self, clock: WallClock, *, path: str = "", tag: str = "seismo-audit") -> None:
        self.failed = 0
        self.failure = ""
        self._clock = clock
        self._tag = tag
        self._socket = DatagramSocket("journald", path or _USUAL_PATH)

    def write(self, batch: Batch) -> None:
        for event in batch.events():
            self._count(self._send(event_message(event), _INFO, self._event_fields(event)))

    def alert(self, alert: Alert) -> None:
        fields = {
            "SEISMO_EVENT": "alert",
            "SEISMO_RULE": alert.rule,
            "SEISMO_VALUE": value_text(alert.value),
            "SEISMO_JSON": json_line(alert_object(alert, self._clock)),
        }
        self._count(self._send(alert.text(), _WARNING, fields))

    def account(self, account: Account, *, is_final: bool) -> None:
        if is_final:
            text = json_line(account_object(account, is_final=True))
            fields = {"SEISMO_EVENT": "audit.account", "SEISMO_JSON": text}
            self._send(account.text(), _NOTICE, fields)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self._socket.close()

    def _event_fields(self, event: AuditEvent) -> dict[str, str]:
        fields = {
            "SEISMO_EVENT": event.type.name,
            "SEISMO_TIME_NS": str(event.time_ns),
            "SEISMO_COMM": event.comm,
        }
        for name in ("tgid", "tid", "ppid", "uid", "gid", "program_id"):
            fields[f"SEISMO_{name.upper()}"] = str(getattr(event, name))
        if event.type.is_syscall:
            fields["SEISMO_RET"] = str(event.ret)
            if event.errno:
                fields["SEISMO_ERROR"] = event.errno
        if event.process is not None:
            fields["SEISMO_EXE"] = event.process.exe
            if event.process.container.id:
                fields["SEISMO_CONTAINER"] = event.process.container.id
        fields["SEISMO_JSON"] = json_line(event_object(event, self._clock))
        return fields

    def _send(self, message: str, priority: str, fields: Mapping[str, str]) -> bool:
        head = {"MESSAGE": message, "PRIORITY": priority, "SYSLOG_IDENTIFIER": self._tag}
        is_sent = self._socket.send(journal_entry({**head, **fields}), by_memory=True)
        self.failure = self.failure if is_sent else self._socket.failure
        return is_sent

    def _count(self, is_sent: bool) -> None:
        self.failed += not is_sent
