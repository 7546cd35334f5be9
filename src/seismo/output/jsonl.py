"""`JsonSink`: one JSON object a line, with the shapes of `bpftrace -f json` 0.26.

Integers that a double cannot hold exactly are strings, pointers numbers, bytes lists of numbers.
The lines are always UTF-8: a byte of a string that is none becomes U+FFFD. They are written by hand
because importing `json` would cost more than it does for so few shapes.

>>> sink.map(MapView(name="@", key=Layout.of("key", [("0", U32), ("1", U32)]), value=U64), rows)
{"type": "map", "data": {"@": {"1,2": 3}}}
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, BinaryIO, assert_never

from seismo.base.layout import Array, Blob, FieldType, Int, Layout, Text
from seismo.base.source import Span
from seismo.events.kinds import EventLayout, MapView
from seismo.events.value import Row, Value, key_texter

__all__ = ("JsonSink", "json_writer")


class JsonSink:
    """Everything to `stream`, as bytes, one object a line."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lines: list[str] = []

    def attached(self, count: int) -> None:
        self._line("attached_probes", f'"count": {count}, "data": {{"probes": {count}}}')

    def printf(self, text: str, event: EventLayout) -> None:
        self._line("printf", f'"data": {_string(text)}')

    def value(self, value: Value, event: EventLayout) -> None:
        self._line("value", f'"data": {json_writer(event.layout.fields[1].type)(value)}')

    def map(self, view: MapView, rows: Sequence[Row]) -> None:
        """A map without rows is no line, as in bpftrace."""
        if rows:
            data = _scalar(view, rows) if view.key is None else _entries(view, view.key, rows)
            self._line("map", f'"data": {{{_string(view.name)}: {data}}}')

    def lost(self, count: int) -> None:
        self._line("lost_events", f'"count": {count}, "data": {{"events": {count}}}')

    def runtime_error(self, message: str, span: Span) -> None:
        self._line("runtime_error", f'"msg": {_string(message)}, {_place(span)}')

    def helper_error(self, helper: str, retcode: int, span: Span) -> None:
        message = _string(os.strerror(-retcode))
        call = f'"helper": {_string(helper)}, "retcode": {retcode}'
        self._line("helper_error", f'"msg": {message}, {call}, {_place(span)}')

    def warning(self, message: str) -> None:
        self._line("warning", f'"msg": {_string(message)}')

    def end(self) -> None:
        pass

    def flush(self) -> None:
        if self._lines:
            data = "".join(self._lines).encode()
            self._lines.clear()
            self._stream.write(data)
            self._stream.flush()

    def _line(self, type_: str, members: str) -> None:
        self._lines.append(f'{{"type": "{type_}", {members}}}\n')


def _scalar(view: MapView, rows: Sequence[Row]) -> str:
    ((_, value),) = rows
    return json_writer(view.value)(value)


def _entries(view: MapView, key: Layout, rows: Sequence[Row]) -> str:
    key_text, write = key_texter(key, space=""), json_writer(view.value)
    members = [f"{_string(key_text(name))}: {write(value)}" for name, value in rows]
    return f"{{{', '.join(members)}}}"


def _place(span: Span) -> str:
    at = span.location
    return f'"filename": {_string(at.name)}, "line": {at.line}, "col": {at.column}'


@cache
def json_writer(type_: FieldType) -> Callable[[Any], str]:
    """What writes values of this type: objects are spaced, lists are not."""
    match type_:
        case Int(shown="bool"):
            return lambda value: "true" if value else "false"
        case Int():
            return _number
        case Text():
            return _string
        case Blob():
            return lambda data: f"[{','.join(map(str, data))}]"
        case Array():
            element = json_writer(type_.element)
            return lambda values: f"[{','.join(map(element, values))}]"
        case Layout(kind="tuple"):
            elements = [json_writer(field.type) for field in type_.fields]
            return lambda values: f"[{','.join(_each(elements, values))}]"
        case Layout():
            members = [(field.name, json_writer(field.type)) for field in type_.fields]
            return lambda values: _object(members, values)
        case _:
            assert_never(type_)


def _each(writers: Sequence[Callable[[Any], str]], values: tuple[Value, ...]) -> list[str]:
    return [write(value) for write, value in zip(writers, values, strict=True)]


def _object(members: Sequence[tuple[str, Callable[[Any], str]]], values: dict[str, Value]) -> str:
    inside = ", ".join([f"{_string(name)}: {write(values[name])}" for name, write in members])
    return f"{{{inside}}}"


def _number(value: int) -> str:
    return str(value) if int(float(value)) == value else f'"{value}"'


_ESCAPES = {code: f"\\u{code:04x}" for code in range(0x20)} | {
    ord('"'): '\\"',
    ord("\\"): "\\\\",
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
}


def _string(text: str) -> str:
    if not text.isascii():
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return f'"{text.translate(_ESCAPES)}"'
