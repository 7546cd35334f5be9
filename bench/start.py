"""How long a script takes from the shell and back, and its peak memory.

Every round runs each command once, the two tools in alternating order; a first round, in which
caches fill, does not count.
"""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError
from bench.sample import AtMost, Sample, ratio, verdict
from bench.table import Section
from bench.tracer import BPFTRACE, SEISMO, alternating

__all__ = ("SCRIPTS", "measure_start")

_LAUNCH = (sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py")))
_RUN_SECONDS = 60
_MEMORY = AtMost(40, "MB")


@dataclass(frozen=True, slots=True)
class Script:
    """A script that ends by itself, and what its time is to be in comparison."""

    title: str
    text: str
    time: AtMost


SCRIPTS = (
    Script("BEGIN only", "BEGIN { exit() }", AtMost(1.0)),
    Script(
        "three probes",
        "BEGIN { exit() }"
        " tracepoint:syscalls:sys_enter_openat { @[comm] = count(); }"
        " interval:s:1 { exit() }",
        AtMost(0.6),
    ),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall time (ms) and peak memory (MB) of all rounds."""

    wall: Sample
    memory: Sample


def measure_start(rounds: int) -> Section:
    """The table of both scripts and of the bare interpreter."""
    measured: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for round_ in range(rounds + 1):
        for script in SCRIPTS:
            for tool in alternating(round_):
                measured[tool.name, script.title].append(_run(*tool.command(script.text)))
        measured["python", ""].append(_run(sys.executable, "-c", ""))
    costs = {key: _cost(runs[1:]) for key, runs in measured.items()}
    return _section(costs, rounds)


def _run(*command: str) -> tuple[float, float]:
    """(ms, MB) of one run."""
    ran = subprocess.run(
        [*_LAUNCH, *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_RUN_SECONDS,
        check=True,
    )
    wall_ns, peak_kib, status = map(int, ran.stdout.split())
    if status:
        raise BenchError(f"{' '.join(command)}: ended with status {status}: {ran.stderr}")
    return wall_ns / 1e6, peak_kib * 1024 / 1e6


def _cost(runs: list[tuple[float, float]]) -> Cost:
    walls, memories = zip(*runs, strict=True)
    return Cost(Sample(walls), Sample(memories))


def _section(costs: Mapping[tuple[str, str], Cost], rounds: int) -> Section:
    rows = [row for script in SCRIPTS for row in _rows(script, costs)]
    bare = costs["python", ""]
    rows.append(("bare Python: time", "", _times(bare.wall), "", "", ""))
    rows.append(("bare Python: memory", "", _megabytes(bare.memory), "", "", ""))
    return Section(
        name="start",
        title=f"Start and end of a script: median (min – max) of {rounds} runs",
        header=("what", "ratio", "seismo", "bpftrace", "target", "verdict"),
        rows=tuple(rows),
    )


def _rows(script: Script, costs: Mapping[tuple[str, str], Cost]) -> list[tuple[str, ...]]:
    ours = costs[SEISMO.name, script.title]
    memory = verdict(ours.memory.median, _MEMORY)
    if not BPFTRACE.is_installed:
        times = ("", _times(ours.wall), "not installed", str(script.time), "")
        sizes = ("", _megabytes(ours.memory), "not installed", str(_MEMORY), memory)
    else:
        peer = costs[BPFTRACE.name, script.title]
        by_time, by_size = ratio(ours.wall, peer.wall), ratio(ours.memory, peer.memory)
        outcome = verdict(by_time, script.time)
        times = (f"{by_time:.2f}x", _times(ours.wall), _times(peer.wall), str(script.time), outcome)
        sizes = (
            f"{by_size:.2f}x",
            _megabytes(ours.memory),
            _megabytes(peer.memory),
            str(_MEMORY),
            memory,
        )
    return [(f"{script.title}: time", *times), (f"{script.title}: memory", *sizes)]


def _times(sample: Sample) -> str:
    return f"{sample.median:.0f} ({sample.low:.0f} – {sample.high:.0f}) ms"


def _megabytes(sample: Sample) -> str:
    return f"{sample.median:.1f} MB"
