"""`Sample`: repeated measurements of one thing, and how two of them compare.

>>> ours, theirs = Sample((3.0, 1.0, 2.0)), Sample((4.0, 4.0, 8.0))
>>> ours.median, ours.low, ours.high, ratio(ours, theirs)
(2.0, 1.0, 3.0, 0.5)
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

__all__ = ("AtLeast", "AtMost", "Sample", "Target", "ratio", "verdict")


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

    def scaled(self, factor: float) -> Sample:
        """The same in another unit."""
        return Sample(tuple(value * factor for value in self.values))


@dataclass(frozen=True, slots=True)
class AtMost:
    """A target that smaller values meet."""

    limit: float
    unit: str = "x"

    def __str__(self) -> str:
        return f"≤ {self.limit:g}{_unit(self.unit)}"

    def miss(self, value: float) -> float:
        """By which part of the limit `value` misses; 0 when it is met."""
        return max(0.0, value / self.limit - 1)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A target that larger values meet; `limit` is not 0."""

    limit: float
    unit: str = "x"

    def __str__(self) -> str:
        return f"≥ {self.limit:g}{_unit(self.unit)}"

    def miss(self, value: float) -> float:
        """By which part of the limit `value` misses; 0 when it is met."""
        return max(0.0, 1 - value / self.limit)


Target = AtMost | AtLeast


def ratio(ours: Sample, theirs: Sample) -> float:
    """Our median over theirs."""
    return ours.median / theirs.median


def verdict(value: float, target: Target) -> str:
    """`met`, or by how much the target is missed."""
    miss = target.miss(value)
    return f"missed by {miss:.0%}" if miss else "met"


def _unit(unit: str) -> str:
    return unit if unit == "x" else f" {unit}"
