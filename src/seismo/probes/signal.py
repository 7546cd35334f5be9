"""`self:signal:SIGUSR1`: each time that the tracer itself gets the signal."""

from __future__ import annotations

from seismo.isa.prog_types import ProgType
from seismo.probes.backend import Context, one_by_one
from seismo.probes.kind import ProbeKind, Target, TargetError
from seismo.probes.spec import AttachPoint
from seismo.spec.types import SignalAttach

__all__ = ("KIND",)

_FORM = "self:signal:SIGUSR1"


def _parse(text: str) -> Target:
    what, _, name = text.partition(":")
    if what != "signal":
        raise TargetError(f"'{text}' is nothing that happens to the tracer", f"write {_FORM}")
    if name != "SIGUSR1":
        raise TargetError(f"a script cannot be told of '{name}'", f"only of SIGUSR1: {_FORM}")
    return (what, name)


def _attach(point: AttachPoint) -> SignalAttach:
    return SignalAttach(point.target[1])


def _targets(text: str, view: object) -> tuple[str, ...]:
    return ("signal:SIGUSR1",)


KIND = ProbeKind(
    name="self",
    aliases=(),
    form=_FORM,
    parse=_parse,
    choose=one_by_one(ProgType.RAW_TRACEPOINT, Context.NONE, _attach),
    targets=_targets,
    doc="Each time that the tracer gets the signal, which then prints no maps. Since Linux 5.10.",
)
