"""Settings to sinks; several sinks as one; sinks that take some events only."""

from __future__ import annotations

import builtins
import io
import json
from pathlib import Path
from typing import Any

import pytest

from audit_batches import batch_of, call, opened, surroundings
from seismo.audit.record.account import Account
from seismo.audit.record.batch import Batch
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.errors import SinkError
from seismo.audit.sinks.open import open_sink
from seismo.audit.sinks.settings import SINK_TYPES, Rotation, SinkSettings
from seismo.audit.sinks.tee import Tee


class _Broken:
    """A sink whose `write` and `alert` fail, and whose reader has gone."""

    failed = 5
    failure = "gone"
    is_closed = False

    def write(self, batch: Batch) -> None:
        """Takes nothing."""

    def alert(self, alert: Alert) -> None:
        """Takes nothing."""

    def account(self, account: Account, *, is_final: bool) -> None:
        """Takes nothing."""

    def flush(self) -> None:
        """Does nothing."""

    def close(self) -> None:
        self.is_closed = True
        raise BrokenPipeError(32, "Broken pipe")


def _opened(type_: str, path: Path | str = "", **more: Any) -> Any:
    return open_sink(SinkSettings(type=type_, path=str(path), **more), surroundings())


def test_every_type_can_be_opened(tmp_path: Path) -> None:
    for name in ("jsonl", "parquet", "sqlite", "table", "traceleft", "unix"):
        sink = _opened(name, tmp_path / name)
        sink.write(batch_of(call("getpid")))
        sink.flush()
        sink.close()
        assert sink.failed == 0
    for name in ("syslog", "journald"):
        with pytest.raises(SinkError, match=f"output {name}: cannot connect"):
            _opened(name, tmp_path / "none")
    assert set(SINK_TYPES) == {
        *("jsonl", "parquet", "sqlite", "table", "traceleft", "unix", "syslog", "journald")
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"type": "jsnol"}, "there is no such type of output\nhint: did you mean 'jsonl'?"),
        ({"type": "jsonl", "fields": ("comm", "rett")}, "no key 'rett'\nhint: did you mean 'ret'?"),
        ({"type": "table", "fields": ("pidd",)}, "no column 'pidd'\nhint: did you mean 'pid'?"),
        ({"type": "table", "options": {"colour": "never"}}, "option 'colour'\nhint: .*'color'"),
        ({"type": "table", "options": {"color": "red"}}, "there is no color 'red'"),
        ({"type": "parquet"}, "it needs a path"),
        ({"type": "unix", "path": "-"}, "it needs a path"),
        ({"type": "sqlite", "path": "x", "fields": ("ret",)}, "its fields are fixed"),
        ({"type": "sqlite", "path": "x", "rotation": Rotation(max_bytes=1)}, "no files that could"),
        ({"type": "table", "rotation": Rotation(max_bytes=1)}, "output cannot be rotated"),
        ({"type": "parquet", "path": "x", "options": {"row_group": 0}}, "whole number from 1 on"),
        ({"type": "parquet", "path": "x", "options": {"compression": "zip"}}, "compression 'zip'"),
        (
            {"type": "parquet", "path": "x", "fields": ("events",)},
            "column 'events'.*\nhint.*'event'",
        ),
        ({"type": "traceleft", "fields": ("ret",)}, "its fields are fixed"),
        *[({"type": name, "path": "a\0b"}, "no path has a NUL") for name in SINK_TYPES],
    ],
)
def test_wrong_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SinkError, match=message):
        open_sink(SinkSettings(**settings), surroundings())


def test_parquet_without_pyarrow_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "seismo.audit.sinks.event_columns":
            raise ModuleNotFoundError("No module named 'pyarrow'", name="pyarrow")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SinkError, match=r"not there: pyarrow\nhint: pip install 'seismo\[data\]'"):
        _opened("parquet", "/x")


def test_an_output_may_take_some_events_only() -> None:
    out = io.BytesIO()
    settings = SinkSettings(type="jsonl", events=("openat", "getp*"), fields=("event",))
    sink = open_sink(settings, surroundings(out))
    sink.write(batch_of(call("getpid"), call("close"), opened("/x"), call("getuid")))
    sink.write(batch_of(call("close")))
    names = [json.loads(line)["event"] for line in out.getvalue().splitlines()]
    assert names == ["getpid", "openat"]


def test_a_tee_writes_to_all_and_closes_all(tmp_path: Path) -> None:
    out = io.BytesIO()
    first = open_sink(SinkSettings(type="jsonl"), surroundings(out))
    broken = _Broken()
    last = _opened("jsonl", tmp_path / "log")
    tee = Tee([first, broken, last])
    tee.write(batch_of(call("getpid")))
    tee.account(Account(), is_final=False)
    tee.flush()
    assert (tee.failed, tee.failure) == (5, "gone")
    with pytest.raises(BrokenPipeError):
        tee.close()
    assert broken.is_closed
    assert (tmp_path / "log").read_bytes() == out.getvalue()
    assert out.getvalue().count(b"\n") == 1
