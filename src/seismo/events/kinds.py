"""`EventLayout`: what one kind of ring-buffer record means, stated once for both sides.

Every record begins with the u32 `id` of its event layout; the arguments follow as C would lay them
out. Code generation stores through `layout`, `events/decode.py` reads through the same object.
"""

from __future__ import annotations

from enum import Enum

from seismo.base.dataclass import dataclass
from seismo.base.layout import U32, FieldType, Layout
from seismo.base.source import Span

__all__ = ("Action", "EventLayout", "MapView", "event_layout")


class Action(Enum):
    """What user space does when such a record arrives."""

    PRINTF = "printf"
    PRINT_MAP = "print_map"
    PRINT_VALUE = "print_value"
    CLEAR = "clear"
    ZERO = "zero"
    EXIT = "exit"
    RUNTIME_ERROR = "runtime_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLayout:
    """`id` is the record's first u32; `text` is the printf format, the map's name or the message.

    `layout.fields[0]` is the id, the rest are the arguments in order.
    """

    id: int
    action: Action
    layout: Layout
    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapView:
    """How a script's map prints: `name` with its @, key and value types, and the reduction.

    `key` is None for a scalar map (stored under the u64 key 0). `reduction` is how the values of
    the CPUs become one: "" (not per-CPU), `sum`, later `min max avg …`.
    """

    name: str
    key: Layout | None
    value: FieldType
    reduction: str = ""


def event_layout(name: str, members: list[tuple[str, FieldType]]) -> Layout:
    """The record layout for these arguments, with the id first."""
    return Layout.of(name, [("id", U32), *members])
