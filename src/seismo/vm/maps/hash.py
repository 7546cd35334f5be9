"""Hash maps: plain, with a value a processor, and those that drop what was not used for longest."""

from __future__ import annotations

import errno
from collections.abc import Sequence

from seismo.isa.map_types import MapType
from seismo.spec.types import MapSpec
from seismo.vm.errors import Errno
from seismo.vm.maps.vm_map import ANY, VmMap, check_flags

__all__ = ("HashMap",)

_LRU = (MapType.LRU_HASH, MapType.LRU_PERCPU_HASH)


class HashMap(VmMap):
    """HASH, PERCPU_HASH, LRU_HASH, LRU_PERCPU_HASH.

    An update makes a new value; who holds the old one still has it. With a value a processor it is
    changed where it is. An LRU map drops exactly the key that was not looked up or updated for
    longest, of which the kernel's is an approximation.
    """

    def __init__(self, spec: MapSpec, cpus: int = 1) -> None:
        super().__init__(spec, cpus)
        self._values: dict[bytes, list[bytearray]] = {}
        self._is_lru = spec.type in _LRU

    def lookup(self, key: bytes, cpu: int = 0) -> bytearray | None:
        found = self._values.get(key)
        if found is None:
            return None
        if self._is_lru:
            self._values[key] = self._values.pop(key)
        return found[cpu if self.spec.type.is_per_cpu else 0]

    def update(self, key: bytes, value: bytes, flags: int = ANY, cpu: int = 0) -> None:
        self._check_sizes(key, value)
        found = self._values.get(key)
        check_flags(flags, found is not None)
        if found is None:
            self._make_room()
        if not self.spec.type.is_per_cpu:
            # A key that is put in again keeps its place in the order of keys, but not in an LRU.
            if self._is_lru:
                self._values.pop(key, None)
            self._values[key] = [bytearray(value)]
            return
        if found is None:
            found = [bytearray(len(value)) for _ in range(self.cpus)]
            self._values[key] = found
        found[cpu][:] = value
        if self._is_lru:
            self._values[key] = self._values.pop(key)

    def _make_room(self) -> None:
        if len(self._values) < self.spec.max_entries:
            return
        if not self._is_lru:
            raise Errno(errno.E2BIG)
        del self._values[next(iter(self._values))]

    def delete(self, key: bytes) -> None:
        if self._values.pop(key, None) is None:
            raise Errno(errno.ENOENT)

    def all_keys(self) -> Sequence[bytes]:
        return list(self._values)
