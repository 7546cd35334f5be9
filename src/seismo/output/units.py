"""Durations in the unit that people would choose."""

from __future__ import annotations

from seismo.base.dataclass import dataclass

__all__ = ("Unit", "duration_text", "duration_unit")


@dataclass(frozen=True, slots=True)
class Unit:
    """`ns` nanoseconds; `digits` behind a second's point tell it."""

    name: str
    ns: int
    digits: int


_UNITS = (
    Unit("s", 1_000_000_000, 0),
    Unit("ms", 1_000_000, 3),
    Unit("μs", 1_000, 6),
    Unit("ns", 1, 9),
)


def duration_unit(ns: int) -> Unit:
    """The largest unit that is not longer than `ns`."""
    return next((unit for unit in _UNITS if ns >= unit.ns), _UNITS[-1])


def duration_text(ns: int) -> str:
    """`12 ms`."""
    unit = duration_unit(ns)
    return f"{ns // unit.ns} {unit.name}"
