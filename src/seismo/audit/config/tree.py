"""A configuration's text as a tree: what YAML and JSON have in common, each node with its place.

>>> tree = read_tree(Source("c.json", '{"uid": 0}'))
>>> plain(tree)
{'uid': 0}
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.errors import SourceError
from seismo.base.source import Span

__all__ = (
    "ConfigSyntaxError",
    "Entry",
    "Items",
    "Node",
    "Scalar",
    "Table",
    "is_text",
    "json_of",
    "plain",
    "shape_of",
)

ScalarValue: TypeAlias = "str | int | float | bool | None"

DEEPEST = 64
"""How deep nodes may be nested; rules and filters need a tenth of it."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")


class ConfigSyntaxError(SourceError):
    """Text that is neither YAML nor JSON; nothing more can be said of what follows it."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value; `is_quoted` if it is text that could not be read as anything else."""

    value: ScalarValue
    span: Span
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Node, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value."""

    name: str
    key_span: Span
    value: Node


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping, its keys in the order of the text, each once."""

    entries: tuple[Entry, ...]
    span: Span

    def entry(self, name: str) -> Entry | None:
        """The entry with this key, if the text has it."""
        return next((one for one in self.entries if one.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        """The keys."""
        return tuple(one.name for one in self.entries)


Node: TypeAlias = Scalar | Items | Table


def plain(node: Node) -> Any:
    """The node as dict, list and single values, without places."""
    match node:
        case Scalar():
            return node.value
        case Items():
            return [plain(one) for one in node.items]
        case Table():
            return {one.name: plain(one.value) for one in node.entries}


def json_of(node: Node) -> str:
    """The node as JSON that means the same: numbers are as they were written, for where they are
    text (`container: 12e4`)."""
    match node:
        case Scalar(value=int() | float()) if _JSON_NUMBER.fullmatch(node.span.text.strip()):
            return node.span.text.strip()
        case Scalar():
            return json.dumps(node.value)
        case Items():
            return f"[{', '.join(json_of(one) for one in node.items)}]"
        case Table():
            pairs = (f"{json.dumps(one.name)}: {json_of(one.value)}" for one in node.entries)
            return f"{{{', '.join(pairs)}}}"


def is_text(value: str) -> bool:
    """Whether all of it is characters: escapes, and the bytes of a command line, can make halves
    of surrogate pairs, too."""
    return _SURROGATE.search(value) is None


def shape_of(node: Node) -> str:
    """What the node is, for messages: `a list`, `a mapping`, `text`, `a number`."""
    match node:
        case Items():
            return "a list"
        case Table():
            return "a mapping"
        case Scalar(value=None):
            return "nothing"
        case Scalar(value=bool()):
            return "true or false"
        case Scalar(value=str()):
            return "text"
        case Scalar():
            return "a number"
