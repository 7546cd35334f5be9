"""The command line of `python -m bench`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

__all__ = ("PARTS", "Effort", "Options", "parse_options")

PARTS = ("start", "reader", "kernel", "engines", "bcc", "strace", "audit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How often and how much is measured: rounds of each part, calls of each round."""

    start_rounds: int
    reader_rounds: int
    reader_calls: int
    printing_calls: int
    kernel_rounds: int
    kernel_calls: int
    engine_rounds: int
    bcc_rounds: int
    bcc_calls: int
    strace_rounds: int
    strace_calls: int
    audit_calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to measure, and whether to write it down."""

    parts: tuple[str, ...]
    effort: Effort
    write: bool


_FULL = Effort(
    start_rounds=21,
    reader_rounds=3,
    reader_calls=3_000_000,
    printing_calls=1_000_000,
    kernel_rounds=7,
    kernel_calls=20_000,
    engine_rounds=9,
    bcc_rounds=5,
    bcc_calls=2_000_000,
    strace_rounds=5,
    strace_calls=200_000,
    audit_calls=1_000_000,
)
_QUICK = Effort(
    start_rounds=3,
    reader_rounds=1,
    reader_calls=300_000,
    printing_calls=100_000,
    kernel_rounds=1,
    kernel_calls=5_000,
    engine_rounds=1,
    bcc_rounds=1,
    bcc_calls=200_000,
    strace_rounds=1,
    strace_calls=20_000,
    audit_calls=200_000,
)


def parse_options(arguments: Sequence[str]) -> Options:
    """Read the command line; a mistake prints usage and ends the program."""
    parser = argparse.ArgumentParser(
        prog="bench", description="Measure seismo beside bpftrace, BCC and strace."
    )
    add = parser.add_argument
    add("--only", choices=PARTS, action="append", help="measure this part; may be repeated")
    add("--rounds", type=_positive, help="rounds of every part")
    add("--quick", action="store_true", help="see that it works; the numbers mean little")
    add("--write", action="store_true", help="write the results into docs/performance.md")
    given = parser.parse_args(list(arguments))
    effort = _QUICK if given.quick else _FULL
    if given.rounds:
        effort = _with_rounds(effort, given.rounds)
    return Options(parts=tuple(given.only or PARTS), effort=effort, write=given.write)


def _with_rounds(effort: Effort, rounds: int) -> Effort:
    return replace(
        effort,
        start_rounds=rounds,
        reader_rounds=rounds,
        kernel_rounds=rounds,
        engine_rounds=rounds,
        bcc_rounds=rounds,
        strace_rounds=rounds,
    )


def _positive(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive number")
    return int(text)
