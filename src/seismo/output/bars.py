"""Histograms as people read them: a label, a count and a bar for each bucket.

>>> histogram_text(Histogram((Bucket(2, 4, 1, "[2, 4)"),)))[:30]
'[2, 4)                 1 |@@@@'
"""

from __future__ import annotations

from struct import Struct

from seismo.events.value import Histogram

__all__ = ("histogram_text",)

_BAR_WIDTH = 52
_FLOAT = Struct("f")


def histogram_text(histogram: Histogram) -> str:
    """One line a bucket; the largest count's bar is 52 wide."""
    largest = max((one.count for one in histogram.buckets), default=0)
    return "".join(
        [
            f"{one.label:<16}{one.count:>8} |{'@' * _bar(one.count, largest):<{_BAR_WIDTH}}|\n"
            for one in histogram.buckets
        ]
    )


def _bar(count: int, largest: int) -> int:
    """In C's `float`, so that bars are those of bpftrace to the character."""
    return int(_single(_single(_single(count) / _single(largest)) * _BAR_WIDTH)) if largest else 0


def _single(number: float) -> float:
    rounded: float = _FLOAT.unpack(_FLOAT.pack(number))[0]
    return rounded
