"""`with_options`: a configuration with what a command line says instead, or beside it.

>>> options = Options(events=("file",), trees=(4711,))
>>> with_options(profiles.load("default", catalog), options, catalog)

What a command line says is read as a configuration is, so that it means the same, and mistakes are
told alike.
"""

from __future__ import annotations

import json
import os
from typing import Any

from seismo.audit.catalog.table import Catalog
from seismo.audit.config.filter import ALWAYS, AllOf, Filter
from seismo.audit.config.model import Config, Handler, Match, MatchKind
from seismo.audit.config.parse import VERSION, parse_config
from seismo.base.dataclass import dataclass, replace
from seismo.base.errors import BpfError
from seismo.base.source import Source

__all__ = ("Options", "OptionsConflict", "with_options")

_NAME = "command line.json"


class OptionsConflict(BpfError):
    """The command line says otherwise than the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`events` are words as configurations have them, instead of the configuration's; `filter` is
    to be passed, too. `pids`, `trees`, `exes`, `cgroups` and `containers` are whose events: for
    handlers that are for all. `outputs` are `TYPE` or `TYPE:PATH`, instead of the configuration's.
    `content_bytes` of contents (None: as configured) and, with `environment`, the environment are
    recorded; `ring_bytes` 0 is as configured."""

    events: tuple[str, ...] = ()
    filter: str = ""
    pids: tuple[int, ...] = ()
    trees: tuple[int, ...] = ()
    exes: tuple[str, ...] = ()
    cgroups: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    content_bytes: int | None = None
    environment: bool = False
    ring_bytes: int = 0


def with_options(config: Config, options: Options, catalog: Catalog) -> Config:
    """The configuration that is meant; `DiagnosticsError` for what means nothing, `OptionsConflict`
    for processes where the configuration says whose events it records."""
    said = parse_config(Source(_NAME, _text(_document(options))), catalog)
    handlers = config.handlers
    if options.events:
        handlers = tuple([replace(one, events=said.events) for one in handlers])
    if said.filter != ALWAYS:
        handlers = tuple([_narrowed(one, said.filter) for one in handlers])
    if _matches(options):
        handlers = _of(handlers, [one.match for one in said.handlers])
    capture, content_types = config.capture, config.content_types
    if options.content_bytes is not None:
        capture = replace(capture, content_bytes=said.capture.content_bytes)
        content_types = {}
    if options.environment:
        capture = replace(capture, environment=True)
    ring = config.ring
    if options.ring_bytes:
        wake_bytes = min(ring.wake_bytes, said.ring.wake_bytes)
        ring = replace(ring, size_bytes=said.ring.size_bytes, wake_bytes=wake_bytes)
    return replace(
        config,
        handlers=handlers,
        capture=capture,
        content_types=content_types,
        ring=ring,
        outputs=said.outputs or config.outputs,
    )


def _document(options: Options) -> dict[str, Any]:
    """What the command line says as a configuration."""
    document: dict[str, Any] = {"version": VERSION}
    document["events"] = list(options.events or ("default",))
    if options.filter:
        document["filter"] = options.filter
    if matches := _matches(options):
        document["handlers"] = [{"match": one} for one in matches]
    if options.content_bytes is not None:
        document["capture"] = {"content": options.content_bytes}
    if options.ring_bytes:
        document["ring"] = {"size": options.ring_bytes}
    if options.outputs:
        document["outputs"] = [_output(one) for one in options.outputs]
    return document


def _text(document: dict[str, Any]) -> str:
    """As JSON, a line for each option, so that messages show the one that they are about."""
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in document.items()]
    return "{" + ",\n ".join(lines) + "}"


def _output(text: str) -> dict[str, str]:
    type_, separator, path = text.partition(":")
    return {"type": type_, "path": path} if separator else {"type": type_}


def _matches(options: Options) -> list[dict[str, list[Any]]]:
    """Whose events, as handlers have it: with absolute paths."""
    values: dict[MatchKind, list[Any]] = {
        MatchKind.PID: list(options.pids),
        MatchKind.TREE: list(options.trees),
        MatchKind.EXE: [one and os.path.abspath(one) for one in options.exes],
        MatchKind.CGROUP: [_cgroup(one) for one in options.cgroups],
        MatchKind.CONTAINER: list(options.containers),
    }
    return [{kind.value: given} for kind, given in values.items() if given]


def _cgroup(text: str) -> str:
    """An id, or a path: of a directory, or else from the root of the hierarchy."""
    if not text or text.isdecimal():
        return text
    return os.path.abspath(text if os.path.isdir(text) else f"/{text}")


def _narrowed(handler: Handler, filter: Filter) -> Handler:
    both = filter if handler.filter == ALWAYS else AllOf((handler.filter, filter))
    return replace(handler, filter=both)


def _of(handlers: tuple[Handler, ...], matches: list[Match]) -> tuple[Handler, ...]:
    """The handlers, each once for each of the matches."""
    for one in handlers:
        if one.match.kind is not MatchKind.ALL:
            raise OptionsConflict(
                f"the configuration says itself whose events it records: {one.match.kind.value}\n"
                "hint: leave the processes out of the command line, or out of the configuration"
            )
    return tuple([replace(one, match=match) for one in handlers for match in matches])
