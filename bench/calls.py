"""What calls.c is, where there is no C compiler: `python calls.py getppid|statfs`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress

__all__ = ("make_calls",)


def make_calls(call: Callable[[], object], count: int, burst: int) -> tuple[int, int]:
    """(start, end) in CLOCK_MONOTONIC ns; a millisecond's sleep after every `burst` calls."""
    start = time.monotonic_ns()
    for at in range(1, count + 1):
        call()
        if burst and at % burst == 0:
            time.sleep(0.001)
    return start, time.monotonic_ns()


def _statfs() -> None:
    with suppress(FileNotFoundError):
        os.statvfs("/nowhere/at/all")


def main(name: str) -> None:
    """Answers lines until standard input ends."""
    call = _statfs if name == "statfs" else os.getppid
    for line in sys.stdin:
        count, burst = map(int, line.split())
        print(*make_calls(call, count, burst), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
