"""`open_sink`: an output's settings to the sink that is opened for it.

>>> sink = open_sink(SinkSettings(type="jsonl", path="audit.jsonl"), Surroundings(catalog))
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, BinaryIO, Protocol

from seismo.audit.catalog.model import EventType
from seismo.audit.sinks.clock import WallClock, wall_clock
from seismo.audit.sinks.errors import SinkError
from seismo.audit.sinks.json_form import JSON_KEYS
from seismo.audit.sinks.jsonl import JsonFormat
from seismo.audit.sinks.output_file import LineOutput, OutputFile, OutputStream
from seismo.audit.sinks.settings import SINK_TYPES, Rotation, SinkSettings
from seismo.audit.sinks.sink import Sink
from seismo.audit.sinks.table import TABLE_COLUMNS, TableFormat
from seismo.audit.sinks.tee import Chosen
from seismo.audit.sinks.text import LineFormat, TextSink
from seismo.audit.sinks.traceleft import TraceLeftFormat
from seismo.base.dataclass import dataclass, field
from seismo.base.diagnostics import did_you_mean

__all__ = ("EventNames", "Surroundings", "open_sink")

_OPTIONS: dict[str, tuple[str, ...]] = {
    "journald": ("tag",),
    "jsonl": (),
    "parquet": ("row_group", "compression"),
    "sqlite": (),
    "syslog": ("facility", "severity", "tag"),
    "table": ("color", "width"),
    "traceleft": (),
    "unix": ("connect", "limit_bytes", "mode"),
}
_COMPRESSIONS = ("zstd", "snappy", "none")
_COLORS = ("auto", "always", "never")


class EventNames(Protocol):
    """The catalog, as far as outputs need it."""

    def select(self, words: Iterable[str]) -> tuple[EventType, ...]:
        """The types that names, families and globs stand for; a BpfError for unknown ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What sinks are given by who opens them.

    `stdout` is the stream for outputs without a path; `owners` fills Parquet's columns of
    correlation (see event_columns.py); `environ` decides on colours (NO_COLOR).
    """

    catalog: EventNames
    stdout: BinaryIO
    clock: WallClock = field(default_factory=wall_clock)
    owners: Any = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)


def open_sink(settings: SinkSettings, around: Surroundings) -> Sink:
    """The sink, opened: SinkError when it cannot be written to, or the settings are wrong."""
    opener = _OPENERS.get(settings.type)
    if opener is None:
        hint = did_you_mean(settings.type, SINK_TYPES) or f"one of {', '.join(SINK_TYPES)}"
        raise SinkError(settings.type, "there is no such type of output", hint)
    if "\0" in settings.path:
        raise SinkError(settings.type, "no path has a NUL in it", "give another path")
    for name in settings.options:
        _check_word(settings.type, "option", name, _OPTIONS[settings.type])
    types = around.catalog.select(settings.events) if settings.events else ()
    sink = opener(settings, around)
    return Chosen(sink, [one.id for one in types]) if types else sink


def _table(settings: SinkSettings, around: Surroundings) -> Sink:
    for name in settings.fields:
        _check_word("table", "column", name, TABLE_COLUMNS)
    color = str(settings.options.get("color", "auto"))
    _check_word("table", "color", color, _COLORS)
    is_terminal = _is_stream(settings) and around.stdout.isatty()
    width = int(settings.options.get("width", 0))
    if not width and is_terminal:
        width = os.get_terminal_size(around.stdout.fileno()).columns
    is_plain = bool(around.environ.get("NO_COLOR")) or not is_terminal
    has_color = color == "always" or (color == "auto" and not is_plain)
    format_ = TableFormat(
        around.clock,
        width=width,
        has_color=has_color,
        columns=settings.fields,
        has_account=not _is_stream(settings),  # who has the terminal tells it there
    )
    return _text(settings, around, format_)


def _jsonl(settings: SinkSettings, around: Surroundings) -> Sink:
    for name in settings.fields:
        _check_word("jsonl", "key", name, JSON_KEYS)
    return _text(settings, around, JsonFormat(around.clock, fields=settings.fields))


def _traceleft(settings: SinkSettings, around: Surroundings) -> Sink:
    _refuse_fields(settings)
    return _text(settings, around, TraceLeftFormat())


def _text(settings: SinkSettings, around: Surroundings, format_: LineFormat) -> Sink:
    output: LineOutput
    if _is_stream(settings):
        if settings.rotation != Rotation():
            raise SinkError(settings.type, "standard output cannot be rotated", "give a path")
        output = OutputStream(around.stdout)
    else:
        output = OutputFile(settings.path, rotation=settings.rotation, sync=settings.sync)
    return TextSink(format_, output)


def _parquet(settings: SinkSettings, around: Surroundings) -> Sink:
    _check_path(settings)
    try:
        from seismo.audit.sinks.event_columns import COLUMNS  # noqa: PLC0415 (lazy: docs/architecture.md)
        from seismo.audit.sinks.parquet import ParquetSink  # noqa: PLC0415 (lazy: docs/architecture.md)
    except ImportError as error:
        why = f"Parquet needs a module that is not there: {error.name}"
        raise SinkError(settings.path, why, "pip install 'seismo[data]'") from error
    for name in settings.fields:
        _check_word("parquet", "column", name, COLUMNS)
    compression = str(settings.options.get("compression", "zstd"))
    _check_word("parquet", "compression", compression, _COMPRESSIONS)
    return ParquetSink(
        settings.path,
        around.clock,
        rotation=settings.rotation,
        sync=settings.sync,
        fields=settings.fields,
        row_group=_number(settings, "row_group", 262_144, 1),
        compression=compression,
        owners=around.owners,
    )


def _sqlite(settings: SinkSettings, around: Surroundings) -> Sink:
    _check_path(settings)
    _refuse_fields(settings)
    _refuse_rotation(settings)
    from seismo.audit.sinks.sqlite import SqliteSink  # noqa: PLC0415 (lazy: docs/architecture.md)

    return SqliteSink(settings.path, around.clock, sync=settings.sync)


def _syslog(settings: SinkSettings, around: Surroundings) -> Sink:
    _refuse_fields(settings)
    _refuse_rotation(settings)
    from seismo.audit.sinks.syslog import SyslogSink  # noqa: PLC0415 (lazy: docs/architecture.md)

    options = settings.options
    return SyslogSink(
        around.clock,
        path=settings.path,
        facility=str(options.get("facility", "authpriv")),
        severity=str(options.get("severity", "info")),
        tag=str(options.get("tag", "seismo-audit")),
    )


def _journald(settings: SinkSettings, around: Surroundings) -> Sink:
    _refuse_fields(settings)
    _refuse_rotation(settings)
    from seismo.audit.sinks.journald import JournaldSink  # noqa: PLC0415 (lazy: docs/architecture.md)

    tag = str(settings.options.get("tag", "seismo-audit"))
    return JournaldSink(around.clock, path=settings.path, tag=tag)


def _unix(settings: SinkSettings, around: Surroundings) -> Sink:
    _check_path(settings)
    _refuse_rotation(settings)
    for name in settings.fields:
        _check_word("unix", "key", name, JSON_KEYS)
    from seismo.audit.sinks.unix_socket import (  # noqa: PLC0415 (lazy: docs/architecture.md)
        ConnectingSink,
        ListeningSink,
    )

    limit = _number(settings, "limit_bytes", 8 << 20, 4096)
    if settings.options.get("connect", False):
        return ConnectingSink(
            settings.path, around.clock, limit_bytes=limit, fields=settings.fields
        )
    mode = _number(settings, "mode", 0o600, 0)
    return ListeningSink(
        settings.path, around.clock, limit_bytes=limit, mode=mode, fields=settings.fields
    )


_OPENERS: dict[str, Callable[[SinkSettings, Surroundings], Sink]] = {
    "journald": _journald,
    "jsonl": _jsonl,
    "parquet": _parquet,
    "sqlite": _sqlite,
    "syslog": _syslog,
    "table": _table,
    "traceleft": _traceleft,
    "unix": _unix,
}


def _is_stream(settings: SinkSettings) -> bool:
    return settings.path in ("", "-")


def _number(settings: SinkSettings, name: str, usual: int, least: int) -> int:
    value = settings.options.get(name, usual)
    if not isinstance(value, int) or value < least:
        raise SinkError(settings.type, f"'{name}' must be a whole number from {least} on")
    return value


def _check_path(settings: SinkSettings) -> None:
    if _is_stream(settings):
        raise SinkError(settings.type, "it needs a path", "standard output is for lines of text")


def _refuse_fields(settings: SinkSettings) -> None:
    if settings.fields:
        hint = "jsonl, table, parquet and unix have a choice"
        raise SinkError(settings.type, "its fields are fixed: there is no 'fields'", hint)


def _refuse_rotation(settings: SinkSettings) -> None:
    if settings.rotation != Rotation():
        hint = "jsonl, table, traceleft and parquet can"
        raise SinkError(settings.type, "it has no files that could be rotated", hint)


def _check_word(type_: str, what: str, word: str, known: Collection[str]) -> None:
    if word not in known:
        hint = did_you_mean(word, known) or f"one of {', '.join(known)}"
        raise SinkError(type_, f"there is no {what} '{word}'", hint)
