"""`SqliteSink`: events in a SQLite database, which may be read while it is written (WAL).

Each batch is one transaction: it is there as a whole or not at all. Tables, all appended to:

- `events`: `run`, `time` (ns since 1970, UTC), `time_ns`, `event`, `tgid`, `tid`, `ppid`, `uid`,
  `gid`, `comm`, `ret`, `error`, `duration_ns`, `cpu`, `sequence`, `start_ns`, `cgroup`, `mntns`,
  `program_id`, `session_id`, `flags`, `path`, `exe`, `container`, `args` (JSON). Indices on `time`,
  `event`, `tgid` and `path`.
- `alerts`: `run`, `time`, `rule`, `function`, `value`, `events`, `alert` (JSON)
- `runs`: `id`, `began` (ns since 1970), `account` (JSON; null until the run has ended)

SQLite's integers are signed: numbers from 2^63 on (a program id may be such a one) are negative, as
two's complement has them.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from seismo.audit.record.account import Account
from seismo.audit.record.batch import Batch
from seismo.audit.record.event import AuditEvent
from seismo.audit.record.layout import EventFlag
from seismo.audit.rules.fields import ABSENT, FieldValue, field_getter
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.clock import WallClock
from seismo.audit.sinks.errors import SinkError
from seismo.audit.sinks.json_form import account_object, alert_object, json_value
from seismo.audit.sinks.jsonl import json_line
from seismo.audit.sinks.settings import Sync

__all__ = ("SqliteSink",)

_NUMBERS = (
    *("time_ns", "tgid", "tid", "ppid", "uid", "gid", "duration_ns", "cpu", "sequence"),
    *("start_ns", "cgroup", "mntns", "program_id", "session_id", "flags"),
)
_TEXTS = ("path", "exe", "container")
_COLUMNS = ("run", "time", "event", "comm", "ret", "error", *_NUMBERS, *_TEXTS, "args")
_INDEXED = ("time", "event", "tgid", "path")
_TABLES = f"""
CREATE TABLE IF NOT EXISTS runs (id INTEGER PRIMARY KEY, began INTEGER NOT NULL, account TEXT);
CREATE TABLE IF NOT EXISTS events ({", ".join(_COLUMNS)});
CREATE TABLE IF NOT EXISTS alerts (run, time, rule, function, value, events, alert);
""" + "".join(
    [f"CREATE INDEX IF NOT EXISTS events_{name} ON events ({name});\n" for name in _INDEXED]
)
_EVENT = f"INSERT INTO events ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_ALERT = "INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?)"
_SYNCHRONOUS = {Sync.NEVER: "OFF", Sync.CLOSE: "NORMAL", Sync.FLUSH: "NORMAL", Sync.BATCH: "FULL"}
_WAIT_S = 0.1
_LAST_WAIT_MS = 2000
_PERMISSIONS = 0o600  # as all other outputs: what they hold is nobody else's business
_HALF, _WHOLE = 1 << 63, 1 << 64


class SqliteSink:
    """Appends to the database at `path`, made if there is none. SinkError if that cannot be.

    The policy NEVER is `synchronous=OFF`; CLOSE and FLUSH `NORMAL`, with a checkpoint at the end or
    at each flush; BATCH `FULL`. A database that another process keeps locked for a tenth of a
    second is a batch that failed.
    """

    def __init__(self, path: str, clock: WallClock, *, sync: Sync = Sync.CLOSE) -> None:
        self.failed = 0
        self.failure = ""
        self._clock = clock
        self._sync = sync
        self._is_closed = False
        self._getters = [field_getter(name) for name in _TEXTS]
        try:
            with suppress(OSError):  # SQLite says what is wrong
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _PERMISSIONS))
            self._database = sqlite3.connect(
                path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False
            )
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute(f"PRAGMA synchronous={_SYNCHRONOUS[sync]}")
            self._database.executescript(_TABLES)
            began = (time.time_ns(),)
            row = self._database.execute("INSERT INTO runs (began) VALUES (?)", began)
            self._run = row.lastrowid
        except sqlite3.Error as error:
            hint = "the directory must be there, and the file a database of SQLite or none yet"
            raise SinkError(path, f"cannot be written: {error}", hint) from error

    def write(self, batch: Batch) -> None:
        rows = [self._row(event) for event in batch.events()]
        self._insert(_EVENT, rows)

    def alert(self, alert: Alert) -> None:
        value = alert.value if isinstance(alert.value, (int, float, str)) else None
        text = json_line(alert_object(alert, self._clock))
        wall_ns = self._clock.wall_ns(alert.time_ns)
        row = (self._run, wall_ns, alert.rule, alert.function, _stored(value), alert.events, text)
        self._insert(_ALERT, [row])

    def account(self, account: Account, *, is_final: bool) -> None:
        if is_final:
            text = json_line(account_object(account, is_final=True))
            # No event waits for us any more: others may finish what they do with the database.
            self._execute(f"PRAGMA busy_timeout={_LAST_WAIT_MS}")
            self._execute("UPDATE runs SET account = ? WHERE id = ?", (text, self._run))

    def flush(self) -> None:
        if self._sync in (Sync.FLUSH, Sync.BATCH):
            self._execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self._database.close()  # with the last connection SQLite checkpoints, and syncs
        except sqlite3.Error as error:
            self.failure = str(error)

    def _insert(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """One transaction."""
        if not rows:
            return
        database = self._database
        try:
            database.execute("BEGIN")
            database.executemany(statement, rows)
            database.execute("COMMIT")
        except sqlite3.Error as error:
            self.failed += len(rows)
            self.failure = str(error)
            if database.in_transaction:
                self._execute("ROLLBACK")

    def _execute(self, statement: str, values: tuple[Any, ...] = ()) -> None:
        try:
            self._database.execute(statement, values)
        except sqlite3.Error as error:
            self.failure = str(error)

    def _row(self, event: AuditEvent) -> tuple[Any, ...]:
        has_result = event.type.is_syscall and not event.flags & EventFlag.NO_RETURN
        values = event.values.items()
        args = json_line({name: json_value(value) for name, value in values})
        return (
            self._run,
            self._clock.wall_ns(event.time_ns),
            event.type.name,
            _text(event.comm),
            event.ret if has_result else None,
            event.errno or None,
            *[_signed(getattr(event, name)) for name in _NUMBERS],
            *[_known(get(event)) for get in self._getters],
            args,
        )


def _signed(number: int) -> int:
    return number - _WHOLE if number >= _HALF else number


def _text(text: str) -> str:
    """Bytes that are no UTF-8 as U+FFFD: SQLite takes no others."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _known(value: FieldValue) -> float | str | None:
    return None if value is ABSENT else _stored(value)


def _stored(value: float | str | None) -> float | str | None:
    if isinstance(value, str):
        return _text(value)
    return _signed(value) if isinstance(value, int) else value
