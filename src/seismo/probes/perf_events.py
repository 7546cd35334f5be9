"""`software:page-faults:1`, `hardware:cycles:1000000`: every so many counts of an event.

An event stands here by its name and its short one, with the count of a probe that gives none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import did_you_mean
from seismo.base.number import NumberError, parse_integer
from seismo.isa.prog_types import ProgType
from seismo.probes.backend import Backend, Context, Use
from seismo.probes.kind import ProbeKind, Target, TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.view import KernelView
from seismo.spec.types import PerfEventAttach

__all__ = ("HARDWARE", "SOFTWARE", "PerfEvent")


@dataclass(frozen=True, slots=True)
class PerfEvent:
    """`period` is how many counts make a hit, unless the probe says."""

    name: str
    period: int
    alias: str = ""


_SOFTWARE_EVENTS = (
    PerfEvent("alignment-faults", 1),
    PerfEvent("bpf-output", 1),
    PerfEvent("context-switches", 1_000, "cs"),
    PerfEvent("cpu-clock", 1_000_000, "cpu"),
    PerfEvent("cpu-migrations", 1),
    PerfEvent("dummy", 1),
    PerfEvent("emulation-faults", 1),
    PerfEvent("major-faults", 1),
    PerfEvent("minor-faults", 100),
    PerfEvent("page-faults", 100, "faults"),
    PerfEvent("task-clock", 1),
)
_HARDWARE_EVENTS = (
    PerfEvent("backend-stalls", 1_000_000),
    PerfEvent("branch-instructions", 100_000, "branches"),
    PerfEvent("branch-misses", 100_000),
    PerfEvent("bus-cycles", 100_000),
    PerfEvent("cache-misses", 1_000_000),
    PerfEvent("cache-references", 1_000_000),
    PerfEvent("cpu-cycles", 1_000_000, "cycles"),
    PerfEvent("frontend-stalls", 1_000_000),
    PerfEvent("instructions", 1_000_000),
    PerfEvent("ref-cycles", 1_000_000),
)


def _names(events: Sequence[PerfEvent]) -> dict[str, PerfEvent]:
    return {word: one for one in events for word in (one.name, one.alias) if word}


def _parser(kind: str, events: Sequence[PerfEvent]) -> Callable[[str], Target]:
    known = _names(events)

    def parse(text: str) -> Target:
        name, colon, count = text.partition(":")
        if name not in known:
            near = did_you_mean(name, known) if name else ""
            hint = near or f"events are {' '.join(one.name for one in events)}"
            raise TargetError(f"there is no {kind} event '{name}'", hint)
        if colon and not _count(count):
            raise TargetError(
                f"'{count}' is no count of events", f"write {kind}:{name}:{known[name].period}"
            )
        return (name, count) if colon else (name,)

    return parse


def _count(text: str) -> int:
    """How many; 0 for what is no number."""
    try:
        return parse_integer(text).value
    except NumberError:
        return 0


def _attacher(events: Sequence[PerfEvent]) -> Callable[[AttachPoint, Use], PerfEventAttach]:
    known = _names(events)

    def attach(point: AttachPoint, use: Use) -> PerfEventAttach:
        event = known[point.target[0]]
        period = _count(point.target[1]) if len(point.target) > 1 else event.period
        return PerfEventAttach(event.name, period, use.pid)

    return attach


def _lister(events: Sequence[PerfEvent]) -> Callable[[str, KernelView], Iterable[str]]:
    return lambda text, view: [f"{one.name}:{one.period}" for one in events]


_attach_software = _attacher(_SOFTWARE_EVENTS)
_attach_hardware = _attacher(_HARDWARE_EVENTS)


def _choose_software(points: tuple[AttachPoint, ...], use: Use, view: KernelView) -> Backend:
    return _backend([_attach_software(point, use) for point in points])


def _choose_hardware(points: tuple[AttachPoint, ...], use: Use, view: KernelView) -> Backend:
    if not view.has("hardware"):
        raise TargetError(*view.refusal("hardware"))
    return _backend([_attach_hardware(point, use) for point in points])


def _backend(attach: Sequence[PerfEventAttach]) -> Backend:
    return Backend(prog_type=ProgType.PERF_EVENT, context=Context.REGISTERS, attach=tuple(attach))


SOFTWARE = ProbeKind(
    name="software",
    aliases=("s",),
    form="software:event[:count]",
    parse=_parser("software", _SOFTWARE_EVENTS),
    choose=_choose_software,
    targets=_lister(_SOFTWARE_EVENTS),
    is_task=True,
    doc="Every so many of an event that the kernel counts: software:page-faults:100. Since Linux "
    "4.9.",
)
HARDWARE = ProbeKind(
    name="hardware",
    aliases=("h",),
    form="hardware:event[:count]",
    parse=_parser("hardware", _HARDWARE_EVENTS),
    choose=_choose_hardware,
    targets=_lister(_HARDWARE_EVENTS),
    is_task=True,
    doc="Every so many of an event that the processor counts: hardware:cycles:1000000. Since Linux "
    "4.9.",
)
