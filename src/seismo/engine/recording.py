"""Recordings: what came by on a real kernel, in a file that people can read and compare.

A line of JSON each; compressed where the file's name ends in `.gz`:

    {"seismo": "recording", "version": 1, "machine": "x86_64", "cpus": 2, …, "probes": [PATTERN …]}
    {"format": "sched:sched_process_exit", "fields": [[NAME, TYPE, OFFSET, SIZE, SIGNED] …]}
    {"at": "tracepoint:syscalls:sys_enter_close", "ns": 1, "cpu": 0, "pid": 7, …, "args": {"fd": 3}}
    {"end": {"produced": 1, "recorded": 1, "lost": 0, "unread": 0}}

Formats stand for tracepoints that `system_call_places` does not know, or knows differently. Text is
UTF-8; a byte that is none is the escape of a lone surrogate (`\\udc80`), as `surrogateescape` has
it, so it comes back as it was. What is not text at all is `{"hex": "00ff"}`.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, cast

from seismo.base.dataclass import dataclass, field
from seismo.base.errors import BpfError
from seismo.engine.checks import MOST_CPUS, check_format, fits, number, numbers, text
from seismo.engine.hit import Hit, Value
from seismo.probes.format import FormatField, TracepointFormat
from seismo.vm.environment import Task

__all__ = (
    "Accounts",
    "Header",
    "Recording",
    "RecordingError",
    "RecordingWriter",
    "read_recording",
    "writing_stream",
)

_VERSION = 1
_COMPRESSED = ".gz"
_U32, _MOST_NS = 1 << 32, 1 << 63
_LEVEL = 6  # gzip's own; Python's is 9, which takes three times as long for 2 % less


class RecordingError(BpfError):
    """A file that is no recording, or a line of it that means nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where and how a recording was made. `wall_offset_ns` added to a hit's time gives the wall
    clock's. `probes` are attach points and wildcards: a place that one of them names was recorded,
    though nothing may have come by."""

    machine: str
    release: str
    cpus: int
    wall_offset_ns: int
    probes: tuple[str, ...]
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Counts of hits: `produced` by the kernel = `recorded` + `lost`; and of strings that could not
    be read (`unread`), whose pointers stand in their place."""

    produced: int
    recorded: int
    lost: int
    unread: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A file that was read. Without `accounts` it was cut short: what was read of it is here."""

    header: Header
    hits: tuple[Hit, ...]
    formats: Mapping[str, TracepointFormat] = field(default_factory=dict)
    accounts: Accounts | None = None


class RecordingWriter:
    """Writes a recording line by line to a binary stream, which stays the caller's to close."""

    def __init__(self, stream: BinaryIO, header: Header) -> None:
        self._stream = stream
        self.count = 0
        """How many hits were written."""
        self._write(
            {
                "seismo": "recording",
                "version": _VERSION,
                **{name: getattr(header, name) for name in Header.__annotations__},
            }
        )

    def format(self, one: TracepointFormat) -> None:
        """Say how a tracepoint lays its fields out."""
        names = FormatField.__annotations__
        fields = [[getattr(each, name) for name in names] for each in one.fields]
        self._write({"format": f"{one.category}:{one.name}", "fields": fields})

    def hit(self, hit: Hit) -> None:
        """Write one hit."""
        task = hit.task
        line: dict[str, Any] = {
            "at": hit.at,
            "ns": hit.ns,
            "cpu": hit.cpu,
            "pid": task.pid,
            "tid": task.tid,
            "uid": task.uid,
            "gid": task.gid,
            "comm": task.comm.decode("utf-8", "surrogateescape"),
            "cgroup": task.cgroup_id,
            "args": {name: _plain(value) for name, value in hit.arguments.items()},
        }
        if hit.kernel_stack:
            line["kstack"] = hit.kernel_stack
        if hit.user_stack:
            line["ustack"] = hit.user_stack
        self._write(line)
        self.count += 1

    def end(self, accounts: Accounts) -> None:
        """Write the last line."""
        counts = {name: getattr(accounts, name) for name in Accounts.__annotations__}
        self._write({"end": counts})

    def _write(self, line: dict[str, Any]) -> None:
        words = json.dumps(line, ensure_ascii=False, separators=(", ", ": "))
        # Of a lone surrogate `backslashreplace` makes just the escape that JSON has for it.
        self._stream.write(f"{words}\n".encode("utf-8", "backslashreplace"))


def writing_stream(stream: BinaryIO, path: str) -> BinaryIO:
    """What to write into so that `stream` gets a file as its name wants it, perhaps compressed; to
    be closed before the stream. The same recording makes the same bytes: no time, no name."""
    if not path.endswith(_COMPRESSED):
        return stream
    compressed = gzip.GzipFile("", "wb", _LEVEL, stream, mtime=0)
    return cast(BinaryIO, compressed)


def read_recording(path: str) -> Recording:
    """Read a file; one that was cut short is read as far as it goes. Raises `RecordingError`, with
    the line, for what is no recording."""
    reader = _Reader(path)
    try:
        with gzip.open(path, "rb") if path.endswith(_COMPRESSED) else open(path, "rb") as stream:
            reader.read(_whole_lines(cast(BinaryIO, stream)))
    except gzip.BadGzipFile as error:
        raise RecordingError(f"{path}: {error}") from None
    except OSError as error:
        raise RecordingError(f"cannot read the recording {path}: {error.strerror}") from None
    return reader.recording()


def _whole_lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines that end, of a compressed file those before the place where it breaks off."""
    try:
        for line in stream:
            if line.endswith(b"\n"):
                yield line
    except (EOFError, zlib.error):
        return


class _Reader:
    """Takes the lines of one file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._header: Header | None = None
        self._formats: dict[str, TracepointFormat] = {}
        self._hits: list[Hit] = []
        self._accounts: Accounts | None = None
        self._places: dict[str, str] = {}

    def read(self, lines: Iterable[bytes]) -> None:
        for count, line in enumerate(lines, 1):
            try:
                self._take(json.loads(line))
            except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
                what = f"{type(error).__name__}: {error}"
                message = f"{self._path}:{count}: this is no line of a recording ({what})"
                hint = "`seismo record -o FILE` makes recordings"
                raise RecordingError(f"{message}\nhint: {hint}") from error

    def recording(self) -> Recording:
        if self._header is None:
            raise RecordingError(
                f"{self._path}: it is empty\nhint: was the recorder ended at once?"
            )
        return Recording(
            header=self._header,
            hits=tuple(sorted(self._hits, key=lambda hit: hit.ns)),
            formats=self._formats,
            accounts=self._accounts,
        )

    def _take(self, line: dict[str, Any]) -> None:
        if self._header is None:
            self._header = self._read_header(line)
        elif "at" in line:
            self._hits.append(self._hit(line))
        elif "format" in line:
            category, name = line["format"].split(":")
            fields = tuple([_field(one) for one in line["fields"]])
            told = TracepointFormat(category, name, fields)
            check_format(told)
            self._formats[line["format"]] = told
        else:
            counts = line["end"]
            self._accounts = Accounts(**{name: number(counts, name) for name in counts})

    def _read_header(self, line: dict[str, Any]) -> Header:
        if line["seismo"] != "recording":
            raise ValueError(f"it is a {line['seismo']}")
        if line["version"] != _VERSION:
            found = f"it is of version {line['version']} of the format"
            raise RecordingError(f"{self._path}: {found}, and this seismo reads {_VERSION}")
        probes = line["probes"]
        if not isinstance(probes, list) or not all(isinstance(one, str) for one in probes):
            raise ValueError("probes must be a list of attach points")
        if not number(line, "cpus", MOST_CPUS + 1):
            raise ValueError("there must be a processor")
        return Header(
            machine=text(line, "machine"),
            release=text(line, "release"),
            cpus=line["cpus"],
            wall_offset_ns=number(line, "wall_offset_ns"),
            probes=tuple(probes),
            command=text(line, "command"),
        )

    def _hit(self, line: dict[str, Any]) -> Hit:
        assert self._header is not None, "it is the first line"
        at = text(line, "at")
        return Hit(
            at=self._places.setdefault(at, at),
            ns=number(line, "ns", _MOST_NS),
            cpu=number(line, "cpu", self._header.cpus),
            task=Task(
                pid=number(line, "pid", _U32),
                tid=number(line, "tid", _U32),
                uid=number(line, "uid", _U32),
                gid=number(line, "gid", _U32),
                comm=text(line, "comm").encode("utf-8", "surrogateescape"),
                cgroup_id=number(line, "cgroup"),
            ),
            arguments={name: _value(value) for name, value in line["args"].items()},
            kernel_stack=numbers(line, "kstack"),
            user_stack=numbers(line, "ustack"),
        )


def _field(row: list[Any]) -> FormatField:
    told = dict(zip(FormatField.__annotations__, row, strict=True))
    return FormatField(
        name=text(told, "name"),
        c_type=text(told, "c_type"),
        offset=number(told, "offset"),
        size=number(told, "size"),
        signed=bool(told["signed"]),
    )


def _plain(value: Value) -> Any:
    """A value as JSON has it."""
    match value:
        case bytes():
            return {"hex": value.hex()}
        case tuple():
            return [_plain(one) for one in value]
        case _:
            return value


def _value(value: Any) -> Value:
    """The same back."""
    match value:
        case {"hex": str(digits)}:
            return bytes.fromhex(digits)
        case list() if all(isinstance(one, int) for one in value) and fits(value):
            return tuple(value)
        case list() if all(isinstance(one, str | dict) for one in value):
            return cast(Value, tuple([_value(one) for one in value]))
        case str():
            return value
        case int() if fits((value,)):
            return value
        case _:
            raise ValueError(f"{value!r} is no value of an argument")
