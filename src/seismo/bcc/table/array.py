"""Tables with indices: arrays of values, programs, groups, devices and maps."""

from __future__ import annotations

import ctypes as ct
import os
from collections.abc import Iterator
from typing import Any

from seismo.bcc.table.errors import OutOfRange
from seismo.bcc.table.mapping import MappingTable

__all__ = (
    "Array",
    "ArrayTable",
    "CgroupArray",
    "CpuMap",
    "DevMap",
    "MapInMapArray",
    "ProgArray",
    "XskMap",
)


class ArrayTable(MappingTable):
    """Has all indices up to `max_entries`; negative ones count from the end."""

    def __len__(self) -> int:
        return self.max_entries

    def __iter__(self) -> Iterator[Any]:
        return map(self.Key, range(self.max_entries))

    def _packed(self, key: Any) -> bytes:
        if isinstance(key, ct._SimpleCData):
            key = key.value
        if isinstance(key, int):
            index = key + self.max_entries if key < 0 else key
            if not 0 <= index < self.max_entries:
                raise OutOfRange(self.name, key, self.max_entries)
            return index.to_bytes(4, "little")
        return super()._packed(key)


class Array(ArrayTable):
    """`BPF_ARRAY`, `BPF_HISTOGRAM` of `int`: what is deleted is zero. Since Linux 3.19."""

    def __delitem__(self, key: Any) -> None:
        self.clearitem(key)

    def clearitem(self, key: Any) -> None:
        """Make the leaf zeros."""
        self.map.put(self._packed(key), bytes(self.map.value_bytes))


class ProgArray(ArrayTable):
    """`BPF_PROG_ARRAY`: programs to call, as `BPF.load_func` gives them, or their descriptors.
    Since Linux 4.2."""

    def _row(self, leaf: Any) -> bytes:
        return super()._row(int(leaf.fd) if hasattr(leaf, "fd") else leaf)


class CgroupArray(ArrayTable):
    """`BPF_CGROUP_ARRAY`: groups, by the path of their directory or by a descriptor of it. Since
    Linux 4.8."""

    def __setitem__(self, key: Any, leaf: Any) -> None:
        if not isinstance(leaf, (str, bytes)):
            super().__setitem__(key, leaf)
            return
        number = os.open(leaf, os.O_RDONLY | os.O_CLOEXEC)
        try:
            super().__setitem__(key, number)
        finally:
            os.close(number)


class MapInMapArray(ArrayTable):
    """`BPF_ARRAY_OF_MAPS`: stored are tables or their descriptors, read are the kernel's numbers of
    the maps. Since Linux 4.12."""

    def _row(self, leaf: Any) -> bytes:
        return super()._row(leaf.map_fd if isinstance(leaf, MappingTable) else leaf)


class DevMap(ArrayTable):
    """`BPF_DEVMAP`: interfaces, by number. Since Linux 4.14."""


class CpuMap(ArrayTable):
    """`BPF_CPUMAP`: how many packets wait for a CPU at most. Since Linux 4.15."""


class XskMap(ArrayTable):
    """`BPF_XSKMAP`: sockets of the family AF_XDP, by descriptor. Since Linux 4.18."""
