"""The targets of the timers, `interval` and `profile`: `s:1`, `hz:99`, `500ms`.

A number without a unit is a duration: `1000` is a microsecond.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from seismo.base.dataclass import dataclass
from seismo.base.number import DURATIONS, NumberError, parse_integer
from seismo.probes.kind import Target, TargetError
from seismo.probes.view import KernelView

__all__ = ("Rate", "rate", "timer_parser", "units")

_UNITS = ("hz", "s", "ms", "us")
_MIN_PERIOD_NS = 1_000


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a timer runs: one of the two is 0."""

    period_ns: int = 0
    frequency_hz: int = 0


def timer_parser(kind: str) -> Callable[[str], Target]:
    """The `parse` of a kind of timer."""
    hint = f"write {kind}:s:1, {kind}:hz:99 or {kind}:500ms"

    def parse(text: str) -> Target:
        target = tuple(text.split(":"))
        try:
            rate(target)
        except NumberError:
            number = target[1] if len(target) == 2 else text
            raise TargetError(f"'{number}' is no interval", hint) from None
        return target

    return parse


def units(text: str, view: KernelView) -> Iterable[str]:
    """The `targets` of a kind of timer: what a count may stand behind."""
    return [f"{unit}:" for unit in sorted(_UNITS)]


def rate(target: Target) -> Rate:
    """How often a timer of this target runs; NumberError for what is no number, TargetError for one
    that no timer has."""
    unit, number = target if len(target) == 2 else ("", ":".join(target))
    if unit and unit not in _UNITS:
        raise TargetError(f"'{unit}' is no unit of time", f"units are {' '.join(_UNITS)}")
    count = parse_integer(number).value
    if unit == "hz":
        if count == 0:
            raise TargetError("an interval of 0 hz never ends", "hz:1 is once a second")
        return Rate(frequency_hz=count)
    period_ns = count * DURATIONS[unit or "ns"]
    if period_ns < _MIN_PERIOD_NS:
        raise TargetError(f"an interval of {period_ns} ns is too short", "the shortest is 1us")
    return Rate(period_ns=period_ns)
