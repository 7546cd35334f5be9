"""Stack traces: each distinct stack once, under a number that its addresses hash to."""

from __future__ import annotations

import errno
import struct
import zlib
from collections.abc import Sequence

from seismo.spec.types import MapSpec
from seismo.vm.errors import Errno
from seismo.vm.maps.vm_map import VmMap, array_index

__all__ = ("StackTraceMap",)

_COMPARE_HASH = 1 << 9
_REUSE = 1 << 10


class StackTraceMap(VmMap):
    """STACK_TRACE: values are u64 addresses, innermost first, up to a 0."""

    def __init__(self, spec: MapSpec, cpus: int = 1) -> None:
        super().__init__(spec, cpus)
        self._buckets: dict[int, bytes] = {}
        self._mask = (1 << (spec.max_entries - 1).bit_length()) - 1

    def put(self, addresses: Sequence[int], flags: int) -> int:
        """The number of a stack, which is stored; Errno (EEXIST) if another has it.

        `flags` are those of `bpf_get_stackid`: to take the number of whichever stack has the same
        hash, to put this one in another's place.
        """
        addresses = addresses[: self.spec.value_size // 8]
        data = struct.pack(f"<{len(addresses)}Q", *addresses)
        number = zlib.crc32(data) & self._mask
        found = self._buckets.get(number)
        is_same = found == data or (
            found is not None and flags & _COMPARE_HASH and zlib.crc32(found) == zlib.crc32(data)
        )
        if found is not None and not is_same and not flags & _REUSE:
            raise Errno(errno.EEXIST)
        if not is_same:
            self._buckets[number] = data
        return number

    def value(self, key: bytes, cpu: int = 0) -> bytes:
        found = self._buckets.get(array_index(key))
        if found is None:
            raise Errno(errno.ENOENT)
        return found.ljust(self.spec.value_size, b"\0")

    def delete(self, key: bytes) -> None:
        if self._buckets.pop(array_index(key), None) is None:
            raise Errno(errno.ENOENT)

    def all_keys(self) -> Sequence[bytes]:
        return [number.to_bytes(4, "little") for number in self._buckets]
