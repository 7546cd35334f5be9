"""What the kernel says of the programs that a process holds: run counts and times.

`/proc/PID/fdinfo` has them for every program that the process has open, whoever wrote it, while
run statistics are enabled. Since Linux 5.1 (kernel/bpf/syscall.c: bpf_prog_show_fdinfo).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ("Runs", "cost_ns", "deviation", "parse_fdinfo", "read_runs", "runs_between")


@dataclass(frozen=True, slots=True)
class Runs:
    """How often a program ran, and for how long in all (ns)."""

    count: int
    time_ns: int

    def __sub__(self, earlier: Runs) -> Runs:
        return Runs(self.count - earlier.count, self.time_ns - earlier.time_ns)


def read_runs(pid: int) -> dict[int, Runs]:
    """The programs of a process by their id; {} once it has ended."""
    found: dict[int, Runs] = {}
    try:
        for entry in Path(f"/proc/{pid}/fdinfo").iterdir():
            found |= parse_fdinfo(entry.read_text())
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return found


def parse_fdinfo(text: str) -> dict[int, Runs]:
    """The program of one fdinfo file by its id; {} when the file is no program's.

    A link's file names its program too, but counts no runs.
    """
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    if "prog_id" not in fields or "run_cnt" not in fields:
        return {}
    return {int(fields["prog_id"]): Runs(int(fields["run_cnt"]), int(fields["run_time_ns"]))}


def runs_between(before: Mapping[int, Runs], after: Mapping[int, Runs]) -> list[Runs]:
    """The runs of each program between two readings."""
    return [after[program] - runs for program, runs in before.items()]


def deviation(runs: Sequence[Runs], calls: int) -> float:
    """By which part of `calls` a program ran more often, or more rarely, than that.

    More often means that other processes made such calls: a predicate rejects them, but their
    short runs are in the kernel's sums.
    """
    return max(abs(one.count / calls - 1) for one in runs)


def cost_ns(runs: Sequence[Runs]) -> float:
    """Nanoseconds that one run of each program takes together."""
    return sum(one.time_ns / one.count for one in runs)
