"""`BEGIN` and `END`: once before every other probe is attached, once after all are detached."""

from __future__ import annotations

from seismo.isa.prog_types import ProgType
from seismo.probes.backend import Context, one_by_one
from seismo.probes.kind import ProbeKind, Target, TargetError
from seismo.probes.spec import AttachPoint
from seismo.spec.types import TestRunAttach

__all__ = ("BEGIN", "END")


def _parse(text: str) -> Target:
    if text:
        raise TargetError(f"BEGIN and END have no target, but here is '{text}'")
    return ()


def _attach(point: AttachPoint) -> TestRunAttach:
    return TestRunAttach()


BEGIN = ProbeKind(
    name="begin",
    aliases=(),
    form="BEGIN",
    parse=_parse,
    choose=one_by_one(ProgType.RAW_TRACEPOINT, Context.NONE, _attach),
    is_any_case=True,
    doc="Once, before any other probe is attached.",
)
END = ProbeKind(
    name="end",
    aliases=(),
    form="END",
    parse=_parse,
    choose=one_by_one(ProgType.RAW_TRACEPOINT, Context.NONE, _attach),
    is_any_case=True,
    doc="Once, after the other probes are detached.",
)
