"""`CaptureSink`: keeps what a session reports, for tests and for programs.

>>> with Session(plan, kernel, tracefs, capture) as session: ...
>>> assert capture.lines == ["vfs_read 0x1000"] and capture.maps["@"] == [(("cat",), 3)]
"""

from __future__ import annotations

from collections.abc import Sequence

from seismo.base.dataclass import dataclass, field
from seismo.base.source import Span
from seismo.events.kinds import EventLayout, FaultSite, MapView
from seismo.events.value import Row, Value
from seismo.output.sink import Outcome, Timing

__all__ = ("CaptureSink",)


@dataclass(slots=True)
class CaptureSink:
    """Everything by its kind, in the order it came; `maps` holds the rows of each map's last print.

    `errors` are the messages of `runtime_error` and `helper_error` with their spans, `notes` the
    texts of `errorf` and `warnf`, `outputs` those of `time`, `cat`, `join` and `system`.
    """

    probes: int = 0
    printed: list[tuple[EventLayout, str]] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    maps: dict[str, list[Row]] = field(default_factory=dict)
    lost_events: int = 0
    errors: list[tuple[str, Span]] = field(default_factory=list)
    notes: list[tuple[str, Span]] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    faults: list[tuple[FaultSite, int]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    is_ended: bool = False

    @property
    def text(self) -> str:
        """All that printf() printed."""
        return "".join(text for _, text in self.printed)

    @property
    def lines(self) -> list[str]:
        """The lines that printf() printed, without their newlines."""
        return self.text.splitlines()

    def attached(self, count: int) -> None:
        self.probes = count

    def printf(self, text: str, event: EventLayout) -> None:
        self.printed.append((event, text))

    def errorf(self, text: str, span: Span) -> None:
        self.notes.append((text, span))

    def warnf(self, text: str, span: Span) -> None:
        self.notes.append((text, span))

    def time(self, text: str) -> None:
        self.outputs.append(text)

    def cat(self, text: str) -> None:
        self.outputs.append(text)

    def join(self, text: str) -> None:
        self.outputs.append(text)

    def system(self, text: str) -> None:
        self.outputs.append(text)

    def value(self, value: Value, event: EventLayout) -> None:
        self.values.append(value)

    def map(self, view: MapView, rows: Sequence[Row]) -> None:
        self.maps[view.name] = list(rows)

    def lost(self, count: int) -> None:
        self.lost_events += count

    def runtime_error(self, message: str, span: Span) -> None:
        self.errors.append((message, span))

    def helper_error(self, helper: str, retcode: int, span: Span) -> None:
        self.errors.append((f"{helper} returned {retcode}", span))

    def fault(self, site: FaultSite, count: int, message: str) -> None:
        self.faults.append((site, count))

    def warning(self, message: str) -> None:
        self.warnings.append(message)

    def tests(self, names: Sequence[str]) -> None:
        pass

    def outcome(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        pass

    def benches(self, names: Sequence[str]) -> None:
        pass

    def timing(self, timing: Timing) -> None:
        self.timings.append(timing)

    def end(self) -> None:
        self.is_ended = True

    def flush(self, *, is_last: bool = False) -> None:
        pass
