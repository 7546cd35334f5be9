"""`interval:s:1`, `interval:hz:99`, `interval:500ms`: a timer on one CPU."""

from __future__ import annotations

from seismo.base.number import DURATIONS, NumberError, parse_integer
from seismo.isa.prog_types import ProgType
from seismo.probes.kind import ProbeKind, Target, TargetError
from seismo.probes.spec import AttachPoint
from seismo.spec.types import TimerAttach

__all__ = ("KIND",)

_UNITS = ("hz", "s", "ms", "us")
_MIN_PERIOD_NS = 1_000
_HINT = "write interval:s:1, interval:hz:99 or interval:500ms"


def _parse(text: str) -> Target:
    target = tuple(text.split(":"))
    _timer(target)
    return target


def _timer(target: Target) -> TimerAttach:
    unit, number = target if len(target) == 2 else ("", ":".join(target))
    if unit and unit not in _UNITS:
        raise TargetError(f"'{unit}' is no unit of time", f"units are {' '.join(_UNITS)}")
    try:
        count = parse_integer(number).value
    except NumberError:
        raise TargetError(f"'{number}' is no interval", _HINT) from None
    if unit == "hz":
        if count == 0:
            raise TargetError("an interval of 0 hz never ends", _HINT)
        return TimerAttach(frequency_hz=count)
    period_ns = count * DURATIONS[unit or "ns"]
    if period_ns < _MIN_PERIOD_NS:
        raise TargetError(f"an interval of {period_ns} ns is too short", "the shortest is 1us")
    return TimerAttach(period_ns=period_ns)


def _attach(point: AttachPoint) -> TimerAttach:
    return _timer(point.target)


KIND = ProbeKind(
    name="interval",
    aliases=("i",),
    form="interval:unit:count",
    prog_type=ProgType.PERF_EVENT,
    parse=_parse,
    attach=_attach,
    doc="A timer on one CPU: interval:s:1, interval:hz:99, interval:500ms. Since Linux 4.9.",
)
