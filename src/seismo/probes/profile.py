"""`profile:hz:99`, `profile:ms:10`, `profile:1s`: a timer on every CPU, to look at what it runs."""

from __future__ import annotations

from seismo.isa.prog_types import ProgType
from seismo.probes.backend import Backend, Context, Use
from seismo.probes.kind import ProbeKind
from seismo.probes.spec import AttachPoint
from seismo.probes.timer import rate, timer_parser, units
from seismo.probes.view import KernelView
from seismo.spec.types import TimerAttach

__all__ = ("KIND",)


def _choose(points: tuple[AttachPoint, ...], use: Use, view: KernelView) -> Backend:
    rates = [rate(point.target) for point in points]
    return Backend(
        prog_type=ProgType.PERF_EVENT,
        context=Context.REGISTERS,
        attach=tuple(
            [
                TimerAttach(
                    period_ns=one.period_ns,
                    frequency_hz=one.frequency_hz,
                    every_cpu=True,
                    pid=use.pid,
                )
                for one in rates
            ]
        ),
    )


KIND = ProbeKind(
    name="profile",
    aliases=("p",),
    form="profile:unit:count",
    parse=timer_parser("profile"),
    targets=units,
    choose=_choose,
    is_task=True,
    doc="A timer on every CPU: profile:hz:99, profile:ms:10, profile:1s. Since Linux 4.9.",
)
