"""Outputs and rules over what the kernel really sends: as many rows as things were done."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from seismo.audit.catalog.build import audit_catalog
from seismo.audit.config.model import Config
from seismo.audit.config.resolve import LivePlaces
from seismo.audit.program.compile import compile_audit
from seismo.audit.program.generate import generate
from seismo.audit.program.rule_c import map_names
from seismo.audit.record.account import Account
from seismo.audit.rules.aggregator import Aggregator
from seismo.audit.rules.channels import Channels, RuleSink
from seismo.audit.rules.kernel import kernel_rules
from seismo.audit.rules.kernel_counts import CountReader
from seismo.audit.rules.model import Rules
from seismo.audit.rules.parse import parse_rules
from seismo.audit.sinks.open import Surroundings, open_sink
from seismo.audit.sinks.settings import SinkSettings
from seismo.audit.sinks.sink import Sink
from seismo.audit.sinks.tee import Tee
from seismo.audit.tracer.probe import Probe
from seismo.audit.tracer.stream import Stream
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.views import LiveView

pytestmark = pytest.mark.kernel

_OPENS = """
import os, sys
os.write(1, b"r")
os.read(0, 1)
for number in range(120):
    os.close(os.open(sys.argv[1], os.O_RDONLY))
for number in range(30):
    try:
        os.open(sys.argv[1] + "/none", os.O_RDONLY)
    except OSError:
        pass
for number in range(7):
    os.getppid()
"""


def _traced(
    kernel: LiveKernel, path: Path, rules: Rules, use: Callable[[Stream, Any], None]
) -> Account:
    """Run the child, traced, and let `use` take the stream when it has ended."""
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        catalog = audit_catalog(view)
        made = generate(Config(), LivePlaces(kernel), kernel_rules(rules.rules))
        audit = compile_audit(view, filters=made.text)
        with Stream(Probe(kernel, audit, catalog, tracefs), kernel) as stream:
            stream.start()
            command = [sys.executable, "-S", "-c", _OPENS, str(path)]
            with subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
            ) as child:
                assert child.stdin is not None
                assert child.stdout is not None
                assert child.stdout.read(1) == b"r"  # Python is up
                stream.probe.register_handler(9, pid=child.pid, events=["openat", "getppid"])
                child.stdin.write(b"g")
            assert child.returncode == 0
            use(stream, catalog)
            return stream.account()


def _outputs(kernel: LiveKernel, tmp_path: Path, target: Path) -> dict[str, str]:
    """The paths of what each kind of output has made of one run of the child."""
    found: dict[str, str] = {}

    def use(stream: Stream, catalog: Any) -> None:
        with (tmp_path / "stdout").open("wb") as stdout:
            around = Surroundings(catalog=catalog, stdout=stdout)
            kinds = ("jsonl", "traceleft", "table", "parquet", "sqlite")
            paths = {kind: str(tmp_path / f"out.{kind}") for kind in kinds}
            sinks: list[Sink] = [
                open_sink(SinkSettings(type=kind, path=paths[kind]), around) for kind in kinds
            ]
            tee = Tee(sinks)
            tee.write(stream.shown(stream.finish()))
            tee.account(stream.account(), is_final=True)
            tee.close()
            assert (tee.failed, tee.failure) == (0, "")
            found.update(paths)

    account = _traced(kernel, target, Rules(), use)
    assert account.is_exact, account.text()
    return found


def test_every_output_has_every_event(kernel: LiveKernel, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    read_table = pytest.importorskip("pyarrow.parquet").read_table
    target = tmp_path / "target"
    target.write_bytes(b"")
    found = _outputs(kernel, tmp_path, target)
    lines = [json.loads(line) for line in Path(found["jsonl"]).read_text().splitlines()]
    events, last = lines[:-1], lines[-1]
    assert last["event"] == "audit.account"
    assert last["delivered"] == len(events)
    mine = Counter(
        (one["event"], one["args"].get("filename"), one.get("error"))
        for one in events
        if str(one["args"].get("filename", target)).startswith(str(target))
    )
    assert mine == {
        ("openat", str(target), None): 120,
        ("openat", f"{target}/none", "ENOTDIR"): 30,
        ("getppid", None, None): 7,
    }
    table = read_table(found["parquet"]).drop_columns(["time"]).to_pylist()
    expected = Counter((one["event"], one["args"].get("filename"), one["ret"]) for one in events)
    assert Counter((one["event"], one["path"], one["ret"]) for one in table) == expected
    with closing(sqlite3.connect(found["sqlite"])) as database:
        rows = database.execute("SELECT event, path, ret FROM events").fetchall()
    assert Counter(rows) == expected
    hashes = Counter(
        line.split(" hash ")[1].split()[0]
        for line in Path(found["traceleft"]).read_text().splitlines()
        if f'Filename "{target}/none"' in line
    )
    assert list(hashes.values()) == [30]
    shown = Path(found["table"]).read_text()
    assert shown.count(" ENOTDIR ") == 30
    assert shown.count(f"-> {target}\n") == 120


def test_the_kernel_counts_what_user_space_counts(kernel: LiveKernel, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"")
    rule = {
        "name": "opens",
        "events": ["openat", "getppid"],
        "where": "uid = 0",
        "by": ["event", "ret", "pid"],
    }
    told: list[dict[Any, Any]] = []
    with Tracefs(kernel) as tracefs:
        catalog = audit_catalog(LiveView(kernel, tracefs))

    def rows(alerts: Any) -> dict[Any, Any]:
        values = [(dict(one.key), one.value) for one in alerts]
        assert len({one["pid"] for one, _ in values}) == 1
        return {(one["event"], one["ret"]): count for one, count in values if one["ret"] < 0} | {
            "opened": sum(n for one, n in values if one["event"] == "openat" and one["ret"] >= 0),
            "parents": sum(n for one, n in values if one["event"] == "getppid"),
        }

    def in_kernel(stream: Stream, _: Any) -> None:
        planned = kernel_rules(counted.rules)
        maps = {0: [stream.probe.maps[name] for name in map_names(planned[0])]}
        names = {one.id: one.name for one in catalog.types}
        aggregator = Aggregator(counted.rules)
        assert stream.shown(stream.finish()).events() == []
        reader = CountReader(planned, maps, names)
        alerts = reader.hand_over(aggregator, time.monotonic_ns(), is_final=True)
        told.append(rows(alerts + aggregator.finish()))

    def in_user_space(stream: Stream, _: Any) -> None:
        aggregator = Aggregator(plain.rules)
        alerts = aggregator.take(stream.shown(stream.finish()))
        told.append(rows(alerts + aggregator.finish()))

    counted = parse_rules([{**rule, "counted_only": True}], catalog)
    plain = parse_rules([rule], catalog)
    account = _traced(kernel, target, counted, in_kernel)
    assert account.is_exact, account.text()
    assert account.filtered == 120 + 30 + 7 + 1  # and that the child has ended
    _traced(kernel, target, plain, in_user_space)
    assert told[0] == told[1]
    assert told[0]["opened"] == 120
    assert told[0]["parents"] == 7
    assert told[0]["openat", -20] == 30


def test_alerts_come_while_events_do(kernel: LiveKernel, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"")
    with Tracefs(kernel) as tracefs:
        catalog = audit_catalog(LiveView(kernel, tracefs))
    rules = parse_rules(
        [
            {
                "name": "failing",
                "events": ["openat"],
                "where": f'error = ENOTDIR and path = "{target}/none"',
                "by": "pid",
                "when": ">= 30",
                "output": {"channel": "text", "format": "{value} of {path}"},
            }
        ],
        catalog,
        channels=[{"id": "text", "type": "file", "path": str(tmp_path / "alerts")}],
    )

    def use(stream: Stream, catalog: Any) -> None:
        with (tmp_path / "stdout").open("wb") as stdout:
            around = Surroundings(catalog=catalog, stdout=stdout)
            sink = RuleSink(Aggregator(rules.rules), Channels(rules, around))
            sink.write(stream.shown(stream.finish()))
            assert (tmp_path / "alerts").read_text() == f"30 of {target}/none\n"
            sink.close()

    _traced(kernel, target, Rules(), use)
    assert (tmp_path / "alerts").read_text() == f"30 of {target}/none\n"
