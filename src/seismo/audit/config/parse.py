"""`parse_config`: a configuration's text, YAML or JSON, to a `Config`, or all that is wrong in it.

>>> config = parse_config(Source("c.json", '{"version": 1, "events": ["process"]}'), catalog)

What has a name that ends in .json is read as JSON, anything else as YAML, of which JSON is a part.
TraceLeft's own configuration and its specification of aggregations are known by their shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from seismo.audit.catalog.table import Catalog
from seismo.audit.config import traceleft
from seismo.audit.config.check import Reader
from seismo.audit.config.choices import (
    content_of,
    read_content,
    read_events,
    select_in_filter,
)
from seismo.audit.config.filter import ALWAYS, Filter
from seismo.audit.config.filter_mapping import read_filter
from seismo.audit.config.handlers import read_handlers
from seismo.audit.config.json_text import read_json
from seismo.audit.config.model import (
    Backpressure,
    Capture,
    Config,
    Events,
    Handler,
    Limits,
    Ring,
    RuleTexts,
)
from seismo.audit.config.outputs import read_outputs
from seismo.audit.config.tree import Items, Node, Scalar, Table, plain
from seismo.audit.rules.mistakes import Place, RuleMistakes
from seismo.audit.rules.model import Rules
from seismo.audit.rules.parse import parse_rules
from seismo.audit.rules.traceleft import parse_aggregation_spec
from seismo.base.dataclass import replace
from seismo.base.diagnostics import Diagnostics, did_you_mean
from seismo.base.source import Source, Span

__all__ = ("VERSION", "parse_config", "read_tree")

T = TypeVar("T")

VERSION = 1

_PAGE = 4096
_LARGEST_RING = 1 << 30
_LARGEST_WORDS = 32768
_KEYS = (
    *("version", "events", "handlers", "filter", "capture", "ring", "outputs", "rules"),
    *("channels", "limits"),
)


def read_tree(source: Source, diagnostics: Diagnostics) -> Node:
    """The text as a tree: JSON if its name says so or it cannot be anything else, else YAML."""
    if source.name.endswith(".json"):
        return read_json(source, diagnostics)
    from seismo.audit.config.yaml_text import read_yaml  # noqa: PLC0415 (lazy: docs/architecture.md)

    return read_yaml(source, diagnostics)


def parse_config(source: Source, catalog: Catalog) -> Config:
    """The configuration of a text. Raises `DiagnosticsError` with every mistake, and
    `ConfigSyntaxError` where the text is neither YAML nor JSON."""
    diagnostics = Diagnostics()
    tree = read_tree(source, diagnostics)
    reader = Reader(diagnostics)
    if traceleft.is_config(tree):
        config = traceleft.read(tree, reader, catalog)
    elif isinstance(tree, Table) and traceleft.is_aggregation(tree):
        config = _aggregation(tree, reader, catalog)
    else:
        config = _Document(reader, catalog).read(tree)
    diagnostics.found.sort(key=lambda one: (one.span.start, one.span.end))
    diagnostics.stop_on_errors()
    return replace(config, name=source.name)


def spans_of(node: Node, place: Place = ()) -> dict[Place, Span]:
    """The places of all values, by the ways to them; () is the whole."""
    return dict(_spans(node, place))


def _spans(node: Node, place: Place) -> Iterator[tuple[Place, Span]]:
    yield place, node.span
    if isinstance(node, Items):
        for number, one in enumerate(node.items):
            yield from _spans(one, (*place, number))
    elif isinstance(node, Table):
        for entry in node.entries:
            yield from _spans(entry.value, (*place, entry.name))


def _aggregation(tree: Table, reader: Reader, catalog: Catalog) -> Config:
    """TraceLeft's aggregations, of the events that they name, whoever makes them."""
    spec = plain(tree)
    texts = RuleTexts(is_legacy=True, spans=spans_of(tree))
    try:
        rules = parse_aggregation_spec(spec, catalog, where=texts.where)
    except RuleMistakes as error:
        for one in error.mistakes:
            reader.error(texts.span(one.place), one.message, one.hint)
        return Config(rule_texts=texts)
    types = frozenset(type_ for one in rules.rules for type_ in one.types)
    if not types:
        reader.error(tree.span, "the specification names no events")
    choice = Events((), types)
    handlers = (Handler(events=choice),)
    return Config(events=choice, handlers=handlers, rules=rules, rule_texts=texts)


class _Document:
    """The keys of a whole configuration."""

    def __init__(self, reader: Reader, catalog: Catalog) -> None:
        self._reader = reader
        self._catalog = catalog
        self._config = Config(name="")

    def read(self, tree: Node) -> Config:
        reader = self._reader
        if not isinstance(tree, Table):
            hint = "the least there is:\nversion: 1\nevents: [process]"
            reader.wrong(tree, "a mapping", "a configuration", hint)
            return self._config
        self._check_keys(tree)
        texts = self._rule_texts(tree)
        rules = self._rules(texts)
        # Without a choice of events, those that rules are about.
        about = Events((), frozenset(type_ for one in rules.rules for type_ in one.types))
        events = self._part(tree, "events", self._events, about)
        everything: Filter = ALWAYS
        for_all = self._part(tree, "filter", self._filter, everything)
        handlers = self._handlers(tree, events, for_all)
        contents: dict[int, int] = {}
        for choice in (events, *(one.events for one in handlers)):
            for type_, size in content_of(choice, self._catalog).items():
                contents[type_] = max(size, contents.get(type_, 0))
        return Config(
            events=events,
            handlers=handlers,
            filter=for_all,
            capture=self._part(tree, "capture", self._capture, Capture()),
            ring=self._part(tree, "ring", self._ring, Ring()),
            outputs=self._part(
                tree, "outputs", lambda node: read_outputs(node, reader, self._catalog), ()
            ),
            rules=rules,
            rule_texts=texts,
            limits=self._part(tree, "limits", self._limits, Limits()),
            content_types=contents,
        )

    def _part(self, tree: Table, key: str, read: Callable[[Node], T], default: T) -> T:
        entry = tree.entry(key)
        return default if entry is None else read(entry.value)

    def _check_keys(self, tree: Table) -> None:
        reader = self._reader
        for entry in tree.entries:
            if entry.name not in _KEYS:
                reader.unknown(entry, "a configuration", _KEYS)
        version = tree.entry("version")
        if version is None:
            reader.error(tree.span, "the configuration has no version", "write 'version: 1'")
        elif not isinstance(version.value, Scalar) or version.value.value != VERSION:
            hint = f"this seismo reads version {VERSION}"
            reader.wrong(version.value, f"{VERSION}", "'version'", hint)

    def _handlers(self, tree: Table, events: Events, for_all: Filter) -> tuple[Handler, ...]:
        if entry := tree.entry("handlers"):
            return read_handlers(entry.value, self._reader, self._catalog, events, for_all)
        if tree.entry("events") is None and not self._has_rules(tree):
            hint = f"'events: [default]'{self._near(tree, 'events')}"
            self._reader.error(tree.span, "the configuration names no events", hint)
        return (Handler(events=events, filter=for_all),)

    @staticmethod
    def _has_rules(tree: Table) -> bool:
        entry = tree.entry("rules")
        return entry is not None and not (isinstance(entry.value, Items) and not entry.value.items)

    @staticmethod
    def _near(tree: Table, key: str) -> str:
        unknown = [one for one in tree.names if one not in _KEYS]
        return next((f"; is '{one}' meant?" for one in unknown if did_you_mean(one, (key,))), "")

    def _events(self, node: Node) -> Events:
        return read_events(node, self._reader, self._catalog)

    def _filter(self, node: Node) -> Filter:
        found = read_filter(node, self._reader)
        return select_in_filter(found, node.span, self._reader, self._catalog)

    def _rule_texts(self, tree: Table) -> RuleTexts:
        found: dict[str, tuple[Any, ...]] = {"rules": (), "channels": ()}
        spans: dict[Place, Span] = {(): tree.span}
        for key in found:
            entry = tree.entry(key)
            if entry is None:
                continue
            spans.update(spans_of(entry.value, (key,)))
            if isinstance(entry.value, Items):
                found[key] = tuple(plain(entry.value))
            else:
                self._reader.wrong(entry.value, "a list", f"'{key}'")
        return RuleTexts(rules=found["rules"], channels=found["channels"], spans=spans)

    def _rules(self, texts: RuleTexts) -> Rules:
        try:
            return parse_rules(
                texts.rules, self._catalog, channels=texts.channels, where=texts.where
            )
        except RuleMistakes as error:
            for one in error.mistakes:
                self._reader.error(texts.span(one.place), one.message, one.hint)
            return Rules()

    def _capture(self, node: Node) -> Capture:
        reader, found = self._reader, Capture()

        def content(one: Node) -> None:
            nonlocal found
            found = replace(found, content_bytes=read_content(one, reader))

        def environment(one: Node) -> None:
            nonlocal found
            found = replace(found, environment=reader.flag(one, "'environment'"))

        def fd_paths(one: Node) -> None:
            nonlocal found
            found = replace(found, fd_paths=reader.flag(one, "'fd_paths'", True))

        def words(one: Node) -> None:
            nonlocal found
            size = reader.size(one, "'words'", 64, _LARGEST_WORDS, found.words_bytes)
            found = replace(found, words_bytes=size)

        readers = {
            "content": content,
            "environment": environment,
            "fd_paths": fd_paths,
            "words": words,
        }
        reader.table(node, "'capture'", readers)
        return found

    def _ring(self, node: Node) -> Ring:
        reader, found = self._reader, Ring()

        def size(one: Node) -> None:
            nonlocal found
            number = reader.size(one, "'size'", _PAGE, _LARGEST_RING, found.size_bytes)
            if number & (number - 1):
                near = 1 << number.bit_length()
                hint = f"the next is {near} ({near >> 10}KiB)"
                reader.error(one.span, f"the ring's size is a power of two, not {number}", hint)
            found = replace(found, size_bytes=number)

        def wake(one: Node) -> None:
            nonlocal found
            found = replace(found, wake_bytes=reader.size(one, "'wake'", 0, _LARGEST_RING))

        def order(one: Node) -> None:
            nonlocal found
            longest = 10_000_000_000
            found = replace(found, order_ns=reader.nanoseconds(one, "'order'", 0, longest))

        def backpressure(one: Node) -> None:
            nonlocal found
            kind = reader.choice(one, "'backpressure'", Backpressure, found.backpressure)
            found = replace(found, backpressure=kind)

        def boost(one: Node) -> None:
            nonlocal found
            steps = reader.number(one, "'priority_boost'", 0, 39, found.priority_boost)
            found = replace(found, priority_boost=steps)

        readers = {
            "size": size,
            "wake": wake,
            "order": order,
            "backpressure": backpressure,
            "priority_boost": boost,
        }
        reader.table(node, "'ring'", readers)
        if found.wake_bytes >= found.size_bytes:
            if isinstance(node, Table) and node.entry("wake") is not None:
                message = f"'wake' ({found.wake_bytes}) is not less than the ring has room for"
                reader.error(node.span, message, "an eighth of the size is a good value")
            found = replace(found, wake_bytes=found.size_bytes // 8)
        return found

    def _limits(self, node: Node) -> Limits:
        found: dict[str, int] = {}

        def count(key: str) -> Callable[[Node], None]:
            def read(one: Node) -> None:
                found[key] = self._reader.number(one, f"'{key}'", 1, 1 << 22, 1)

            return read

        keys = ("pending", "processes", "sockets")
        self._reader.table(node, "'limits'", {key: count(key) for key in keys})
        return replace(Limits(), **found)
