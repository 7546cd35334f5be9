"""What the programs of a script share: event ids, fault counters, script maps, constant tables."""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass, field
from seismo.base.layout import Layout
from seismo.base.source import Span
from seismo.builtin.options import LowerOptions
from seismo.builtin.record import Aggregate, Builtin
from seismo.events.kinds import Action, EventLayout, FaultSite
from seismo.lang.ast import Expr
from seismo.lang.config import Config
from seismo.lang.typed import MapSymbol, TypedFunction
from seismo.lang.typetable import TypeTable
from seismo.spec.relocations import Relocation

__all__ = (
    "CONTROL_MAP",
    "COUNTER_BYTES",
    "EVENTS_MAP",
    "FAMILY_COUNTER",
    "LOST_MAP",
    "PACKETS_MAP",
    "RING_COUNTERS",
    "SCRATCH_MAP",
    "Resources",
)

EVENTS_MAP, CONTROL_MAP, LOST_MAP = "events", "control", "lost"
PACKETS_MAP = "packets"
SCRATCH_MAP = "scratch"

COUNTER_BYTES = 8

_DEFAULT_RING_BYTES = 4 << 20
_LARGEST_RING_BYTES = 1 << 30
_PAGE_BYTES = 4096

RING_COUNTERS: Mapping[str, int] = {EVENTS_MAP: 0, CONTROL_MAP: 1}
"""Which of the `lost` map's counters counts the records that a ring had no room for."""

FAMILY_COUNTER = 2
"""The one for tasks that a full family could not take in."""

_FIXED_COUNTERS = 3


@dataclass(slots=True, kw_only=True)
class Resources:
    """Collected while the probes are lowered, one after the other; `types` are the kernel's and the
    script's.

    Of a portable script, `assumptions` are what must be so on the kernel that runs it, `relocated`
    the expressions known at compile time that need not, as instructions make them.
    """

    options: LowerOptions
    config: Config
    builtins: Mapping[str, Builtin]
    aggregates: Mapping[str, Aggregate]
    maps: Mapping[str, MapSymbol]
    functions: Mapping[str, TypedFunction]
    types: TypeTable
    events: dict[int, EventLayout] = field(default_factory=dict)
    tables: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    packet_files: list[str] = field(default_factory=list)
    scratch_bytes: int = 0
    retry_bytes: int = 0
    assumptions: dict[Relocation, int] = field(default_factory=dict)
    relocated: set[Expr] = field(default_factory=set)
    _faults: dict[tuple[str, str, Span], FaultSite] = field(default_factory=dict)

    @property
    def faults(self) -> tuple[FaultSite, ...]:
        """Every place where something may fail, in the order of their counters."""
        return tuple(self._faults.values())

    @property
    def counters(self) -> int:
        """How many counters the `lost` map has."""
        return _FIXED_COUNTERS + len(self._faults)

    @property
    def ring_bytes(self) -> int:
        """The size of the ring of output: what the command line says, else the setting in pages,
        rounded up to a power of two."""
        wanted = self.options.ring_bytes or self.config.perf_rb_pages * _PAGE_BYTES
        if not wanted:
            return _DEFAULT_RING_BYTES
        return min(1 << (wanted - 1).bit_length(), _LARGEST_RING_BYTES)

    def assume(self, relocation: Relocation, value: int) -> None:
        """See `Lowering.assume`."""
        if self.options.is_portable:
            self.assumptions[relocation] = value

    def packet_file(self, path: str) -> int:
        """The number of a file that packets go to."""
        if path not in self.packet_files:
            self.packet_files.append(path)
        return self.packet_files.index(path)

    def new_event(self, action: Action, text: str, layout: Layout, span: Span) -> EventLayout:
        """The next free event id, bound to what its records mean."""
        number = len(self.events) + 1
        event = EventLayout(id=number, action=action, layout=layout, span=span, text=text)
        self.events[number] = event
        return event

    def fault(self, kind: str, helper: str, span: Span) -> FaultSite:
        """The counter of a place; programs of one probe share it."""
        key = (kind, helper, span)
        site = self._faults.get(key)
        if site is None:
            index = _FIXED_COUNTERS + len(self._faults)
            site = FaultSite(index=index, kind=kind, helper=helper, span=span)
            self._faults[key] = site
        return site
