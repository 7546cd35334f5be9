"""Specs that no kernel takes, and the width of a value."""

from __future__ import annotations

from mmap import PAGESIZE

import pytest

from seismo.base.dataclass import replace
from seismo.isa.map_types import MapType
from seismo.objects.errors import BadSpec
from seismo.objects.map_spec import check_pattern, check_spec, creation_flags, value_bytes
from seismo.spec.types import MapSpec


def test_maps_of_maps_have_a_pattern() -> None:
    for type_ in (MapType.ARRAY_OF_MAPS, MapType.HASH_OF_MAPS):
        check_pattern(spec(type_, 4, 4), has_pattern=True)
        with pytest.raises(
            BadSpec, match=r"map m: (an array|a hash) of maps without a pattern\nhint: "
        ):
            check_pattern(spec(type_, 4, 4), has_pattern=False)
    check_pattern(spec(MapType.ARRAY, 4, 4), has_pattern=False)


def test_memory_of_a_node_is_asked_for_by_a_flag() -> None:
    assert creation_flags(replace(spec(MapType.HASH, 4, 4), numa_node=0, flags=1)) == 5
    assert creation_flags(replace(spec(MapType.HASH, 4, 4), flags=1)) == 1


def spec(type_: MapType, key: int, value: int, entries: int = 1) -> MapSpec:
    return MapSpec(name="m", type=type_, key_size=key, value_size=value, max_entries=entries)


@pytest.mark.parametrize(
    ("type_", "size", "cpus", "wide"),
    [
        (MapType.HASH, 12, 1, 12),
        (MapType.PERCPU_ARRAY, 12, 4, 64),
        (MapType.PERCPU_HASH, 8, 2, 16),
        (MapType.LRU_PERCPU_HASH, 1, 3, 24),
    ],
)
def test_per_cpu_values_travel_in_slots(type_: MapType, size: int, cpus: int, wide: int) -> None:
    assert value_bytes(spec(type_, 4, size), cpus) == wide


@pytest.mark.parametrize("pages", [1, 2, 64])
def test_rings_of_two_to_the_n_pages_are_good(pages: int) -> None:
    check_spec(spec(MapType.RINGBUF, 0, 0, pages * PAGESIZE))


@pytest.mark.parametrize(
    ("size", "right"), [(0, 1), (PAGESIZE - 1, 1), (PAGESIZE + 1, 2), (3 * PAGESIZE, 4)]
)
def test_other_rings_are_told_the_next_size(size: int, right: int) -> None:
    with pytest.raises(BadSpec) as caught:
        check_spec(spec(MapType.RINGBUF, 0, 0, size))
    assert caught.value.hint.endswith(f"such as {right * PAGESIZE}")


@pytest.mark.parametrize(
    "wrong",
    [
        spec(MapType.RINGBUF, 4, 0, PAGESIZE),
        spec(MapType.QUEUE, 4, 4),
        spec(MapType.BLOOM_FILTER, 4, 4),
        spec(MapType.ARRAY, 8, 4),
        spec(MapType.PERCPU_ARRAY, 2, 4),
        spec(MapType.PERF_EVENT_ARRAY, 4, 8),
        spec(MapType.PROG_ARRAY, 8, 4),
        spec(MapType.ARRAY_OF_MAPS, 4, 8),
        spec(MapType.USER_RINGBUF, 0, 0, PAGESIZE - 1),
        spec(MapType.LPM_TRIE, 8, 8),
        spec(MapType.TASK_STORAGE, 4, 8, 0),
        replace(spec(MapType.SK_STORAGE, 4, 8, 1), flags=1),
        replace(spec(MapType.CGRP_STORAGE, 8, 8, 0), flags=1),
    ],
)
def test_keys_and_values_that_a_type_cannot_have(wrong: MapSpec) -> None:
    with pytest.raises(BadSpec, match=r"^map m: .*\nhint: "):
        check_spec(wrong)


@pytest.mark.parametrize(
    "right",
    [
        spec(MapType.HASH, 3, 5),
        spec(MapType.QUEUE, 0, 4),
        spec(MapType.ARRAY, 4, 4),
        spec(MapType.PERF_EVENT_ARRAY, 4, 4),
        spec(MapType.ARRAY_OF_MAPS, 4, 4),
        replace(spec(MapType.LPM_TRIE, 8, 8), flags=1),
        replace(spec(MapType.INODE_STORAGE, 4, 8, 0), flags=1),
    ],
)
def test_good_specs_pass(right: MapSpec) -> None:
    check_spec(right)
