"""BCC's module of the same name: the classes of tables."""

from __future__ import annotations

from seismo.bcc.table.array import (
    Array,
    CgroupArray,
    CpuMap,
    DevMap,
    MapInMapArray,
    ProgArray,
    XskMap,
)
from seismo.bcc.table.hash import HashTable, LpmTrie, LruHash, MapInMapHash
from seismo.bcc.table.per_cpu import LruPerCpuHash, PerCpuArray, PerCpuHash
from seismo.bcc.table.perf_event_array import PerfEventArray
from seismo.bcc.table.queue import QueueStack
from seismo.bcc.table.ringbuf import RingBuf
from seismo.bcc.table.stack_trace import StackTrace
from seismo.bcc.table.table import Table

__all__ = (
    "Array",
    "CgroupArray",
    "CpuMap",
    "DevMap",
    "HashTable",
    "LpmTrie",
    "LruHash",
    "LruPerCpuHash",
    "MapInMapArray",
    "MapInMapHash",
    "PerCpuArray",
    "PerCpuHash",
    "PerfEventArray",
    "ProgArray",
    "QueueStack",
    "RingBuf",
    "StackTrace",
    "Table",
    "XskMap",
)
