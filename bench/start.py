"""How long a script takes from the shell and back, and its peak memory.

Every round runs each command once, the two tools in alternating order; a first round, in which
caches fill, does not count. Processor time is there because wall time on a busy machine is not
only the command's.
"""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError
from bench.sample import Sample, Target, compare
from bench.table import Section
from bench.tracer import BPFTRACE, SEISMO, alternating

__all__ = ("SCRIPTS", "measure_start")

_LAUNCH = (sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py")))
_BARE = "bare Python"


@dataclass(frozen=True, slots=True)
class Script:
    """A script that ends by itself, and what its wall time is to be in comparison."""

    title: str
    text: str
    time: Target


SCRIPTS = (
    Script("BEGIN only", "BEGIN { exit() }", Target(1.0)),
    Script(
        "three probes",
        "BEGIN { exit() }"
        " tracepoint:syscalls:sys_enter_openat { @[comm] = count(); }"
        " interval:s:1 { exit() }",
        Target(0.6),
    ),
    Script(
        "count system calls by name",
        "BEGIN { exit() } tracepoint:raw_syscalls:sys_enter { @[comm, args->id] = count(); }"
        " END { print(@); clear(@); }",
        Target(0.6),
    ),
    Script(
        "files opened",
        'BEGIN { printf("%-6s %-16s %4s %s\\n", "PID", "COMM", "FD", "PATH"); exit() }'
        " tracepoint:syscalls:sys_enter_openat { @path[tid] = args->filename; }"
        " tracepoint:syscalls:sys_exit_openat /@path[tid]/ {"
        ' printf("%-6d %-16s %4d %s\\n", pid, comm, args->ret, str(@path[tid]));'
        " delete(@path[tid]); }"
        " END { clear(@path); }",
        Target(0.6),
    ),
    Script(
        "time on the run queue",
        "BEGIN { exit() }"
        " tracepoint:sched:sched_wakeup { @queued[args->pid] = nsecs; }"
        " tracepoint:sched:sched_switch {"
        " if (args->prev_state == 0) { @queued[args->prev_pid] = nsecs; }"
        " $since = @queued[args->next_pid];"
        " if ($since) { @usecs = hist((nsecs - $since) / 1000); }"
        " delete(@queued[args->next_pid]); }"
        " END { clear(@queued); }",
        Target(0.6),
    ),
    Script(
        "sizes read, by process",
        "BEGIN { exit() }"
        " tracepoint:syscalls:sys_exit_read /args->ret > 0/ {"
        " @bytes[comm] = sum(args->ret); @sizes[comm] = lhist(args->ret, 0, 4096, 256); }"
        " interval:s:1 { print(@bytes); clear(@bytes); }",
        Target(0.6),
    ),
    Script(
        "processes started",
        'BEGIN { printf("%-10s %-6s %-6s %s\\n", "TIME", "PID", "PPID", "ARGS"); exit() }'
        " tracepoint:syscalls:sys_enter_execve {"
        ' printf("%-10u %-6d %-6d ", elapsed / 1000000, pid, uid); join(args->argv); }',
        Target(0.6),
    ),
)


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a command took: ms, ms, MB."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True, slots=True)
class Quantity:
    """One figure of a run, how it is shown, and what it is to be."""

    name: str
    of: Callable[[Run], float]
    format: Callable[[Sample], str]
    target: Target | None = None


Runs = Mapping[tuple[str, str], list[Run]]


def measure_start(rounds: int) -> Section:
    """The table of all scripts and of the bare interpreter."""
    runs: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for round_ in range(rounds + 1):
        for script in SCRIPTS:
            for tool in alternating(round_):
                runs[tool.name, script.title].append(_run(*tool.command(script.text)))
        runs[_BARE, ""].append(_run(sys.executable, "-c", ""))
    counted = {key: done[1:] for key, done in runs.items()}
    bare = counted[_BARE, ""]
    return Section(
        name="start",
        title=f"Start and end of a script: median (min – max) of {rounds} runs",
        header=("what", "ratio (of minima)", "seismo", "bpftrace", "target", "verdict"),
        rows=(
            *(row for script in SCRIPTS for row in _rows(script, counted)),
            *(_bare_row(quantity, bare) for quantity in _quantities()),
        ),
    )


def _run(*command: str) -> Run:
    ran = subprocess.run(
        [*_LAUNCH, *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    wall_ns, cpu_ns, peak_kib, status = map(int, ran.stdout.split())
    if status:
        raise BenchError(f"{' '.join(command)}: ended with status {status}: {ran.stderr}")
    return Run(wall_ns / 1e6, cpu_ns / 1e6, peak_kib * 1024 / 1e6)


def _rows(script: Script, runs: Runs) -> Iterator[tuple[str, ...]]:
    ours = runs[SEISMO.name, script.title]
    theirs = runs.get((BPFTRACE.name, script.title), [])
    for quantity in _quantities(script.time):
        yield compare(
            f"{script.title}: {quantity.name}",
            [quantity.of(run) for run in ours],
            [quantity.of(run) for run in theirs],
            quantity.format,
            quantity.target,
        )


def _quantities(time: Target | None = None) -> tuple[Quantity, ...]:
    return (
        Quantity("time", lambda run: run.wall, _milliseconds, time),
        Quantity("processor time", lambda run: run.cpu, _milliseconds),
        Quantity("memory", lambda run: run.memory, _megabytes, Target(40, "MB")),
    )


def _bare_row(quantity: Quantity, runs: list[Run]) -> tuple[str, ...]:
    sample = Sample(tuple(quantity.of(run) for run in runs))
    return (f"{_BARE}: {quantity.name}", "", quantity.format(sample), "", "", "")


def _milliseconds(sample: Sample) -> str:
    return f"{sample.median:.0f} ({sample.low:.0f} – {sample.high:.0f}) ms"


def _megabytes(sample: Sample) -> str:
    return f"{sample.median:.1f} MB"
