"""`Sink`: where a session's events and maps go. Sinks only render; the session decides and orders.

What a session calls, in order: `attached` once; then for every record `printf`, `value`, `map`,
`runtime_error` or `helper_error` as its event's action says, and `flush` after every poll round;
`lost` whenever counters have grown; at the end, after the END programs' records, `end`, then `map`
for every map, and `flush` a last time. The stream is the caller's: a sink never closes it, and lets
BrokenPipeError through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from seismo.base.source import Span
from seismo.events.kinds import EventLayout, MapView
from seismo.events.value import Row, Value

__all__ = ("Sink",)


class Sink(Protocol):
    """Renders what a session reports. Nothing need be written before `flush`."""

    def attached(self, count: int) -> None:
        """All `count` probes are attached, BEGIN and END among them."""

    def printf(self, text: str, event: EventLayout) -> None:
        """A `printf`: the text that the event's `Formatter` rendered, newlines as in the format."""

    def value(self, value: Value, event: EventLayout) -> None:
        """A `print(expr)`: the record's only argument, whose type is `layout.fields[1].type`."""

    def map(self, view: MapView, rows: Sequence[Row]) -> None:
        """A `print(@m)`, or a map at the end: what `MapReader.rows` made, in that order."""

    def lost(self, count: int) -> None:
        """`count` more events found no room in a ring: not the total, the growth."""

    def runtime_error(self, message: str, span: Span) -> None:
        """The script did what has no meaning, such as a division by zero, at `span`."""

    def helper_error(self, helper: str, retcode: int, span: Span) -> None:
        """A call of a BPF helper (`map_update_elem`) for `span` returned the negative `retcode`."""

    def warning(self, message: str) -> None:
        """What a user should know of the whole run, such as updates lost to a full map."""

    def end(self) -> None:
        """The run is over; only maps follow."""

    def flush(self) -> None:
        """Write out what was collected since the last flush."""
