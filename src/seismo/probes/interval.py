"""`interval:s:1`, `interval:hz:99`, `interval:500ms`: a timer on one CPU."""

from __future__ import annotations

from seismo.isa.prog_types import ProgType
from seismo.probes.backend import Context, one_by_one
from seismo.probes.kind import ProbeKind
from seismo.probes.spec import AttachPoint
from seismo.probes.timer import rate, timer_parser, units
from seismo.spec.types import TimerAttach

__all__ = ("KIND",)


def _attach(point: AttachPoint) -> TimerAttach:
    often = rate(point.target)
    return TimerAttach(period_ns=often.period_ns, frequency_hz=often.frequency_hz)


KIND = ProbeKind(
    name="interval",
    aliases=("i",),
    form="interval:unit:count",
    parse=timer_parser("interval"),
    targets=units,
    choose=one_by_one(ProgType.PERF_EVENT, Context.REGISTERS, _attach),
    doc="A timer on one CPU: interval:s:1, interval:hz:99, interval:500ms. Since Linux 4.9.",
)
