"""Attach points as written to the places they mean on this kernel.

    t:syscalls:sys_enter_open* { … args … }  ->  one instance for each of the tracepoints found
    BEGIN, interval:s:1 { … }                ->  one instance for each kind

A probe's body is compiled once for all its places of a kind, unless it asks which place it is at.
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import Diagnostics
from seismo.lang.ast import AttachPointText, Call, Name, Probe, Script
from seismo.lang.walk import walk
from seismo.probes.kind import TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.table import find_kind
from seismo.probes.view import KernelView

__all__ = ("PLACE_NAMES", "ProbeInstance", "expand")

PLACE_NAMES = ("args", "probe")
"""The built-ins that differ from place to place."""


@dataclass(frozen=True, slots=True)
class ProbeInstance:
    """One program to be: a probe at `points`, all of one kind."""

    probe: Probe
    points: tuple[AttachPoint, ...]


def expand(script: Script, view: KernelView, diagnostics: Diagnostics) -> tuple[ProbeInstance, ...]:
    """Every program to be, in script order; attach points that mean nothing go to `diagnostics`.

    Raises `NotSupported` when tracefs is needed and cannot be read.
    """
    instances: list[ProbeInstance] = []
    for probe in script.probes:
        points = [
            point for text in probe.attach_points for point in _expand_text(text, view, diagnostics)
        ]
        instances += _instances(probe, points)
    return tuple(instances)


def _expand_text(
    text: AttachPointText, view: KernelView, diagnostics: Diagnostics
) -> tuple[AttachPoint, ...]:
    word, _, rest = text.text.replace('"', "").partition(":")
    try:
        kind = find_kind(word)
        targets = kind.expand(kind.parse(rest), view)
    except TargetError as error:
        diagnostics.error(text.span, error.message, error.hint)
        return ()
    return tuple(AttachPoint(kind.name, target, text.span) for target in targets)


def _instances(probe: Probe, points: list[AttachPoint]) -> list[ProbeInstance]:
    if _asks_for_place(probe):
        return [ProbeInstance(probe, (point,)) for point in points]
    by_kind: dict[str, list[AttachPoint]] = {}
    for point in points:
        by_kind.setdefault(point.kind, []).append(point)
    return [ProbeInstance(probe, tuple(some)) for some in by_kind.values()]


def _asks_for_place(probe: Probe) -> bool:
    return any(isinstance(node, (Name, Call)) and node.name in PLACE_NAMES for node in walk(probe))
