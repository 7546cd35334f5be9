"""The outputs of a configuration."""

from __future__ import annotations

import os
from collections.abc import Callable

from seismo.audit.catalog.table import Catalog
from seismo.audit.config.check import Reader
from seismo.audit.config.choices import select_words
from seismo.audit.config.tree import Node, Scalar, Table
from seismo.audit.sinks.settings import SINK_TYPES, Rotation, SinkSettings, Sync

__all__ = ("read_outputs",)

_WITH_PATH = ("parquet", "sqlite", "unix")
_FILES = ("jsonl", "parquet", "sqlite", "table", "traceleft")
_ROTATED = ("jsonl", "parquet", "table", "traceleft")
_MOST = 1 << 50

_FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron"),
    *("authpriv", "ftp", *(f"local{number}" for number in range(8))),
)
_SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")

_Option = Callable[[Node, Reader], "str | int | bool"]


def _word(name: str, *words: str) -> _Option:
    return lambda node, reader: reader.word(node, f"'{name}'", words, words[0])


def _tag(node: Node, reader: Reader) -> str:
    return reader.text(node, "'tag'")


_OPTIONS: dict[str, dict[str, _Option]] = {
    "unix": {
        "connect": lambda node, reader: reader.flag(node, "'connect'"),
        "limit_bytes": lambda node, reader: reader.size(node, "'limit_bytes'", 4096, 1 << 40),
        "mode": lambda node, reader: reader.number(node, "'mode'", 0, 0o777, 0o600),
    },
    "syslog": {
        "facility": _word("facility", *_FACILITIES),
        "severity": _word("severity", *_SEVERITIES),
        "tag": _tag,
    },
    "journald": {"tag": _tag},
    "table": {
        "color": _word("color", "auto", "always", "never"),
        "width": lambda node, reader: reader.number(node, "'width'", 20, 10_000),
    },
    "parquet": {
        "row_group": lambda node, reader: reader.number(node, "'row_group'", 1024, 1 << 24),
        "compression": _word("compression", "zstd", "snappy", "none"),
    },
}


def read_outputs(node: Node, reader: Reader, catalog: Catalog) -> tuple[SinkSettings, ...]:
    """A list of outputs; two of them cannot be the same file."""
    outputs: list[SinkSettings] = []
    for one in reader.items(node, "outputs"):
        found = _Output(reader, catalog).read(one)
        if found is None:
            continue
        place = _place(found)
        if place and any(place == _place(other) for other in outputs):
            shown = found.path or "standard output"
            reader.error(one.span, f"'{shown}' is the path of another output, too")
        outputs.append(found)
    return tuple(outputs)


def _place(one: SinkSettings) -> str:
    """What an output has to itself: a file, standard output, a socket that it listens at; or ''."""
    listens = one.type == "unix" and not one.options.get("connect", False)
    if one.type not in _FILES and not listens:
        return ""
    return os.path.abspath(one.path) if one.path not in ("", "-") else "-"


class _Output:
    """One output, key by key."""

    def __init__(self, reader: Reader, catalog: Catalog) -> None:
        self._reader = reader
        self._catalog = catalog
        self._type = ""
        self._path = ""
        self._rotation = Rotation()
        self._sync = Sync.CLOSE
        self._events: tuple[str, ...] = ()
        self._fields: tuple[str, ...] = ()
        self._options: dict[str, str | int | bool] = {}

    def read(self, node: Node) -> SinkSettings | None:
        reader = self._reader
        if isinstance(node, Scalar):
            self._type = reader.word(node, "an output's type", SINK_TYPES, "table")
        elif isinstance(node, Table):
            entry = node.entry("type")
            if entry is None:
                hint = f"types are {', '.join(SINK_TYPES)}"
                reader.error(node.span, "an output without a type", hint)
                return None
            self._type = reader.word(entry.value, "an output's type", SINK_TYPES, "")
            if not self._type:
                return None
            reader.table(node, f"the output '{self._type}'", self._readers())
        else:
            reader.wrong(node, "a mapping, or a type alone", "an output")
            return None
        self._check(node)
        return SinkSettings(
            type=self._type,
            path=self._path,
            rotation=self._rotation,
            sync=self._sync,
            events=self._events,
            fields=self._fields,
            options=self._options,
        )

    def _readers(self) -> dict[str, Callable[[Node], None]]:
        readers: dict[str, Callable[[Node], None]] = {
            "type": lambda node: None,
            "path": self._read_path,
            "rotate": self._read_rotation,
            "fsync": self._read_sync,
            "events": self._read_events,
            "fields": self._read_fields,
        }
        for name, option in _OPTIONS.get(self._type, {}).items():
            readers[name] = lambda node, name=name, option=option: self._options.__setitem__(  # type: ignore[misc]
                name, option(node, self._reader)
            )
        return readers

    def _read_path(self, node: Node) -> None:
        self._path = self._reader.text(node, "'path'")

    def _read_sync(self, node: Node) -> None:
        self._sync = self._reader.choice(node, "'fsync'", Sync, Sync.CLOSE)

    def _read_fields(self, node: Node) -> None:
        self._fields = self._reader.texts(node, "'fields'")

    def _read_events(self, node: Node) -> None:
        words = self._reader.items(node, "'events'")
        spans = [(self._reader.text(one, "an event"), one.span) for one in words]
        types = select_words(spans, self._reader, self._catalog)
        # A name alone may be a family's, too.
        self._events = tuple(f"={self._catalog.by_id(one).name}" for one in sorted(types))

    def _read_rotation(self, node: Node) -> None:
        reader, found = self._reader, {"bytes": 0, "seconds": 0, "rows": 0, "keep": 0}

        def count(key: str) -> Callable[[Node], None]:
            return lambda one: found.update({key: reader.number(one, f"'{key}'", 1, 1 << 40)})

        readers = {
            "bytes": lambda one: found.update(bytes=reader.size(one, "'bytes'", 4096, _MOST)),
            "seconds": lambda one: found.update(
                seconds=reader.nanoseconds(one, "'seconds'", 1_000_000_000, _MOST)
            ),
            "keep": count("keep"),
        }
        if self._type == "parquet":
            readers["rows"] = count("rows")
        reader.table(node, "'rotate'", readers)
        self._rotation = Rotation(
            max_bytes=found["bytes"],
            max_seconds=found["seconds"] / 1e9,
            max_rows=found["rows"],
            keep=found["keep"],
        )
        if found["keep"] and not any(found[key] for key in ("bytes", "seconds", "rows")):
            hint = "say when: bytes or seconds"
            reader.error(node.span, "'keep' without a time at which a new file begins", hint)

    def _check(self, node: Node) -> None:
        is_stream = self._path in ("", "-")
        if self._type in _WITH_PATH and is_stream:
            self._reader.error(node.span, f"the output '{self._type}' needs a path")
        if self._rotation != Rotation() and (self._type not in _ROTATED or is_stream):
            where = "standard output" if self._type in _ROTATED else f"'{self._type}'"
            self._reader.error(node.span, f"'rotate' is for files, not for {where}")
