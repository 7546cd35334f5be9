"""Columns in Parquet files: what they hold, when files are complete, and full disks."""

from __future__ import annotations

import json
import os
import resource
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")

import numpy as np
import pyarrow as pa
from pyarrow import parquet as pq

from audit_batches import CLOCK, batch_of, call, catalog, opened
from audit_bytes import header, section
from seismo.audit.record.account import Account
from seismo.audit.record.batch import Batch
from seismo.audit.record.layout import FIXED, EventFlag, KernelEvent, Section
from seismo.audit.sinks import parquet
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.errors import SinkError
from seismo.audit.sinks.event_columns import COLUMNS, EventColumns
from seismo.audit.sinks.parquet import ParquetSink
from seismo.audit.sinks.settings import Rotation, Sync


class _Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def _sink(path: Path, **options: Any) -> ParquetSink:
    return ParquetSink(str(path), CLOCK, **options)


def _calls(count: int, first: int = 0) -> Batch:
    return batch_of(*[call("getpid", ret=number) for number in range(first, first + count)])


def _rets(path: Path) -> list[int]:
    found: list[int] = pq.read_table(path).column("ret").to_pylist()
    return found


@contextmanager
def _largest_file(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_numbers_are_those_of_the_record() -> None:
    big = (1 << 64) - 1
    batch = batch_of(
        call(
            "lseek", (3, big, 2), ret=-9, time_ns=5, cgroup=big, comm=b"a\xffb", uid=(1 << 32) - 1
        ),
        call("getpid", ret=1 << 40, duration_ns=77, sequence=12),
        program_id=big,
    )
    rows = EventColumns(CLOCK).of_batch(batch).drop_columns(["time"]).to_pylist()
    assert rows[0]["event"] == "lseek"
    assert (rows[0]["arg0"], rows[0]["arg1"], rows[0]["arg2"]) == (3, big, 2)
    assert (rows[0]["ret"], rows[0]["error"]) == (-9, "EBADF")
    assert (rows[0]["time_ns"], rows[0]["cgroup"], rows[0]["program_id"]) == (5, big, big)
    assert (rows[0]["uid"], rows[0]["comm"]) == ((1 << 32) - 1, "a�b")
    assert (rows[1]["ret"], rows[1]["error"]) == (1 << 40, None)
    assert (rows[1]["duration_ns"], rows[1]["sequence"]) == (77, 12)
    assert rows[1]["args"] is None


def test_the_time_is_exact() -> None:
    column = EventColumns(CLOCK, ["time"]).of_batch(batch_of(call("getpid", time_ns=7))).column(0)
    assert column.type == pa.timestamp("ns", tz="UTC")
    assert column.cast(pa.int64()).to_pylist() == [CLOCK.offset_ns + 7]


def test_texts_are_dictionaries() -> None:
    rows = EventColumns(CLOCK).of_batch(_calls(100))
    for name in ("event", "comm", "error", "path", "exe"):
        assert pa.types.is_dictionary(rows.schema.field(name).type)
    assert len(rows.column("event").dictionary) == 1


def test_what_did_not_return_has_no_result() -> None:
    rows = EventColumns(CLOCK).of_batch(
        batch_of(call("exit_group", flags=EventFlag.NO_RETURN), call("read", ret=-4096))
    )
    assert rows.column("ret").to_pylist() == [None, -4096]
    assert rows.column("error").to_pylist() == [None, None]


def test_events_with_more_than_numbers_are_decoded() -> None:
    batch = batch_of(
        call("openat", (-100 & (1 << 64) - 1, 7), ret=-14),
        opened("/etc/passwd", ret=3, file="/etc/passwd"),
        opened(b"/tmp/\xff", ret=-2),
    )
    events = batch.events()
    events[2].paths["filename"] = "/chroot/tmp/\udcff"
    events[2].notes = ("container", "argument changed")
    rows = EventColumns(CLOCK).of_batch(batch).to_pylist()
    assert [one["path"] for one in rows] == [None, "/etc/passwd", "/chroot/tmp/�"]
    assert [one["file"] for one in rows] == [None, "/etc/passwd", None]
    assert rows[2]["notes"] == "container argument changed"
    assert json.loads(rows[1]["args"])["filename"] == "/etc/passwd"
    assert [one["error"] for one in rows] == ["EFAULT", None, "ENOENT"]


@pytest.mark.parametrize("family", [16, 40])
def test_ports_of_netlink_and_vsock_have_32_bits(family: int) -> None:
    address = struct.pack("=HHII", family, 0, 0xFFFF_FFFF, 2)
    record = call("bind", (3, 0x7000, 12), section(Section.SOCKADDR, address, argument=1))
    (row,) = EventColumns(CLOCK).of_batch(batch_of(record)).to_pylist()
    assert row["port"] == 0xFFFF_FFFF


def test_events_of_the_kernel_have_no_arguments() -> None:
    layout = FIXED[KernelEvent.PROCESS_EXIT]
    record = header(KernelEvent.PROCESS_EXIT) + b"\x07\0\0\0".ljust(layout.size, b"\0")
    (row,) = EventColumns(CLOCK).of_batch(batch_of(record)).to_pylist()
    assert row["event"] == "process_exit"
    assert (row["ret"], row["arg0"], row["arg5"]) == (None, None, None)
    assert json.loads(row["args"])["code"] == 7


def test_a_damaged_record_is_a_row_without_what_it_lost() -> None:
    damaged = opened("/etc/passwd")[:-20]
    batch = batch_of(opened("/a"), damaged, opened("/b"))
    rows = EventColumns(CLOCK).of_batch(batch).to_pylist()
    assert [one["path"] for one in rows] == ["/a", None, "/b"]
    assert batch.decoder.undecodable == 1


def test_owners_are_taken_as_they_come() -> None:
    def owners(batch: Batch) -> dict[str, tuple[Any, list[str]]]:
        return {"exe": (np.array([0, 1, 0]), ["/bin/cat", ""])}

    rows = EventColumns(CLOCK, ["exe", "parent"], owners).of_batch(_calls(3)).to_pylist()
    assert [one["exe"] for one in rows] == ["/bin/cat", None, "/bin/cat"]
    assert [one["parent"] for one in rows] == [None] * 3


def test_only_chosen_columns_are_written(tmp_path: Path) -> None:
    sink = _sink(tmp_path / "a.parquet", fields=["ret", "event"])
    sink.write(_calls(2))
    sink.close()
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.column_names == ["event", "ret"]
    assert tuple(COLUMNS)[:2] == ("time", "event")


def test_a_file_has_its_name_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    sink = _sink(path)
    sink.write(_calls(5))
    sink.flush()
    assert [one.name for one in tmp_path.iterdir()] == ["a.parquet.part"]
    sink.account(Account(), is_final=True)
    sink.close()
    sink.close()
    assert [one.name for one in tmp_path.iterdir()] == ["a.parquet"]
    assert _rets(path) == [0, 1, 2, 3, 4]
    assert path.stat().st_mode & 0o777 == 0o600
    metadata = pq.ParquetFile(path).metadata.metadata
    assert metadata[b"seismo.audit"] == b"1"
    assert json.loads(metadata[b"seismo.account"])["produced"] == 0
    assert (sink.failed, sink.failure) == (0, "")


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    _sink(path).close()
    with pytest.raises(
        SinkError, match=r"a.parquet: cannot be written: File exists\nhint: .*rotation"
    ):
        _sink(path)
    with pytest.raises(SinkError, match="No such file or directory\nhint: the directory"):
        _sink(tmp_path / "none" / "a.parquet")


def test_rotation_by_rows_is_exact_and_numbers_go_on(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    for first in (0, 100):
        sink = _sink(path, rotation=Rotation(max_rows=4))
        sink.write(_calls(6, first))
        sink.write(_calls(4, first + 6))
        sink.close()
        assert sink.failed == 0
    found = {one.name: _rets(one) for one in tmp_path.iterdir()}
    assert found == {
        "a-000001.parquet": [0, 1, 2, 3],
        "a-000002.parquet": [4, 5, 6, 7],
        "a-000003.parquet": [8, 9],
        "a-000004.parquet": [100, 101, 102, 103],
        "a-000005.parquet": [104, 105, 106, 107],
        "a-000006.parquet": [108, 109],
    }


def test_rotation_by_time_and_how_many_are_kept(tmp_path: Path) -> None:
    clock = _Clock()
    rotation = Rotation(max_seconds=60, keep=2)
    sink = _sink(tmp_path / "a.parquet", rotation=rotation, now=clock)
    for number in range(4):
        sink.write(_calls(1, number))
        clock.seconds += 60
        sink.flush()
    clock.seconds += 600
    sink.flush()  # nothing has come: no file
    sink.close()
    found = {one.name: _rets(one) for one in tmp_path.iterdir()}
    assert found == {"a-000003.parquet": [2], "a-000004.parquet": [3]}


def test_rotation_by_bytes(tmp_path: Path) -> None:
    sink = _sink(tmp_path / "a.parquet", rotation=Rotation(max_bytes=20_000), compression="none")
    for number in range(20):
        sink.write(_calls(200, number * 200))
    sink.close()
    files = sorted(tmp_path.iterdir())
    assert len(files) > 2
    assert [ret for one in files for ret in _rets(one)] == list(range(4000))


def test_rows_wait_in_memory_up_to_a_row_group(tmp_path: Path) -> None:
    sink = _sink(tmp_path / "a.parquet", row_group=10)
    for number in range(7):
        sink.write(_calls(4, number * 4))
    sink.close()
    metadata = pq.ParquetFile(tmp_path / "a.parquet").metadata
    sizes = [metadata.row_group(at).num_rows for at in range(metadata.num_row_groups)]
    assert (sum(sizes), max(sizes)) == (28, 10)
    assert _rets(tmp_path / "a.parquet") == list(range(28))


def test_a_full_disk_is_counted_and_survived(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    sink = _sink(path, row_group=1000, compression="none", fields=["ret", "time_ns", "sequence"])
    sink.write(_calls(1000))
    sink.flush()
    written = (tmp_path / "a.parquet.part").stat().st_size
    with _largest_file(written + 100):
        sink.write(_calls(1000, 1000))  # waits in memory
        assert (sink.failed, sink.failure) == (0, "File too large")
        sink.write(_calls(1000, 2000))
        assert sink.failed == 1000
        sink.write(_calls(10, 3000))
    sink.flush()
    sink.write(_calls(1000, 4000))
    sink.close()
    rets = _rets(path)
    assert len(rets) + sink.failed == 1000 + 1000 + 1000 + 10 + 1000
    assert rets[:2000] == list(range(2000))
    assert rets[-1000:] == list(range(4000, 5000))


def test_a_file_that_cannot_be_completed_is_lost_and_counted(tmp_path: Path) -> None:
    sink = _sink(tmp_path / "a.parquet", row_group=100)
    with _largest_file(50):
        sink.write(_calls(100))
        sink.write(_calls(7))
        sink.close()
    assert sink.failed == 107
    assert sink.failure == "File too large"
    assert [one.name for one in tmp_path.iterdir()] == ["a.parquet.part"]


def test_a_file_that_sync_says_is_damaged_is_lost_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(fd: int) -> None:
        raise OSError(5, "Input/output error")

    sink = _sink(tmp_path / "a.parquet", sync=Sync.FLUSH)
    sink.write(_calls(3))
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fails)
        sink.flush()
    sink.write(_calls(2))
    sink.flush()
    sink.close()
    assert (sink.failed, sink.failure) == (5, "Input/output error")
    assert [one.name for one in tmp_path.iterdir()] == ["a.parquet.part"]


def test_rows_with_contents_do_not_wait_for_a_whole_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_MOST_WAITING", 100_000)
    sink = _sink(tmp_path / "a.parquet")
    long = opened("/" + "x" * 3000)
    for _ in range(40):
        sink.write(batch_of(*[long] * 10))
    sink.close()
    found = pq.ParquetFile(tmp_path / "a.parquet")
    assert found.metadata.num_rows == 400
    assert found.num_row_groups > 5


def test_with_the_policy_batch_all_rows_are_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    sink = _sink(tmp_path / "a.parquet", sync=Sync.BATCH)
    part = tmp_path / "a.parquet.part"
    before = part.stat().st_size
    sink.write(_calls(100))
    assert part.stat().st_size > before
    assert len(synced) == 1
    sink.close()


def test_an_alert_is_a_row(tmp_path: Path) -> None:
    sink = _sink(tmp_path / "a.parquet")
    sink.write(_calls(1))
    sink.alert(
        Alert(
            rule="many",
            function="count",
            time_ns=9,
            start_ns=0,
            end_ns=9,
            key=(),
            value=3,
            events=3,
        )
    )
    sink.close()
    row = pq.read_table(tmp_path / "a.parquet").drop_columns(["time"]).to_pylist()[1]
    assert (row["event"], row["comm"], row["time_ns"], row["ret"]) == ("alert", "many", 9, None)
    assert json.loads(row["args"])["value"] == 3


def test_every_type_has_a_column_for_its_path() -> None:
    batch = batch_of(*[call(one.name, ret=0) for one in catalog().types if one.is_syscall])
    assert EventColumns(CLOCK).of_batch(batch).num_rows == len(batch)
