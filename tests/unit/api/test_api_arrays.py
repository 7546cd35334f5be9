"""The numpy dtypes of C types, and rings of bytes read by them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from seismo.api.codec import ArrayCodec, Codec, EnumCodec, FloatCodec, IntCodec, TextCodec
from seismo.api.errors import WrongType
from seismo.api.record import Field, RecordCodec

np = pytest.importorskip("numpy")
arrays = pytest.importorskip("seismo.api.arrays")

U8 = IntCodec("__u8", 1, signed=False)
S16 = IntCodec("short", 2, signed=True)
U32 = IntCodec("__u32", 4, signed=False)
S32 = IntCodec("int", 4, signed=True)
S64 = IntCodec("long", 8, signed=True)
U64 = IntCodec("__u64", 8, signed=False)
BOOL = IntCodec("_Bool", 1, signed=False, is_bool=True)
POINT = RecordCodec("struct point", 8, (Field("x", 2, S16), Field("y", 4, U32)))
EITHER = RecordCodec("union either", 4, (Field("word", 0, U32), Field("bytes", 0, U8)))
BITS = RecordCodec(
    "struct bits",
    16,
    (
        Field("low", 0, U32, shift=0, bits=3),
        Field("signed", 0, S32, shift=3, bits=7),
        Field("is_on", 1, BOOL, shift=2, bits=1),
        Field("long", 2, S64, shift=5, bits=64),
        Field("whole", 12, U32),
    ),
)


def collected(codec: Codec, data: list[bytes]) -> Any:
    """The array of records that were waiting."""
    array, error = arrays.collect(codec, data, None, lambda size, count: None)
    assert error is None
    return array


@pytest.mark.parametrize(
    ("codec", "dtype"),
    [
        (U32, "=u4"),
        (S16, "=i2"),
        (BOOL, "?"),
        (FloatCodec("double", 8), "=f8"),
        (TextCodec("char[5]", 5), "S5"),
        (EnumCodec("enum e", 4, [("A", -1)], signed=False), "=i4"),
        (IntCodec("__int128", 16, signed=True), "V16"),
        (ArrayCodec(U8, 3), ("u1", (3,))),
    ],
    ids=repr,
)
def test_a_type_has_its_dtype(codec: Codec, dtype: object) -> None:
    assert arrays.dtype_of(codec) == np.dtype(dtype)


def test_a_struct_is_as_c_lays_it_out() -> None:
    dtype = arrays.dtype_of(POINT)
    assert (dtype.names, dtype.itemsize) == (("x", "y"), 8)
    assert [dtype.fields[name][1] for name in dtype.names] == [2, 4]
    overlaid = arrays.dtype_of(EITHER)
    assert [overlaid.fields[name][1] for name in overlaid.names] == [0, 0]


def test_arrays_of_arrays_have_all_their_axes() -> None:
    matrix = RecordCodec("struct m", 6, (Field("m", 0, ArrayCodec(ArrayCodec(U8, 2), 3)),))
    array = collected(matrix, [bytes(range(6))])
    assert array["m"].tolist() == [[[0, 1], [2, 3], [4, 5]]]


def records(codec: RecordCodec, *rows: dict[str, object]) -> Iterator[bytes]:
    return (bytes(codec.type(**row)) for row in rows)


def test_bytes_become_rows() -> None:
    rows = [{"x": -1, "y": 2}, {"x": 3, "y": 4}]
    array = collected(POINT, list(records(POINT, *rows)))
    assert array.tolist() == [(-1, 2), (3, 4)]


@pytest.mark.parametrize("signed", [-64, -1, 0, 63])
@pytest.mark.parametrize("long", [-(1 << 63), -1, 0, (1 << 63) - 1])
def test_bit_fields_become_numbers(signed: int, long: int) -> None:
    row = {"low": 5, "signed": signed, "is_on": True, "long": long, "whole": 9}
    codec = RecordCodec("struct outer", 33, (Field("n", 0, U8), Field("b", 1, ArrayCodec(BITS, 2))))
    data = list(records(codec, {"n": 7, "b": [row, {}]}))
    array = collected(codec, data)
    assert array["b"]["long"].dtype == np.int64 and array["b"]["is_on"].dtype == np.bool_
    assert array["n"].tolist() == [7]
    assert array["b"].tolist() == [[tuple(row.values()), (0, 0, False, 0, 0)]]


def test_what_follows_a_nul_is_zeros() -> None:
    name = RecordCodec(
        "struct name", 9, (Field("n", 0, U8), Field("c", 1, TextCodec("char[8]", 8)))
    )
    both = RecordCodec("struct both", 18, (Field("names", 0, ArrayCodec(name, 2)),))
    array = collected(both, [b"\1ab\0cdefg\2abcdefgh"])
    assert array.tobytes() == b"\1ab\0\0\0\0\0\0\2abcdefgh"


def test_an_open_end_has_no_dtype() -> None:
    codec = RecordCodec("struct text", 4, (Field("n", 0, U32), Field("d", 4, U8, is_open=True)))
    with pytest.raises(WrongType, match="struct text: member 'd' is as long as the record"):
        arrays.dtype_of(codec)
