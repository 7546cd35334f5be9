"""`ParquetSink`: columns in Parquet files, for `seismo.audit.query` and anything that reads
Parquet.

A file is written as `NAME.part` and renamed when it is complete, so that whoever sees `NAME` can
read it. With rotation names are numbered: `events.parquet` gives `events-000001.parquet` and so on,
from behind those that are there. Rows are kept in memory up to a row group, or 256 MiB.
`event_columns.py` has the columns; the file's metadata has `seismo.audit` (the version of the
columns) and, in the last file of a run, `seismo.account` (JSON). Needs the extra `data`.

What a crash leaves as `NAME.part` has no footer, and Parquet cannot be read without, whatever was
synced: a rotation by time bounds what it costs.

When the disk is full, what is made of a row group already waits in memory; further rows are counted
as failed until it could be written. A file that cannot be completed at the end stays `NAME.part`,
and all of its rows are counted.
"""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Callable, Sequence
from io import FileIO
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet as pq

from seismo.audit.record.account import Account
from seismo.audit.record.batch import Batch
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.clock import WallClock
from seismo.audit.sinks.errors import SinkError, reason_of
from seismo.audit.sinks.event_columns import EventColumns, OwnerColumns
from seismo.audit.sinks.json_form import account_object
from seismo.audit.sinks.jsonl import json_line
from seismo.audit.sinks.output_file import sync_directory
from seismo.audit.sinks.settings import Rotation, Sync

__all__ = ("ParquetSink",)

_FORMAT = "1"
_DIGITS = 6
_ROW_GROUP = 262_144
_MOST_WAITING = 1 << 28
"""Bytes: rows with contents are large."""


class ParquetSink:
    """Writes rows. SinkError when the path cannot be written, or is there already.

    `owners` fills the columns of correlation; `now` is a clock in seconds.
    """

    def __init__(
        self,
        path: str,
        clock: WallClock,
        *,
        rotation: Rotation | None = None,
        sync: Sync = Sync.CLOSE,
        fields: Sequence[str] = (),
        row_group: int = _ROW_GROUP,
        compression: str = "zstd",
        owners: OwnerColumns | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.failed = 0
        self.failure = ""
        self._path = Path(path)
        self._rotation = rotation or Rotation()
        self._sync = sync
        self._columns = EventColumns(clock, fields, owners)
        self._row_group = row_group
        self._compression = compression
        self._now = now
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._waiting_bytes = 0
        self._account = ""
        self._is_closed = False
        self._files = [self._begun()]  # the one that is being written; none when there was no room

    def write(self, batch: Batch) -> None:
        if len(batch):
            self._take(self._columns.of_batch(batch))

    def alert(self, alert: Alert) -> None:
        self._take(self._columns.of_alert(alert))

    def account(self, account: Account, *, is_final: bool) -> None:
        if is_final:
            self._account = json_line(account_object(account, is_final=True))

    def flush(self) -> None:
        """Rows stay in memory, unless the policy is to sync; an old file is completed."""
        if self._sync in (Sync.FLUSH, Sync.BATCH):
            self._write_rows()
        for file in self._files:
            self._is_drained(file)
            if self._sync in (Sync.FLUSH, Sync.BATCH):
                file.sync()
        self._complete_old()

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._write_rows()
            self._complete()

    def _take(self, rows: pa.RecordBatch) -> None:
        if not self._files:
            self._begin()
        if not self._files:
            self.failed += rows.num_rows
            return
        self._waiting.append(rows)
        self._waiting_rows += rows.num_rows
        self._waiting_bytes += rows.nbytes
        rotation = self._rotation
        written = sum([file.rows for file in self._files])
        if (
            self._waiting_rows >= self._row_group
            or self._waiting_bytes >= min(rotation.max_bytes or _MOST_WAITING, _MOST_WAITING)
            or (rotation.max_rows and written + self._waiting_rows >= rotation.max_rows)
            or self._sync is Sync.BATCH
        ):
            self._write_rows()
        if self._sync is Sync.BATCH:
            for file in self._files:
                file.sync()
        self._complete_old()

    def _write_rows(self) -> None:
        """Hand what waits to files; what finds no room on the disk has failed."""
        if not self._waiting_rows:
            return
        table = pa.Table.from_batches(self._waiting).unify_dictionaries()
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0
        most = self._rotation.max_rows
        at = 0
        while at < table.num_rows:
            if not self._files:
                self._begin()
            if not self._files or not self._is_drained(self._files[0]):
                self.failed += table.num_rows - at
                return
            file = self._files[0]
            room = min(most - file.rows, self._row_group) if most else self._row_group
            part = table.slice(at, room)
            file.write(part)
            at += part.num_rows
            if self._is_drained(file) and self._is_full(file):
                self._complete()

    def _is_drained(self, file: _File) -> bool:
        if not file.drain():
            self.failure = file.failure
        return not file.is_behind

    def _is_full(self, file: _File) -> bool:
        rotation = self._rotation
        return bool(
            (rotation.max_bytes and file.size >= rotation.max_bytes)
            or (rotation.max_rows and file.rows >= rotation.max_rows)
        )

    def _complete_old(self) -> None:
        """Complete the file if its time is over, unless it has no rows."""
        most = self._rotation.max_seconds
        if not most or not self._files or self._now() - self._files[0].began < most:
            return
        if self._waiting_rows + self._files[0].rows:
            self._write_rows()
            if all(self._is_drained(file) for file in self._files):
                self._complete()

    def _complete(self) -> None:
        """Finish the file; the rows that are lost with it have failed."""
        for file in self._files:
            self.failed += file.complete({"seismo.account": self._account} if self._account else {})
            self.failure = file.failure or self.failure
        self._files = []
        self._remove_old()

    def _begin(self) -> None:
        try:
            self._files = [self._begun()]
        except SinkError as error:
            self.failure = error.why

    def _begun(self) -> _File:
        is_numbered = self._rotation != Rotation(keep=self._rotation.keep)
        path = self._numbered() if is_numbered else self._path
        try:
            if path.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            return _File(path, self._columns.schema, self._compression, self._sync, self._now())
        except OSError as error:
            why = f"cannot be written: {reason_of(error)}"
            raise SinkError(str(path), why, _hint(error)) from error

    def _names(self) -> list[tuple[int, Path]]:
        """The numbered files that are there, complete or not, by number."""
        pattern = re.compile(
            rf"{re.escape(self._path.stem)}-(\d+){re.escape(self._path.suffix)}(?:\.part)?"
        )
        try:
            found = [(pattern.fullmatch(one.name), one) for one in self._path.parent.iterdir()]
        except OSError:
            return []
        return sorted([(int(match[1]), path) for match, path in found if match])

    def _numbered(self) -> Path:
        names = self._names()
        number = names[-1][0] + 1 if names else 1
        return self._path.with_name(f"{self._path.stem}-{number:0{_DIGITS}}{self._path.suffix}")

    def _remove_old(self) -> None:
        keep = self._rotation.keep
        complete = [path for _, path in self._names() if path.suffix != ".part"]
        for path in complete[: -keep if keep else 0]:
            try:
                path.unlink()
            except OSError as error:
                self.failure = reason_of(error)


class _File:
    """One file: a writer that writes to memory, and what of it has come to the disk."""

    def __init__(
        self, path: Path, schema: pa.Schema, compression: str, sync: Sync, began: float
    ) -> None:
        self.rows = 0
        self.began = began
        self.failure = ""
        self._damage = ""
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._sync = sync
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file = FileIO(os.open(self._part, flags, 0o600), "wb")
        self._spool = _Spool()
        self._writer = pq.ParquetWriter(
            pa.PythonFile(self._spool, mode="w"),
            schema.with_metadata({"seismo.audit": _FORMAT}),
            compression=compression,
            use_dictionary=[one.name for one in schema if pa.types.is_dictionary(one.type)],
            write_statistics=True,
        )

    @property
    def size(self) -> int:
        """The bytes that it has, those that wait among them."""
        return self._spool.tell()

    @property
    def is_behind(self) -> bool:
        """Whether something could not be written yet."""
        return bool(self._spool.parts)

    def write(self, table: pa.Table) -> None:
        """A row group."""
        self._writer.write_table(table, row_group_size=table.num_rows)
        self.rows += table.num_rows

    def drain(self) -> bool:
        """Write what waits; false if it does not fit."""
        parts = self._spool.parts
        try:
            while parts:
                parts[0] = parts[0][self._file.write(parts[0]) or 0 :]
                if not parts[0]:
                    parts.pop(0)
        except OSError as error:
            self.failure = reason_of(error)
            return False
        self.failure = ""
        return True

    def sync(self) -> None:
        """Force it onto the disk. After a failure Linux takes the pages for written: what was in
        them is lost, and a file that lacks some cannot be read."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            self._damage = reason_of(error)

    def complete(self, metadata: dict[str, str]) -> int:
        """Finish it and give it its name; how many rows are lost with it, if that cannot be."""
        if metadata:
            self._writer.add_key_value_metadata(metadata)
        self._writer.close()
        is_whole = self.drain() and not self._damage
        self.failure = self.failure or self._damage
        try:
            if is_whole and self._sync is not Sync.NEVER:
                os.fsync(self._file.fileno())
            self._file.close()
            if is_whole:
                self._name()
        except OSError as error:
            self.failure = reason_of(error)
            is_whole = False
        return 0 if is_whole else self.rows

    def _name(self) -> None:
        self._part.rename(self._path)
        if self._sync is not Sync.NEVER:
            sync_directory(self._path)


class _Spool:
    """What the writer takes for its file."""

    def __init__(self) -> None:
        self.parts: list[memoryview] = []
        self.closed = False
        self._at = 0

    def write(self, data: Any) -> int:
        """Keep a copy of the bytes."""
        kept = memoryview(bytes(data))
        if len(kept):
            self.parts.append(kept)
        self._at += len(kept)
        return len(kept)

    def tell(self) -> int:
        """How many bytes there were."""
        return self._at

    def flush(self) -> None:
        """There is nothing to do."""

    def close(self) -> None:
        """Nothing more comes."""
        self.closed = True


def _hint(error: OSError) -> str:
    match error.errno:
        case errno.ENOENT:
            return "the directory must be there"
        case errno.EEXIST:
            return (
                "the file, or its .part, is there: give another path, or a rotation, which numbers"
            )
    return "give another path"
