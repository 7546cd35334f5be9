"""Events in a SQLite database."""

from __future__ import annotations

import json
import resource
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from audit_batches import CLOCK, batch_of, call, opened
from seismo.audit.record.account import Account
from seismo.audit.record.layout import EventFlag
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.errors import SinkError
from seismo.audit.sinks.settings import Sync
from seismo.audit.sinks.sqlite import SqliteSink

_ALERT = Alert(
    rule="many", function="count", time_ns=9, start_ns=0, end_ns=9, key=(), value=3, events=3
)


def _rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(sql).fetchall()


def test_events_are_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    sink = SqliteSink(str(path), CLOCK)
    batch = batch_of(
        opened(b"/tmp/\xff", ret=-2, time_ns=5, sequence=4),
        call("exit_group", flags=EventFlag.NO_RETURN),
        program_id=(1 << 64) - 2,
    )
    sink.write(batch)
    rows = _rows(path, "SELECT run, time, event, ret, error, path, program_id, args FROM events")
    assert rows[0][:7] == (1, CLOCK.offset_ns + 5, "openat", -2, "ENOENT", "/tmp/�", -2)
    assert json.loads(rows[0][7])["flags"] == 0
    assert rows[1][2:6] == ("exit_group", None, None, None)
    sink.account(Account(), is_final=True)
    sink.alert(_ALERT)
    sink.close()
    sink.close()
    assert json.loads(_rows(path, "SELECT account FROM runs")[0][0])["event"] == "audit.account"
    alerts = _rows(path, "SELECT rule, function, value, events FROM alerts")
    assert alerts == [("many", "count", 3, 3)]
    assert sink.failed == 0


def test_runs_are_told_apart_and_indices_used(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    for _ in range(2):
        sink = SqliteSink(str(path), CLOCK)
        sink.write(batch_of(call("getpid"), call("getuid")))
        sink.close()
    assert _rows(path, "SELECT run, count(*) FROM events GROUP BY run") == [(1, 2), (2, 2)]
    for column in ("time", "event", "tgid", "path"):
        plan = _rows(path, f"EXPLAIN QUERY PLAN SELECT * FROM events WHERE {column} = 1")
        assert f"events_{column}" in plan[0][3]
    assert _rows(path, "PRAGMA journal_mode") == [("wal",)]


def test_it_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    sink = SqliteSink(str(path), CLOCK)
    sink.write(batch_of(call("getpid")))
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM events").fetchone() == (1,)
        sink.write(batch_of(call("getpid"), call("getpid")))
        assert reader.execute("SELECT count(*) FROM events").fetchone() == (1,)
        reader.execute("COMMIT")
        assert reader.execute("SELECT count(*) FROM events").fetchone() == (3,)
    sink.close()
    assert sink.failed == 0


def test_a_batch_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    sink = SqliteSink(str(path), CLOCK)
    sink.write(batch_of(call("getpid")))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        sink.write(batch_of(call("getpid"), call("getuid")))
        assert (sink.failed, sink.failure) == (2, "database is locked")
        other.execute("ROLLBACK")
    sink.write(batch_of(call("getgid")))
    sink.close()
    assert _rows(path, "SELECT event FROM events ORDER BY rowid") == [("getpid",), ("getgid",)]
    assert sink.failed == 2


def test_a_full_disk_is_counted_and_survived(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    sink = SqliteSink(str(path), CLOCK, sync=Sync.FLUSH)
    sink.write(batch_of(call("getpid")))
    sink.flush()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        sink.write(batch_of(*[opened("/" + "x" * 200) for _ in range(1000)]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert sink.failed == 1000
    assert sink.failure
    sink.write(batch_of(call("getuid")))
    sink.close()
    assert _rows(path, "SELECT event FROM events ORDER BY rowid") == [("getpid",), ("getuid",)]
    assert sink.failed == 1000


def test_what_is_no_database_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"certainly no database, and long enough to be none" * 50)
    with pytest.raises(SinkError, match=r"a.db: cannot be written: file is not a database"):
        SqliteSink(str(path), CLOCK)
    with pytest.raises(SinkError, match="unable to open database file\nhint: the directory must"):
        SqliteSink(str(tmp_path / "none" / "a.db"), CLOCK)


def test_the_account_waits_for_who_has_locked_the_database(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    sink = SqliteSink(str(path), CLOCK)
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        release = Timer(0.4, other.execute, ("COMMIT",))
        release.start()
        sink.account(Account(), is_final=True)
        release.join()
        sink.close()
        ((account,),) = other.execute("SELECT account FROM runs")
    assert json.loads(account)["is_final"] is True
