"""What maps take as keys and values where no BTF says it, and what says more than BTF."""

from __future__ import annotations

import ipaddress

import pytest

from seismo.api.errors import WrongState, WrongType, WrongValue
from seismo.api.map_codecs import key_codec, value_codec
from seismo.api.maps import Map
from seismo.isa.map_types import MapType
from seismo.spec.types import MapSpec


def spec(type_: MapType, key: int = 4, value: int = 4, flags: int = 0) -> MapSpec:
    return MapSpec(name="m", type=type_, key_size=key, value_size=value, max_entries=1, flags=flags)


@pytest.mark.parametrize(("size", "name"), [(1, "u8"), (2, "u16"), (4, "u32"), (8, "u64")])
def test_without_types_small_keys_and_values_are_numbers(size: int, name: str) -> None:
    one = spec(MapType.HASH, size, size)
    assert key_codec(one, None).name == value_codec(one, None).name == name
    assert key_codec(one, None).encode(7, "x") == b"\7" + bytes(size - 1)


def test_without_types_others_are_bytes() -> None:
    assert value_codec(spec(MapType.HASH, 4, 6), None).decode(b"abcdef") == b"abcdef"


def test_a_stack_is_addresses_and_one_of_build_ids_bytes() -> None:
    assert value_codec(spec(MapType.STACK_TRACE, 4, 16), None).decode(bytes(16)) == (0, 0)
    build_ids = spec(MapType.STACK_TRACE, 4, 32, flags=1 << 5)
    assert value_codec(build_ids, None).decode(bytes(32)) == bytes(32)


class Numbered:
    def fileno(self) -> int:
        return 9


@pytest.mark.parametrize("type_", [MapType.PROG_ARRAY, MapType.ARRAY_OF_MAPS, MapType.SOCKMAP])
def test_what_has_a_descriptor_can_be_a_value(type_: MapType) -> None:
    codec = value_codec(spec(type_), None)
    assert codec.encode(Numbered(), "x") == codec.encode(9, "x") == b"\x09\0\0\0"
    with pytest.raises(WrongType, match="x must be a map, program or file descriptor, not str"):
        codec.encode("m", "x")


def test_a_prefix_may_be_a_network_a_pair_or_bytes() -> None:
    codec = key_codec(spec(MapType.LPM_TRIE, key=8), None)
    ten = b"\x08\0\0\0\x0a\0\0\0"
    assert codec.encode(ipaddress.ip_network("10.0.0.0/8"), "x") == ten
    assert codec.encode((8, b"\x0a\0\0\0"), "x") == codec.encode(ten, "x") == ten
    assert codec.decode(ten) == (8, b"\x0a\0\0\0")


@pytest.mark.parametrize("key", [(8, b"\x0a"), 7, ipaddress.ip_network("::/0"), b"abc"])
def test_a_prefix_of_another_length_is_refused(key: object) -> None:
    with pytest.raises(WrongType):
        key_codec(spec(MapType.LPM_TRIE, key=8), None).encode(key, "x")


def test_a_map_is_changed_before_it_is_loaded() -> None:
    one = Map(spec(MapType.HASH), None)
    one.max_entries, one.flags, one.pin_path = 5, 1, "/sys/fs/bpf/m"
    assert (one.max_entries, one.flags, one.pin_path) == (5, 1, "/sys/fs/bpf/m")
    assert (one.spec.max_entries, one.spec.flags, one.spec.pin) == (5, 1, "/sys/fs/bpf/m")
    assert repr(one) == "<Map m: hash, u32 -> u32, 5 entries>"


def test_a_map_that_is_not_loaded_has_no_entries_to_read() -> None:
    with pytest.raises(WrongState, match="map 'm' is not loaded"):
        Map(spec(MapType.HASH), None)[1]


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        ("a", WrongType, "a key of map 'm' must be u32, not str 'a'"),
        (1 << 32, WrongValue, "a key of map 'm': 4294967296 does not fit u32 (0 to 4294967295)"),
    ],
)
def test_a_key_that_does_not_fit_is_told(key: object, error: type[Exception], message: str) -> None:
    one = Map(spec(MapType.HASH), None)
    with pytest.raises(error) as raised:
        one.key_type.encode(key, "a key of map 'm'")
    assert str(raised.value) == message


def test_maps_of_other_kinds_say_how_they_are_used() -> None:
    with pytest.raises(WrongType, match="use push, pop and peek"):
        Map(spec(MapType.QUEUE, 0), None)[1]
    with pytest.raises(WrongType, match="no queue"):
        Map(spec(MapType.HASH), None).push(1)
    with pytest.raises(WrongType, match=r"obj\.events\(\)"):
        len(Map(spec(MapType.RINGBUF, 0, 0), None))
    with pytest.raises(WrongType, match="holds no maps"):
        Map(spec(MapType.HASH), None).new_inner()
