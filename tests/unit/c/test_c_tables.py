"""What maps the tables of a program become."""

from __future__ import annotations

import pytest

from seismo.base.errors import SourceError
from seismo.base.source import NOWHERE
from seismo.btf.read import read
from seismo.btf.types import Array as BtfArray
from seismo.btf.types import Int, IntEncoding
from seismo.c.tables import LOST, lost_offsets, map_specs, map_types
from seismo.c.tree import TableDecl, Unit
from seismo.c.types import CHAR, INT, U32, U64, VOID, Array, CType, Record
from seismo.isa.map_types import MapType
from seismo.spec.types import MapSpec


def _table(
    kind: str, key: CType = INT, leaf: CType = U64, entries: int = 10240, inner: str = ""
) -> TableDecl:
    return TableDecl(
        name="t", kind=kind, key=key, leaf=leaf, entries=entries, span=NOWHERE, inner=inner
    )


def _unit(*tables: TableDecl) -> Unit:
    return Unit({}, {one.name: one for one in tables})


def _spec(table: TableDecl) -> MapSpec:
    return map_specs(_unit(table))[0]


def test_a_hash_is_as_it_is_declared() -> None:
    (spec,) = map_specs(_unit(_table("hash", U32, Array(CHAR, 16), 128)))
    expected = MapSpec(name="t", type=MapType.HASH, key_size=4, value_size=16, max_entries=128)
    assert spec == expected


def test_a_histogram_of_int_is_an_array() -> None:
    spec = _spec(_table("histogram", INT, U64, 64))
    assert (spec.type, spec.key_size, spec.max_entries) == (MapType.ARRAY, 4, 64)


@pytest.mark.parametrize("key", [U32, U64, Array(CHAR, 16)])
def test_a_histogram_of_anything_else_is_a_hash(key: CType) -> None:
    spec = _spec(_table("histogram", key, U64, 64))
    assert (spec.type, spec.key_size) == (MapType.HASH, key.size)


def test_a_histogram_counts_in_u64() -> None:
    with pytest.raises(SourceError, match="counts in u64, not unsigned int"):
        _spec(_table("histogram", INT, U32))


def test_a_ring_is_declared_in_pages() -> None:
    spec = _spec(_table("ringbuf", INT, U32, 8))
    assert (spec.key_size, spec.value_size, spec.max_entries) == (0, 0, 8 * 4096)


@pytest.mark.parametrize("pages", [0, 3, -1])
def test_a_ring_has_a_power_of_two_of_pages(pages: int) -> None:
    with pytest.raises(SourceError, match="no power of two"):
        _spec(_table("ringbuf", INT, U32, pages))


def test_records_are_sent_through_one_buffer_a_cpu() -> None:
    spec = _spec(_table("perf_output", INT, U32, 0))
    assert (spec.type, spec.max_entries) == (MapType.PERF_EVENT_ARRAY, 0)


@pytest.mark.parametrize(("declared", "made"), [(1, 1), (1000, 1024), (1024, 1024), (1025, 2048)])
def test_stacks_come_in_powers_of_two(declared: int, made: int) -> None:
    assert _spec(_table("stack_trace", INT, Array(U64, 127), declared)).max_entries == made


def test_a_trie_and_what_is_kept_with_objects_are_not_allocated_beforehand() -> None:
    assert _spec(_table("lpm_trie")).flags == 1
    assert _spec(_table("sk_storage", entries=0)).flags == 1
    assert _spec(_table("hash")).flags == 0


def test_queues_have_no_keys() -> None:
    spec = _spec(_table("queue", VOID, U64, 4))
    assert (spec.type, spec.key_size, spec.value_size) == (MapType.QUEUE, 0, 8)


@pytest.mark.parametrize("kind", ["hash", "array", "prog"])
def test_a_table_must_hold_something(kind: str) -> None:
    with pytest.raises(SourceError, match="has no entries"):
        _spec(_table(kind, entries=0))


def test_an_unknown_kind_is_named_with_the_known_ones() -> None:
    with pytest.raises(SourceError, match="no tables of type 'hsah'") as caught:
        _spec(_table("hsah"))
    assert "lru_hash" in caught.value.hint


def test_every_sending_table_has_a_counter_of_what_is_lost() -> None:
    tables = (_table("perf_output"), _table("hash"), _table("ringbuf", entries=8))
    for table, name in zip(tables, ("events", "counts", "ring"), strict=True):
        table.name = name
    unit = _unit(*tables)
    assert lost_offsets(unit) == {"events": 0, "ring": 8}
    lost = map_specs(unit)[-1]
    expected = MapSpec(name=LOST, type=MapType.ARRAY, key_size=4, value_size=16, max_entries=1)
    assert lost == expected


def test_nothing_is_lost_where_nothing_is_sent() -> None:
    assert [one.name for one in map_specs(_unit(_table("hash")))] == ["t"]


def test_a_map_of_maps_has_its_pattern() -> None:
    inner, outer = _table("hash", U32, U32, 4), _table("array_of_maps", INT, INT, 2, inner="in")
    inner.name = "in"
    specs = map_specs(_unit(inner, outer))
    assert specs[1].inner == specs[0]
    assert specs[1].value_size == 4


def test_a_map_of_maps_needs_its_pattern() -> None:
    with pytest.raises(SourceError, match="holds tables like 'absent'"):
        _spec(_table("array_of_maps", inner="absent"))


def test_the_kernel_is_told_the_types_of_what_is_kept_with_objects() -> None:
    record = Record("struct", "kept")
    record.complete(24, 8, ())
    unit = _unit(_table("task_storage", INT, record, 0))
    (spec,) = map_specs(unit)
    types = read(map_types(unit))
    assert types[spec.key_type - 1] == Int("int", 4, IntEncoding.SIGNED)
    assert types[spec.value_type - 1] == BtfArray(type=2, index=1, count=24)
    assert (spec.max_entries, spec.value_size) == (0, 24)


def test_no_types_are_told_of_others() -> None:
    assert map_types(_unit(_table("hash"))) == b""
