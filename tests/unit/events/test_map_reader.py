"""Map entries are reduced over the CPUs, sorted, divided and cut."""

from __future__ import annotations

import struct

import pytest

from seismo.base.layout import S64, U8, U32, U64, Array, FieldType, Int, Layout, Text
from seismo.events.aggregate import MapReader
from seismo.events.decode import DecodeError
from seismo.events.kinds import MapView
from seismo.events.value import Row


def view(value: FieldType, *keys: FieldType, reduction: str = "") -> MapView:
    members = [(str(at), type_) for at, type_ in enumerate(keys)]
    key = Layout.of("key", members, "tuple") if keys else None
    return MapView(name="@m", key=key, value=value, reduction=reduction)


def u64s(*values: int) -> bytes:
    return struct.pack(f"={len(values)}Q", *values)


def test_a_scalar_map_has_an_empty_key() -> None:
    assert MapReader(view(U64)).rows([(bytes(8), u64s(5))]) == [((), 5)]


@pytest.mark.parametrize(
    ("shown", "rows"),
    [
        (view(U64, reduction="sum"), [((), 0)]),
        (view(Text(4)), [((), "")]),
        (view(U64, U64), []),
        (MapView(name="@", key=None, value=U64, reduction="hist", has_buckets=True), []),
    ],
)
def test_a_zero_stands_for_an_empty_scalar_map(shown: MapView, rows: list[Row]) -> None:
    reader = MapReader(shown)
    assert reader.rows([]) == []
    assert reader.empty_rows() == rows


def test_the_shares_of_the_cpus_are_summed() -> None:
    reader = MapReader(view(U64, U64, reduction="sum"))
    assert reader.rows([(u64s(1), u64s(1, 2, 3, 4))]) == [((1,), 10)]


def test_shares_are_padded_to_eight_bytes() -> None:
    reader = MapReader(view(U32, U64, reduction="sum"))
    shares = struct.pack("=II II", 1, 0xDEAD, 2, 0xBEEF)
    assert reader.rows([(u64s(1), shares)]) == [((1,), 3)]


def test_sums_wrap_as_in_c() -> None:
    unsigned = MapReader(view(U64, reduction="sum"))
    assert unsigned.rows([(bytes(8), u64s((1 << 64) - 1, 3))]) == [((), 2)]
    signed = MapReader(view(S64, reduction="sum"))
    assert signed.rows([(bytes(8), u64s((1 << 63) - 1, 1))]) == [((), -(1 << 63))]


def test_numbers_sort_by_value_then_by_key() -> None:
    reader = MapReader(view(U64, U64))
    entries = [(u64s(3), u64s(7)), (u64s(1), u64s(9)), (u64s(2), u64s(7)), (u64s(4), u64s(1))]
    assert reader.rows(entries) == [((4,), 1), ((2,), 7), ((3,), 7), ((1,), 9)]


def test_signed_numbers_sort_below_zero() -> None:
    reader = MapReader(view(S64, U64))
    entries = [(u64s(1), u64s(5)), (u64s(2), struct.pack("=q", -5))]
    assert reader.rows(entries) == [((2,), -5), ((1,), 5)]


@pytest.mark.parametrize(
    "value", [Text(8), Int(8, signed=False, shown="pointer"), Layout.of("t", [("0", U64)], "tuple")]
)
def test_all_else_sorts_by_key(value: FieldType) -> None:
    reader = MapReader(view(value, U64))
    rows = reader.rows([(u64s(2), bytes(8)), (u64s(1), b"\xff" * 8), (u64s(3), bytes(8))])
    assert [key for key, _ in rows] == [(1,), (2,), (3,)]


def test_keys_sort_by_their_first_element_first() -> None:
    reader = MapReader(view(Text(1), Text(4), U32))
    entries = [
        (struct.pack("=4sI", text, number), b"\0")
        for text, number in [(b"b", 1), (b"a", 2), (b"a", 1)]
    ]
    assert [key for key, _ in reader.rows(entries)] == [("a", 1), ("a", 2), ("b", 1)]


def test_struct_keys_sort_by_their_members() -> None:
    inner = Layout.of("s", [("x", U32), ("y", U32)])
    reader = MapReader(view(Text(1), inner))
    entries = [(struct.pack("=II", x, y), b"\0") for x, y in [(2, 1), (1, 9), (1, 3)]]
    keys = [key for key, _ in reader.rows(entries)]
    assert keys == [({"x": 1, "y": 3},), ({"x": 1, "y": 9},), ({"x": 2, "y": 1},)]


@pytest.mark.parametrize(
    ("top", "values"), [(0, [1, 2, 3]), (2, [2, 3]), (3, [1, 2, 3]), (9, [1, 2, 3])]
)
def test_top_keeps_the_last_rows(top: int, values: list[int]) -> None:
    entries = [(u64s(at), u64s(at)) for at in (3, 1, 2)]
    rows = MapReader(view(U64, U64)).rows(entries, top=top)
    assert [value for _, value in rows] == values


@pytest.mark.parametrize(
    ("stored", "div", "shown"), [(7, 2, 3), (-7, 2, -3), (-7, 0, -7), (7, 1, 7), (-1, 1000, 0)]
)
def test_div_rounds_towards_zero(stored: int, div: int, shown: int) -> None:
    entries = [(bytes(8), struct.pack("=q", stored))]
    assert MapReader(view(S64)).rows(entries, div=div) == [((), shown)]


@pytest.mark.parametrize(
    ("type_", "data", "shown"),
    [
        (Text(4), b"abc\0", "abc"),
        (Int(8, signed=False, shown="pointer"), u64s(100), 100),
        (Int(8, signed=False, shown="enum"), u64s(100), 100),
        (Array(U64, 2), u64s(100, 25), (10, 2)),
        (Layout.of("t", [("0", S64), ("1", Text(8))], "tuple"), u64s(100, 0), (10, "")),
        (Layout.of("s", [("a", U64)]), u64s(19), {"a": 1}),
    ],
    ids=str,
)
def test_div_divides_every_number_and_nothing_else(
    type_: FieldType, data: bytes, shown: object
) -> None:
    assert MapReader(view(type_)).rows([(bytes(8), data)], div=10) == [((), shown)]


def test_enums_sort_by_their_number() -> None:
    enum = Int(8, signed=False, shown="enum", names=((1, "Z"), (2, "A")))
    rows = MapReader(view(enum, U64)).rows([(u64s(1), u64s(2)), (u64s(2), u64s(1))])
    assert rows == [((2,), 1), ((1,), 2)]


def test_a_short_value_is_an_error() -> None:
    with pytest.raises(DecodeError):
        MapReader(view(U64)).rows([(bytes(8), bytes(7))])
    with pytest.raises(DecodeError):
        MapReader(view(U64, U8)).rows([(b"", bytes(8))])
