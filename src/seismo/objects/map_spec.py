"""What a map's type says about it: whether its spec can be made, how wide one value travels."""

from __future__ import annotations

from mmap import PAGESIZE

from seismo.base.bits import align_up
from seismo.isa.map_types import MapType
from seismo.objects.errors import BadSpec
from seismo.spec.types import MapSpec

__all__ = (
    "check_pattern",
    "check_spec",
    "creation_flags",
    "is_array",
    "is_keyless",
    "value_bytes",
)

_ARRAYS = (MapType.ARRAY, MapType.PERCPU_ARRAY)
_KEYLESS = (MapType.QUEUE, MapType.STACK, MapType.BLOOM_FILTER)
# Their values are fds or ids, whatever the spec says.
_FD_VALUES = (
    *(MapType.PROG_ARRAY, MapType.PERF_EVENT_ARRAY, MapType.CGROUP_ARRAY, MapType.XSKMAP),
    MapType.ARRAY_OF_MAPS,
)
_OF_MAPS = (MapType.ARRAY_OF_MAPS, MapType.HASH_OF_MAPS)
_STORAGES = (
    *(MapType.SK_STORAGE, MapType.INODE_STORAGE, MapType.TASK_STORAGE, MapType.CGRP_STORAGE),
)
_BPF_F_NO_PREALLOC = 1 << 0
_BPF_F_NUMA_NODE = 1 << 2


def is_array(type_: MapType) -> bool:
    """Whether keys are u32 indices that always exist."""
    return type_ in _ARRAYS


def is_keyless(type_: MapType) -> bool:
    """Whether values are pushed without a key."""
    return type_ in _KEYLESS


def value_bytes(spec: MapSpec, cpus: int) -> int:
    """The bytes that one look-up moves: a per-CPU value is a row of slots, 8-byte aligned."""
    return align_up(spec.value_size, 8) * cpus if spec.type.is_per_cpu else spec.value_size


def creation_flags(spec: MapSpec) -> int:
    """`map_flags`: the kernel looks at the node of a map that says it has one. Since Linux 4.14."""
    return spec.flags | _BPF_F_NUMA_NODE if spec.numa_node >= 0 else spec.flags


def check_spec(spec: MapSpec) -> None:
    """Raise `BadSpec` for what the kernel would only call EINVAL."""
    if spec.type in (MapType.RINGBUF, MapType.USER_RINGBUF):
        _check_ring(spec)
    elif is_keyless(spec.type) and spec.key_size:
        raise BadSpec(f"map {spec.name}", f"{_described(spec)} has no keys", "set key_size to 0")
    elif is_array(spec.type) and spec.key_size != 4:
        raise BadSpec(
            f"map {spec.name}", f"key_size is {spec.key_size}", "an array's key is a u32 index"
        )
    elif spec.type in _FD_VALUES and (spec.key_size, spec.value_size) != (4, 4):
        raise BadSpec(
            f"map {spec.name}",
            f"key_size is {spec.key_size} and value_size {spec.value_size}",
            f"{_described(spec)} has u32 keys and u32 values",
        )
    elif spec.type is MapType.LPM_TRIE or spec.type in _STORAGES:
        _check_sparse(spec)


def check_pattern(spec: MapSpec, *, has_pattern: bool) -> None:
    """Raise `BadSpec` for a map of maps without a pattern of those."""
    if spec.type in _OF_MAPS and not has_pattern:
        hint = "the kernel wants one that is like all of them: an inner map"
        raise BadSpec(f"map {spec.name}", f"{_described(spec)} without a pattern", hint)


def _check_sparse(spec: MapSpec) -> None:
    """What has memory only for what is in it: one of these per socket, inode, task or cgroup."""
    if spec.type in _STORAGES and (spec.key_size != 4 or spec.max_entries):
        raise BadSpec(
            f"map {spec.name}",
            f"key_size is {spec.key_size} and max_entries {spec.max_entries}",
            f"{_described(spec)} has keys of 4 bytes, which are fds, and max_entries 0",
        )
    if not spec.flags & _BPF_F_NO_PREALLOC:
        hint = "flags must have BPF_F_NO_PREALLOC (1)"
        raise BadSpec(f"map {spec.name}", f"{_described(spec)} is not allocated ahead", hint)


def _check_ring(spec: MapSpec) -> None:
    size = spec.max_entries
    if spec.key_size or spec.value_size:
        raise BadSpec(
            f"map {spec.name}", "a ring buffer has no keys and values", "set both sizes to 0"
        )
    if size < PAGESIZE or size & (size - 1):
        right = max(PAGESIZE, 1 << size.bit_length())
        raise BadSpec(
            f"map {spec.name}",
            f"a ring buffer cannot have {size} bytes",
            f"max_entries is its size in bytes: a power of two of at least {PAGESIZE}, "
            f"such as {right}",
        )


def _described(spec: MapSpec) -> str:
    """`a queue`, `an array of maps`."""
    name = spec.type.name.lower().replace("_", " ")
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"
