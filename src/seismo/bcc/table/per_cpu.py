"""Tables with a leaf for each CPU."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from seismo.bcc.table.array import Array
from seismo.bcc.table.errors import NotThatTable, WrongData
from seismo.bcc.table.hash import HashTable
from seismo.bcc.table.mapping import MappingTable
from seismo.bcc.table.packing import Packing
from seismo.bcc.table.readers import Readers
from seismo.c.tree import TableDecl
from seismo.objects.map import Map

__all__ = ("LruPerCpuHash", "PerCpuArray", "PerCpuHash", "PerCpuTable", "Reducer")

Reducer = Callable[[Any, Any], Any]


class PerCpuTable(MappingTable):
    """The `Leaf` is a ctypes array with an `sLeaf` for each possible CPU. With a `reducer` what is
    read is the leaves of all CPUs, taken together by it."""

    def __init__(
        self, bpf: Readers, declared: TableDecl, map_: Map, key: type[Any], leaf: type[Any]
    ) -> None:
        super().__init__(bpf, declared, map_, key, leaf * map_.cpus)
        self.sLeaf = leaf
        self.total_cpu = map_.cpus
        self.reducer: Reducer | None = None
        self._one = Packing(self.name, "leaf", leaf)

    def getvalue(self, key: Any) -> Any:
        """The leaves of all CPUs."""
        return self._all(self.map.get(self._packed(key)))

    def sum(self, key: Any) -> Any:
        """An `sLeaf` with the sum of all CPUs' numbers; `NotThatTable` for others than numbers."""
        return self.sLeaf(sum(self._numbers(key)))

    def max(self, key: Any) -> Any:
        """An `sLeaf` with the largest of all CPUs' numbers."""
        return self.sLeaf(max(self._numbers(key)))

    def average(self, key: Any) -> float:
        """The mean of all CPUs' numbers."""
        return sum(self._numbers(key)) / self.total_cpu

    def _numbers(self, key: Any) -> list[int]:
        values = list(self.getvalue(key))
        if not all(isinstance(one, int) for one in values):
            raise NotThatTable(self.name, self.declared.kind, "leaves that are numbers")
        return values

    def _row(self, leaf: Any) -> bytes:
        try:
            values = list(leaf)
        except TypeError:
            raise WrongData(self.name, "leaf", leaf, self.Leaf) from None
        return self.map.join_per_cpu([self._one.pack(one) for one in values])

    def _leaf(self, row: bytes) -> Any:
        leaves = self._all(row)
        return leaves if self.reducer is None else reduce(self.reducer, leaves)

    def _all(self, row: bytes) -> Any:
        return self._leaves.unpack(b"".join(self.map.cut_per_cpu(row)))


class PerCpuHash(PerCpuTable, HashTable):
    """`BPF_PERCPU_HASH`. Since Linux 4.6."""


class LruPerCpuHash(PerCpuTable, HashTable):
    """`BPF_LRU_PERCPU_HASH`. Since Linux 4.10."""


class PerCpuArray(PerCpuTable, Array):
    """`BPF_PERCPU_ARRAY`. Since Linux 4.6."""
