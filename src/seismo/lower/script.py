"""A checked script to IR, maps and events: the whole of lowering, probe by probe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from seismo.base.bits import align_up
from seismo.base.dataclass import dataclass
from seismo.base.errors import SourceError
from seismo.base.layout import FieldType
from seismo.events.enums import Names, names_in
from seismo.events.kinds import EventLayout, FaultSite, MapView
from seismo.ir.func import Func, Module
from seismo.isa.map_types import MapType
from seismo.lang.typed import MapSymbol, TypedProbe, TypedScript
from seismo.lang.types import AggregateType, IntType
from seismo.lang.typetable import TypeTable
from seismo.lower.filter import filter_maps
from seismo.lower.layout import key_layout, key_size, value_bytes, value_form
from seismo.lower.portable import assume_constants, kernel_enumerator
from seismo.lower.probe import lower_probe, lower_retry
from seismo.lower.resources import (
    CONTROL_MAP,
    COUNTER_BYTES,
    EVENTS_MAP,
    LOST_MAP,
    PACKETS_MAP,
    SCRATCH_MAP,
    Resources,
)
from seismo.lower.retry import arguments_size, exit_of, retried_strings, retry_map
from seismo.lower.scratch import MOST_SCRATCH_BYTES
from seismo.spec.relocations import Relocation
from seismo.spec.types import MapSpec

__all__ = ("Lowered", "lower_script")

_PER_CPU = {
    MapType.HASH: MapType.PERCPU_HASH,
    MapType.LRU_HASH: MapType.LRU_PERCPU_HASH,
    MapType.PERCPU_HASH: MapType.PERCPU_HASH,
    MapType.LRU_PERCPU_HASH: MapType.LRU_PERCPU_HASH,
}
_DECLARED = {
    "": MapType.HASH,
    "hash": MapType.HASH,
    "lruhash": MapType.LRU_HASH,
    "percpuhash": MapType.PERCPU_HASH,
    "percpulruhash": MapType.LRU_PERCPU_HASH,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowered:
    """What lowering makes: one function a probe (in order), maps, and what records mean.

    `retries` are the tracepoints of the programs that follow those of the probes in `module`.
    `tables` are (map, rows) of constant arrays; `faults` tell what the loss counters count.
    `assumptions` are what a portable script takes for granted of the kernel that runs it, `enums`
    those of the kernel's that it shows by their constants' names.
    """

    module: Module
    maps: tuple[MapSpec, ...]
    views: tuple[MapView, ...]
    events: dict[int, EventLayout]
    retries: tuple[tuple[str, str], ...]
    tables: tuple[tuple[str, tuple[bytes, ...]], ...]
    packets: tuple[str, ...]
    faults: tuple[FaultSite, ...]
    assumptions: tuple[tuple[Relocation, int], ...]
    enums: tuple[tuple[str, Names], ...]


def lower_script(
    typed: TypedScript,
    name: Callable[[int, TypedProbe], str],
    return_value: Callable[[TypedProbe], int],
    shared: Resources,
) -> Lowered:
    """Lower every probe; `name` gives its program's name, `return_value` what r0 holds at exit.

    Raises SourceError, with its place, for a probe that needs more memory than a program can have.
    """
    funcs: list[Func] = []
    retried = [
        (number, probe, strings)
        for number, probe in enumerate(typed.probes)
        if (strings := retried_strings(probe))
    ]
    sizes = [arguments_size(strings[0], probe) for _, probe, strings in retried]
    shared.retry_bytes = max(sizes, default=0)
    for index, probe in enumerate(typed.probes):
        before = shared.scratch_bytes
        funcs.append(lower_probe(name(index, probe), index, probe, return_value(probe), shared))
        if before <= MOST_SCRATCH_BYTES < shared.scratch_bytes:
            raise _too_large(probe, shared.scratch_bytes)
    for index, (number, probe, _) in enumerate(retried, len(funcs)):
        title = f"retry_{name(index, probe)}"
        funcs.append(lower_retry(title, index, probe, number, return_value(probe), shared))
    if shared.options.is_portable:
        assume_constants(typed, shared)
    symbols = tuple(typed.maps.values())
    views = tuple(_map_view(one, shared) for one in symbols)
    return Lowered(
        module=Module(tuple(funcs)),
        maps=(*_own_maps(shared, len(funcs)), *(_map_spec(one, shared) for one in symbols)),
        views=views,
        events=shared.events,
        retries=tuple(exit_of(probe) for _, probe, _ in retried),
        tables=tuple(shared.tables.items()),
        packets=tuple(shared.packet_files),
        faults=shared.faults,
        assumptions=tuple(shared.assumptions.items()),
        enums=tuple(_shown_enums(views, shared)) if shared.options.is_portable else (),
    )


def _too_large(probe: TypedProbe, size: int) -> SourceError:
    return SourceError(
        probe.probe.attach_points[0].span,
        f"this probe's values need {size} bytes of memory, and a program has {MOST_SCRATCH_BYTES}",
        "give str() and buf() a length, or lower max_strlen",
    )


def _own_maps(shared: Resources, programs: int) -> list[MapSpec]:
    """The two rings, the loss counters, constant tables, and scratch memory (an entry a program)
    if it is used.

    Programs do not share a scratch entry: one may interrupt another on the same CPU, but never
    itself (kernel/trace/bpf_trace.c: `bpf_prog_active`; kernel/bpf/trampoline.c: `prog->active`).
    """
    options = shared.options
    ring = MapType.RINGBUF
    maps = [
        _spec(EVENTS_MAP, ring, 0, 0, shared.ring_bytes),
        _spec(CONTROL_MAP, ring, 0, 0, options.control_bytes),
        _spec(LOST_MAP, MapType.ARRAY, 4, COUNTER_BYTES * shared.counters, 1),
    ]
    maps += filter_maps(options.filter)
    if shared.scratch_bytes:
        size = align_up(shared.scratch_bytes, 8)
        maps.append(_spec(SCRATCH_MAP, MapType.PERCPU_ARRAY, 4, size, programs))
    if shared.packet_files:
        # The loader of a portable script knows how many CPUs there are.
        cpus = 0 if options.is_portable else options.possible_cpus
        maps.append(_spec(PACKETS_MAP, MapType.PERF_EVENT_ARRAY, 4, 4, cpus))
    if shared.retry_bytes:
        maps.append(retry_map(shared.retry_bytes))
    maps += [
        _spec(name, MapType.ARRAY, 4, len(rows[0]), len(rows))
        for name, rows in shared.tables.items()
    ]
    return maps


def _map_spec(symbol: MapSymbol, shared: Resources) -> MapSpec:
    type_ = _DECLARED[symbol.kind]
    has_buckets = _has_buckets(symbol, shared)
    is_single = not symbol.keys and not has_buckets and not symbol.max_entries
    return _spec(
        symbol.name,
        _PER_CPU[type_] if isinstance(symbol.value, AggregateType) else type_,
        key_size(symbol, is_bucketed=has_buckets),
        value_bytes(value_form(symbol, shared.aggregates)),
        1 if is_single else symbol.max_entries or shared.config.max_map_keys,
    )


def _shown_enums(views: Sequence[MapView], shared: Resources) -> Iterator[tuple[str, Names]]:
    """The kernel's enums by whose constants' names values are shown, each once."""
    forms: list[FieldType] = [one.layout for one in shared.events.values()]
    forms += [one.value for one in views]
    forms += [one.key for one in views if one.key is not None]
    for names in dict.fromkeys(names for form in forms for names in names_in(form)):
        origin = kernel_enumerator(shared.types, names[0][1])
        if origin is not None and _names_of(shared.types, names[0][1]) == names:
            yield origin.enum, names


def _names_of(types: TypeTable, constant: str) -> Names:
    """The constants of the kernel's enum that this one is of."""
    _, type_ = types.kernel_enumerator(constant)
    constants = type_.enum.constants if type_.enum is not None else ()
    return tuple((value, name) for name, value in constants)


def _has_buckets(symbol: MapSymbol, shared: Resources) -> bool:
    type_ = symbol.value
    return isinstance(type_, AggregateType) and shared.aggregates[type_.function].has_buckets


def _spec(name: str, type_: MapType, key: int, value: int, entries: int) -> MapSpec:
    return MapSpec(name=name, type=type_, key_size=key, value_size=value, max_entries=entries)


def _map_view(symbol: MapSymbol, shared: Resources) -> MapView:
    reduction: str = ""
    parameters: tuple[int | str, ...] = ()
    if isinstance(symbol.value, AggregateType):
        reduction = shared.aggregates[symbol.value.function].reduction
        parameters = symbol.value.parameters
    elif symbol.kind.startswith("percpu") and isinstance(symbol.value, IntType):
        reduction = "sum"
    return MapView(
        name=symbol.name,
        key=key_layout(symbol.keys) if symbol.keys else None,
        value=value_form(symbol, shared.aggregates),
        reduction=reduction,
        parameters=parameters,
        has_buckets=_has_buckets(symbol, shared),
    )
