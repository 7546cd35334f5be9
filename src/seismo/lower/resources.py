"""What the programs of a script share: event ids, script maps, scratch memory, options."""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass, field
from seismo.base.layout import Layout
from seismo.base.source import Span
from seismo.builtin.record import Aggregate, Builtin
from seismo.events.kinds import Action, EventLayout
from seismo.lang.typed import MapSymbol

__all__ = (
    "CONTROL_MAP",
    "EVENTS_MAP",
    "LOST_MAP",
    "NO_FILTER",
    "SCRATCH_MAP",
    "TREE_MAP",
    "LowerOptions",
    "Resources",
    "TaskFilter",
)

EVENTS_MAP, CONTROL_MAP, LOST_MAP = "events", "control", "lost"
SCRATCH_MAP, TREE_MAP = "scratch", "tree"


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks are traced: process `pid` alone, or with all that it forks (`and_children`);
    `pid` 0 is everyone."""

    pid: int = 0
    and_children: bool = False


NO_FILTER = TaskFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class LowerOptions:
    """Sizes in bytes; `possible_cpus` is the kernel's, for sums over CPUs.

    `filter` is compiled into every program that runs in the context of some task; `command_pid` is
    what `cpid` gives.
    """

    possible_cpus: int
    filter: TaskFilter = NO_FILTER
    command_pid: int = 0
    ring_bytes: int = 4 << 20
    control_bytes: int = 64 << 10
    max_map_keys: int = 4096


@dataclass(slots=True, kw_only=True)
class Resources:
    """Collected while the probes are lowered, one after the other."""

    options: LowerOptions
    builtins: Mapping[str, Builtin]
    aggregates: Mapping[str, Aggregate]
    maps: Mapping[str, MapSymbol]
    events: dict[int, EventLayout] = field(default_factory=dict)
    scratch_bytes: int = 0

    def new_event(self, action: Action, text: str, layout: Layout, span: Span) -> EventLayout:
        """The next free event id, bound to what its records mean."""
        number = len(self.events) + 1
        event = EventLayout(id=number, action=action, layout=layout, span=span, text=text)
        self.events[number] = event
        return event
