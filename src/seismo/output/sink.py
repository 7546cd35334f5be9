"""`Sink`: where a session's events and maps go. Sinks only render; the session decides and orders.

What a session calls, in order: `attached` once; then for every record what its event's action says,
and `flush` after every poll round; `lost` whenever counters have grown; at the end, after the END
programs' records, `end`, then `map` for every map, `fault` and `warning` for what went wrong, and
`flush` a last time. A run of tests is `tests`, `outcome` for each, `summary`; one of benchmarks
`benches` and `timing`. The stream is the caller's: a sink never closes it, and lets BrokenPipeError
through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from seismo.base.dataclass import dataclass
from seismo.base.source import Span
from seismo.events.kinds import EventLayout, FaultSite, MapView
from seismo.events.value import Row, Value

__all__ = ("Outcome", "Sink", "Timing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a `test:` probe did: `output` is all that it printed."""

    name: str
    passed: bool
    duration_ns: int
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long a `bench:` probe takes: the mean of so many runs."""

    name: str
    average_ns: int
    iterations: int


class Sink(Protocol):
    """Renders what a session reports. Nothing need be written before `flush`."""

    def attached(self, count: int) -> None:
        """All `count` probes are attached, BEGIN and END among them."""

    def printf(self, text: str, event: EventLayout) -> None:
        """A `printf`: the text that the event's `Formatter` rendered, newlines as in the format."""

    def errorf(self, text: str, span: Span) -> None:
        """An `errorf` at `span`: the rendered text."""

    def warnf(self, text: str, span: Span) -> None:
        """A `warnf` at `span`: the rendered text."""

    def time(self, text: str) -> None:
        """A `time`: the formatted time, newline as in the format."""

    def cat(self, text: str) -> None:
        """A `cat`: what the file holds."""

    def join(self, text: str) -> None:
        """A `join`: the joined words."""

    def system(self, text: str) -> None:
        """A `system`: what the command wrote to its standard output."""

    def value(self, value: Value, event: EventLayout) -> None:
        """A `print(expr)`: the record's only argument, whose type is `event.arguments[0].type`."""

    def map(self, view: MapView, rows: Sequence[Row]) -> None:
        """A `print(@m)`, or a map at the end: what `MapReader.rows` made, in that order."""

    def lost(self, count: int) -> None:
        """`count` more events found no room in a ring: not the total, the growth."""

    def runtime_error(self, message: str, span: Span) -> None:
        """The script did what has no meaning, such as a division by zero, at `span`."""

    def helper_error(self, helper: str, retcode: int, span: Span) -> None:
        """A call of a BPF helper (`map_update_elem`) for `span` returned the negative `retcode`."""

    def fault(self, site: FaultSite, count: int, message: str) -> None:
        """At the end: what failed `count` times at `site`, in words."""

    def warning(self, message: str) -> None:
        """What a user should know of the whole run, such as the number of all lost events."""

    def tests(self, names: Sequence[str]) -> None:
        """These tests are about to run."""

    def outcome(self, outcome: Outcome) -> None:
        """A test has run."""

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        """All tests have run."""

    def benches(self, names: Sequence[str]) -> None:
        """These benchmarks are about to run."""

    def timing(self, timing: Timing) -> None:
        """A benchmark has run."""

    def end(self) -> None:
        """The run is over; only maps and what went wrong follow."""

    def flush(self, *, is_last: bool = False) -> None:
        """Write out what was collected, as the buffering has it; all of it when `is_last`."""
