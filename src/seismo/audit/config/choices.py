"""Choices of events, as they stand in a configuration, against the catalog.

Words are the catalog's: names, families, globs, with `!` before them to leave out. `=read` is the
call alone, where a family has the same name.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from seismo.audit.catalog.model import FieldKind
from seismo.audit.catalog.table import Catalog, UnknownEvent
from seismo.audit.config.check import Reader
from seismo.audit.config.filter import AllOf, AnyOf, Filter, Not, OfEvent, Under, Writing
from seismo.audit.config.model import Events, EventWord
from seismo.audit.config.tree import Items, Node, Scalar, Table
from seismo.audit.record.layout import KernelEvent
from seismo.base.dataclass import replace
from seismo.base.source import Span

__all__ = (
    "LARGEST_CONTENT",
    "content_of",
    "opening_flags",
    "read_content",
    "read_events",
    "select_in_filter",
    "select_words",
)

LARGEST_CONTENT = 4096
"""Bytes of a buffer that a record has room for."""

_USUAL_CONTENT = 256
_OPENING = ("open", "openat", "openat2", "creat", "open_by_handle_at")


def read_events(node: Node, reader: Reader, catalog: Catalog) -> Events:
    """The choice of a list of words, or of one; `{read: {content: 512}}` is a word with an
    option."""
    words = tuple(word for one in reader.items(node, "events") for word in _words(one, reader))
    spans = [(one.text, one.span) for one in words]
    return Events(words, select_words(spans, reader, catalog))


def _words(node: Node, reader: Reader) -> Iterable[EventWord]:
    match node:
        case Scalar():
            yield EventWord(reader.text(node, "an event"), 0, node.span)
        case Table():
            for entry in node.entries:
                content = 0

                def keep(one: Node) -> None:
                    nonlocal content
                    content = read_content(one, reader)

                reader.table(entry.value, f"the event '{entry.name}'", {"content": keep})
                yield EventWord(entry.name, content, entry.key_span)
        case Items():
            hint = "a name, a family, a pattern, or one of them with options"
            reader.error(node.span, "a list within the list of events", hint)


def read_content(node: Node, reader: Reader) -> int:
    """How much of contents: a size, or true for the usual 256 bytes."""
    if reader.is_flag(node):
        return _USUAL_CONTENT if reader.flag(node, "content") else 0
    return reader.size(node, "content", 0, LARGEST_CONTENT)


def select_words(
    words: Iterable[tuple[str, Span]], reader: Reader, catalog: Catalog
) -> frozenset[int]:
    """The types that words select; each word that selects nothing is told, and where nothing is
    left of all of them."""
    known: list[str] = []
    spans: list[Span] = []
    for text, span in words:
        spans.append(span)
        try:
            catalog.select([text])
        except UnknownEvent as error:
            message, _, hint = str(error).partition("\nhint: ")
            reader.error(span, message, hint)
        else:
            known.append(text)
    chosen = frozenset(one.id for one in catalog.select(known))
    if known and len(known) == len(spans) and not chosen:
        hint = "'!' takes out what is named before it; a call that this machine lacks is none"
        reader.error(spans[-1], "no event is left of this choice", hint)
    return chosen


def content_of(events: Events, catalog: Catalog) -> dict[int, int]:
    """How much of the contents is to be recorded, by type, where a word asks for it."""
    found: dict[int, int] = {}
    for word in events.words:
        if not word.content_bytes or word.text.startswith("!"):
            continue
        with suppress(UnknownEvent):  # told where the words were read
            for one in catalog.select([word.text]):
                found[one.id] = max(found.get(one.id, 0), word.content_bytes)
    return found


def select_in_filter(one: Filter, span: Span, reader: Reader, catalog: Catalog) -> Filter:
    """The filter with its choices of events as types."""
    match one:
        case AllOf(parts):
            return AllOf(tuple(select_in_filter(p, span, reader, catalog) for p in parts))
        case AnyOf(parts):
            return AnyOf(tuple(select_in_filter(p, span, reader, catalog) for p in parts))
        case Not(part):
            return Not(select_in_filter(part, span, reader, catalog))
        case OfEvent(words):
            spans = [(word, span) for word in words]
            return OfEvent(words, select_words(spans, reader, catalog))
        case Under():
            return replace(one, relative=_with_paths(catalog, 1), several=_with_paths(catalog, 2))
        case Writing():
            return Writing(opening_flags(catalog))
    return one


def _with_paths(catalog: Catalog, least: int) -> frozenset[int]:
    """System calls with so many paths, and the event of a program, which has two."""
    return frozenset(
        one.id
        for one in catalog.types
        if one.id == KernelEvent.PROCESS_EXEC
        or (one.is_syscall and sum(f.kind is FieldKind.PATH for f in one.fields) >= least)
    )


def opening_flags(catalog: Catalog) -> tuple[tuple[int, int], ...]:
    """Which argument of each call that opens files has the flags, -1 where none has."""
    found: list[tuple[int, int]] = []
    for one in catalog.select(f"={name}" for name in _OPENING):
        flags = [field.argument for field in one.fields if field.kind is FieldKind.FLAGS]
        # openat2(2) has them in a struct, creat(2) has none: both count as opening for writing.
        found.append((one.id, flags[0] if flags else -1))
    return tuple(found)
