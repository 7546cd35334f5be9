"""Histograms as BCC prints them, to the byte.

         usecs               : count     distribution
             0 -> 1          : 4        |****************************************|

A bucket of the power-of-two kind holds what has so many bits (`bpf_log2l`), of the linear kind what
is so much.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

__all__ = (
    "LINEAR_BUCKETS",
    "LOG2_BUCKETS",
    "json_histogram",
    "linear_histogram",
    "log2_histogram",
    "write",
)

LOG2_BUCKETS = 65
LINEAR_BUCKETS = 1025
_STARS = 40
_NARROW_BUCKETS = 32
"""Up to here the numbers of a power-of-two histogram fit in 10 digits."""


def log2_histogram(counts: Sequence[int], unit: str, *, strips_zeros: bool = False) -> list[str]:
    """The lines of a power-of-two histogram; none where nothing but bucket 0 was counted.

    With `strips_zeros` the empty buckets before the first that is not are left out.
    """
    last = _last(counts)
    if last < 1:
        return []
    most = max(counts)
    if last <= _NARROW_BUCKETS:
        lines = [f"     {unit:<19} : count     distribution"]
        digits, stars = 10, _STARS
    else:
        lines = [f"               {unit:<29} : count     distribution"]
        digits, stars = 20, _STARS // 2
    for bucket in range(_first(counts, 1) if strips_zeros else 1, last + 1):
        low, high = (1 << bucket) >> 1, (1 << bucket) - 1
        count = counts[bucket]
        shown = f"{low - (low == high):>{digits}} -> {high:<{digits}} : {count:<8} "
        lines.append(f"{shown}|{_bar(count, most, stars):<{stars}}|")
    return lines


def linear_histogram(counts: Sequence[int], unit: str, *, strips_zeros: bool = False) -> list[str]:
    """The lines of a linear histogram; none where nothing was counted."""
    last = _last(counts)
    if last < 0:
        return []
    most = max(counts)
    lines = [f"     {unit:<13} : count     distribution"]
    for bucket in range(_first(counts, 0) if strips_zeros else 0, last + 1):
        count = counts[bucket]
        bar = f"{_bar(count, most, _STARS):<{_STARS}}"
        lines.append(f"        {bucket:<10} : {count:<8} |{bar}|")
    return lines


def json_histogram(
    counts: Sequence[int], unit: str, section: tuple[str, Any] | None = None
) -> dict[str, Any]:
    """A power-of-two histogram as what JSON can be made of, and when it was made (local time);
    `section` is one more item."""
    data = [
        {
            "interval-start": (1 << bucket) >> 1 if bucket > 1 else 0,
            "interval-end": (1 << bucket) - 1,
            "count": int(counts[bucket]),
        }
        for bucket in range(1, max(_last(counts), 0) + 1)
    ]
    made = {"ts": time.strftime("%Y-%m-%d %H:%M:%S"), "val_type": unit, "data": data}
    return made if section is None else made | {section[0]: section[1]}


def write(lines: Sequence[str]) -> None:
    """Print the lines."""
    if lines:
        sys.stdout.write("\n".join(lines) + "\n")


def _first(counts: Sequence[int], start: int) -> int:
    """The first bucket from `start` on with something in it; there is one."""
    return next(at for at in range(start, len(counts)) if counts[at])


def _last(counts: Sequence[int]) -> int:
    """The last bucket with something in it, -1 where there is none."""
    return max((at for at, count in enumerate(counts) if count > 0), default=-1)


def _bar(count: int, most: int, width: int) -> str:
    """As many stars as full steps of `most / width` are in `count`."""
    return "*" * int(width * count / most)
