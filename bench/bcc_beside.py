"""The same BCC program by BCC and by us: being ready, events by callbacks, events as arrays.

BCC needs the kernel's headers where it looks for them; where it cannot run, its columns are empty
and a note has its reason.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError
from bench.producer import Producer
from bench.sample import Sample, Target, compare
from bench.table import Section

__all__ = ("measure_bcc",)

_HERE = Path(__file__).parent
_PROGRAM = _HERE / "bcc_program.py"
_TITLES = {"perf": "perf buffer, callback", "ring": "ring buffer, callback"}


@dataclass(frozen=True, slots=True)
class Implementation:
    """Who runs the program: an interpreter, and the module that it imports."""

    name: str
    python: str
    module: str


@dataclass(frozen=True, slots=True)
class Ready:
    """What a constructor took, and it and the import of its module."""

    milliseconds: float
    with_import: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Stream:
    """`produced` calls as fast as they go, of which `received` came until all were through."""

    produced: int
    received: int
    lost: int
    microseconds: float

    @property
    def per_event(self) -> float:
        """Microseconds for each event received."""
        return self.microseconds / max(self.received, 1)


_ARRAYS = "arrays take what comes: their figure is the producer's own speed"

OURS = Implementation("seismo", sys.executable, "seismo.bcc")
THEIRS = Implementation("BCC", "/usr/bin/python3", "bcc")


def measure_bcc(command: tuple[str, ...], count: int, rounds: int) -> Section:
    """The table of a constructor and of `count` calls received in each way."""
    reason = _why_not(THEIRS)
    both = (OURS,) if reason else (OURS, THEIRS)
    ready: dict[str, list[Ready]] = defaultdict(list)
    streams: dict[tuple[str, str], list[Stream]] = defaultdict(list)
    for round_ in range(rounds):
        for one in both[:: -1 if round_ % 2 else 1]:
            ready[one.name] += [_ready(one) for _ in range(3)]
            for how in _TITLES:
                streams[one.name, how].append(_stream(one, how, command, count))
        streams[OURS.name, "arrays"].append(_stream(OURS, "arrays", command, count))
    notes = [f"BCC does not run here: {reason}"] if reason else []
    return Section(
        name="bcc",
        title=f"A BCC program with one output: medians of {rounds} rounds of {count:,} events",
        header=("what", "ratio (of minima)", "seismo", "BCC", "target", "verdict"),
        rows=(*_ready_rows(ready), *_stream_rows(streams)),
        notes=(*notes, _ARRAYS, *_accounts(streams)),
    )


def _ready_rows(ready: Mapping[str, list[Ready]]) -> Iterator[tuple[str, ...]]:
    ours, theirs = ready[OURS.name], ready.get(THEIRS.name, [])
    yield compare(
        "constructor: time",
        [one.milliseconds for one in ours],
        [one.milliseconds for one in theirs],
        _milliseconds,
        Target(0.3),
    )
    yield compare(
        "import and constructor: time",
        [one.with_import for one in ours],
        [one.with_import for one in theirs],
        _milliseconds,
        None,
    )
    yield compare(
        "constructor: peak memory",
        [one.megabytes for one in ours],
        [one.megabytes for one in theirs],
        lambda sample: f"{sample.median:.1f} MB",
        Target(0.35),
    )


def _stream_rows(streams: Mapping[tuple[str, str], list[Stream]]) -> Iterator[tuple[str, ...]]:
    for how, title in _TITLES.items():
        theirs = streams.get((THEIRS.name, how), [])
        yield _stream_row(title, streams[OURS.name, how], theirs, Target(0.5))
    theirs = streams.get((THEIRS.name, "ring"), [])
    title = "ring buffer, arrays beside BCC's callback"
    yield _stream_row(title, streams[OURS.name, "arrays"], theirs, Target(0.1))


def _stream_row(
    title: str, ours: list[Stream], theirs: list[Stream], target: Target
) -> tuple[str, ...]:
    return compare(
        title,
        [one.per_event for one in ours],
        [one.per_event for one in theirs],
        _rate,
        target,
    )


def _milliseconds(sample: Sample) -> str:
    return f"{sample.median:.0f} ({sample.low:.0f} – {sample.high:.0f}) ms"


def _rate(sample: Sample) -> str:
    return f"{sample.median:.2f} µs/event, {1e3 / sample.median:,.0f} k/s"


def _accounts(streams: Mapping[tuple[str, str], list[Stream]]) -> Iterator[str]:
    for (name, how), runs in streams.items():
        produced, received = sum(run.produced for run in runs), sum(run.received for run in runs)
        lost = sum(run.lost for run in runs)
        yield (
            f"{name}, {_TITLES.get(how, how)}: {produced:,} produced, {received:,} received,"
            f" {lost:,} told as lost, {produced - received - lost:,} unaccounted for"
        )


def _why_not(one: Implementation) -> str:
    """Why the implementation does not run here; '' where it does."""
    ran = _run(one, "start", os.getpid())
    try:
        _, error = ran.communicate(timeout=60)
    finally:
        ran.kill()
    return "" if ran.returncode == 0 else (error.strip().splitlines() or ["no reason given"])[-1]


def _ready(one: Implementation) -> Ready:
    ran = _run(one, "start", os.getpid())
    output, error = ran.communicate(timeout=60)
    if ran.returncode:
        raise BenchError(f"{one.name}: {error.strip()}")
    said = json.loads(output)
    return Ready(said["seconds"] * 1e3, said["with_import"] * 1e3, said["kib"] * 1024 / 1e6)


def _stream(one: Implementation, how: str, command: tuple[str, ...], count: int) -> Stream:
    with Producer(command, "getppid") as producer:
        os.sched_setaffinity(producer.pid, {(os.cpu_count() or 1) - 1})
        ran = _run(one, how, producer.pid)
        assert ran.stdin is not None and ran.stdout is not None
        if not ran.stdout.readline():
            raise BenchError(f"{one.name}: {ran.communicate()[1].strip()}")
        made = producer.make(count)
        output, error = ran.communicate("end\n", timeout=120)
    if ran.returncode:
        raise BenchError(f"{one.name}: {error.strip()}")
    said = json.loads(output)
    microseconds = (said["end_ns"] - made.start_ns) / 1e3
    return Stream(made.count, said["received"], said["lost"], microseconds)


def _run(one: Implementation, how: str, pid: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [one.python, "-P", str(_PROGRAM), one.module, how, str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
