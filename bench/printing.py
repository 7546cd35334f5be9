"""How many printf lines a second each tool brings to a file while a producer does all it can."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass

from bench.producer import Producer
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
class Printed:
    """One run: `produced` calls became `lines` and `lost` events in `seconds`."""

    produced: int
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
        return self.produced - self.lines - self.lost


def measure_printing(command: tuple[str, ...], count: int, rounds: int) -> Section:
    """The table of `count` calls as fast as they can be made, and as slowly as both can follow."""
    kernel = LiveKernel()
    runs: dict[tuple[str, str], list[Printed]] = defaultdict(list)
    for round_ in range(rounds):
        for tool in alternating(round_):
            runs[tool.name, _FULL].append(_run(tool, command, kernel, count, burst=0))
            runs[tool.name, _PACED].append(_run(tool, command, kernel, count // 10, burst=20))
    return _section(runs, rounds)


_FULL = "producer at full speed"
_PACED = "producer at most 20 calls a millisecond"


def _run(
    tool: Tool, command: tuple[str, ...], kernel: LiveKernel, count: int, *, burst: int
) -> Printed:
    with (
        Producer(command, "getppid") as producer,
        Tracer(tool, _SCRIPT.format(pid=producer.pid)) as tracer,
    ):
        with enable_stats(kernel):
            tracer.wait_attached(1, (os.getppid,))
        made = producer.make(count, burst)
        seconds = (tracer.stop() - made.start_ns) / 1e9
        return Printed(count, tracer.count_lines(_LINE_START), tracer.lost, seconds)


def _section(runs: dict[tuple[str, str], list[Printed]], rounds: int) -> Section:
    rows = []
    for title in (_FULL, _PACED):
        ours, theirs = runs[SEISMO.name, title], runs[BPFTRACE.name, title]
        compared = ratio(_rates(ours), _rates(theirs)) if theirs else None
        for tool, done in ((SEISMO, ours), (BPFTRACE, theirs)):
            is_ours = tool is SEISMO and compared is not None
            rows.append(_row(f"{title}: {tool.name}", f"{compared:.2f}x" if is_ours else "", done))
    return Section(
        name="printing",
        title=f"Text: lines in a file, from first call to the tool's end; {rounds} rounds, summed",
        header=("what", "ratio", "lines/s", "produced", "printed", "lost", "unaccounted"),
        rows=tuple(rows),
        notes=(f"`{_SCRIPT.format(pid='PID')}`", "Ratio: our lines a second over bpftrace's."),
    )


def _row(title: str, compared: str, runs: list[Printed]) -> tuple[str, ...]:
    if not runs:
        return (title, "", "not installed", "", "", "", "")
    return (
        title,
        compared,
        f"{_rates(runs).median:,.0f}",
        f"{sum(run.produced for run in runs):,}",
        f"{sum(run.lines for run in runs):,}",
        f"{sum(run.lost for run in runs):,}",
        f"{sum(run.unaccounted for run in runs):,}",
    )


def _rates(runs: list[Printed]) -> Sample:
    return Sample(tuple(run.rate for run in runs))
