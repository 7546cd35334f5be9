"""The commands of bpf(2) on maps, answered by maps of the machine.

A refusal has the kernel's errno. Values of per-CPU maps travel as rows of slots, 8-byte aligned.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping

from seismo.base.bits import align_up
from seismo.base.errors import NotSupported, SyscallError
from seismo.engine.objects import MapObject, Objects
from seismo.engine.ring import MappedRing
from seismo.isa.map_types import MapType
from seismo.kernel.abi import ENOTSUPP, BatchAttr, Cmd, MapCreateAttr, MapElemAttr
from seismo.kernel.attr_memory import address_of, read_pointed, write_pointed
from seismo.spec.types import MapSpec
from seismo.vm.errors import Errno
from seismo.vm.maps.create import create_map
from seismo.vm.maps.references import MapOfMaps, ProgramMap
from seismo.vm.maps.vm_map import ANY, VmMap

__all__ = ("BATCH_COMMANDS", "ELEMENT_COMMANDS", "create")

_KEYLESS = (MapType.QUEUE, MapType.STACK, MapType.BLOOM_FILTER)
_ARRAYS = (MapType.ARRAY, MapType.PERCPU_ARRAY)
_HASHES = (
    *(MapType.HASH, MapType.PERCPU_HASH, MapType.LRU_HASH, MapType.LRU_PERCPU_HASH),
    MapType.LPM_TRIE,
)
_CURSOR_BYTES = 4


def create(objects: Objects, attr: MapCreateAttr, call: str, cpus: int) -> int:
    """BPF_MAP_CREATE: the map's descriptor."""
    spec = MapSpec(
        name=attr.map_name.decode(),
        type=MapType(attr.map_type),
        key_size=attr.key_size,
        value_size=attr.value_size,
        max_entries=attr.max_entries,
        flags=attr.map_flags,
        extra=attr.map_extra,
    )
    try:
        is_ring = spec.type is MapType.RINGBUF
        made = MappedRing(spec, cpus) if is_ring else create_map(spec, cpus)
    except NotSupported as error:
        raise SyscallError(call, errno.EINVAL, str(error)) from None
    return objects.open_map(made)


def _look_up(objects: Objects, attr: MapElemAttr, call: str) -> int:
    found = objects.map(attr.map_fd, call).map
    if found.spec.type is MapType.BLOOM_FILTER:
        found.peek(read_pointed(attr, "value", found.spec.value_size))
        return 0
    if found.spec.type in _KEYLESS:
        write_pointed(attr, "value", found.peek(b""))
        return 0
    write_pointed(attr, "value", _value(objects, found, _key(attr, found)))
    return 0


def _update(objects: Objects, attr: MapElemAttr, call: str) -> int:
    found = _writable(objects, attr.map_fd, call)
    value = read_pointed(attr, "value", _value_bytes(found))
    if found.spec.type in _KEYLESS:
        found.push(value, attr.flags)
        return 0
    _put(objects, found, _key(attr, found), value, attr.flags, call)
    return 0


def _delete(objects: Objects, attr: MapElemAttr, call: str) -> int:
    found = _writable(objects, attr.map_fd, call)
    found.delete(_key(attr, found))
    return 0


def _take(objects: Objects, attr: MapElemAttr, call: str) -> int:
    found = _writable(objects, attr.map_fd, call)
    if found.spec.type in _KEYLESS:
        write_pointed(attr, "value", found.pop())
        return 0
    if found.spec.type not in _HASHES:
        raise Errno(ENOTSUPP)
    key = _key(attr, found)
    write_pointed(attr, "value", _value(objects, found, key))
    found.delete(key)
    return 0


def _next_key(objects: Objects, attr: MapElemAttr, call: str) -> int:
    """The first key that is still there after the given one, in the order of the walk's begin."""
    thing = objects.map(attr.map_fd, call)
    found = thing.map
    key = _key(attr, found) if address_of(attr, "key") else None
    if key is None or key not in thing.places:
        _begin_walk(thing)
    first = thing.places.get(key, -1) + 1 if key is not None else 0
    for following in thing.walked[first:]:
        if _is_there(found, following):
            write_pointed(attr, "value", following)
            return 0
    raise Errno(errno.ENOENT)


def _begin_walk(thing: MapObject) -> None:
    thing.walked = thing.map.all_keys()
    thing.places = {key: place for place, key in enumerate(thing.walked)}


def _is_there(found: VmMap, key: bytes) -> bool:
    if isinstance(found, MapOfMaps):
        return found.inner(key) is not None
    try:
        found.value(key)
    except Errno:
        return False
    return True


def _look_up_batch(objects: Objects, attr: BatchAttr, call: str) -> int:
    return _read_batch(objects, attr, call, is_taken=False)


def _take_batch(objects: Objects, attr: BatchAttr, call: str) -> int:
    _writable(objects, attr.map_fd, call)
    return _read_batch(objects, attr, call, is_taken=True)


def _read_batch(objects: Objects, attr: BatchAttr, call: str, *, is_taken: bool) -> int:
    """Entries from where the cursor, a place in the walk, stands; ENOENT with the last of them."""
    thing = objects.map(attr.map_fd, call)
    found = thing.map
    if found.spec.type not in (_HASHES if is_taken else (*_HASHES, *_ARRAYS)):
        raise Errno(ENOTSUPP)
    first = 0
    if address_of(attr, "in_batch"):
        first = int.from_bytes(read_pointed(attr, "in_batch", _CURSOR_BYTES), "little")
    else:
        _begin_walk(thing)
    keys = [key for key in thing.walked[first : first + attr.count] if _is_there(found, key)]
    end = min(first + attr.count, len(thing.walked))
    write_pointed(attr, "keys", b"".join(keys))
    write_pointed(attr, "values", b"".join([_value(objects, found, key) for key in keys]))
    write_pointed(attr, "out_batch", end.to_bytes(_CURSOR_BYTES, "little"))
    attr.count = len(keys)
    for key in keys if is_taken else ():
        found.delete(key)
    if end == len(thing.walked):
        raise Errno(errno.ENOENT)
    return 0


def _update_batch(objects: Objects, attr: BatchAttr, call: str) -> int:
    found = _writable(objects, attr.map_fd, call)
    if found.spec.type not in (*_HASHES, *_ARRAYS):
        raise Errno(ENOTSUPP)
    keys = list(_cut(attr, "keys", found.spec.key_size))
    values = list(_cut(attr, "values", _value_bytes(found)))
    attr.count = 0
    for key, value in zip(keys, values, strict=True):
        _put(objects, found, key, value, attr.elem_flags, call)
        attr.count += 1
    return 0


def _delete_batch(objects: Objects, attr: BatchAttr, call: str) -> int:
    found = _writable(objects, attr.map_fd, call)
    if found.spec.type not in _HASHES:
        raise Errno(ENOTSUPP)
    keys = list(_cut(attr, "keys", found.spec.key_size))
    attr.count = 0
    for key in keys:
        found.delete(key)
        attr.count += 1
    return 0


def _freeze(objects: Objects, attr: MapElemAttr, call: str) -> int:
    thing = objects.map(attr.map_fd, call)
    if thing.is_frozen:
        raise Errno(errno.EBUSY)
    thing.is_frozen = True
    return 0


ELEMENT_COMMANDS: Mapping[Cmd, Callable[[Objects, MapElemAttr, str], int]] = {
    Cmd.MAP_LOOKUP_ELEM: _look_up,
    Cmd.MAP_UPDATE_ELEM: _update,
    Cmd.MAP_DELETE_ELEM: _delete,
    Cmd.MAP_LOOKUP_AND_DELETE_ELEM: _take,
    Cmd.MAP_GET_NEXT_KEY: _next_key,
    Cmd.MAP_FREEZE: _freeze,
}
"""By their command: the descriptors, the attributes, and what errors call the call."""

BATCH_COMMANDS: Mapping[Cmd, Callable[[Objects, BatchAttr, str], int]] = {
    Cmd.MAP_LOOKUP_BATCH: _look_up_batch,
    Cmd.MAP_LOOKUP_AND_DELETE_BATCH: _take_batch,
    Cmd.MAP_UPDATE_BATCH: _update_batch,
    Cmd.MAP_DELETE_BATCH: _delete_batch,
}


def _writable(objects: Objects, fd: int, call: str) -> VmMap:
    thing = objects.map(fd, call)
    if thing.is_frozen:
        raise Errno(errno.EPERM)
    return thing.map


def _key(attr: MapElemAttr, found: VmMap) -> bytes:
    return read_pointed(attr, "key", found.spec.key_size)


def _slot_bytes(found: VmMap) -> int:
    return align_up(found.spec.value_size, 8)


def _value_bytes(found: VmMap) -> int:
    is_per_cpu = found.spec.type.is_per_cpu
    return _slot_bytes(found) * found.cpus if is_per_cpu else found.spec.value_size


def _value(objects: Objects, found: VmMap, key: bytes) -> bytes:
    """A value as user space gets it."""
    if isinstance(found, MapOfMaps):
        inner = found.inner(key)
        if inner is None:
            raise Errno(errno.ENOENT)
        return objects.id_of(inner).to_bytes(4, "little")
    if not found.spec.type.is_per_cpu:
        return found.value(key)
    slot = _slot_bytes(found)
    return b"".join(found.value(key, cpu).ljust(slot, b"\0") for cpu in range(found.cpus))


def _put(objects: Objects, found: VmMap, key: bytes, value: bytes, flags: int, call: str) -> None:
    """Store a value as user space gives it."""
    if isinstance(found, ProgramMap):
        program = objects.program(int.from_bytes(value, "little"), call)
        found.put(int.from_bytes(key, "little"), program.translated)
    elif isinstance(found, MapOfMaps):
        found.put(key, objects.map(int.from_bytes(value, "little"), call).map, flags)
    elif found.spec.type.is_per_cpu:
        slot, size = _slot_bytes(found), found.spec.value_size
        for cpu, start in enumerate(range(0, slot * found.cpus, slot)):
            # The key is there from the first processor's value on.
            found.update(key, value[start : start + size], flags if cpu == 0 else ANY, cpu)
    else:
        found.update(key, value, flags)


def _cut(attr: BatchAttr, field: str, size: int) -> Iterator[bytes]:
    data = read_pointed(attr, field, attr.count * size)
    for start in range(0, len(data), size):
        yield data[start : start + size]
