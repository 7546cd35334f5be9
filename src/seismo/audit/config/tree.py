"""A configuration's text as a tree: what YAML and JSON have in common, each node with its place.

>>> tree = read_tree(Source("c.json", '{"uid": 0}'))
>>> plain(tree)
{'uid': 0}
"""

from __future__ import annotations

from typing import Any, TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.errors import SourceError
from seismo.base.source import Span

__all__ = ("ConfigSyntaxError", "Entry", "Items", "Node", "Scalar", "Table", "plain", "shape_of")

ScalarValue: TypeAlias = "str | int | float | bool | None"

DEEPEST = 64
"""How deep nodes may be nested; rules and filters need a tenth of it."""


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
