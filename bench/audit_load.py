"""An audit of all system calls of 16 processes that make a million of them: who is told of what?

The events go into a Parquet file, whose rows are counted afterwards. That nothing is missing from
the account is checked, not measured: a sum that is not right ends the measurement.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError
from bench.table import Section

__all__ = ("measure_audit",)

_HERE = Path(__file__).parent
_PROCESSES = 16
_RATE = 300_000
_PAUSE_AFTER, _PAUSE = 1.0, 1.0
_ACCOUNT = re.compile(
    r"produced (\d+) = delivered (\d+) \+ filtered (\d+) \+ lost (\d+) \+ unfinished (\d+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load:
    """What is offered: `rate` calls a second, 0 for as many as there can be; the audit stops for
    a second where it `pauses`."""

    title: str
    rate: int = 0
    pauses: bool = False


_LOADS = (
    _Load(title=f"{_RATE:,} calls a second", rate=_RATE),
    _Load(title="the same, the reader stopped for a second", rate=_RATE, pauses=True),
    _Load(title="as many as go"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    produced: int
    delivered: int
    filtered: int
    lost: int
    unfinished: int
    rows: int
    seconds: float

    @property
    def is_exact(self) -> bool:
        parts = self.delivered + self.filtered + self.lost + self.unfinished
        return self.produced == parts and self.rows == self.delivered


def measure_audit(calls: int) -> Section:
    """`calls` in all, of each load; BenchError where an account is not exact."""
    compiler = shutil.which("gcc")
    if compiler is None:
        raise BenchError("audit: the load is a C program, and there is no gcc")
    with tempfile.TemporaryDirectory(prefix="audit.") as name:
        folder = Path(name)
        flood = folder / "flood"
        subprocess.run([compiler, "-O2", "-o", flood, _HERE / "flood.c"], check=True)
        rows = tuple([_row(load, _run(load, flood, calls, folder)) for load in _LOADS])
    return Section(
        name="audit",
        title=f"All system calls of {_PROCESSES} processes, into a Parquet file",
        header=("load", "offered/s", "events", "delivered", "lost", "exact"),
        rows=rows,
        notes=(
            "offered/s: calls of the processes over the time that they took, traced.",
            "exact: produced = delivered + filtered + lost + unfinished, and as many rows as "
            "delivered events; whatever else stands there ends the measurement.",
        ),
    )


def _run(load: _Load, flood: Path, calls: int, folder: Path) -> _Outcome:
    output = folder / f"{load.title.replace(' ', '-')}.parquet"
    each = calls // _PROCESSES
    command = [
        *(sys.executable, "-m", "seismo", "audit", "-e", "syscalls"),
        *("-o", f"parquet:{output}", "--", str(flood)),
        *(str(_PROCESSES), str(each), str(load.rate)),
    ]
    audit = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    if load.pauses:
        _pause(audit)
    printed, told = audit.communicate()
    account = _ACCOUNT.search(told)
    if audit.returncode or account is None:
        raise BenchError(f"audit: it ended with {audit.returncode}: {told.strip()}")
    made = _Outcome(
        **dict(
            zip(
                ("produced", "delivered", "filtered", "lost", "unfinished"),
                map(int, account.groups()),
                strict=True,
            )
        ),
        rows=_rows(output),
        seconds=float(printed.split()[0]) / 1e9,
    )
    if not made.is_exact:
        raise BenchError(f"audit: the account is not exact: {made}")
    return made


def _pause(audit: subprocess.Popen[str]) -> None:
    """Stop the reader for a second, when the load has come up to speed."""
    time.sleep(_PAUSE_AFTER + 1)
    audit.send_signal(signal.SIGSTOP)
    time.sleep(_PAUSE)
    audit.send_signal(signal.SIGCONT)


def _rows(output: Path) -> int:
    """How many rows the file has, as its footer says."""
    code = "import sys, pyarrow.parquet as p; print(p.ParquetFile(sys.argv[1]).metadata.num_rows)"
    done = subprocess.run(
        [sys.executable, "-c", code, output], check=True, capture_output=True, encoding="utf-8"
    )
    return int(done.stdout)


def _row(load: _Load, made: _Outcome) -> tuple[str, ...]:
    share = 100 * made.lost / made.produced
    return (
        load.title,
        f"{made.produced / made.seconds:,.0f}",
        f"{made.produced:,}",
        f"{made.delivered:,}",
        f"{made.lost:,} ({share:.1f} %)",
        "yes" if made.is_exact else "no",
    )
