"""Which codecs a map's keys and values have: their BTF's, else what its type and sizes say."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from seismo.api.codec import ArrayCodec, BytesCodec, Codec, IntCodec
from seismo.api.errors import WrongType
from seismo.api.types import Types
from seismo.isa.map_types import MapType
from seismo.spec.types import MapSpec

__all__ = ("key_codec", "untyped", "value_codec")

_UINTS = {1: "u8", 2: "u16", 4: "u32", 8: "u64"}
_PREFIX_BYTES = 4
_BUILD_IDS = 1 << 5  # include/uapi/linux/bpf.h: BPF_F_STACK_BUILD_ID
_FD_KEYS = (
    *(MapType.SK_STORAGE, MapType.INODE_STORAGE),
    *(MapType.TASK_STORAGE, MapType.CGRP_STORAGE),
)
_FD_VALUES = (
    *(MapType.PROG_ARRAY, MapType.PERF_EVENT_ARRAY, MapType.CGROUP_ARRAY),
    *(MapType.ARRAY_OF_MAPS, MapType.HASH_OF_MAPS, MapType.SOCKMAP, MapType.SOCKHASH),
    *(MapType.REUSEPORT_SOCKARRAY, MapType.XSKMAP),
)


class FdCodec(IntCodec):
    """A descriptor: what has a `fileno()`, or its number. What is read is the id of what it was."""

    __slots__ = ()

    def number(self, value: object, where: str) -> int:
        fileno: Callable[[], int] | None = getattr(value, "fileno", None)
        return super().number(value if fileno is None else fileno(), where)


class LpmCodec(Codec):
    """A key of a trie: `inner` if it has a type, else (prefix length, address bytes).

    A network or an address of the module `ipaddress` will do as well, where that is as long as the
    key's.
    """

    __slots__ = ("inner",)

    def __init__(self, size: int, inner: Codec | None) -> None:
        super().__init__("a network of ipaddress or (prefix length, bytes)", size, f"{size}s")
        self.inner = inner

    def value(self, item: Any) -> Any:
        if self.inner is not None:
            return self.inner.decode(item)
        return int.from_bytes(item[:_PREFIX_BYTES], sys.byteorder), bytes(item[_PREFIX_BYTES:])

    def encode(self, value: object, where: str) -> bytes:
        pair: Any = value
        if hasattr(value, "max_prefixlen"):  # Of `ipaddress`, which is not imported for this.
            address: Any = getattr(value, "network_address", value)
            pair = (getattr(value, "prefixlen", value.max_prefixlen), address.packed)
        elif self.inner is not None:
            return self.inner.encode(value, where)
        match pair:
            case (length, bytes(address)) if len(address) == self.size - _PREFIX_BYTES:
                prefix = IntCodec("u32", _PREFIX_BYTES, signed=False)
                return prefix.encode(length, where) + address
            case bytes() if len(pair) == self.size:
                return pair
            case _:
                raise self.refuse(value, where)


def key_codec(spec: MapSpec, types: Types | None, given: Codec | None = None) -> Codec:
    """The codec of the map's keys, of the type that was `given` or that its BTF says."""
    size = spec.key_size
    typed = given or _typed(spec.key_type, size, types)
    if spec.type is MapType.LPM_TRIE:
        return LpmCodec(size, typed)
    if spec.type in _FD_KEYS:
        return FdCodec("a file descriptor", size, signed=True)
    return typed or untyped(size)


def value_codec(spec: MapSpec, types: Types | None, given: Codec | None = None) -> Codec:
    """The codec of the map's values, as `key_codec`; of one CPU's, where each has its own."""
    size = spec.value_size
    if spec.type in _FD_VALUES:
        return FdCodec("a map, program or file descriptor", size, signed=False)
    if spec.type is MapType.STACK_TRACE and not spec.flags & _BUILD_IDS and size % 8 == 0:
        return ArrayCodec(IntCodec("u64", 8, signed=False), size // 8)
    return given or _typed(spec.value_type, size, types) or untyped(size)


def _typed(type_: int, size: int, types: Types | None) -> Codec | None:
    """What the map's BTF says, if it says anything that is as long as the map has it."""
    if types is None or not type_:
        return None
    try:
        codec = types.codec(type_)
    except WrongType:
        return None
    return codec if codec.size == size else None


def untyped(size: int) -> Codec:
    """What is known of so many bytes without a type: an integer, if it can be one."""
    if size in _UINTS:
        return IntCodec(_UINTS[size], size, signed=False)
    return BytesCodec(f"bytes[{size}]", size)
