"""`SyslogSink`: RFC 5424 messages to the local syslog socket.

    <86>1 2018-06-11T12:34:56.123456Z host seismo-audit 4242 openat [seismo@32473 tgid="5518" …]
    cat[5518] …

The message id is the event's name; the structured data has the numbers of the record. 32473 is the
number that RFC 5612 reserves for examples: seismo has none of its own. Alerts have severity
`warning` unless a severity above it is asked for. The process id is that of the tracer.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from seismo.audit.record.account import Account
from seismo.audit.record.batch import Batch
from seismo.audit.record.event import AuditEvent
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.clock import WallClock
from seismo.audit.sinks.datagrams import DatagramSocket
from seismo.audit.sinks.errors import SinkError
from seismo.audit.sinks.message import event_message
from seismo.base.diagnostics import did_you_mean
from seismo.output.printable import printable

__all__ = ("FACILITIES", "SEVERITIES", "SyslogSink")

FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron"),
    *("authpriv", "ftp", "ntp", "audit", "alert", "clock"),
    *[f"local{number}" for number in range(8)],
)
"""By their codes (RFC 5424, 6.2.1)."""

SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
"""By their codes."""

_WARNING = SEVERITIES.index("warning")
_NOTICE = SEVERITIES.index("notice")
_ID = "seismo@32473"
_USUAL_PATH = "/dev/log"
_BOM = b"\xef\xbb\xbf"  # RFC 5424, 6.4: the text is UTF-8
_MOST_APP, _MOST_HOST, _MOST_ID = 48, 255, 32
_NUMBERS = ("tgid", "tid", "ppid", "uid", "gid", "program_id", "cgroup")
_ESCAPED = str.maketrans({'"': '\\"', "\\": "\\\\", "]": "\\]"})


class SyslogSink:
    """Messages with `facility` and `severity`; `tag` is the application's name.

    SinkError for a facility or severity that there is not, or where nobody listens.
    """

    def __init__(
        self,
        clock: WallClock,
        *,
        path: str = "",
        facility: str = "authpriv",
        severity: str = "info",
        tag: str = "seismo-audit",
        host: str = "",
    ) -> None:
        self.failed = 0
        self.failure = ""
        self._clock = clock
        self._facility = _code(FACILITIES, "facility", facility) * 8
        self._severity = _code(SEVERITIES, "severity", severity)
        host = host or socket.gethostname()
        names = _word(host, _MOST_HOST), _word(tag, _MOST_APP)
        self._sender = f"{names[0]} {names[1]} {os.getpid()}"
        self._socket = DatagramSocket("syslog", path or _USUAL_PATH, has_streams=True)

    def write(self, batch: Batch) -> None:
        for event in batch.events():
            self._send(
                event.time_ns,
                self._severity,
                event.type.name,
                _event_data(event),
                event_message(event),
            )

    def alert(self, alert: Alert) -> None:
        data = {"rule": alert.rule, "function": alert.function, "events": str(alert.events)}
        data |= {name: str(value) for name, value in alert.key if name.isidentifier()}
        severity = min(self._severity, _WARNING)
        self._send(alert.time_ns, severity, "alert", data, printable(alert.text()))

    def account(self, account: Account, *, is_final: bool) -> None:
        if is_final:
            text = " ".join(account.text().split("\n"))
            severity = min(self._severity, _NOTICE)
            self._put(self._message("-", severity, "account", {}, text))

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self._socket.close()

    def _send(
        self, time_ns: int, severity: int, name: str, data: Mapping[str, str], text: str
    ) -> None:
        when = self._clock.utc_microseconds(time_ns)
        if not self._put(self._message(when, severity, name, data, text)):
            self.failed += 1

    def _put(self, message: bytes) -> bool:
        if self._socket.is_stream:
            message += b"\n"
        is_sent = self._socket.send(message)
        self.failure = self.failure if is_sent else self._socket.failure
        return is_sent

    def _message(
        self, when: str, severity: int, name: str, data: Mapping[str, str], text: str
    ) -> bytes:
        pairs = "".join([f' {key}="{_escaped(value)}"' for key, value in data.items()])
        structured = f"[{_ID}{pairs}]" if data else "-"
        id_ = _word(name.replace(":", "."), _MOST_ID)
        head = f"<{self._facility + severity}>1 {when} {self._sender} {id_} {structured} "
        return head.encode() + _BOM + text.encode("utf-8", "replace")


def _event_data(event: AuditEvent) -> dict[str, str]:
    data = {name: str(getattr(event, name)) for name in _NUMBERS}
    data["comm"] = event.comm
    if event.type.is_syscall:
        data["ret"] = str(event.ret)
    if event.process is not None and event.process.exe:
        data["exe"] = event.process.exe
    return data


def _escaped(value: str) -> str:
    return printable(value).translate(_ESCAPED)


def _word(text: str, most: int) -> str:
    """PRINTUSASCII of RFC 5424; `-` for nothing."""
    clean = "".join([one if "!" <= one <= "~" else "_" for one in text])
    return clean[:most] or "-"


def _code(names: tuple[str, ...], what: str, name: str) -> int:
    if name not in names:
        hint = did_you_mean(name, names) or f"one of {', '.join(names)}"
        raise SinkError("syslog", f"there is no {what} '{name}'", hint)
    return names.index(name)
