"""Maps of every kind as Python mappings, typed by their BTF."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_cases import bpffs, needs_clang, open_object

import seismo

__all__ = ("bpffs",)

pytestmark = [pytest.mark.kernel, needs_clang]


@pytest.fixture
def obj() -> Iterator[seismo.Object]:
    with open_object("api_maps") as opened:
        yield opened.load()


def test_records_are_keys_and_values(obj: seismo.Object) -> None:
    records = obj.maps["records"]
    key = obj.type("struct key")(pid=7, port=80)
    records[key] = {"kind": "SOCKET_KIND", "name": "web", "bytes": 5}
    records[8, 1] = obj.type("value")(kind=1)
    assert records[7, 80] == records[key] == records[{"pid": 7, "port": 80}]
    assert (records[key].kind.name, records[key].name) == ("SOCKET_KIND", b"web")
    assert dict(records.items())[key].bytes == 5
    assert sorted(one.pid for one in records) == [7, 8] and len(records) == 2
    assert key in records and (7, 81) not in records
    del records[key]
    assert records.get(key) is None and [one.kind for one in records.values()] == [1]


def test_a_missing_key_is_a_key_error(obj: seismo.Object) -> None:
    counts = obj.maps["counts"]
    with pytest.raises(KeyError):
        counts[5]
    with pytest.raises(seismo.KeyMissing, match="map counts: no key"):
        del counts[5]
    assert counts.get(5, "none") == "none" and counts.pop(5, 0) == 0


@pytest.mark.parametrize(
    ("key", "value", "error", "message"),
    [
        ("a", 1, seismo.WrongType, "a key of map 'counts' must be int, not str 'a'"),
        (1, 1.5, seismo.WrongType, "a value of map 'counts' must be __u64, not float 1.5"),
        (1, -1, seismo.WrongValue, "a value of map 'counts': -1 does not fit __u64"),
    ],
)
def test_what_does_not_fit_is_told(
    obj: seismo.Object, key: object, value: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        obj.maps["counts"][key] = value


def test_many_entries_go_at_once(obj: seismo.Object) -> None:
    counts = obj.maps["counts"]
    counts.update_many((key, key * 2) for key in range(1000))
    assert len(counts) == 1000
    assert counts.lookup_many([1, 5000, 7]) == {1: 2, 7: 14}
    obj.maps["records"][1, 80] = {}
    (found,) = obj.maps["records"].lookup_many([{"pid": 1, "port": 80}])
    assert found.port == 80
    assert counts.delete_many([1, 5000]) == 1
    assert sorted(counts.take_all()) == [(key, key * 2) for key in range(1000) if key != 1]
    assert len(counts) == 0 and counts.take_all() == []
    counts.update({1: 2, 3: 4})
    assert counts.pop(1) == 2 and dict(counts) == {3: 4}
    counts.clear()
    assert list(counts.items()) == []


def test_an_array_has_all_its_indices(obj: seismo.Object) -> None:
    numbers = obj.maps["numbers"]
    numbers[2] = -5
    assert list(numbers.values()) == [0, 0, -5, 0] and len(numbers) == 4
    with pytest.raises(KeyError):
        numbers[4]


def test_a_per_cpu_value_is_a_list(obj: seismo.Object) -> None:
    counts = obj.maps["cpu_counts"]
    cpus = counts.loaded.cpus
    counts[1] = 7
    counts[2] = list(range(cpus))
    assert counts[1] == [7] * cpus and counts[2] == list(range(cpus))
    assert dict(counts.items()) == {1: [7] * cpus, 2: list(range(cpus))}
    obj.maps["cpu_numbers"][0] = {"bytes": 3}
    assert [one.bytes for one in obj.maps["cpu_numbers"][0]] == [3] * cpus
    with pytest.raises(seismo.WrongType, match=f"must be a list of {cpus}"):
        counts[1] = [1] * (cpus + 1)


def test_queues_and_stacks_have_their_orders(obj: seismo.Object) -> None:
    queue, stack = obj.maps["queue"], obj.maps["stack"]
    queue.push({"pid": 1})
    queue.push((2, 0))
    assert [queue.peek().pid, queue.pop().pid, queue.pop().pid] == [1, 1, 2]
    with pytest.raises(KeyError):
        queue.pop()
    stack.push(1)
    stack.push(2)
    assert [stack.peek(), stack.pop(), stack.pop()] == [2, 2, 1]
    with pytest.raises(seismo.WrongType, match="no keys"):
        queue[0]


def test_what_a_map_cannot_do_is_told(obj: seismo.Object) -> None:
    assert obj.maps["queue"].pop(default=None) is None
    with pytest.raises(seismo.WrongType, match="map 'queue' has no keys"):
        obj.maps["queue"].pop(1)
    with pytest.raises(seismo.WrongType, match="is an array: its entries always exist"):
        del obj.maps["numbers"][0]


def test_a_bloom_filter_knows_what_it_has_seen(obj: seismo.Object) -> None:
    bloom = obj.maps["bloom"]
    bloom.push(7)
    assert bloom.may_contain(7)
    assert sum(bloom.may_contain(one) for one in range(1000, 1010)) < 10


def test_routes_are_networks(obj: seismo.Object) -> None:
    routes = obj.maps["routes"]
    routes[ipaddress.ip_network("10.0.0.0/8")] = 1
    routes[{"length": 16, "address": b"\x0a\x01\0\0"}] = 2
    at = ipaddress.ip_network
    assert routes[at("10.1.2.3/32")] == 2 and routes[at("10.2.0.0/16")] == 1
    assert routes[ipaddress.ip_address("10.1.2.3")] == 2
    assert sorted(one.length for one in routes) == [8, 16]


def test_maps_and_programs_are_values(obj: seismo.Object) -> None:
    outer, calls = obj.maps["outer"], obj.maps["calls"]
    with outer.new_inner() as inner:
        outer[3] = inner
        assert outer[3] == inner.id
        caller, packet = obj.programs["caller"], bytes(64)
        assert caller.test_run(data=packet).retval == 0
        calls[1] = obj.programs["callee"]
        assert calls[1] == obj.programs["callee"].info().id
        assert caller.test_run(data=packet).retval == 7
        assert dict(inner.items()) == {0: 0, 1: 2}
        with seismo.Map.open_id(inner.id) as same:
            assert same.key_type.name == "__u32"


def test_empty_places_are_no_entries(obj: seismo.Object) -> None:
    calls = obj.maps["calls"]
    assert (dict(calls), len(calls), list(calls)) == ({}, 0, [])
    calls[1] = obj.programs["callee"]
    assert dict(calls) == {1: obj.programs["callee"].info().id} and len(calls) == 1


def test_a_pinned_map_keeps_its_types(obj: seismo.Object, bpffs: Path) -> None:
    path = f"{bpffs}/records"
    records = obj.maps["records"]
    records.pin(path)
    with seismo.Map.open_pinned(path) as pinned:
        pinned[7, 80] = {"name": b"web"}
        assert pinned.id == records.id and repr(next(iter(pinned))) == "key(pid=7, port=80)"
    assert records[7, 80].name == b"web"
    records.unpin()
    with pytest.raises(seismo.SyscallError):
        seismo.Map.open_pinned(path)


def test_a_map_can_be_shared_by_objects(obj: seismo.Object) -> None:
    with open_object("api_maps") as other:
        other.load(maps={"counts": obj.maps["counts"]})
        other.maps["counts"][1] = 5
        assert obj.maps["counts"][1] == 5 and other.maps["counts"].id == obj.maps["counts"].id
    assert obj.maps["counts"][1] == 5


def test_only_a_map_of_the_same_type_can_be_shared(obj: seismo.Object) -> None:
    with open_object("api_maps") as other:
        with pytest.raises(seismo.WrongType, match=r"<Map numbers: .*> cannot be <Map records: "):
            other.load(maps={"records": obj.maps["numbers"]})
        with pytest.raises(seismo.UnknownName, match=r"no map 'record'\nhint: .*'records'"):
            other.load(maps={"record": obj.maps["records"]})
        assert not other.is_loaded


def test_what_load_made_cannot_be_changed(obj: seismo.Object) -> None:
    with pytest.raises(seismo.WrongState, match="map 'counts' is loaded already"):
        obj.maps["counts"].max_entries = 5


def test_what_is_changed_before_is_made_so() -> None:
    with open_object("api_maps") as opened:
        opened.maps["records"].max_entries = 3
        opened.load()
        records = opened.maps["records"]
        assert records.loaded.info().spec.max_entries == 3
        records.update_many({(one, 0): {} for one in range(3)})
        with pytest.raises(seismo.SyscallError, match="E2BIG"):
            records[9, 9] = {}


def test_a_map_is_made_without_an_object(obj: seismo.Object) -> None:
    key = obj.types.find("struct key")
    with seismo.Map.create("hash", key, 8, max_entries=4, name="made") as made:
        made[1, 80] = 7
        assert dict(made) == {obj.type("struct key")(pid=1, port=80): 7}
        assert (made.name, made.max_entries, made.value_type.name) == ("made", 4, "u64")
    with pytest.raises(seismo.WrongState, match="not loaded"):
        made.clear()
    prefix = obj.types.find("struct prefix")
    with seismo.Map.create("lpm_trie", prefix, 4, max_entries=4, flags=1) as routes:
        routes[ipaddress.ip_network("10.0.0.0/8")] = 3
        assert routes[ipaddress.ip_address("10.9.9.9")] == 3
    with pytest.raises(seismo.UnknownName, match="did you mean 'lru_hash'"):
        seismo.Map.create("lru_hsh", 4, 4, max_entries=1)
