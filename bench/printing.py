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
    """The table of `count` calls, made as fast as they can be."""
    kernel = LiveKernel()
    runs: dict[str, list[Printed]] = defaultdict(list)
    for round_ in range(rounds):
        for pace in _PACES:
            for tool in alternating(round_):
                runs[pace.title, tool.name].append(_run(tool, command, kernel, pace))
    return _section(runs, rounds)


def _run(tool: Tool, command: tuple[str, ...], kernel: LiveKernel, pace: Pace) -> Printed:
    with (
        Producer(command, "getppid") as producer,
        Tracer(tool, _SCRIPT.format(pid=producer.pid)) as tracer,
    ):
        with enable_stats(kernel):
            tracer.wait_attached(1, (os.getppid,))
        made = producer.make(count)
        seconds = (tracer.stop() - made.start_ns) / 1e9
        return Printed(count, tracer.count_lines(_LINE_START), tracer.lost, seconds)


def _section(runs: dict[str, list[Printed]], rounds: int) -> Section:
    ours, theirs = runs[SEISMO.name], runs[BPFTRACE.name]
    compared = f"{ratio(_rates(ours), _rates(theirs)):.2f}x" if theirs else ""
    return Section(
        name="printing",
        title=f"Text: lines in a file, from first call to the tool's end; {rounds} rounds, summed",
        header=("tool", "ratio", "lines/s", "produced", "printed", "lost", "unaccounted"),
        rows=(_row(SEISMO, compared, ours), _row(BPFTRACE, "", theirs)),
        notes=(f"`{_SCRIPT.format(pid='PID')}`", "Ratio: our lines a second over bpftrace's."),
    )


def _row(tool: Tool, compared: str, runs: list[Printed]) -> tuple[str, ...]:
    if not runs:
        return (tool.name, "", "not installed", "", "", "", "")
    return (
        tool.name,
        compared,
        f"{_rates(runs).median:,.0f}",
        f"{sum(run.produced for run in runs):,}",
        f"{sum(run.lines for run in runs):,}",
        f"{sum(run.lost for run in runs):,}",
        f"{sum(run.unaccounted for run in runs):,}",
    )


def _rates(runs: list[Printed]) -> Sample:
    return Sample(tuple(run.rate for run in runs))
