"""One feature a map type: can such a map be created?"""

from __future__ import annotations

import struct
from contextlib import ExitStack
from functools import partial
from mmap import PAGESIZE

from seismo.base.dataclass import dataclass
from seismo.base.errors import SyscallError
from seismo.isa.map_types import MapType
from seismo.kernel import bpf
from seismo.kernel.abi import ENOTSUPP, MapCreateAttr
from seismo.kernel.fd import Fd
from seismo.kernel.features.record import WORKS, Answer, Feature
from seismo.kernel.protocol import Kernel

__all__ = ("MAP_TYPES", "RING_BUFFER")

_NO_PREALLOC = 1 << 0
_MMAPABLE = 1 << 10


@dataclass(frozen=True, slots=True)
class _Shape:
    """The smallest map of a type: what BPF_MAP_CREATE takes."""

    key_size: int = 4
    value_size: int = 4
    max_entries: int = 1
    flags: int = 0


_LOCAL_STORAGE = _Shape(max_entries=0, flags=_NO_PREALLOC)
_CGROUP_STORAGE = _Shape(key_size=8, max_entries=0)
_RING = _Shape(key_size=0, value_size=0, max_entries=PAGESIZE)
_SHAPES = {
    MapType.STACK_TRACE: _Shape(value_size=8),
    MapType.LPM_TRIE: _Shape(key_size=8, flags=_NO_PREALLOC),
    MapType.CGROUP_STORAGE: _CGROUP_STORAGE,
    MapType.PERCPU_CGROUP_STORAGE: _CGROUP_STORAGE,
    MapType.QUEUE: _Shape(key_size=0),
    MapType.STACK: _Shape(key_size=0),
    MapType.BLOOM_FILTER: _Shape(key_size=0),
    MapType.SK_STORAGE: _LOCAL_STORAGE,
    MapType.INODE_STORAGE: _LOCAL_STORAGE,
    MapType.TASK_STORAGE: _LOCAL_STORAGE,
    MapType.CGRP_STORAGE: _LOCAL_STORAGE,
    MapType.RINGBUF: _RING,
    MapType.USER_RINGBUF: _RING,
    MapType.ARENA: _Shape(key_size=0, value_size=0, flags=_MMAPABLE),
}
_OF_MAPS = (MapType.ARRAY_OF_MAPS, MapType.HASH_OF_MAPS)

# BTF with one type, `int`: 4 bytes, signed. Local storage asks what its key and value are.
_INT_TYPE = struct.pack("=IIII", 1, 1 << 24, 4, 1 << 24 | 32)
_STRINGS = b"\0int\0"
_BTF = (
    struct.pack("=HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(_INT_TYPE), len(_INT_TYPE), len(_STRINGS))
    + _INT_TYPE
    + _STRINGS
)
_INT_ID = 1


def _attr(type_: MapType) -> MapCreateAttr:
    shape = _SHAPES.get(type_, _Shape())
    return MapCreateAttr(
        map_type=type_,
        key_size=shape.key_size,
        value_size=shape.value_size,
        max_entries=shape.max_entries,
        map_flags=shape.flags,
    )


def _try_map(type_: MapType, kernel: Kernel) -> Answer:
    attr = _attr(type_)
    with ExitStack() as opened:
        if type_ in _OF_MAPS:
            number = bpf.map_create(kernel, _attr(MapType.ARRAY))
            attr.inner_map_fd = int(opened.enter_context(Fd(kernel, number, "map", "inner")))
        if _SHAPES.get(type_) is _LOCAL_STORAGE:
            number = bpf.btf_load(kernel, _BTF)
            attr.btf_fd = int(opened.enter_context(Fd(kernel, number, "btf")))
            attr.btf_key_type_id = attr.btf_value_type_id = _INT_ID
        opened.enter_context(Fd(kernel, bpf.map_create(kernel, attr), "map", type_.name))
    return WORKS


def _try_struct_ops(kernel: Kernel) -> Answer:
    """Type 1 of the kernel's BTF is no struct of operations: only a kernel that knows the map type
    gets so far as to say so, by ENOTSUPP.
    """
    attr = _attr(MapType.STRUCT_OPS)
    attr.btf_vmlinux_value_type_id = 1
    try:
        Fd(kernel, bpf.map_create(kernel, attr), "map", "struct_ops").close()
    except SyscallError as error:
        if error.errno != ENOTSUPP:
            raise
    return WORKS


def _feature(type_: MapType) -> Feature:
    probe = _try_struct_ops if type_ is MapType.STRUCT_OPS else partial(_try_map, type_)
    return Feature(group="map type", name=type_.kernel_name, since=type_.since, probe=probe)


MAP_TYPES = {type_: _feature(type_) for type_ in MapType if type_ is not MapType.UNSPEC}
RING_BUFFER = MAP_TYPES[MapType.RINGBUF]
