"""How many printf lines a second each tool brings to a file while a producer does all it can."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from bench.producer import Made, Producer
from bench.sample import Sample, ratio
from bench.table import Section
from bench.tracer import BPFTRACE, SEISMO, Tool, Tracer, alternating
from seismo.kernel.live import LiveKernel
from seismo.objects.program import enable_stats

__all__ = ("Printed", "measure_printing")

_SCRIPT = (
    "tracepoint:syscalls:sys_enter_getppid /pid == {pid}/"
    ' {{ printf("call %d %d %s\\n", pid, nsecs, comm); }}'
)
_LINE_START = b"call "


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the producer is: `burst` calls a millisecond at most, 0 for all it can.

    `part` is how much of the calls it then makes, so that a run does not take long.
    """

    title: str
    burst: int
    part: float


_PACES = (
    Pace("as fast as it can", 0, 1.0),
    Pace("at most 100 calls a millisecond", 100, 0.2),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """One run: `made.count` calls became `lines` and `lost` events in `seconds`."""

    made: Made
    lines: int
    lost: int
    seconds: float

    @property
    def rate(self) -> float:
        """Lines per second."""
        return self.lines / self.seconds

    @property
    def unaccounted(self) -> int:
        """Neither printed nor said to be lost."""
        return self.made.count - self.lines - self.lost


Runs = dict[tuple[Pace, Tool], list[Printed]]


def measure_printing(command: tuple[str, ...], count: int, rounds: int) -> Section:
    """The table of `count` calls, and of fewer at a pace that a reader can follow."""
    kernel = LiveKernel()
    runs: Runs = defaultdict(list)
    for round_ in range(rounds):
        for pace in _PACES:
            for tool in alternating(round_):
                calls = round(count * pace.part)
                runs[pace, tool].append(_run(tool, command, kernel, (calls, pace.burst)))
    return Section(
        name="printing",
        title=f"Text: lines in a file, from first call to the tool's end; {rounds} rounds, summed",
        header=("producer: tool", "ratio", "lines/s", "calls/s", "made", "printed", "lost", "?"),
        rows=tuple(row for pace in _PACES for row in _rows(pace, runs)),
        notes=(
            f"`{_SCRIPT.format(pid='PID')}`",
            "ratio: our lines a second over bpftrace's; calls/s: what the traced producer reaches",
            "?: neither printed nor reported as lost",
        ),
    )


def _run(
    tool: Tool, command: tuple[str, ...], kernel: LiveKernel, calls: tuple[int, int]
) -> Printed:
    """One run of (how many, how many a millisecond) calls."""
    with (
        Producer(command, "getppid") as producer,
        Tracer(tool, _SCRIPT.format(pid=producer.pid)) as tracer,
    ):
        with enable_stats(kernel):
            tracer.wait_attached(1, (os.getppid,))
        made = producer.make(*calls)
        seconds = (tracer.stop() - made.start_ns) / 1e9
        lines = tracer.count_lines(_LINE_START)
        return Printed(made=made, lines=lines, lost=tracer.lost, seconds=seconds)


def _rows(pace: Pace, runs: Runs) -> Iterator[tuple[str, ...]]:
    ours, theirs = runs[pace, SEISMO], runs[pace, BPFTRACE]
    compared = f"{ratio(_rates(ours), _rates(theirs)):.2f}x" if theirs else ""
    yield (f"{pace.title}: {SEISMO.name}", compared, *_figures(ours))
    yield (f"{pace.title}: {BPFTRACE.name}", "", *_figures(theirs))


def _figures(runs: list[Printed]) -> tuple[str, ...]:
    if not runs:
        return ("not installed", "", "", "", "", "")
    return (
        f"{_rates(runs).median:,.0f}",
        f"{Sample(tuple(run.made.rate for run in runs)).median:,.0f}",
        f"{sum(run.made.count for run in runs):,}",
        f"{sum(run.lines for run in runs):,}",
        f"{sum(run.lost for run in runs):,}",
        f"{sum(run.unaccounted for run in runs):,}",
    )


def _rates(runs: list[Printed]) -> Sample:
    return Sample(tuple(run.rate for run in runs))
