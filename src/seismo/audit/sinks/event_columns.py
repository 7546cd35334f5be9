"""A batch as an Arrow record batch: one row an event, numbers by numpy, texts as dictionaries.

Needs numpy and pyarrow (the extra `data`), so it is imported only where Parquet is written. What
the header and the arguments' numbers say takes no work in Python for a single event. Only events
with sections, and those of the kernel, are decoded, and only for the columns of `DECODED`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from seismo.audit.catalog.constants import errno_name
from seismo.audit.record.batch import Batch
from seismo.audit.record.event import AuditEvent
from seismo.audit.record.layout import COMPAT, HEADER, SYSCALL, TYPES, EventFlag
from seismo.audit.rules.fields import ABSENT, Getter, field_getter
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.clock import WallClock
from seismo.audit.sinks.json_form import alert_object, json_value
from seismo.audit.sinks.jsonl import json_line

__all__ = ("COLUMNS", "DECODED", "EventColumns", "OwnerColumns")

_SIZE = HEADER.size + SYSCALL.size
_KERNEL_FROM = 2 * COMPAT
_MOST_ERROR = 4095  # include/linux/err.h: MAX_ERRNO
_TEXT = pa.dictionary(pa.int32(), pa.string())
_TIME = pa.timestamp("ns", tz="UTC")

_NUMBERS: dict[str, pa.DataType] = {
    "time_ns": pa.uint64(),
    "duration_ns": pa.uint64(),
    "sequence": pa.uint64(),
    "start_ns": pa.uint64(),
    "cgroup": pa.uint64(),
    "flags": pa.uint16(),
    "cpu": pa.uint16(),
    "tgid": pa.uint32(),
    "tid": pa.uint32(),
    "ppid": pa.uint32(),
    "uid": pa.uint32(),
    "gid": pa.uint32(),
    "mntns": pa.uint32(),
}
_ARGUMENTS = tuple([f"arg{number}" for number in range(6)])
_OWNERS = ("exe", "container", "parent")
_DECODED_TYPES: dict[str, pa.DataType] = {
    "path": _TEXT,
    "path2": _TEXT,
    "file": _TEXT,
    "address": _TEXT,
    "port": pa.uint32(),  # those of AF_VSOCK and AF_NETLINK have 32 bits
    "notes": _TEXT,
    "args": pa.string(),
}
DECODED = tuple(_DECODED_TYPES)
"""Columns that need decoded events: path arguments, absolute where correlation made them so; the
path of the opened file or the descriptor; the socket's other end; notes; all fields as JSON."""

COLUMNS: dict[str, pa.DataType] = {
    "time": _TIME,
    "event": _TEXT,
    "comm": _TEXT,
    "ret": pa.int64(),  # null: no system call, or one that did not return
    "error": _TEXT,  # null: no error
    "program_id": pa.uint64(),
    "session_id": pa.uint64(),
    **_NUMBERS,
    **dict.fromkeys(_ARGUMENTS, pa.uint64()),  # null: no system call
    **dict.fromkeys(_OWNERS, _TEXT),  # by `owners`, such as correlate.attribution.Owners; else null
    **_DECODED_TYPES,
}
"""All columns and their types, in their order."""

_PREFIX = np.dtype(
    {
        "names": [*[one.name for one in HEADER.fields if one.name != "pad"], "args"],
        "formats": [
            *[
                f"{'i' if getattr(one.type, 'signed', False) else 'u'}{one.type.size}"
                if one.name != "comm"
                else "S16"
                for one in HEADER.fields
                if one.name != "pad"
            ],
            ("<u8", 6),
        ],
        "offsets": [*[one.offset for one in HEADER.fields if one.name != "pad"], HEADER.size],
        "itemsize": _SIZE,
    }
)

_Rows: TypeAlias = npt.NDArray[Any]


class OwnerColumns(Protocol):
    """What correlation knows of the processes of a batch's events, as dictionaries.

    By column (`exe`, `container`, `parent`): for each event the index of its text, and the texts.
    """

    def __call__(self, batch: Batch) -> Mapping[str, tuple[npt.NDArray[Any], Sequence[str]]]: ...


class EventColumns:
    """Makes record batches of `schema`, with the columns `names`, () for all."""

    def __init__(
        self, clock: WallClock, names: Sequence[str] = (), owners: OwnerColumns | None = None
    ) -> None:
        self.names = tuple([name for name in COLUMNS if not names or name in names])
        self.schema = pa.schema([(name, COLUMNS[name]) for name in self.names])
        self._clock = clock
        self._owners = owners
        self._decoded = tuple([name for name in self.names if name in DECODED])
        self._getters: dict[str, Getter] = {
            "path": field_getter("path"),
            "path2": field_getter("path2"),
            "file": field_getter("file.path"),
            "address": field_getter("address"),
            "port": field_getter("port"),
            "notes": field_getter("notes"),
            "args": _args_text,
        }

    def of_batch(self, batch: Batch) -> pa.RecordBatch:
        """The events of a batch, but for records too short to have a header."""
        made = _Made(batch, self._clock)
        owned = self._owners(batch) if self._owners else {}
        found: dict[str, Any] = dict(self._decoded_columns(made)) if self._decoded else {}
        for name in self.names:
            if name in owned:
                codes, texts = owned[name]
                found[name] = _dictionary(codes, texts)
            elif name in _OWNERS:
                found[name] = pa.nulls(len(made.rows), _TEXT)
            elif name not in found:
                found[name] = made.column(name)
        return pa.RecordBatch.from_arrays([found[name] for name in self.names], schema=self.schema)

    def of_alert(self, alert: Alert) -> pa.RecordBatch:
        """An alert as a row: `event` is `alert`, `comm` the rule, `args` all of it as JSON."""
        values: dict[str, Any] = dict.fromkeys(self.names)
        row = {
            "time": self._clock.wall_ns(alert.time_ns),
            "time_ns": alert.time_ns,
            "event": "alert",
            "comm": alert.rule,
            "args": json_line(alert_object(alert, self._clock)),
        }
        values.update({name: value for name, value in row.items() if name in values})
        arrays = [_single(values[name], COLUMNS[name]) for name in self.names]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _decoded_columns(self, made: _Made) -> Mapping[str, Any]:
        """The columns of DECODED: null for what is not decoded, or does not have it."""
        values: dict[str, list[Any]] = {name: [None] * len(made.rows) for name in self._decoded}
        getters = [(values[name], self._getters[name]) for name in self._decoded]
        for place, event in made.decoded():
            for into, get in getters:
                value = get(event)
                if value is not ABSENT:
                    into[place] = value
        return {name: _texts(values[name], COLUMNS[name]) for name in self._decoded}


class _Made:
    """A batch's numbers."""

    def __init__(self, batch: Batch, clock: WallClock) -> None:
        records = batch.records
        if any(len(one) < HEADER.size for one in records):
            records = [one for one in records if len(one) >= HEADER.size]
        self.records = records
        self.rows = _rows_of(records)
        self._batch = batch
        self._clock = clock
        self._types = self.rows["type"]
        self._is_call = self._types < _KERNEL_FROM
        self._has_returned = self._is_call & (self.rows["flags"] & EventFlag.NO_RETURN == 0)

    def column(self, name: str) -> Any:
        """One that needs no decoding."""
        if name in _NUMBERS:
            return pa.array(np.ascontiguousarray(self.rows[name]), _NUMBERS[name])
        if name in _ARGUMENTS:
            number = np.ascontiguousarray(self.rows["args"][:, _ARGUMENTS.index(name)])
            return _with_nulls(number, self._is_call)
        if name in ("program_id", "session_id"):
            return pa.array(np.ascontiguousarray(self._ids()[:, int(name == "session_id")]))
        return _OTHERS[name](self)

    def decoded(self) -> list[tuple[int, AuditEvent]]:
        """The events that are more than numbers, with their places."""
        lengths = np.fromiter(map(len, self.records), np.int64, len(self.records))
        is_more = (lengths > _SIZE) | ~self._is_call
        wanted = set(np.unique(self._types[is_more]).tolist())
        if not wanted:
            return []
        is_wanted = np.zeros(1 << 16, np.bool_)
        is_wanted[list(wanted)] = True
        places = np.flatnonzero(is_wanted[self._types]).tolist()
        events = iter(self._batch.select(wanted).events())
        found: list[tuple[int, AuditEvent]] = []
        event = next(events, None)
        for place in places:
            # Damaged records have no event.
            if event is not None and event.data is self.records[place]:
                if is_more[place]:
                    found.append((place, event))
                event = next(events, None)
        return found

    def time(self) -> Any:
        """Time of day."""
        wall = self.rows["time_ns"].astype(np.int64) + self._clock.offset_ns
        return pa.array(wall).cast(_TIME)

    def event(self) -> Any:
        """Names of the types."""
        numbers, codes = _unique(self._types, TYPES)
        by_id = self._batch.decoder.catalog.by_id
        return _dictionary(codes, [by_id(number).name for number in numbers])

    def comm(self) -> Any:
        """Names of threads; a byte that is no UTF-8 is U+FFFD."""
        data = np.ascontiguousarray(self.rows["comm"])
        fixed = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(16), len(data), [None, pa.py_buffer(data)]
        )
        encoded = fixed.dictionary_encode()
        texts = [
            one.as_py().split(b"\0")[0].decode("utf-8", "replace") for one in encoded.dictionary
        ]
        return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(texts, pa.string()))

    def ret(self) -> Any:
        """What calls returned."""
        return _with_nulls(np.ascontiguousarray(self.rows["ret"]), self._has_returned)

    def error(self) -> Any:
        """Names of errors."""
        ret = self.rows["ret"]
        is_error = self._has_returned & (ret < 0) & (ret >= -_MOST_ERROR)
        numbers, codes = _unique(np.where(is_error, -ret, 0).astype(np.uint16), _MOST_ERROR + 1)
        names = [errno_name(-number) if number else "" for number in numbers]
        return _dictionary(codes, names, is_there=is_error)

    def _ids(self) -> _Rows:
        """Program and session ids, looked up once for each handler and type."""
        keys = self.rows["handler"].astype(np.uint32) << 16 | self._types
        unique, back = np.unique(keys, return_inverse=True)
        ids = self._batch.handlers.ids
        pairs = [ids(key >> 16, key & 0xFFFF) for key in unique.tolist()]
        return np.array(pairs, np.uint64).reshape(-1, 2)[back]


_OTHERS: dict[str, Callable[[_Made], Any]] = {
    "time": _Made.time,
    "event": _Made.event,
    "comm": _Made.comm,
    "ret": _Made.ret,
    "error": _Made.error,
}


def _rows_of(records: list[bytes]) -> _Rows:
    """Headers and the six arguments; of the kernel's events the latter mean nothing."""
    data = b"".join(records)
    if len(data) != _SIZE * len(records) or set(map(len, records)) != {_SIZE}:
        data = b"".join([one[:_SIZE].ljust(_SIZE, b"\0") for one in records])
    return np.frombuffer(data, _PREFIX)


def _unique(values: _Rows, most: int) -> tuple[list[int], _Rows]:
    """The values that there are, all below 65536, and each one's place among them."""
    counts = np.bincount(values, minlength=most)
    there = np.flatnonzero(counts)
    places = np.zeros(len(counts), np.int32)
    places[there] = np.arange(len(there), dtype=np.int32)
    return there.tolist(), places[values]


def _dictionary(codes: _Rows, texts: Sequence[str], *, is_there: _Rows | None = None) -> Any:
    """A column of texts by their numbers; null for '' and where it is not there."""
    clean = [_clean(text) for text in texts]
    empty = np.array([not text for text in texts], np.bool_)
    is_null = empty[codes] if is_there is None and empty.any() else None
    if is_there is not None:
        is_null = ~is_there
    indices = pa.array(np.asarray(codes, np.int32), pa.int32(), mask=is_null)
    return pa.DictionaryArray.from_arrays(indices, pa.array(clean, pa.string()))


def _with_nulls(values: _Rows, is_there: _Rows) -> Any:
    return pa.array(values) if is_there.all() else pa.array(values, mask=~is_there)


def _texts(values: list[Any], type_: pa.DataType) -> Any:
    """A column of decoded values."""
    if type_ == COLUMNS["port"]:
        return pa.array(values, type_)
    try:
        column = pa.array(values, pa.string())
    except UnicodeEncodeError:
        column = pa.array([None if one is None else _clean(one) for one in values], pa.string())
    return column.dictionary_encode() if type_ == _TEXT else column


def _clean(text: str) -> str:
    """Bytes that are no UTF-8 as U+FFFD: Arrow has no other texts."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _single(value: Any, type_: pa.DataType) -> Any:
    if type_ == _TEXT:
        return pa.array([value], pa.string()).dictionary_encode()
    return pa.array([value], type_)


def _args_text(event: AuditEvent) -> str:
    values = event.values
    return json_line({name: json_value(value) for name, value in values.items()})
