"""What a map's type says about it: whether its spec can be made, how wide one value travels."""

from __future__ import annotations

from mmap import PAGESIZE

from seismo.base.bits import align_up
from seismo.isa.map_types import MapType
from seismo.objects.errors import BadSpec
from seismo.spec.types import MapSpec

__all__ = ("check_spec", "is_array", "is_keyless", "value_bytes")

_ARRAYS = (MapType.ARRAY, MapType.PERCPU_ARRAY)
_KEYLESS = (MapType.QUEUE, MapType.STACK, MapType.BLOOM_FILTER)
# Their values are fds or ids, whatever the spec says.
_FD_VALUES = (MapType.PROG_ARRAY, MapType.PERF_EVENT_ARRAY)


def is_array(type_: MapType) -> bool:
    """Whether keys are u32 indices that always exist."""
    return type_ in _ARRAYS


def is_keyless(type_: MapType) -> bool:
    """Whether values are pushed without a key."""
    return type_ in _KEYLESS


def value_bytes(spec: MapSpec, cpus: int) -> int:
    """The bytes that one look-up moves: a per-CPU value is a row of slots, 8-byte aligned."""
    return align_up(spec.value_size, 8) * cpus if spec.type.is_per_cpu else spec.value_size


def check_spec(spec: MapSpec) -> None:
    """Raise `BadSpec` for what the kernel would only call EINVAL."""
    if spec.type is MapType.RINGBUF:
        _check_ring(spec)
    elif is_keyless(spec.type) and spec.key_size:
        raise BadSpec(f"map {spec.name}", f"a {_type_name(spec)} has no keys", "set key_size to 0")
    elif is_array(spec.type) and spec.key_size != 4:
        raise BadSpec(
            f"map {spec.name}", f"key_size is {spec.key_size}", "an array's key is a u32 index"
        )
    elif spec.type in _FD_VALUES and (spec.key_size, spec.value_size) != (4, 4):
        raise BadSpec(
            f"map {spec.name}",
            f"key_size is {spec.key_size} and value_size {spec.value_size}",
            f"a {_type_name(spec)} has u32 keys and u32 values",
        )


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


def _type_name(spec: MapSpec) -> str:
    return spec.type.name.lower().replace("_", " ")
