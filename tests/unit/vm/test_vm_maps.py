"""Maps: what the kernel's do, with its errno."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from seismo.base.errors import NotSupported
from seismo.isa.map_types import MapType
from seismo.spec.types import MapSpec
from seismo.vm.errors import Errno
from seismo.vm.maps.create import create_map, create_maps
from seismo.vm.maps.references import MapOfMaps, ProgramMap
from seismo.vm.maps.ring import PerfMap, RingMap
from seismo.vm.maps.stack_trace import StackTraceMap
from seismo.vm.maps.vm_map import ANY, EXIST, NOEXIST, VmMap


def make(kind: MapType, key: int, value: int, entries: int, cpus: int = 1, extra: int = 0) -> VmMap:
    spec = MapSpec(
        name="m", type=kind, key_size=key, value_size=value, max_entries=entries, extra=extra
    )
    return create_map(spec, cpus)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Errno) as caught:
        call()
    return errno.errorcode[caught.value.errno]


def index(number: int) -> bytes:
    return number.to_bytes(4, "little")


@pytest.mark.parametrize("kind", [MapType.HASH, MapType.PERCPU_HASH])
def test_a_hash_map(kind: MapType) -> None:
    counts = make(kind, 2, 4, 2)
    assert counts.lookup(b"aa") is None
    assert refused(lambda: counts.update(b"aa", b"1111", EXIST)) == "ENOENT"
    counts.update(b"aa", b"1111", NOEXIST)
    assert refused(lambda: counts.update(b"aa", b"2222", NOEXIST)) == "EEXIST"
    assert refused(lambda: counts.update(b"aa", b"2222", 3)) == "EINVAL"
    counts.update(b"aa", b"2222", EXIST)
    counts.update(b"bb", b"3333")
    assert refused(lambda: counts.update(b"cc", b"4444")) == "E2BIG"
    counts.update(b"bb", b"5555")
    assert counts.all_keys() == [b"aa", b"bb"]
    assert counts.value(b"bb") == b"5555"
    counts.delete(b"aa")
    assert refused(lambda: counts.delete(b"aa")) == "ENOENT"
    assert refused(lambda: counts.value(b"aa")) == "ENOENT"
    assert refused(lambda: counts.update(b"aaa", b"1111")) == "EINVAL"


def test_who_holds_a_value_keeps_it() -> None:
    counts = make(MapType.HASH, 1, 1, 2)
    counts.update(b"a", b"1")
    held = counts.lookup(b"a")
    counts.update(b"a", b"2")
    counts.delete(b"a")
    assert held == b"1"


def test_each_processor_has_its_value() -> None:
    for kind, key in ((MapType.PERCPU_HASH, b"kkkk"), (MapType.PERCPU_ARRAY, index(1))):
        counts = make(kind, 4, 2, 2, cpus=2)
        counts.update(key, b"11", cpu=1)
        assert [counts.value(key, cpu) for cpu in (0, 1)] == [b"\0\0", b"11"]
        held = counts.lookup(key, 1)
        counts.update(key, b"22", cpu=1)
        assert held == b"22"


def test_an_lru_map_drops_what_was_not_used_for_longest() -> None:
    recent = make(MapType.LRU_HASH, 1, 1, 3)
    for key in (b"a", b"b", b"c"):
        recent.update(key, b"1")
    recent.lookup(b"a")
    recent.update(b"b", b"2")
    recent.update(b"d", b"1")
    assert sorted(recent.all_keys()) == [b"a", b"b", b"d"]


def test_an_array() -> None:
    places = make(MapType.ARRAY, 4, 2, 2)
    assert places.value(index(1)) == b"\0\0"
    places.update(index(1), b"ab")
    places.update(index(1), b"cd", EXIST)
    assert places.value(index(1)) == b"cd"
    assert places.lookup(index(2)) is None
    assert refused(lambda: places.update(index(2), b"ab")) == "E2BIG"
    assert refused(lambda: places.update(index(1), b"ab", NOEXIST)) == "EEXIST"
    assert refused(lambda: places.update(index(2), b"ab", 3)) == "EINVAL"
    assert refused(lambda: places.delete(index(1))) == "EINVAL"
    assert places.all_keys() == [index(0), index(1)]


def prefix(bits: int, *parts: int) -> bytes:
    return index(bits) + bytes(parts)


def test_an_lpm_trie() -> None:
    routes = make(MapType.LPM_TRIE, 8, 1, 3)
    routes.update(prefix(8, 10, 1, 2, 3), b"A")
    routes.update(prefix(20, 10, 20, 0x30, 0), b"B")
    routes.update(prefix(0, 0, 0, 0, 0), b"D")
    asked = {
        prefix(32, 10, 9, 9, 9): b"A",
        prefix(32, 10, 20, 0x3F, 1): b"B",
        prefix(32, 10, 20, 0x40, 1): b"A",
        prefix(4, 10, 0, 0, 0): b"D",
        prefix(32, 11, 0, 0, 0): b"D",
    }
    assert {key: routes.value(key) for key in asked} == asked
    assert routes.lookup(prefix(33, 10, 0, 0, 0)) is None
    assert refused(lambda: routes.update(prefix(33, 1, 1, 1, 1), b"X")) == "EINVAL"
    assert refused(lambda: routes.update(prefix(9, 10, 0, 0, 0), b"X")) == "ENOSPC"
    assert refused(lambda: routes.update(prefix(9, 10, 0, 0, 0), b"X", EXIST)) == "ENOENT"
    assert refused(lambda: routes.delete(prefix(9, 10, 0, 0, 0))) == "ENOENT"
    routes.delete(prefix(8, 10, 0, 0, 0))
    assert routes.value(prefix(32, 10, 9, 9, 9)) == b"D"
    assert routes.all_keys() == [prefix(20, 10, 20, 0x30, 0), prefix(0, 0, 0, 0, 0)]


@pytest.mark.parametrize(("kind", "order"), [(MapType.QUEUE, "abc"), (MapType.STACK, "cba")])
def test_a_queue_and_a_stack(kind: MapType, order: str) -> None:
    values = make(kind, 0, 1, 3)
    assert refused(values.pop) == "ENOENT"
    for value in (b"a", b"b", b"c"):
        values.push(value)
    assert refused(lambda: values.push(b"d")) == "E2BIG"
    assert refused(lambda: values.push(b"d", NOEXIST)) == "EINVAL"
    assert values.peek(b"") == order[0].encode()
    assert [values.pop() for _ in range(3)] == [one.encode() for one in order]
    for value in (b"a", b"b", b"c"):
        values.push(value)
    values.push(b"d", EXIST)
    assert sorted(values.pop() for _ in range(3)) == [b"b", b"c", b"d"]
    assert refused(lambda: values.update(b"", b"a")) == "EINVAL"
    assert refused(lambda: values.delete(b"")) == "EINVAL"


def test_a_bloom_filter() -> None:
    seen = make(MapType.BLOOM_FILTER, 0, 4, 100, extra=3)
    for number in range(100):
        seen.push(index(number))
    assert all(seen.peek(index(number)) == index(number) for number in range(100))
    strangers = [number for number in range(1000, 2000) if is_in(seen, index(number))]
    assert len(strangers) < 150
    assert refused(lambda: seen.push(index(1), EXIST)) == "EINVAL"
    assert refused(seen.pop) == "ENOTSUP"
    assert refused(lambda: seen.update(b"", index(1), ANY)) == "EINVAL"


def is_in(seen: VmMap, value: bytes) -> bool:
    try:
        seen.peek(value)
    except Errno:
        return False
    return True


def test_a_ring_buffer() -> None:
    ring = make(MapType.RINGBUF, 0, 0, 64)
    assert isinstance(ring, RingMap)
    first, second = ring.reserve(10), ring.reserve(8)
    assert first is not None and second is not None
    assert ring.reserve(16) is None
    assert refused(lambda: ring.output(bytes(16))) == "EAGAIN"
    ring.close(second, is_discarded=False)
    assert ring.drain() == []
    first.data[:2] = b"hi"
    ring.close(first, is_discarded=False)
    assert [ring.query(one) for one in (0, 1, 2, 3, 4)] == [40, 64, 0, 40, 0]
    assert ring.drain() == [b"hi" + bytes(8), bytes(8)]
    ring.output(b"x")
    dropped = ring.reserve(1)
    assert dropped is not None
    ring.close(dropped, is_discarded=True)
    assert ring.drain() == [b"x"]
    assert [ring.query(one) for one in (0, 2, 3)] == [0, 72, 72]


def test_a_perf_event_array() -> None:
    events = make(MapType.PERF_EVENT_ARRAY, 4, 4, 4, cpus=2)
    assert isinstance(events, PerfMap)
    events.output(1, b"x", cpu=1)
    assert events.records == [(1, b"x")]
    assert refused(lambda: events.output(4, b"x", cpu=1)) == "E2BIG"
    assert refused(lambda: events.output(3, b"x", cpu=1)) == "ENOENT"
    assert refused(lambda: events.output(0, b"x", cpu=1)) == "ENOTSUP"


def test_a_program_array() -> None:
    programs = make(MapType.PROG_ARRAY, 4, 4, 2)
    assert isinstance(programs, ProgramMap)
    programs.put(1, "program")
    assert [programs.machine(one) for one in (0, 1)] == [None, "program"]
    assert refused(lambda: programs.put(2, "program")) == "E2BIG"
    programs.delete(index(1))
    assert refused(lambda: programs.delete(index(1))) == "ENOENT"


def test_maps_of_maps() -> None:
    inner = MapSpec(name="in", type=MapType.HASH, key_size=1, value_size=1, max_entries=1)
    array = MapSpec(
        name="out",
        type=MapType.ARRAY_OF_MAPS,
        key_size=4,
        value_size=4,
        max_entries=2,
        map_slots=((1, "in"),),
    )
    maps = create_maps([array, inner])
    outer = maps["out"]
    assert isinstance(outer, MapOfMaps)
    assert outer.inner(index(0)) is None
    assert outer.inner(index(1)) is maps["in"]
    assert refused(lambda: outer.put(index(2), maps["in"])) == "E2BIG"
    by_key = make(MapType.HASH_OF_MAPS, 1, 4, 1)
    assert isinstance(by_key, MapOfMaps)
    by_key.put(b"a", maps["in"])
    assert refused(lambda: by_key.put(b"b", maps["in"])) == "E2BIG"
    assert refused(lambda: by_key.put(b"a", maps["in"], NOEXIST)) == "EEXIST"


def test_stack_traces() -> None:
    stacks = make(MapType.STACK_TRACE, 4, 24, 1)
    assert isinstance(stacks, StackTraceMap)
    number = stacks.put((1, 2, 3, 4), 0)
    assert number == stacks.put((1, 2, 3), 0) == 0
    assert stacks.value(index(0)) == b"".join(one.to_bytes(8, "little") for one in (1, 2, 3))
    assert refused(lambda: stacks.put((7,), 0)) == "EEXIST"
    assert stacks.put((7,), 1 << 10) == 0
    assert stacks.value(index(0)) == (7).to_bytes(24, "little")


def test_contents_of_a_spec_and_kinds_that_are_missing() -> None:
    spec = MapSpec(
        name="m",
        type=MapType.HASH,
        key_size=1,
        value_size=1,
        max_entries=2,
        contents=((b"a", b"1"),),
    )
    assert create_map(spec).value(b"a") == b"1"
    with pytest.raises(NotSupported, match="maps of type ARENA"):
        make(MapType.ARENA, 0, 0, 1)
