"""YAML to a tree with places. The only module that imports PyYAML, and imported only for YAML.

What PyYAML's loaders would make of tags, of merge keys and of the words of YAML 1.1 is left out:
only its parser is used, so that no text makes anything but lists, mappings and single values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from seismo.audit.config.scalars import scalar_of
from seismo.audit.config.tree import (
    DEEPEST,
    ConfigSyntaxError,
    Entry,
    Items,
    Node,
    Scalar,
    Table,
    is_text,
)
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source, Span

__all__ = ("read_yaml",)

_MOST_NODES = 100_000
"""Aliases may name a list that names lists: so many nodes a text may have when they are
followed."""

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
"""What may stand before a value: its anchor and its tag."""


def read_yaml(source: Source, diagnostics: Diagnostics) -> Node:
    """The only document of a text. ConfigSyntaxError for what is no YAML."""
    try:
        loader = yaml.SafeLoader(source.text)
    except yaml.reader.ReaderError as error:
        at = error.position
        raise ConfigSyntaxError(Span(source, at, at + 1), f"not text: {error.reason}") from error
    try:
        return _Reader(source, loader, diagnostics).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = min(mark.index if mark else 0, len(source.text))
        context = f" {error.context}" if error.context else ""
        raise ConfigSyntaxError(
            Span(source, at, at + 1), f"not YAML: {error.problem}{context}"
        ) from error
    except (ValueError, OverflowError) as error:
        # PyYAML's own, of "\UFFFFFFFF" and of a %YAML with a very long number.
        at = min(loader.index, len(source.text))
        message = "not YAML: the number of a character or a version that there cannot be"
        raise ConfigSyntaxError(Span(source, at, at + 1), message) from error


def _parsed(loader: yaml.SafeLoader) -> Iterator[yaml.Event]:
    while loader.check_event():
        yield loader.get_event()


class _Reader:
    """Takes the parser's events, one node after another."""

    def __init__(self, source: Source, loader: yaml.SafeLoader, diagnostics: Diagnostics) -> None:
        self._source = source
        self._diagnostics = diagnostics
        self._events = _parsed(loader)
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._nodes = 0

    def document(self) -> Node:
        node: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if node is not None:
                    message = "a second document: a configuration is one"
                    raise ConfigSyntaxError(self._span(event), message)
                node = self._node(next(self._events), 0)
        empty = Span(self._source, 0, 0)
        return Scalar(None, empty) if node is None else node

    def _node(self, event: yaml.Event, depth: int) -> Node:
        span = self._span(event)
        if depth > DEEPEST:
            raise ConfigSyntaxError(span, f"nested deeper than {DEEPEST} levels")
        before = self._nodes
        self._count(1, span)
        if isinstance(event, yaml.AliasEvent):
            return self._named(event, span)
        if (tag := getattr(event, "tag", None)) not in (None, "!"):
            message = f"a tag ({tag}): values here have no types to choose"
            self._diagnostics.error(span, message, "leave it out")
        match event:
            case yaml.ScalarEvent():
                node: Node = self._scalar(event, span)
            case yaml.SequenceStartEvent():
                node = self._items(span, depth)
            case _:
                node = self._table(span, depth)
        if anchor := getattr(event, "anchor", None):
            self._anchors[anchor] = node, self._nodes - before
        return node

    def _named(self, event: yaml.AliasEvent, span: Span) -> Node:
        if event.anchor not in self._anchors:
            raise ConfigSyntaxError(span, f"there is no anchor '&{event.anchor}' before this")
        node, size = self._anchors[event.anchor]
        self._count(size, span)
        return node

    def _count(self, nodes: int, span: Span) -> None:
        self._nodes += nodes
        if self._nodes > _MOST_NODES:
            raise ConfigSyntaxError(span, f"more than {_MOST_NODES} values, aliases followed")

    def _scalar(self, event: yaml.ScalarEvent, whole: Span) -> Scalar:
        before = _PROPERTIES.match(whole.text) if event.anchor or event.tag else None
        span = Span(self._source, whole.start + (before.end() if before else 0), whole.end)
        if event.style is None:
            return Scalar(scalar_of(event.value), span)
        if not is_text(event.value):
            raise ConfigSyntaxError(span, "a character that UTF-8 does not have")
        return Scalar(event.value, span, is_quoted=True)

    def _items(self, start: Span, depth: int) -> Items:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return Items(tuple(items), start.join(self._span(event)))

    def _table(self, start: Span, depth: int) -> Table:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, Scalar):
                self._diagnostics.error(key.span, "a key must be one word")
                continue
            # Not `str(key.value)`: a key such as 0x10 or true is what was written.
            name = key.value if isinstance(key.value, str) else key.span.text.strip()
            if name in entries:
                line = entries[name].key_span.location.line
                message = f"the key '{name}' stands here a second time"
                self._diagnostics.error(key.span, message, f"the first is in line {line}")
                continue
            entries[name] = Entry(name, key.span, value)
        return Table(tuple(entries.values()), start.join(self._span(event)))

    def _span(self, event: yaml.Event) -> Span:
        first, last = event.start_mark, event.end_mark
        assert first is not None and last is not None, "the parser marks every event"
        return Span(self._source, first.index, last.index)
