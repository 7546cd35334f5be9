"""What a tool's maps held, and how the parts of their keys are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from seismo.base.layout import FieldType
from seismo.events.kinds import MapView
from seismo.events.value import Row, Value, texter
from seismo.output.jsonl import json_string
from seismo.tools.rows import column_json, shown
from seismo.tools.tool import Column

__all__ = ("Found", "Members", "ReportWriter", "json_line", "key_members", "key_texts", "rows_of")

Found: TypeAlias = Mapping[str, tuple[MapView, Sequence[Row]]]
"""The maps that were there, by name, with their rows."""

Members: TypeAlias = list[tuple[str, Callable[[Any], str]]]
"""The names of an object's members, and what writes them as JSON."""


class ReportWriter(Protocol):
    """Writes one report of a tool; `top` limits how much (0: as the report says)."""

    def text(self, found: Found, top: int) -> str:
        """What people read; '' where there is nothing to show."""

    def json(self, found: Found, top: int) -> str:
        """A JSON object a line for every row, histogram or stack."""


def rows_of(found: Found, name: str) -> Sequence[Row]:
    """What a map held."""
    return found[name][1] if name in found else ()


def key_texts(
    found: Found, maps: Sequence[str], keys: Sequence[Column]
) -> list[Callable[..., str]]:
    """What writes each part of the key that the maps have."""
    return [
        shown(one.show) if one.show is not None else texter(type_)
        for one, type_ in zip(keys, _key_types(found, maps, keys), strict=True)
    ]


def key_members(found: Found, maps: Sequence[str], keys: Sequence[Column]) -> Members:
    """The same for JSON, with the parts' names."""
    types = _key_types(found, maps, keys)
    return [(one.name, column_json(one, type_)) for one, type_ in zip(keys, types, strict=True)]


def json_line(members: Members, values: Sequence[Value]) -> str:
    """An object on a line."""
    parts = [
        f"{json_string(name)}: {write(value)}"
        for (name, write), value in zip(members, values, strict=True)
    ]
    return f"{{{', '.join(parts)}}}\n"


def _key_types(found: Found, maps: Sequence[str], keys: Sequence[Column]) -> Sequence[FieldType]:
    view = next(found[name][0] for name in maps if name in found)
    fields = view.key.fields if view.key is not None else ()
    assert len(fields) == len(keys), f"{view.name} has {len(fields)} keys, not {len(keys)}"
    return [field.type for field in fields]
