"""`JsonSink`: one JSON object a line, with the shapes of `bpftrace -f json` 0.26.

Integers that a double cannot hold exactly are strings, pointers numbers, bytes lists of numbers.
The lines are always UTF-8: a byte of a string that is none becomes U+FFFD. They are written by hand
because importing `json` would cost more than it does for so few shapes.

>>> sink.map(MapView(name="@", key=Layout.of("key", [("0", U32), ("1", U32)]), value=U64), rows)
{"type": "map", "data": {"@": {"1,2": 3}}}
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, BinaryIO, assert_never

from seismo.base.layout import Array, Blob, Buffer, FieldType, Int, Layout, Symbolic, Text
from seismo.base.source import Span
from seismo.events.kinds import EventLayout, FaultSite, MapView
from seismo.events.value import Bucket, Histogram, Row, TimeSeries, Value, key_texter
from seismo.output.sink import Outcome, Timing
from seismo.output.stream import Buffering, Stream

__all__ = ("JsonSink", "json_string", "json_writer")

_MAP_TYPES = {
    "avg": "stats",
    "stats": "stats",
    "hist": "hist",
    "lhist": "hist",
    "tseries": "tseries",
}
"""The `type` of the lines about maps of these reductions; `map` for all others."""


class JsonSink:
    """Everything to `stream`, as bytes, one object a line.

    `is_quiet` (-q) leaves out the number of probes, `has_warnings` (not --no-warnings) what `warnf`
    says.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        is_quiet: bool = False,
        has_warnings: bool = True,
        buffering: Buffering = Buffering.LINE,
    ) -> None:
        self._out = Stream(stream, buffering)
        self._is_quiet = is_quiet
        self._has_warnings = has_warnings

    def attached(self, count: int) -> None:
        if not self._is_quiet:
            self._line("attached_probes", f'"count": {count}, "data": {{"probes": {count}}}')

    def printf(self, text: str, event: EventLayout) -> None:
        self._text("printf", text)

    def errorf(self, text: str, span: Span) -> None:
        self._line("errorf", f'"msg": {json_string(text)}, {_place(span)}')

    def warnf(self, text: str, span: Span) -> None:
        if self._has_warnings:
            self._line("warnf", f'"msg": {json_string(text)}, {_place(span)}')

    def time(self, text: str) -> None:
        self._text("time", text)

    def cat(self, text: str) -> None:
        self._text("cat", text)

    def join(self, text: str) -> None:
        self._text("join", text)

    def system(self, text: str) -> None:
        self._text("syscall", text)

    def value(self, value: Value, event: EventLayout) -> None:
        self._line("value", f'"data": {json_writer(event.arguments[0].type)(value)}')

    def map(self, view: MapView, rows: Sequence[Row]) -> None:
        """A map without rows is no line, as in bpftrace."""
        if rows:
            data = _scalar(view, rows) if view.key is None else _entries(view, view.key, rows)
            type_ = _MAP_TYPES.get(view.reduction, "map")
            self._line(type_, f'"data": {{{json_string(view.name)}: {data}}}')

    def lost(self, count: int) -> None:
        self._line("lost_events", f'"count": {count}, "data": {{"events": {count}}}')

    def runtime_error(self, message: str, span: Span) -> None:
        self._line("runtime_error", f'"msg": {json_string(message)}, {_place(span)}')

    def helper_error(self, helper: str, retcode: int, span: Span) -> None:
        message = json_string(os.strerror(-retcode))
        call = f'"helper": {json_string(helper)}, "retcode": {retcode}'
        self._line("helper_error", f'"msg": {message}, {call}, {_place(span)}')

    def fault(self, site: FaultSite, count: int, message: str) -> None:
        what = f'"kind": "{site.kind}", "count": {count}, "msg": {json_string(message)}'
        self._line("fault", f"{what}, {_place(site.span)}")

    def warning(self, message: str) -> None:
        self._line("warning", f'"msg": {json_string(message)}')

    def tests(self, names: Sequence[str]) -> None:
        pass

    def outcome(self, outcome: Outcome) -> None:
        passed = "true" if outcome.passed else "false"
        self._named(
            "test_result",
            outcome.name,
            f'"duration": {outcome.duration_ns}, "passed": {passed}, '
            f'"output": {json_string(outcome.output)}',
        )

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        pass

    def benches(self, names: Sequence[str]) -> None:
        pass

    def timing(self, timing: Timing) -> None:
        members = f'"average": {timing.average_ns}, "iters": {timing.iterations}'
        self._named("benchmark_result", timing.name, members)

    def end(self) -> None:
        pass

    def flush(self, *, is_last: bool = False) -> None:
        self._out.flush(is_last=is_last)

    def _text(self, type_: str, text: str) -> None:
        self._line(type_, f'"data": {json_string(text)}')

    def _named(self, type_: str, name: str, members: str) -> None:
        self._line(type_, f'"data": {{{json_string(name)}: {{{members}}}}}')

    def _line(self, type_: str, members: str) -> None:
        self._out.add(f'{{"type": "{type_}", {members}}}\n')


def _scalar(view: MapView, rows: Sequence[Row]) -> str:
    ((_, value),) = rows
    return _map_writer(view)(value)


def _entries(view: MapView, key: Layout, rows: Sequence[Row]) -> str:
    key_text, write = key_texter(key, space=""), _map_writer(view)
    members = [f"{json_string(key_text(name))}: {write(value)}" for name, value in rows]
    return f"{{{', '.join(members)}}}"


def _map_writer(view: MapView) -> Callable[[Any], str]:
    if not view.has_buckets:
        return json_writer(view.printed)
    return _points if view.reduction == "tseries" else _buckets


def _buckets(histogram: Histogram) -> str:
    return f"[{','.join(map(_bucket, histogram.buckets))}]"


def _bucket(bucket: Bucket) -> str:
    """`max` is inclusive, and a bound that there is not is left out."""
    low = f'"min": {_number(bucket.low)}, ' if bucket.low is not None else ""
    high = f'"max": {_number(bucket.high - 1)}, ' if bucket.high is not None else ""
    return f'{{{low}{high}"count": {bucket.count}}}'


def _points(series: TimeSeries) -> str:
    """Intervals without a value are left out; times are UTC."""
    points = [
        f'{{"interval_start":"{_utc(start)}","value":{value}}}'
        for start, value in series.points
        if value is not None
    ]
    return f"[{','.join(points)}]"


def _utc(wall_ns: int) -> str:
    seconds, ns = divmod(wall_ns, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(seconds))}.{ns:09}"


def _place(span: Span) -> str:
    at = span.location
    return f'"filename": {json_string(at.name)}, "line": {at.line}, "col": {at.column}'


@cache
def json_writer(type_: FieldType) -> Callable[[Any], str]:
    """What writes values of this type: objects are spaced, lists are not."""
    match type_:
        case Int(shown="bool"):
            return lambda value: "true" if value else "false"
        case Int():
            return _number
        case Text() | Symbolic():
            return json_string
        case Buffer(shown="words"):
            return lambda words: f"[{','.join(map(json_string, words))}]"
        case Blob() | Buffer():
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
    inside = ", ".join([f"{json_string(name)}: {write(values[name])}" for name, write in members])
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


def json_string(text: str) -> str:
    """A string as JSON has it, in quotes."""
    if not text.isascii():
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return f'"{text.translate(_ESCAPES)}"'
