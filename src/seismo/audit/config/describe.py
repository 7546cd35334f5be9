"""`describe`: what a configuration records, of whom, and where it goes: for people, before it is
run."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from seismo.audit.catalog.table import COMPAT_PREFIX, Catalog
from seismo.audit.config.filter import ALWAYS
from seismo.audit.config.model import Config, Handler, MatchKind
from seismo.audit.sinks.settings import SinkSettings

__all__ = ("describe", "listed_events")

_WIDTH = 96
_FOLDED: dict[str, Any] = {
    "subsequent_indent": "      ",
    "break_long_words": False,
    "break_on_hyphens": False,
}
_WHO = {
    MatchKind.ALL: "all processes",
    MatchKind.PID: "process",
    MatchKind.TREE: "process and descendants",
    MatchKind.EXE: "programs",
    MatchKind.CGROUP: "cgroup",
    MatchKind.CONTAINER: "container",
}


def describe(config: Config, catalog: Catalog) -> str:
    """The text, a paragraph for each handler."""
    lines = [f"Configuration {config.name or 'without a name'}"]
    for index, one in enumerate(config.handlers):
        lines += ["", *_handler(index, one, catalog)]
    lines += ["", *_recording(config, catalog), *_keeping(config)]
    lines += ["", "Goes to:"]
    lines += [f"  {_output(one)}" for one in config.outputs] or ["  table on standard output"]
    lines += _rules(config)
    wrapped = [part for line in lines for part in (wrap(line, _WIDTH, **_FOLDED) or [""])]
    return "\n".join(wrapped) + "\n"


def _handler(index: int, one: Handler, catalog: Catalog) -> Iterator[str]:
    values = " ".join(str(value) for value in one.match.values)
    who = f"{_WHO[one.match.kind]} {values}".rstrip()
    session = f", session {one.session_id}" if one.session_id else ""
    yield f"Handler {index} (program {one.program_id}{session}): {who}"
    names = listed_events(one.events.types, catalog)
    yield f"  {len(names)} event{'s' if len(names) != 1 else ''}: {', '.join(names)}"
    if one.filter != ALWAYS:
        yield f"  where {one.filter}"


def listed_events(types: frozenset[int], catalog: Catalog) -> list[str]:
    """Names of events; of a call that 32-bit programs have too the name stands for both."""
    names = {catalog.by_id(one).name for one in types}
    plain = {one for one in names if not one.startswith(COMPAT_PREFIX)}
    return sorted(plain | {one for one in names if one.removeprefix(COMPAT_PREFIX) not in plain})


def _recording(config: Config, catalog: Catalog) -> Iterator[str]:
    capture = config.capture
    if capture.content_bytes:
        content = f"the first {capture.content_bytes} bytes of what is read and written"
    elif config.content_types:
        names = listed_events(frozenset(config.content_types), catalog)
        content = (
            f"contents of {', '.join(names)}: up to {max(config.content_types.values())} bytes"
        )
    else:
        content = "no contents"
    environment = "environments" if capture.environment else "no environments"
    paths = "paths of descriptors" if capture.fd_paths else "no paths of descriptors"
    yield f"Recorded beside arguments: {content}; {environment}; {paths}"


def _keeping(config: Config) -> Iterator[str]:
    ring, limits = config.ring, config.limits
    yield (
        f"Ring of {ring.size_bytes >> 10} KiB, read when {ring.wake_bytes} bytes wait, ordered "
        f"within {ring.order_ns / 1e6:g} ms"
    )
    yield (
        f"Room for {limits.pending} calls in progress, {limits.processes} processes, "
        f"{limits.sockets} sockets"
    )


def _output(one: SinkSettings) -> str:
    parts = [f"{one.type} {one.path if one.path not in ('', '-') else 'on standard output'}"]
    if one.type in ("syslog", "journald") and not one.path:
        parts = [one.type]
    rotation = one.rotation
    whens = [
        text
        for number, text in (
            (rotation.max_bytes, f"{rotation.max_bytes} bytes"),
            (rotation.max_seconds, f"{rotation.max_seconds:g} s"),
            (rotation.max_rows, f"{rotation.max_rows} rows"),
        )
        if number
    ]
    if whens:
        kept = f", {rotation.keep} are kept" if rotation.keep else ""
        parts.append(f"a new file every {' or '.join(whens)}{kept}")
    if one.events:
        names = [name.removeprefix("=").removeprefix(COMPAT_PREFIX) for name in one.events]
        parts.append(f"only {', '.join(dict.fromkeys(names))}")
    if one.fields:
        parts.append(f"fields {', '.join(one.fields)}")
    return "; ".join(parts)


def _rules(config: Config) -> Iterator[str]:
    if config.rule_texts.is_legacy:
        yield "Rules: those of TraceLeft's specification of aggregations"
    elif config.rules.rules:
        yield f"Rules: {', '.join(one.name for one in config.rules.rules)}"
