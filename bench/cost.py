"""What a script costs the traced process: nanoseconds per run in the kernel, as it counts them."""

from __future__ import annotations

import os
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass

from bench.errors import BenchError
from bench.producer import Producer
from bench.programs import cost_ns, deviation, runs_between
from bench.sample import Sample, Target, compare
from bench.table import Section
from bench.tracer import BPFTRACE, SEISMO, Tool, Tracer, alternating
from seismo.kernel.live import LiveKernel
from seismo.objects.program import enable_stats

__all__ = ("SCRIPTS", "measure_cost")

# A pace that the slower reader can follow: a full ring would make its writers' work shorter.
_BURST = 20
_ATTEMPTS = 5
_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Script:
    """A one-liner; `{pid}` is the producer, which makes `call`s; it becomes so many programs."""

    title: str
    text: str
    call: str = "getppid"
    programs: int = 1


SCRIPTS = (
    Script(
        "count by comm",
        "tracepoint:syscalls:sys_enter_getppid /pid == {pid}/ {{ @[comm] = count(); }}",
    ),
    Script(
        "printf with a file name",
        "tracepoint:syscalls:sys_enter_statfs /pid == {pid}/"
        ' {{ printf("%d %s %s\\n", pid, comm, str(args->pathname)); }}',
        call="statfs",
    ),
    Script(
        "store by tid, look up and delete",
        "tracepoint:syscalls:sys_enter_getppid /pid == {pid}/ {{ @start[tid] = nsecs; }}"
        " tracepoint:syscalls:sys_exit_getppid /@start[tid]/"
        " {{ @last[tid] = nsecs - @start[tid]; delete(@start[tid]); }}",
        programs=2,
    ),
    Script(
        "histogram of what a call takes",
        "tracepoint:syscalls:sys_enter_getppid /pid == {pid}/ {{ @start[tid] = nsecs; }}"
        " tracepoint:syscalls:sys_exit_getppid /@start[tid]/"
        " {{ @ns[comm] = hist(nsecs - @start[tid]); delete(@start[tid]); }}",
        programs=2,
    ),
    Script(
        "two keys, strings compared",
        "tracepoint:syscalls:sys_enter_getppid /pid == {pid}/"
        ' {{ if (comm == "calls") {{ @[comm, cpu] = sum(tid); }} else {{ @other++; }} }}',
    ),
    Script(
        "predicate that rejects",
        "tracepoint:syscalls:sys_enter_getppid /pid == 1/ {{ @[comm] = count(); }}",
    ),
    Script(
        "integer arithmetic",
        "tracepoint:syscalls:sys_enter_getppid /pid == {pid}/"
        " {{ $t = nsecs; $a = ($t * 31 + 7) / 3; $b = ($a ^ ($t >> 5)) & 0xffff;"
        " @sum = $a % 1000 + $b * 4; }}",
    ),
)


_TARGET = Target(1.1)


def measure_cost(command: tuple[str, ...], count: int, rounds: int) -> Section:
    """The table of all scripts; `count` calls a script, tool and round."""
    kernel = LiveKernel()
    costs: dict[tuple[str, str], list[float]] = defaultdict(list)
    with enable_stats(kernel):
        for round_ in range(rounds):
            for script in SCRIPTS:
                for tool in alternating(round_):
                    cost = _run(tool, script, command, count)
                    costs[tool.name, script.title].append(cost)
    rows = (
        compare(
            script.title,
            costs[SEISMO.name, script.title],
            costs[BPFTRACE.name, script.title],
            _nanoseconds,
            _TARGET,
        )
        for script in SCRIPTS
    )
    return Section(
        name="kernel",
        title=f"In the kernel: ns per run, median (min – max) of {rounds} rounds",
        header=("script", "ratio (of minima)", "seismo", "bpftrace", "target", "verdict"),
        rows=tuple(rows),
        notes=tuple(f"{one.title}: `{one.text.format(pid='PID')}`" for one in SCRIPTS),
    )


def _run(tool: Tool, script: Script, command: tuple[str, ...], count: int) -> float:
    with (
        Producer(command, script.call) as producer,
        Tracer(tool, script.text.format(pid=producer.pid)) as tracer,
    ):
        tracer.wait_attached(script.programs, (os.getppid, _statfs))
        producer.make(count // 10, _BURST)
        return _cost(tracer, producer, count)


def _cost(tracer: Tracer, producer: Producer, count: int) -> float:
    """Nanoseconds a call; measured again when other processes made such calls meanwhile."""
    for _ in range(_ATTEMPTS):
        before = tracer.read_runs()
        producer.make(count, _BURST)
        runs = runs_between(before, tracer.read_runs())
        if deviation(runs, count) < _TOLERANCE:
            return cost_ns(runs)
    raise BenchError("other processes make the very calls that are measured: end them first")


def _statfs() -> None:
    with suppress(FileNotFoundError):
        os.statvfs("/nowhere/at/all")


def _nanoseconds(sample: Sample) -> str:
    return f"{sample.median:.0f} ({sample.low:.0f} – {sample.high:.0f})"
