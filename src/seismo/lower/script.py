"""A checked script to IR, maps and events: the whole of lowering, probe by probe."""

from __future__ import annotations

from collections.abc import Callable

from seismo.base.dataclass import dataclass
from seismo.events.kinds import EventLayout, MapView
from seismo.ir.func import Func, Module
from seismo.isa.map_types import MapType
from seismo.lang.typed import MapSymbol, TypedProbe, TypedScript
from seismo.lang.types import AggregateType
from seismo.lower.context import Counter
from seismo.lower.filter import tree_map
from seismo.lower.layout import key_layout, value_bytes, value_type
from seismo.lower.probe import ProbeLowering
from seismo.lower.resources import (
    CONTROL_MAP,
    EVENTS_MAP,
    LOST_MAP,
    SCRATCH_MAP,
    Resources,
)
from seismo.spec.types import MapSpec

__all__ = ("Lowered", "lower_script")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowered:
    """What lowering makes: one function a probe (in order), maps, and what records mean."""

    module: Module
    maps: tuple[MapSpec, ...]
    views: tuple[MapView, ...]
    events: dict[int, EventLayout]


def lower_script(
    typed: TypedScript,
    name: Callable[[int, TypedProbe], str],
    return_value: Callable[[TypedProbe], int],
    shared: Resources,
) -> Lowered:
    """Lower every probe; `name` gives its program's name, `return_value` what r0 holds at exit."""
    funcs: list[Func] = []
    for index, probe in enumerate(typed.probes):
        lowering = ProbeLowering(name(index, probe), index, probe, return_value(probe), shared)
        funcs.append(lowering.lower())
    symbols = tuple(typed.maps.values())
    return Lowered(
        module=Module(tuple(funcs)),
        maps=(*_own_maps(shared, len(funcs)), *(_map_spec(one, shared) for one in symbols)),
        views=tuple(_map_view(one, shared) for one in symbols),
        events=shared.events,
    )


def _own_maps(shared: Resources, programs: int) -> list[MapSpec]:
    """The two rings, the loss counters, and scratch memory (an entry a program) if it is used.

    Programs do not share a scratch entry: one may interrupt another on the same CPU, but never
    itself (kernel/trace/bpf_trace.c: `bpf_prog_active`; kernel/bpf/trampoline.c: `prog->active`).
    """
    options = shared.options
    ring = MapType.RINGBUF
    maps = [
        _spec(EVENTS_MAP, ring, 0, 0, options.ring_bytes),
        _spec(CONTROL_MAP, ring, 0, 0, options.control_bytes),
        _spec(LOST_MAP, MapType.PERCPU_ARRAY, 4, 8, len(Counter)),
    ]
    if options.filter.and_children:
        maps.append(tree_map())
    if shared.scratch_bytes:
        size = shared.scratch_bytes
        maps.append(_spec(SCRATCH_MAP, MapType.PERCPU_ARRAY, 4, size, programs))
    return maps


def _map_spec(symbol: MapSymbol, shared: Resources) -> MapSpec:
    is_per_cpu = isinstance(symbol.value, AggregateType)
    return _spec(
        symbol.name,
        MapType.PERCPU_HASH if is_per_cpu else MapType.HASH,
        key_layout(symbol.keys).size,
        value_bytes(symbol.value),
        shared.options.max_map_keys if symbol.keys else 1,
    )


def _spec(name: str, type_: MapType, key: int, value: int, entries: int) -> MapSpec:
    return MapSpec(name=name, type=type_, key_size=key, value_size=value, max_entries=entries)


def _map_view(symbol: MapSymbol, shared: Resources) -> MapView:
    reduction = ""
    if isinstance(symbol.value, AggregateType):
        reduction = shared.aggregates[symbol.value.function].reduction
    return MapView(
        name=symbol.name,
        key=key_layout(symbol.keys) if symbol.keys else None,
        value=value_type(symbol.value),
        reduction=reduction,
    )
