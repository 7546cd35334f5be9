"""TraceLeft's own configuration, a `Config{repeated Event{name, args}}` of proto3 as JSON:

    {"event": [{"name": "mkdir", "args": [
        {"position": 2, "type": "umode_t", "name": "mode", "suffix": "", "hashFunc": ""}]}]}

and the shape of its specification of aggregations, `{"channels": […], "events": […]}`, which
`rules` reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from seismo.audit.catalog.table import Catalog
from seismo.audit.config.check import Reader
from seismo.audit.config.choices import LARGEST_CONTENT, content_of, select_words
from seismo.audit.config.model import (
    Config,
    Events,
    EventWord,
    Handler,
    LegacyArgument,
    LegacyEvent,
)
from seismo.audit.config.tree import Items, Node, Table
from seismo.audit.sinks.settings import SinkSettings

__all__ = ("is_aggregation", "is_config", "read")

_HASH_FUNCTIONS = ("", "string", "skip")
_MOST_ARGUMENTS = 6
_ROOM = re.compile(r"\[([0-9]{1,30})\]")


def is_config(tree: Node) -> bool:
    """Whether a text is TraceLeft's: `event`, and nothing that only ours has."""
    return isinstance(tree, Table) and "event" in tree.names and "version" not in tree.names


def is_aggregation(tree: Node) -> bool:
    """Whether a text is TraceLeft's specification of aggregations."""
    if not isinstance(tree, Table) or "channels" not in tree.names:
        return False
    return "version" not in tree.names and set(tree.names) <= {"channels", "events"}


def read(tree: Node, reader: Reader, catalog: Catalog) -> Config:
    """The configuration: these events of all processes, in TraceLeft's form to standard output."""
    found: list[tuple[LegacyEvent, EventWord]] = []

    def events(node: Node) -> None:
        if not isinstance(node, Items):
            reader.wrong(node, "a list", "'event'")
            return
        for one in reader.items(node, "'event'"):
            if event := _event(one, reader):
                found.append(event)

    reader.table(tree, "TraceLeft's configuration", {"event": events})
    words = tuple(word for _, word in found)
    choice = Events(words, select_words([(one.text, one.span) for one in words], reader, catalog))
    return Config(
        events=choice,
        handlers=(Handler(events=choice),),
        outputs=(SinkSettings(type="traceleft"),),
        legacy=tuple(event for event, _ in found),
        content_types=content_of(choice, catalog),
    )


def _event(node: Node, reader: Reader) -> tuple[LegacyEvent, EventWord] | None:
    name = ""
    arguments: list[LegacyArgument] = []

    def read_name(one: Node) -> None:
        nonlocal name
        name = reader.text(one, "'name'")

    def read_arguments(one: Node) -> None:
        if not isinstance(one, Items) or len(one.items) > _MOST_ARGUMENTS:
            reader.wrong(one, f"a list of at most {_MOST_ARGUMENTS}", "'args'")
            return
        arguments.extend(_argument(item, reader) for item in one.items)

    reader.table(node, "an event", {"name": read_name, "args": read_arguments})
    entry = node.entry("name") if isinstance(node, Table) else None
    if entry is None:
        reader.error(node.span, "an event without a name")
        return None
    event = LegacyEvent(name, tuple(arguments))
    return event, EventWord(f"={name}", _content_bytes(event), entry.value.span)


def _content_bytes(event: LegacyEvent) -> int:
    """How much of what is read or written it has: the room (`[256]`) of an argument that is not
    hashed."""
    rooms = [_ROOM.fullmatch(one.suffix) for one in event.arguments if one.hash_function == "skip"]
    return min(max([int(one[1]) for one in rooms if one], default=0), LARGEST_CONTENT)


def _argument(node: Node, reader: Reader) -> LegacyArgument:
    found = {"type": "", "name": "", "suffix": "", "hashFunc": ""}
    position = 0

    def text(key: str) -> Callable[[Node], None]:
        def keep(one: Node) -> None:
            found[key] = reader.text(one, f"'{key}'")

        return keep

    def read_position(one: Node) -> None:
        nonlocal position
        position = reader.number(one, "'position'", 0, _MOST_ARGUMENTS)

    def read_hash(one: Node) -> None:
        found["hashFunc"] = reader.word(one, "'hashFunc'", _HASH_FUNCTIONS, "")

    def read_suffix(one: Node) -> None:
        # proto3 writes empty text out, or leaves it out.
        found["suffix"] = "" if getattr(one, "value", None) == "" else reader.text(one, "'suffix'")

    readers = {
        "position": read_position,
        "type": text("type"),
        "name": text("name"),
        "suffix": read_suffix,
        "hashFunc": read_hash,
    }
    reader.table(node, "an argument", readers)
    return LegacyArgument(
        position, found["type"], found["name"], found["suffix"], found["hashFunc"]
    )
