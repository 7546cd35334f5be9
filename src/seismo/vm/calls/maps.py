"""Helpers on maps."""

from __future__ import annotations

import errno
from collections.abc import Mapping

from seismo.isa.map_types import MapType
from seismo.vm.calls.refusal import refusing
from seismo.vm.errors import BadAccess, Errno
from seismo.vm.maps.references import MapOfMaps
from seismo.vm.maps.vm_map import VmMap
from seismo.vm.run import Helper, Run

__all__ = ("MAPS",)


def map_lookup_elem(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(map, key): the address of the value, or 0."""
    return _lookup(run, a, b, run.environment.cpu)


def map_lookup_percpu_elem(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(map, key, cpu): the address of a processor's value, or 0."""
    return _lookup(run, a, b, c) if c < run.map_at(a).cpus else 0


def _lookup(run: Run, a: int, b: int, cpu: int) -> int:
    found = run.map_at(a)
    key = run.memory.read(b, found.spec.key_size)
    if isinstance(found, MapOfMaps):
        inner = found.inner(key)
        return run.memory.handle(inner, f"map in {found.spec.name}").base if inner else 0
    value = found.lookup(key, cpu)
    return 0 if value is None else _address(run, found, value)


def _address(run: Run, found: VmMap, value: bytearray) -> int:
    region = run.memory.expose(value, found.value_name, is_writable=found.is_writable)
    return region.base


@refusing
def map_update_elem(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(map, key, value, flags)"""
    found = run.map_at(a)
    key = run.memory.read(b, found.spec.key_size)
    found.update(key, run.memory.read(c, found.spec.value_size), d, run.environment.cpu)
    return 0


@refusing
def map_delete_elem(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(map, key)"""
    found = run.map_at(a)
    found.delete(run.memory.read(b, found.spec.key_size))
    return 0


@refusing
def map_push_elem(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(map, value, flags)"""
    found = run.map_at(a)
    found.push(run.memory.read(b, found.spec.value_size), c)
    return 0


def map_pop_elem(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(map, value): what cannot be had is zeros."""
    return _take(run, run.map_at(a), b, is_taken=True)


def map_peek_elem(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(map, value): of a bloom filter, whether the value is in it."""
    return _take(run, run.map_at(a), b, is_taken=False)


def _take(run: Run, found: VmMap, address: int, *, is_taken: bool) -> int:
    size = found.spec.value_size
    is_filter = found.spec.type == MapType.BLOOM_FILTER
    given = run.memory.read(address, size)
    try:
        value = found.pop() if is_taken else found.peek(given)
    except Errno as error:
        # A filter only looks at the value; a queue's caller gets no bytes that were there before.
        run.memory.write(address, given if is_filter else bytes(size))
        return -error.errno
    run.memory.write(address, value)
    return 0


@refusing
def for_each_map_elem(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(map, callback, context, flags): how many elements the callback was given. Linux 5.13."""
    found = run.map_at(a)
    if d:
        raise Errno(errno.EINVAL)
    turns = 0
    for key in found.all_keys():
        value = found.lookup(key, run.environment.cpu)
        if value is None:
            continue
        turns += 1
        given = run.memory.allocate(key, f"key of {found.spec.name}")
        place = _address(run, found, value)
        answer = run.call_back(b, a, given.base, place, c)
        run.memory.free(given)
        if answer > 1:
            raise BadAccess(f"a callback answers {answer}, and not 0 or 1")
        if answer:
            break
    return turns


MAPS: Mapping[str, Helper] = {
    "for_each_map_elem": for_each_map_elem,
    "map_delete_elem": map_delete_elem,
    "map_lookup_elem": map_lookup_elem,
    "map_lookup_percpu_elem": map_lookup_percpu_elem,
    "map_peek_elem": map_peek_elem,
    "map_pop_elem": map_pop_elem,
    "map_push_elem": map_push_elem,
    "map_update_elem": map_update_elem,
}
