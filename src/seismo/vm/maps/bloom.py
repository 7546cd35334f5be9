"""Bloom filters: what was pushed is certainly in, and now and then what was not."""

from __future__ import annotations

import errno
import zlib

from seismo.spec.types import MapSpec
from seismo.vm.errors import Errno
from seismo.vm.maps.vm_map import ANY, VmMap

__all__ = ("BloomMap",)

_HASHES = 5
_HASHES_MASK = 0xF


class BloomMap(VmMap):
    """BLOOM_FILTER. As many bits and hashes as the kernel's has, but other hashes, so that other
    values are taken for ones that were pushed."""

    def __init__(self, spec: MapSpec, cpus: int = 1) -> None:
        super().__init__(spec, cpus)
        self._hashes = spec.extra & _HASHES_MASK or _HASHES
        # k * n / ln 2 bits make the fewest false answers: 7 / 5 is 1 / ln 2, nearly.
        bits = max(spec.max_entries * self._hashes * 7 // 5, 64)
        self._mask = (1 << (bits - 1).bit_length()) - 1
        self._bits = 0

    def push(self, value: bytes, flags: int = ANY) -> None:
        self._check_sizes(b"", value)
        if flags != ANY:
            raise Errno(errno.EINVAL)
        self._bits |= self._pattern(value)

    def peek(self, value: bytes) -> bytes:
        pattern = self._pattern(value)
        if self._bits & pattern != pattern:
            raise Errno(errno.ENOENT)
        return value

    def lookup(self, key: bytes, cpu: int = 0) -> bytearray | None:
        raise Errno(errno.EINVAL)

    def update(self, key: bytes, value: bytes, flags: int = ANY, cpu: int = 0) -> None:
        raise Errno(errno.EINVAL)

    def _pattern(self, value: bytes) -> int:
        pattern = 0
        # Two hashes make all: sums of check sums are no longer linear, as those themselves are.
        first, second = zlib.crc32(value), zlib.crc32(value[::-1]) | 1
        for number in range(self._hashes):
            pattern |= 1 << (first + number * second & self._mask)
        return pattern
