"""`Plan`: the compiler's whole answer. Pure data; loading, attaching and printing need no more."""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass, field
from seismo.events.kinds import EventLayout, MapView
from seismo.spec.types import AttachSpec, ObjectSpec

__all__ = ("Attachment", "Plan")


@dataclass(frozen=True, slots=True)
class Attachment:
    """Program `program` runs at `at`; `probe` is the attach point as the script's user knows it."""

    program: str
    probe: str
    at: AttachSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to load, where to attach it, and what its records and maps mean.

    `presets` are (map, key, value) entries to put before anything is attached. `begin` and `end`
    name the programs that run once, in script order; `probe_count` is how many attach points the
    script has. `events_map`, `control_map` and `lost_map`
    name the two rings and the per-CPU loss counters (u64 each, see `lower/context.py: Counter`).
    """

    object: ObjectSpec
    attachments: tuple[Attachment, ...]
    begin: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    probe_count: int = 0
    events: Mapping[int, EventLayout] = field(default_factory=dict)
    maps: tuple[MapView, ...] = ()
    presets: tuple[tuple[str, bytes, bytes], ...] = ()
    events_map: str = "events"
    control_map: str = "control"
    lost_map: str = "lost"
