"""A program's system calls bare, under strace, and under `seismo strace`: how much slower it gets.

Both write every call to a file and follow children (`-f -o`). The program itself tells how long
its calls took, so that starting either does not count. Where strace is missing, its column says
`not installed`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError
from bench.sample import Sample
from bench.table import Section

__all__ = ("measure_strace",)

_SECONDS = 300
_TIMES = re.compile(r"^(\d+) (\d+)$", re.MULTILINE)
_CALL = re.compile(r"\bgetppid\(\)")
_ABSENT = "not installed"


@dataclass(frozen=True, slots=True)
class Way:
    """How the program is run: the words in front of its command."""

    name: str
    words: tuple[str, ...]


_BARE = Way("bare", ())
_OURS = Way("seismo strace", (str(Path(sys.executable).with_name("seismo")), "strace"))
_THEIRS = Way("strace", (shutil.which("strace") or "",))


@dataclass(frozen=True, slots=True)
class _Run:
    """`per_call` is nanoseconds of the program's time; `lines` are the calls in the output."""

    per_call: float
    lines: int


def measure_strace(command: tuple[str, ...], count: int, rounds: int) -> Section:
    """The table of `count` calls in each way."""
    ways = [_BARE, _OURS, *([_THEIRS] if _THEIRS.words[0] else [])]
    runs: dict[str, list[_Run]] = defaultdict(list)
    for round_ in range(rounds):
        for way in ways[:: -1 if round_ % 2 else 1]:
            runs[way.name].append(_run(way, command, count))
    return Section(
        name="strace",
        title=f"{count:,} calls of getppid, each written to a file: medians of {rounds} rounds",
        header=("what", *[way.name for way in _columns()]),
        rows=(_times(runs), _slowdowns(runs)),
        notes=tuple(_accounts(runs, count)),
    )


def _times(runs: Mapping[str, Sequence[_Run]]) -> tuple[str, ...]:
    return ("time of a call", *[_cell(runs, way, _nanoseconds) for way in _columns()])


def _slowdowns(runs: Mapping[str, Sequence[_Run]]) -> tuple[str, ...]:
    bare = _sample(runs[_BARE.name]).median

    def shown(sample: Sample) -> str:
        return f"{sample.median / bare:.1f} times"

    return ("slower than bare", *[_cell(runs, way, shown) for way in _columns()])


def _columns() -> tuple[Way, ...]:
    return (_BARE, _OURS, _THEIRS)


def _cell(runs: Mapping[str, Sequence[_Run]], way: Way, show: Callable[[Sample], str]) -> str:
    return show(_sample(runs[way.name])) if runs.get(way.name) else _ABSENT


def _sample(runs: Sequence[_Run]) -> Sample:
    return Sample(tuple([one.per_call for one in runs]))


def _nanoseconds(sample: Sample) -> str:
    return f"{sample.median:,.0f} ({sample.low:,.0f} – {sample.high:,.0f}) ns"


def _accounts(runs: Mapping[str, Sequence[_Run]], count: int) -> list[str]:
    return [
        f"{name}: {count * len(done):,} calls made, {sum(one.lines for one in done):,} written"
        for name, done in runs.items()
        if name != _BARE.name
    ]


def _run(way: Way, command: tuple[str, ...], count: int) -> _Run:
    with tempfile.NamedTemporaryFile(mode="r", prefix="bench.") as output:
        tracer = (*way.words, "-f", "-o", output.name) if way.words else ()
        ran = subprocess.run(
            [*tracer, *command, "getppid"],
            input=f"{count} 0\n",
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        told = _TIMES.search(ran.stdout)
        if ran.returncode or told is None:
            raise BenchError(f"{way.name}: {ran.stderr.strip() or ran.returncode}")
        lines = sum(1 for line in output if _CALL.search(line))
    start_ns, end_ns = int(told[1]), int(told[2])
    return _Run((end_ns - start_ns) / count, lines)
