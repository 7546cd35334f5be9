"""Decoded values are plain Python objects; the layout that decoded them says how they print.

`Int` decodes to int (bool where it is shown as one), `Text` and `Symbolic` to str, `Blob` and
`Buffer` to bytes (a `Buffer` of words to a tuple of str), `Array` and a `tuple` layout to tuple, a
`struct` layout to dict; what fills many entries of a map is one `Histogram` or `TimeSeries`. Bytes
that are not UTF-8 stay in a str as surrogate escapes, so that writing it with the same error
handler gives the kernel's bytes back.

>>> texter(Layout.of("pair", [("0", U32), ("1", Int(8, False, "pointer"))], "tuple"))((7, 4096))
'(7, 0x1000)'
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias, assert_never

from seismo.base.dataclass import dataclass
from seismo.base.layout import Array, Blob, Buffer, Field, FieldType, Int, Layout, Symbolic, Text

__all__ = (
    "Bucket",
    "Histogram",
    "Row",
    "TimeSeries",
    "Value",
    "escape_bytes",
    "key_texter",
    "texter",
)


@dataclass(frozen=True, slots=True)
class Bucket:
    """`count` values from `low` on, below `high`; None where there is no such bound."""

    low: int | None
    high: int | None
    count: int
    label: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """The buckets from the first to the last that counts something, side by side."""

    buckets: tuple[Bucket, ...]

    @property
    def total(self) -> int:
        """How many values were counted."""
        return sum(one.count for one in self.buckets)


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """One value an interval: (its start in ns since 1970, the value or None), oldest first."""

    interval_ns: int
    points: tuple[tuple[int, int | None], ...]


Value: TypeAlias = (
    "int | str | bytes | tuple[Value, ...] | dict[str, Value] | Histogram | TimeSeries"
)
"""What a field decodes to (bool is an int), or what the entries of a map with buckets become."""

Row: TypeAlias = tuple[tuple[Value, ...], Value]
"""One entry of a map: its key's elements (none for a scalar map) and its value."""


@cache
def texter(type_: FieldType, space: str = " ") -> Callable[[Any], str]:
    """What writes values of this type as text, with `space` inside tuples and structs."""
    match type_:
        case Int(shown="bool"):
            return lambda value: "true" if value else "false"
        case Int(shown="pointer"):
            return "{:#x}".format
        case Int(shown="enum"):
            names = dict(type_.names)
            return lambda value: names.get(value) or str(value)
        case Int() | Text() | Symbolic():
            return str
        case Buffer(shown="words"):
            return " ".join
        case Blob() | Buffer():
            return escape_bytes
        case Array():
            element = texter(type_.element, space)
            return lambda values: f"[{','.join(map(element, values))}]"
        case Layout(kind="tuple"):
            inside = _tuple_texter(type_, space)
            return lambda values: f"({inside(values)})"
        case Layout():
            return _struct_texter(type_, space)
        case _:
            assert_never(type_)


def escape_bytes(data: bytes) -> str:
    """Printable ASCII as it is, every other byte as `\\xNN`; a backslash is not escaped."""
    return "".join(chr(byte) if 32 <= byte <= 126 else f"\\x{byte:02x}" for byte in data)


def key_texter(key: Layout, space: str = " ") -> Callable[[tuple[Value, ...]], str]:
    """What writes a map's key: `1, 2`; a key that is one tuple is written without parentheses."""
    match key.fields:
        case (Field(type=Layout(kind="tuple") as only),):
            inside = _tuple_texter(only, space)
            return lambda values: inside(values[0])
        case _:
            return _tuple_texter(key, space)


def _tuple_texter(layout: Layout, space: str) -> Callable[[Any], str]:
    elements = [texter(field.type, space) for field in layout.fields]
    comma = f",{space}"
    return lambda values: comma.join(
        [text(value) for text, value in zip(elements, values, strict=True)]
    )


def _struct_texter(layout: Layout, space: str) -> Callable[[dict[str, Value]], str]:
    members = [
        (field.name, f".{field.name}{space}={space}", texter(field.type, space))
        for field in layout.fields
    ]
    comma = f",{space}"

    def write(values: dict[str, Value]) -> str:
        inside = comma.join(label + text(values[name]) for name, label, text in members)
        return f"{{{space}{inside}{space}}}" if inside else "{}"

    return write
