"""From a `MapSpec` to the machine's map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seismo.base.errors import NotSupported
from seismo.isa.map_types import MapType
from seismo.spec.types import MapSpec
from seismo.vm.maps.array import ArrayMap
from seismo.vm.maps.bloom import BloomMap
from seismo.vm.maps.hash import HashMap
from seismo.vm.maps.lpm import LpmMap
from seismo.vm.maps.queue import QueueMap
from seismo.vm.maps.references import MapOfMaps, ProgramMap
from seismo.vm.maps.ring import PerfMap, RingMap
from seismo.vm.maps.stack_trace import StackTraceMap
from seismo.vm.maps.vm_map import VmMap

__all__ = ("create_map", "create_maps")

_KINDS: Mapping[MapType, type[VmMap]] = {
    MapType.HASH: HashMap,
    MapType.ARRAY: ArrayMap,
    MapType.PROG_ARRAY: ProgramMap,
    MapType.PERF_EVENT_ARRAY: PerfMap,
    MapType.PERCPU_HASH: HashMap,
    MapType.PERCPU_ARRAY: ArrayMap,
    MapType.STACK_TRACE: StackTraceMap,
    MapType.LRU_HASH: HashMap,
    MapType.LRU_PERCPU_HASH: HashMap,
    MapType.LPM_TRIE: LpmMap,
    MapType.ARRAY_OF_MAPS: MapOfMaps,
    MapType.HASH_OF_MAPS: MapOfMaps,
    MapType.QUEUE: QueueMap,
    MapType.STACK: QueueMap,
    MapType.RINGBUF: RingMap,
    MapType.BLOOM_FILTER: BloomMap,
}


def create_map(spec: MapSpec, cpus: int = 1) -> VmMap:
    """The map, with the contents of its spec; raises NotSupported for a kind that is not there."""
    if spec.type not in _KINDS:
        raise NotSupported(f"maps of type {spec.type.name}", "the machine has none of them")
    made = _KINDS[spec.type](spec, cpus)
    for key, value in spec.contents:
        made.update(key, value)
    return made


def create_maps(specs: Iterable[MapSpec], cpus: int = 1) -> dict[str, VmMap]:
    """All maps of an object by name, and in maps of maps what their specs put there."""
    specs = tuple(specs)
    made = {spec.name: create_map(spec, cpus) for spec in specs}
    for spec in specs:
        outer = made[spec.name]
        for index, name in spec.map_slots:
            if isinstance(outer, MapOfMaps):
                outer.put(index.to_bytes(spec.key_size, "little"), made[name])
    return made
