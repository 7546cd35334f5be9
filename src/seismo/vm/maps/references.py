"""Maps whose values are no bytes: programs, and other maps."""

from __future__ import annotations

import errno
from collections.abc import Sequence

from seismo.isa.map_types import MapType
from seismo.spec.types import MapSpec
from seismo.vm.errors import Errno
from seismo.vm.maps.vm_map import ANY, VmMap, array_index, check_flags

__all__ = ("MapOfMaps", "ProgramMap")


class ProgramMap(VmMap):
    """PROG_ARRAY: machines by their index, for tail calls."""

    def __init__(self, spec: MapSpec, cpus: int = 1) -> None:
        super().__init__(spec, cpus)
        self._machines: dict[int, object] = {}

    def put(self, index: int, machine: object) -> None:
        """Put a machine there; Errno (E2BIG) past the end."""
        if index >= self.spec.max_entries:
            raise Errno(errno.E2BIG)
        self._machines[index] = machine

    def machine(self, index: int) -> object:
        """What is there; None where nothing is."""
        return self._machines.get(index)

    def delete(self, key: bytes) -> None:
        index = array_index(key)
        if index >= self.spec.max_entries:
            raise Errno(errno.E2BIG)
        if self._machines.pop(index, None) is None:
            raise Errno(errno.ENOENT)


class MapOfMaps(VmMap):
    """ARRAY_OF_MAPS, HASH_OF_MAPS: maps by their keys."""

    def __init__(self, spec: MapSpec, cpus: int = 1) -> None:
        super().__init__(spec, cpus)
        self._maps: dict[bytes, VmMap] = {}

    def put(self, key: bytes, inner: VmMap, flags: int = ANY) -> None:
        """Put a map there; Errno as an array or a hash map has it."""
        if len(key) != self.spec.key_size:
            raise Errno(errno.EINVAL)
        if self._is_array and array_index(key) >= self.spec.max_entries:
            raise Errno(errno.E2BIG)
        if not self._is_array:
            check_flags(flags, key in self._maps)
        if key not in self._maps and len(self._maps) == self.spec.max_entries:
            raise Errno(errno.E2BIG)
        self._maps[key] = inner

    def inner(self, key: bytes) -> VmMap | None:
        """The map there; None where none is."""
        return self._maps.get(key)

    def delete(self, key: bytes) -> None:
        if self._maps.pop(key, None) is None:
            raise Errno(errno.ENOENT)

    def all_keys(self) -> Sequence[bytes]:
        return list(self._maps)

    @property
    def _is_array(self) -> bool:
        return self.spec.type == MapType.ARRAY_OF_MAPS
