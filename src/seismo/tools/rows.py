"""A tool's rows: a heading and aligned text, or a JSON object a line, of the same printf.

>>> rows = RowWriter(columns("pid path"), is_json=True)
>>> rows.render(event)((7, "/etc/hostname"))
'{"pid": 7, "path": "/etc/hostname"}\\n'
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from seismo.base.layout import Blob, Buffer, Field, FieldType, Int, Text
from seismo.events.formatter import Formatter
from seismo.events.kinds import EventLayout
from seismo.events.printf import Conversion, parse_format
from seismo.events.value import Value, texter
from seismo.output.folded import frames_of
from seismo.output.jsonl import json_string, json_writer
from seismo.output.printable import printable
from seismo.session import Render, as_text
from seismo.tools.tool import Column, Show

__all__ = ("RowWriter", "column_json", "shown")

_NOTHING = "-"
_SHOWN = Text(1)  # texts are not cut when they are rendered
_REST = Field("rest", 0, _SHOWN)


class RowWriter:
    """Renders the printf events that have these columns. `heading` is known when the first such
    event was seen, which is before any of them comes."""

    def __init__(self, columns: Sequence[Column], *, is_json: bool) -> None:
        self.heading = ""
        self._columns = tuple(columns)
        self._is_json = is_json

    def render(self, event: EventLayout) -> Render:
        """What makes the text of an event; of other events than rows JSON shows nothing."""
        has_rest = self._columns[-1:] and self._columns[-1].is_rest
        if has_rest and len(event.arguments) >= len(self._columns) - 1:
            return self._row_with_rest(event)
        if len(event.arguments) != len(self._columns):
            return _nothing if self._is_json else as_text(event)
        if self._is_json:
            return _json_row(self._columns, event.arguments)
        self.heading = self.heading or _heading(event.text, self._columns)
        return _text_row(self._columns, event)

    def _row_with_rest(self, event: EventLayout) -> Render:
        """The last column is what the rest of the format makes of the rest of the arguments."""
        count = len(self._columns) - 1
        conversions = [one for one in parse_format(event.text) if one.kind != "%"]
        end = conversions[count - 1].end
        end += len(event.text[end:]) - len(event.text[end:].lstrip(" "))
        head, tail = event.text[:end], event.text[end:].rstrip("\n")
        fields = event.arguments
        rest = Formatter(tail, [field.type for field in fields[count:]]).render
        if self._is_json:
            row = _json_row(self._columns, (*fields[:count], _REST))
            return lambda values: row((*values[:count], rest(values[count:])))
        name = self._columns[-1].name
        self.heading = self.heading or _heading(head, self._columns[:count], name)
        first = Formatter(head, [field.type for field in fields[:count]]).render
        return lambda values: first(values[:count]) + printable(rest(values[count:])) + "\n"


def column_json(column: Column, type_: FieldType) -> Callable[[Any], str]:
    """What writes a column's value as JSON: a list for a stack, the name of an enumerator."""
    if column.is_stack:
        return lambda value: f"[{', '.join(map(json_string, reversed(frames_of(value))))}]"
    if column.show is None and isinstance(type_, Int) and type_.shown == "enum":
        name = texter(type_)
        return lambda value: json_string(name(value))
    if column.show is None:
        return json_writer(type_)
    show = column.show

    def write(value: Value) -> str:
        word = show(value)
        return "null" if word is None else json_string(word)

    return write


def shown(show: Show) -> Callable[[Any], str]:
    """What writes a value in its word."""

    def write(value: Value) -> str:
        word = show(value)
        return _NOTHING if word is None else word

    return write


def _nothing(_: Sequence[Value]) -> str:
    return ""


def _json_row(columns: Sequence[Column], fields: Sequence[Field]) -> Render:
    writers = [
        (f'"{column.name}": ', column_json(column, field.type))
        for column, field in zip(columns, fields, strict=True)
    ]

    def render(values: Sequence[Value]) -> str:
        members = [
            head + write(value) for (head, write), value in zip(writers, values, strict=True)
        ]
        return f"{{{', '.join(members)}}}\n"

    return render


def _text_row(columns: Sequence[Column], event: EventLayout) -> Render:
    """As the format says, but words take the place of numbers that have some, and what a terminal
    would act on is escaped: names of files and processes may hold anything."""
    pairs = zip(columns, event.arguments, strict=True)
    makes = {at: make for at, pair in enumerate(pairs) if (make := _worded(*pair)) is not None}
    types = [_SHOWN if at in makes else one.type for at, one in enumerate(event.arguments)]
    anew = [_as_text if at in makes else _same for at in range(len(columns))]
    formatter = Formatter(_with_conversions(event.text, anew), types)

    def render(values: Sequence[Value]) -> str:
        words = list(values)
        for at, make in makes.items():
            words[at] = make(words[at])
        return formatter.render(words)

    return render


def _worded(column: Column, field: Field) -> Callable[[Any], str] | None:
    """What makes the text of a column that is not shown as the format has it."""
    if column.show is not None:
        word = shown(column.show)
        return lambda value: printable(word(value))
    if column.is_stack or isinstance(field.type, (Int, Blob, Buffer)):
        return None
    text = texter(field.type)
    return lambda value: printable(text(value))


def _heading(text: str, columns: Sequence[Column], last: str = "") -> str:
    """The columns' names where the format puts their values; a stack stands under its row. `last`
    is the name of what stands behind them."""
    names = ["" if one.is_stack else one.name.upper() for one in columns]
    line = _with_conversions(text, [_naming(name) for name in names])
    return f"{line.replace('%%', '%')}{last.upper()}".rstrip() + "\n"


def _with_conversions(text: str, makes: Sequence[Callable[[Conversion], str]]) -> str:
    """The format with each conversion that takes an argument made anew."""
    parts, end, rest = [], 0, iter(makes)
    for one in parse_format(text):
        if one.kind != "%":
            parts += [text[end : one.start], next(rest)(one) or text[one.start : one.end]]
            end = one.end
    return "".join([*parts, text[end:]])


def _same(_: Conversion) -> str:
    return ""


def _as_text(one: Conversion) -> str:
    precision = "" if one.precision is None or one.kind != "s" else f".{one.precision}"
    return f"%{'-' if '-' in one.flags else ''}{one.width or ''}{precision}s"


def _naming(name: str) -> Callable[[Conversion], str]:
    def make(one: Conversion) -> str:
        width = one.width or 0
        return (name.ljust(width) if "-" in one.flags else name.rjust(width)) or " "

    return make
