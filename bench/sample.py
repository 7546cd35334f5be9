"""`Sample`: repeated measurements of one thing, and how two of them compare.

>>> ours, theirs = Sample((3.0, 1.0, 2.0)), Sample((4.0, 4.0, 8.0))
>>> ours.median, ours.low, ours.high, ratio(ours, theirs)
(2.0, 1.0, 3.0, 0.5)
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ("Sample", "Target", "compare", "ratio")


@dataclass(frozen=True, slots=True)
class Sample:
    """The values of all rounds, in any unit; ValueError when there is none."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("a sample needs a value")

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)


@dataclass(frozen=True, slots=True)
class Target:
    """What a value is to be at most: our own in `unit`, or our part (`x`) of the other tool's."""

    limit: float
    unit: str = "x"

    @property
    def is_relative(self) -> bool:
        return self.unit == "x"

    def verdict(self, value: float) -> str:
        """`met`, or by which part of the limit it is missed."""
        return "met" if value <= self.limit else f"missed by {value / self.limit - 1:.0%}"

    def __str__(self) -> str:
        return f"≤ {self.limit:g}{'' if self.is_relative else ' '}{self.unit}"


def ratio(ours: Sample, theirs: Sample) -> float:
    """Our median over theirs."""
    return ours.median / theirs.median


def compare(
    title: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    show: Callable[[Sample], str],
    target: Target | None,
) -> tuple[str, ...]:
    """A row: title, ratio, ours, theirs, target, verdict; without values of theirs, no ratio.

    The ratio is of medians, and in parentheses of minima, which a busy machine disturbs less. The
    first is judged, as it is printed: a part of a percent is noise.
    """
    mine = Sample(tuple(ours))
    peer = Sample(tuple(theirs)) if theirs else None
    part = round(ratio(mine, peer), 2) if peer else None
    value = part if target is not None and target.is_relative else mine.median
    return (
        title,
        "" if peer is None else f"{part:.2f}x ({mine.low / peer.low:.2f}x)",
        show(mine),
        "not installed" if peer is None else show(peer),
        "" if target is None else str(target),
        "" if target is None or value is None else target.verdict(value),
    )
