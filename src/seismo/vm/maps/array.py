"""Arrays: of one value a place, or of one value a place and processor."""

from __future__ import annotations

import errno
from collections.abc import Sequence

from seismo.spec.types import MapSpec
from seismo.vm.errors import Errno
from seismo.vm.maps.vm_map import ANY, EXIST, NOEXIST, VmMap, array_index

__all__ = ("ArrayMap",)


class ArrayMap(VmMap):
    """ARRAY, PERCPU_ARRAY: every index below `max_entries` is there from the start, all zeros."""

    def __init__(self, spec: MapSpec, cpus: int = 1) -> None:
        super().__init__(spec, cpus)
        self._values: dict[tuple[int, int], bytearray] = {}

    def lookup(self, key: bytes, cpu: int = 0) -> bytearray | None:
        index = array_index(key)
        if index >= self.spec.max_entries:
            return None
        place = index, cpu if self.spec.type.is_per_cpu else 0
        # Values are made when they are asked for: arrays are large, and programs are short.
        found = self._values.get(place)
        if found is None:
            found = self._values[place] = bytearray(self.spec.value_size)
        return found

    def update(self, key: bytes, value: bytes, flags: int = ANY, cpu: int = 0) -> None:
        self._check_sizes(key, value)
        if flags > EXIST:
            raise Errno(errno.EINVAL)
        found = self.lookup(key, cpu)
        if found is None:
            raise Errno(errno.E2BIG)
        if flags == NOEXIST:
            raise Errno(errno.EEXIST)
        found[:] = value

    def delete(self, key: bytes) -> None:
        raise Errno(errno.EINVAL)

    def all_keys(self) -> Sequence[bytes]:
        return [index.to_bytes(4, "little") for index in range(self.spec.max_entries)]
