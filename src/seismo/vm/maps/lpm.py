"""LPM tries: the value of the longest prefix that a key begins with."""

from __future__ import annotations

import errno
from collections.abc import Sequence

from seismo.spec.types import MapSpec
from seismo.vm.errors import Errno
from seismo.vm.maps.vm_map import ANY, EXIST, VmMap, check_flags

__all__ = ("LpmMap",)

_PREFIX_BYTES = 4


class LpmMap(VmMap):
    """LPM_TRIE: a key is a u32 of bits and the bits, the first byte's highest first. Those past the
    prefix say nothing, and are kept as they were given last."""

    def __init__(self, spec: MapSpec, cpus: int = 1) -> None:
        super().__init__(spec, cpus)
        self._longest = 8 * (spec.key_size - _PREFIX_BYTES)
        self._values: dict[tuple[int, int], bytearray] = {}
        self._keys: dict[tuple[int, int], bytes] = {}

    def lookup(self, key: bytes, cpu: int = 0) -> bytearray | None:
        length, bits = self._bits(key)
        if length > self._longest:
            return None
        for shorter in range(length, -1, -1):
            found = self._values.get((shorter, bits >> (length - shorter)))
            if found is not None:
                return found
        return None

    def update(self, key: bytes, value: bytes, flags: int = ANY, cpu: int = 0) -> None:
        self._check_sizes(key, value)
        prefix = self._prefix(key)
        if flags > EXIST:
            raise Errno(errno.EINVAL)
        is_there = prefix in self._values
        check_flags(flags, is_there)
        if not is_there and len(self._values) == self.spec.max_entries:
            raise Errno(errno.ENOSPC)
        self._values[prefix], self._keys[prefix] = bytearray(value), bytes(key)

    def delete(self, key: bytes) -> None:
        prefix = self._prefix(key)
        if self._values.pop(prefix, None) is None:
            raise Errno(errno.ENOENT)
        del self._keys[prefix]

    def all_keys(self) -> Sequence[bytes]:
        return list(self._keys.values())

    def _prefix(self, key: bytes) -> tuple[int, int]:
        length, bits = self._bits(key)
        if length > self._longest:
            raise Errno(errno.EINVAL)
        return length, bits

    def _bits(self, key: bytes) -> tuple[int, int]:
        length = int.from_bytes(key[:_PREFIX_BYTES], "little")
        bits = int.from_bytes(key[_PREFIX_BYTES:], "big")
        return length, bits >> max(self._longest - length, 0)
