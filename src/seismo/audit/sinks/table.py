"""Events as a table for people: TIME PID COMM EVENT RET DETAILS.

Lines are cut to the terminal's width, and coloured, only where there is one: failed calls' results
red, alerts bold. What comes out of events is made printable: no file name can write to the
terminal.
"""

from __future__ import annotations

from collections.abc import Callable

from seismo.audit.catalog.model import FieldKind
from seismo.audit.record.account import Account
from seismo.audit.record.event import AuditEvent
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.clock import WallClock
from seismo.audit.sinks.shown import behind, is_error, shown_field, shown_result
from seismo.base.dataclass import dataclass
from seismo.output.printable import cut_text, printable, text_width

__all__ = ("TABLE_COLUMNS", "TableFormat", "details")

_FD_KINDS = (FieldKind.FD, FieldKind.DIRFD)
_RED, _BOLD, _DIM, _PLAIN = "\033[31m", "\033[1m", "\033[2m", "\033[0m"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """`width` is the least width; numbers stand right."""

    heading: str
    width: int
    text: Callable[[AuditEvent], str]
    is_number: bool = False


def details(event: AuditEvent) -> str:
    """The fields of an event by name, the opened file, and what correlation has noted."""
    parts = [f"{one.name}={shown_field(event, one)}" for one in event.type.fields]
    if found := behind(event, -1):
        parts.append(f"-> {found}")
    for name, path in event.paths.items():
        if path and path != event.values.get(name):
            parts.append(f"{name}:{printable(path)}")
    parts += [f"[{note}]" for note in event.notes]
    return " ".join(parts)


def _of_process(name: str) -> Callable[[AuditEvent], str]:
    def text(event: AuditEvent) -> str:
        value = event.process
        for step in name.split("."):
            value = getattr(value, step, None)
        return printable(str(value)) if value else "-"

    return text


_COLUMNS: dict[str, _Column] = {
    "pid": _Column(heading="PID", width=7, text=lambda event: str(event.tgid), is_number=True),
    "tid": _Column(heading="TID", width=7, text=lambda event: str(event.tid), is_number=True),
    "ppid": _Column(heading="PPID", width=7, text=lambda event: str(event.ppid), is_number=True),
    "uid": _Column(heading="UID", width=5, text=lambda event: str(event.uid), is_number=True),
    "gid": _Column(heading="GID", width=5, text=lambda event: str(event.gid), is_number=True),
    "cpu": _Column(heading="CPU", width=3, text=lambda event: str(event.cpu), is_number=True),
    "comm": _Column(heading="COMM", width=15, text=lambda event: printable(event.comm)),
    "event": _Column(heading="EVENT", width=16, text=lambda event: event.type.name),
    "ret": _Column(heading="RET", width=7, text=shown_result, is_number=True),
    "duration": _Column(
        heading="USECS",
        width=8,
        text=lambda event: f"{event.duration_ns / 1000:.1f}",
        is_number=True,
    ),
    "exe": _Column(heading="EXE", width=20, text=_of_process("exe")),
    "container": _Column(heading="CONTAINER", width=12, text=_of_process("container.short_id")),
    "parent": _Column(heading="PARENT", width=15, text=_of_process("parent.comm")),
    "details": _Column(heading="DETAILS", width=0, text=details),
}

TABLE_COLUMNS = ("time", *_COLUMNS)
"""What `fields` of a table may name."""

_USUAL = ("time", "pid", "comm", "event", "ret", "details")
_TIME_WIDTH = 15


class TableFormat:
    """`width` 0: lines are not cut. `columns` are of TABLE_COLUMNS, () for the usual ones.
    `has_account`: what became of all events stands at the end."""

    def __init__(
        self,
        clock: WallClock,
        *,
        width: int = 0,
        has_color: bool = False,
        columns: tuple[str, ...] = (),
        has_account: bool = True,
    ) -> None:
        self._clock = clock
        self._width = width
        self._has_color = has_color
        self._columns = columns or _USUAL
        self._has_account = has_account

    def heading(self) -> str:
        names = [
            "TIME".ljust(_TIME_WIDTH) if name == "time" else _headed(_COLUMNS[name])
            for name in self._columns
        ]
        return cut_text(" ".join(names).rstrip(), self._width)

    def line(self, event: AuditEvent) -> str:
        cells = [self._cell(name, event) for name in self._columns]
        text = cut_text(" ".join(cells).rstrip(), self._width)
        if not self._has_color:
            return text
        if not is_error(event) or "ret" not in self._columns:
            return text
        return self._red_result(text, cells)

    def alert(self, alert: Alert) -> str:
        text = f"{self._clock.local(alert.time_ns)} ALERT {printable(alert.text())}"
        text = cut_text(text, self._width)
        return f"{_BOLD}{text}{_PLAIN}" if self._has_color else text

    def account(self, account: Account, *, is_final: bool) -> str:
        """Only at the end: while events come, a table is of events."""
        if not is_final or not self._has_account:
            return ""
        text = account.text()
        return f"{_DIM}{text}{_PLAIN}" if self._has_color else text

    def gap(self, failed: int, reason: str) -> str:
        return f"({failed} events could not be written: {reason})"

    def _cell(self, name: str, event: AuditEvent) -> str:
        if name == "time":
            return self._clock.local(event.time_ns)
        column = _COLUMNS[name]
        text = column.text(event)
        room = " " * (column.width - text_width(text))
        return room + text if column.is_number else text + room

    def _red_result(self, text: str, cells: list[str]) -> str:
        at = self._columns.index("ret")
        start = len(" ".join(cells[:at])) + (1 if at else 0)
        end = min(start + len(cells[at]), len(text))
        if start >= end:
            return text
        return f"{text[:start]}{_RED}{text[start:end]}{_PLAIN}{text[end:]}"


def _headed(column: _Column) -> str:
    if column.is_number:
        return column.heading.rjust(column.width)
    return column.heading.ljust(column.width)
