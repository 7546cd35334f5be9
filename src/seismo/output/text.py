"""`TextSink`: what people read, as bpftrace 0.26 prints it.

>>> sink = TextSink(sys.stdout.buffer, sys.stderr.buffer)
>>> sink.map(MapView(name="@", key=Layout.of("key", [("0", U32), ("1", U32)]), value=U64), rows)
>>> sink.flush()
@[1, 2]: 3
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from seismo.base.diagnostics import Diagnostic
from seismo.base.layout import Int
from seismo.base.source import Span
from seismo.events.kinds import EventLayout, FaultSite, MapView
from seismo.events.value import Row, Value, key_texter, texter
from seismo.output.bars import histogram_text
from seismo.output.graph import graph_text
from seismo.output.sink import Outcome, Timing
from seismo.output.stream import Buffering, Stream
from seismo.output.units import duration_text

__all__ = ("TextSink",)

_GREEN, _RED = 32, 31
_NAME_WIDTH, _TIME_WIDTH = 40, 15
_ITERATIONS = "Iterations"


class TextSink:
    """Events and maps to `stream`, notes about the run to `errors`.

    Both are binary: text is written as UTF-8, with the bytes that were none given back unchanged.
    `is_quiet` (-q) leaves out the number of probes, `has_warnings` (not --no-warnings) all warnings
    but those of lost events. `has_color` paints the results of tests.
    """

    def __init__(
        self,
        stream: BinaryIO,
        errors: BinaryIO,
        *,
        is_quiet: bool = False,
        has_warnings: bool = True,
        buffering: Buffering = Buffering.LINE,
        has_color: bool = False,
    ) -> None:
        self._out = Stream(stream, buffering)
        self._errors = errors
        self._is_quiet = is_quiet
        self._has_warnings = has_warnings
        self._has_color = has_color
        self._name_width = _NAME_WIDTH
        self._add = self._out.add

    def attached(self, count: int) -> None:
        if not self._is_quiet:
            self._note(f"Attached {_counted(count, 'probe')}")

    def printf(self, text: str, event: EventLayout) -> None:
        self._add(text)

    def errorf(self, text: str, span: Span) -> None:
        self._note_at(span, "ERROR: " + text)

    def warnf(self, text: str, span: Span) -> None:
        if self._has_warnings:
            self._note_at(span, "WARNING: " + text)

    def time(self, text: str) -> None:
        self._add(text)

    def cat(self, text: str) -> None:
        self._add(text)

    def join(self, text: str) -> None:
        self._add(text + "\n")

    def system(self, text: str) -> None:
        self._add(text)

    def value(self, value: Value, event: EventLayout) -> None:
        self._add(texter(event.arguments[0].type)(value) + "\n")

    def map(self, view: MapView, rows: Sequence[Row]) -> None:
        write = _value_texter(view)
        if view.key is None:
            for _, value in rows:
                self._add(f"{view.name}:{write(value)}")
            return
        key_text = key_texter(view.key)
        for key, value in rows:
            self._add(f"{view.name}[{key_text(key)}]:{write(value)}")

    def lost(self, count: int) -> None:
        self._note(f"Lost {count} events")

    def runtime_error(self, message: str, span: Span) -> None:
        self._warn(Diagnostic("warning", span, message))

    def helper_error(self, helper: str, retcode: int, span: Span) -> None:
        is_full = helper == "map_update_elem" and retcode == -errno.E2BIG
        self._warn(
            Diagnostic(
                "warning",
                span,
                f"{helper} returned {retcode}: {os.strerror(-retcode)}",
                "the map is full: raise max_map_keys" if is_full else "",
            )
        )

    def fault(self, site: FaultSite, count: int, message: str) -> None:
        if self._has_warnings:
            self._note_at(site.span, message)

    def warning(self, message: str) -> None:
        if self._has_warnings:
            self._note(f"warning: {message}")

    def tests(self, names: Sequence[str]) -> None:
        self._add(f"{self._mark('==========')} Running {_counted(len(names), 'test')}.\n")

    def outcome(self, outcome: Outcome) -> None:
        """The test's output is only shown when it failed."""
        self._add(f"{self._mark(' RUN      ')} {outcome.name}\n")
        if not outcome.passed:
            for line in filter(None, outcome.output.split("\n")):
                self._add(f"{line}\n")
        mark = self._mark("       OK ") if outcome.passed else self._mark("  FAILED  ", _RED)
        self._add(f"{mark} {outcome.name} ({duration_text(outcome.duration_ns)})\n")

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        failed = [one.name for one in outcomes if not one.passed]
        passed = _counted(len(outcomes) - len(failed), "test")
        self._add(f"{self._mark('==========')} {_counted(len(outcomes), 'test')} ran.\n")
        self._add(f"{self._mark('  PASSED  ')} {passed}.\n")
        if failed:
            mark = self._mark("  FAILED  ", _RED)
            self._add(f"{mark} {_counted(len(failed), 'test')}, listed below:\n")
            for name in failed:
                self._add(f"{mark} {name}\n")

    def benches(self, names: Sequence[str]) -> None:
        self._name_width = 1 + max(_NAME_WIDTH, *map(len, names))
        heading = f"{'Benchmark':<{self._name_width}}{'Time(ns)':<{_TIME_WIDTH}}{_ITERATIONS}"
        self._add(f"{heading}\n{'-' * len(heading)}\n")

    def timing(self, timing: Timing) -> None:
        name = f"{timing.name:<{self._name_width}}"
        self._add(f"{name}{timing.average_ns:<{_TIME_WIDTH}}{timing.iterations}\n")

    def end(self) -> None:
        self._add("\n\n")

    def flush(self, *, is_last: bool = False) -> None:
        self._out.flush(is_last=is_last)

    def _warn(self, diagnostic: Diagnostic) -> None:
        if self._has_warnings:
            self._note(str(diagnostic))

    def _note_at(self, span: Span, text: str) -> None:
        self._note(f"{span.location}: " + text.removesuffix("\n"))

    def _note(self, text: str) -> None:
        """Write to `errors` at once, after what came before it: both may be one terminal."""
        self._out.flush()
        self._errors.write(f"{text}\n".encode("utf-8", "surrogateescape"))
        self._errors.flush()

    def _mark(self, text: str, color: int = _GREEN) -> str:
        return f"\033[{color}m[{text}]\033[0m" if self._has_color else f"[{text}]"


def _value_texter(view: MapView) -> Callable[[Any], str]:
    """What writes the values of a map, with all that stands between the colon and the next row."""
    type_ = view.printed
    if view.reduction == "tseries":
        assert isinstance(type_, Int), "only numbers make a time series"
        return lambda series: f"\n{graph_text(series, type_)}\n"
    if view.has_buckets:
        return lambda histogram: f"\n{histogram_text(histogram)}\n"
    text = texter(type_)
    return lambda value: f" {text(value)}\n"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
