"""What Python has for a key or a leaf becomes its bytes, and what is none is refused."""

from __future__ import annotations

import ctypes as ct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seismo.bcc.table.errors import WrongData
from seismo.bcc.table.packing import Packing


class Pair(ct.Structure):
    _fields_ = (("pid", ct.c_uint32), ("slot", ct.c_uint64))


class Single(ct.Structure):
    _fields_ = (("number", ct.c_uint64),)


U128: Any = ct.c_uint64 * 2
COMM: Any = ct.c_char * 4
U64S: Any = ct.c_uint64


@pytest.mark.parametrize(
    ("class_", "value", "data"),
    [
        (ct.c_uint32, ct.c_uint32(7), b"\7\0\0\0"),
        (ct.c_uint32, 7, b"\7\0\0\0"),
        (ct.c_int32, -1, b"\xff\xff\xff\xff"),
        (ct.c_uint64, ct.c_int(7), b"\7\0\0\0\0\0\0\0"),
        (ct.c_int64, ct.c_int(-1), b"\xff" * 8),
        (ct.c_uint32, ct.c_uint64(1 << 32 | 5), b"\5\0\0\0"),
        (ct.c_bool, True, b"\1"),
        (ct.c_double, 0.5, b"\0\0\0\0\0\0\xe0\x3f"),
        (Pair, Pair(1, 2), b"\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"),
        (Pair, (1, 2), b"\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"),
        (Pair, {"slot": 2}, bytes(8) + b"\2\0\0\0\0\0\0\0"),
        (Pair, U128(1, 2), b"\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"),
        (Pair, bytes(range(16)), bytes(range(16))),
        (Pair, (ct.c_uint64 * 3)(1, 2, 0), b"\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"),
        (COMM, (ct.c_char * 6)(*b"cat"), b"cat\0"),
        (Single, ct.c_uint64(5), b"\5\0\0\0\0\0\0\0"),
        (ct.c_uint64, Single(5), b"\5\0\0\0\0\0\0\0"),
        (U128, 1 << 64 | 3, b"\3\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"),
        (U128, [3, 1], b"\3\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"),
        (COMM, b"cat", b"cat\0"),
        (COMM, "cat", b"cat\0"),
        (COMM, b"cats", b"cats"),
    ],
    ids=repr,
)
def test_values_have_these_bytes(class_: type[Any], value: object, data: bytes) -> None:
    assert Packing("t", "key", class_).pack(value) == data


@pytest.mark.parametrize(
    ("class_", "value"),
    [
        (ct.c_uint32, 1 << 32),
        (ct.c_uint32, -1),
        (ct.c_uint32, 0.5),
        (ct.c_uint32, "x"),
        (ct.c_uint32, None),
        (ct.c_uint32, Pair(1, 2)),
        (ct.c_uint32, b"abc"),
        (Pair, 1),
        (Pair, ct.c_uint32(1)),
        (Pair, (ct.c_uint64 * 3)(1, 2, 3)),
        (COMM, (ct.c_char * 6)(*b"longer")),
        (Pair, (1, 2, 3)),
        (Pair, {"none": 1}),
        (Pair, bytes(15)),
        (COMM, b"longer"),
        (U128, 1 << 128),
        (U128, -1 - (1 << 127)),
    ],
    ids=repr,
)
def test_what_is_no_value_of_the_type_is_refused(class_: type[Any], value: object) -> None:
    with pytest.raises(WrongData, match=f"table t: .* is no leaf: that is a {class_.__name__}$"):
        Packing("t", "leaf", class_).pack(value)


@given(st.integers(0, (1 << 64) - 1))
def test_numbers_come_back(number: int) -> None:
    packing = Packing("t", "key", U64S)

    assert packing.unpack(packing.pack(number)).value == number
