"""`Table`: from a table's declaration and its map to the class that BCC has for it.

>>> Table.of(bpf, unit.tables["counts"], maps["counts"])["counts"]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seismo.bcc.ctypes_of import ctype_class
from seismo.bcc.table.array import (
    Array,
    CgroupArray,
    CpuMap,
    DevMap,
    MapInMapArray,
    ProgArray,
    XskMap,
)
from seismo.bcc.table.events import EventTable, LossCounter
from seismo.bcc.table.hash import HashTable, LpmTrie, LruHash, MapInMapHash
from seismo.bcc.table.mapping import MappingTable
from seismo.bcc.table.per_cpu import LruPerCpuHash, PerCpuArray, PerCpuHash, PerCpuTable, Reducer
from seismo.bcc.table.perf_event_array import PerfEventArray
from seismo.bcc.table.queue import QueueStack
from seismo.bcc.table.readers import Readers
from seismo.bcc.table.ringbuf import RingBuf
from seismo.bcc.table.stack_trace import StackTrace
from seismo.c.tree import TableDecl
from seismo.isa.map_types import MapType
from seismo.objects.map import Map

__all__ = ("AnyTable", "Table")

AnyTable = MappingTable | QueueStack

_CLASSES: Mapping[MapType, type[MappingTable]] = {
    MapType.HASH: HashTable,
    MapType.ARRAY: Array,
    MapType.PROG_ARRAY: ProgArray,
    MapType.PERF_EVENT_ARRAY: PerfEventArray,
    MapType.PERCPU_HASH: PerCpuHash,
    MapType.PERCPU_ARRAY: PerCpuArray,
    MapType.STACK_TRACE: StackTrace,
    MapType.CGROUP_ARRAY: CgroupArray,
    MapType.LRU_HASH: LruHash,
    MapType.LRU_PERCPU_HASH: LruPerCpuHash,
    MapType.LPM_TRIE: LpmTrie,
    MapType.ARRAY_OF_MAPS: MapInMapArray,
    MapType.HASH_OF_MAPS: MapInMapHash,
    MapType.DEVMAP: DevMap,
    MapType.CPUMAP: CpuMap,
    MapType.XSKMAP: XskMap,
    MapType.RINGBUF: RingBuf,
}
_QUEUES = (MapType.QUEUE, MapType.STACK)


class Table:
    """What makes tables."""

    @staticmethod
    def of(
        bpf: Readers,
        declared: TableDecl,
        map_: Map,
        keytype: type[Any] | None = None,
        leaftype: type[Any] | None = None,
        reducer: Reducer | None = None,
        *,
        losses: LossCounter | None = None,
    ) -> AnyTable:
        """The table of a map, which stays the program's to close.

        `keytype` and `leaftype` take the place of the classes that the declaration says; `reducer`
        takes the leaves of all CPUs together; `losses` counts what a buffer had no room for.
        """
        leaf = leaftype or ctype_class(declared.leaf)
        if map_.spec.type in _QUEUES:
            return QueueStack(bpf, declared, map_, leaf)
        class_ = _CLASSES.get(map_.spec.type, HashTable)
        table = class_(bpf, declared, map_, keytype or ctype_class(declared.key), leaf)
        if isinstance(table, EventTable):
            table.losses = losses
        elif isinstance(table, PerCpuTable):
            table.reducer = reducer
        return table
