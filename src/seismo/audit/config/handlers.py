"""The handlers of a configuration: of whom what is recorded."""

from __future__ import annotations

from collections.abc import Callable

from seismo.audit.catalog.table import Catalog
from seismo.audit.config import filter_values as values
from seismo.audit.config.check import Reader
from seismo.audit.config.choices import read_events, select_in_filter
from seismo.audit.config.filter import ALWAYS, AllOf, Filter
from seismo.audit.config.filter_mapping import check_size, read_filter, read_test
from seismo.audit.config.model import Events, Handler, Match, MatchKind
from seismo.audit.config.tree import Node, Scalar, Table
from seismo.audit.record.layout import HANDLERS

__all__ = ("joined", "read_handlers")

_LARGEST = (1 << 64) - 1
_LARGEST_PID = (1 << 22) - 1
_CONDITIONS = ("comm", "uid")
_KINDS = {one.value: one for one in MatchKind}


def joined(*filters: Filter) -> Filter:
    """All of the filters, those that let everything pass left out."""
    parts: list[Filter] = []
    for one in filters:
        if isinstance(one, AllOf):
            parts.extend(one.parts)
        else:
            parts.append(one)
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def read_handlers(
    node: Node, reader: Reader, catalog: Catalog, events: Events, for_all: Filter
) -> tuple[Handler, ...]:
    """The handlers of a list. `events` and `for_all` are what the whole configuration says."""
    nodes = reader.items(node, "handlers")
    if len(nodes) > HANDLERS:
        reader.error(node.span, f"{len(nodes)} handlers: {HANDLERS} are the most")
    found = [_Handler(reader, catalog, events, for_all).read(one) for one in nodes]
    _check_overlap(found, reader)
    return tuple(found)


class _Handler:
    """One handler, key by key."""

    def __init__(self, reader: Reader, catalog: Catalog, events: Events, for_all: Filter) -> None:
        self._reader = reader
        self._catalog = catalog
        self._events = events
        self._for_all = for_all
        self._filter: Filter = ALWAYS
        self._conditions: Filter = ALWAYS
        self._match = Match()
        self._ids = {"id": 0, "session": 0}

    def read(self, node: Node) -> Handler:
        readers: dict[str, Callable[[Node], None]] = {
            "id": self._number("id"),
            "session": self._number("session"),
            "match": self._read_match,
            "events": self._read_events,
            "filter": self._read_filter,
        }
        self._reader.table(node, "a handler", readers)
        if not self._events.types and isinstance(node, Table) and node.entry("events") is None:
            hint = "give it 'events', or the whole configuration"
            self._reader.error(node.span, "a handler without events", hint)
        return Handler(
            program_id=self._ids["id"],
            session_id=self._ids["session"],
            match=self._match,
            events=self._events,
            filter=joined(self._for_all, self._conditions, self._filter),
            span=node.span,
        )

    def _number(self, key: str) -> Callable[[Node], None]:
        def read(node: Node) -> None:
            self._ids[key] = self._reader.number(node, f"'{key}'", 0, _LARGEST)

        return read

    def _read_events(self, node: Node) -> None:
        self._events = read_events(node, self._reader, self._catalog)

    def _read_filter(self, node: Node) -> None:
        found = read_filter(node, self._reader)
        self._filter = select_in_filter(found, node.span, self._reader, self._catalog)

    def _read_match(self, node: Node) -> None:
        reader = self._reader
        if isinstance(node, Scalar) and node.value == "all":
            return
        if not isinstance(node, Table):
            reader.wrong(node, "a mapping, or all", "'match'", "such as {pid: 1234}")
            return
        kinds: list[str] = []
        tests: list[Filter] = []
        for entry in node.entries:
            if entry.name in _CONDITIONS:
                tests.append(read_test(entry.name, entry.value, reader))
            elif entry.name in _KINDS:
                kinds.append(entry.name)
                if len(kinds) > 1:
                    hint = "make two handlers of it"
                    message = f"a handler is for '{kinds[0]}' or for '{entry.name}', not for both"
                    reader.error(entry.key_span, message, hint)
                    continue
                self._match = self._kind(_KINDS[entry.name], entry.value)
            else:
                reader.unknown(entry, "'match'", (*_KINDS, *_CONDITIONS))
        self._conditions = joined(*tests)
        check_size(self._conditions, node.span, reader)

    def _kind(self, kind: MatchKind, node: Node) -> Match:
        reader, what = self._reader, f"'{kind.value}'"
        if kind is MatchKind.ALL:
            if not reader.flag(node, what):
                reader.error(node.span, "'all' is true, or is not there")
            return Match()
        nodes = reader.items(node, what)
        if kind in (MatchKind.PID, MatchKind.TREE):
            pids = tuple(reader.number(one, what, 1, _LARGEST_PID, 1) for one in nodes)
            return Match(kind, pids)
        texts = tuple(reader.text(one, what) for one in nodes)
        for one, text in zip(nodes, texts, strict=True):
            self._check(kind, text, one)
        return Match(kind, texts)

    def _check(self, kind: MatchKind, text: str, node: Node) -> None:
        match kind:
            case MatchKind.CONTAINER:
                values.container_test(text, node.span, self._reader.diagnostics)
            case MatchKind.CGROUP if not text.isdecimal():
                values.cgroup_test(text, node.span, self._reader.diagnostics)
            case MatchKind.EXE:
                values.path_test(text, node.span, self._reader.diagnostics)


def _check_overlap(handlers: list[Handler], reader: Reader) -> None:
    """A process has one handler: what two of them claim in the same way is told."""
    claimed: dict[tuple[MatchKind, int | str], int] = {}
    for place, one in enumerate(handlers):
        kind = MatchKind.PID if one.match.kind is MatchKind.TREE else one.match.kind
        for value in one.match.values or ("all processes",):
            first = claimed.setdefault((kind, value), place)
            if first != place:
                line = handlers[first].span.location.line
                what = str(value) if kind is MatchKind.ALL else f"{kind.value} {value}"
                hint = "a process has one handler: tell them apart by their filters in one"
                message = f"{what}: the handler of line {line} is for that already"
                reader.error(one.span, message, hint)
