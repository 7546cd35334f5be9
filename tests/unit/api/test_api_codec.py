"""Scalars and arrays: bytes to Python values and back, and what does not fit."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from seismo.api.codec import (
    ArrayCodec,
    BytesCodec,
    Codec,
    EnumCodec,
    EnumValue,
    FloatCodec,
    IntCodec,
    TextCodec,
)
from seismo.api.errors import WrongType, WrongValue
from seismo.base.errors import BpfError

U8 = IntCodec("__u8", 1, signed=False)
U32 = IntCodec("__u32", 4, signed=False)
S64 = IntCodec("long", 8, signed=True)
U128 = IntCodec("__int128", 16, signed=True)
BOOL = IntCodec("_Bool", 1, signed=False, is_bool=True)
WIDE_BOOL = IntCodec("bool", 4, signed=False, is_bool=True)
COLOR = EnumCodec("enum color", 4, [("RED", 0), ("GREEN", 5), ("VERDE", 5)], signed=False)
SIGN = EnumCodec("enum sign", 4, [("MINUS", -1), ("PLUS", 1)], signed=False)


@pytest.mark.parametrize(
    ("codec", "value", "data"),
    [
        (U8, 255, b"\xff"),
        (U32, 0x01020304, b"\x04\x03\x02\x01"),
        (S64, -2, b"\xfe" + b"\xff" * 7),
        (U128, -(1 << 100), (-(1 << 100)).to_bytes(16, "little", signed=True)),
        (BOOL, True, b"\x01"),
        (WIDE_BOOL, True, b"\x01\0\0\0"),
        (COLOR, 5, b"\x05\0\0\0"),
        (SIGN, -1, b"\xff" * 4),
        (FloatCodec("double", 8), 0.5, struct.pack("=d", 0.5)),
        (FloatCodec("_Float16", 2), 0.5, struct.pack("=e", 0.5)),
        (BytesCodec("unsigned char[3]", 3), b"\0\1\0", b"\0\1\0"),
        (TextCodec("char[4]", 4), b"abc", b"abc\0"),
        (TextCodec("char[4]", 4), b"abcd", b"abcd"),
        (ArrayCodec(U32, 2), (1, 2), b"\1\0\0\0\2\0\0\0"),
        (ArrayCodec(ArrayCodec(U8, 2), 2), ((1, 2), (3, 4)), b"\1\2\3\4"),
        (ArrayCodec(TextCodec("char[2]", 2), 2), (b"a", b"bc"), b"a\0bc"),
        (ArrayCodec(COLOR, 2), (0, 5), b"\0\0\0\0\5\0\0\0"),
        (ArrayCodec(WIDE_BOOL, 2), (False, True), b"\0\0\0\0\1\0\0\0"),
        (ArrayCodec(U128, 1), (7,), b"\7" + bytes(15)),
    ],
    ids=repr,
)
def test_a_value_goes_there_and_back(codec: Codec, value: object, data: bytes) -> None:
    assert codec.encode(value, "x") == data
    assert codec.decode(data) == value
    assert type(codec.decode(data)) is type(value) or isinstance(codec, EnumCodec)


def test_text_ends_at_its_first_nul() -> None:
    assert TextCodec("char[6]", 6).decode(b"ab\0cd\0") == b"ab"


def test_text_may_be_str() -> None:
    assert TextCodec("char[4]", 4).encode("hé", "x") == b"h\xc3\xa9\0"


def test_an_enumerator_has_its_name_and_is_one_object() -> None:
    green = COLOR.decode(b"\5\0\0\0")
    assert (green, green.name, repr(green)) == (5, "GREEN", "GREEN")
    assert COLOR.decode(b"\5\0\0\0") is green


def test_a_value_without_enumerator_has_no_name() -> None:
    other = COLOR.decode(b"\7\0\0\0")
    assert (other, other.name, repr(other)) == (7, "", "7")


def test_an_enumerator_may_be_written_by_name() -> None:
    assert COLOR.encode("VERDE", "x") == b"\5\0\0\0"


def test_bytes_may_be_a_sequence_of_integers() -> None:
    assert BytesCodec("unsigned char[2]", 2).encode([1, 255], "x") == b"\1\xff"


def test_elements_without_bytes_are_none() -> None:
    nothing = ArrayCodec(BytesCodec("struct empty", 0), 3)
    assert (nothing.size, nothing.decode(b"")) == (0, ())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: U8.encode(256, "x"), "x: 256 does not fit __u8 (0 to 255)"),
        (lambda: U32.encode(-1, "x"), "x: -1 does not fit __u32 (0 to 4294967295)"),
        (lambda: BOOL.encode(2, "x"), "x: 2 does not fit _Bool (0 to 1)"),
        (lambda: COLOR.encode("BLUE", "x"), "x: enum color has no enumerator 'BLUE'"),
        (lambda: FloatCodec("float", 4).encode(1e300, "x"), "x: 1e+300 does not fit float"),
        (lambda: TextCodec("char[2]", 2).encode(b"abc", "x"), "x has room for 2 bytes, not 3"),
        (lambda: BytesCodec("u8[2]", 2).encode(b"a", "x"), "x has 2 bytes, not 1"),
        (lambda: ArrayCodec(U8, 2).encode([1], "x"), "x has 2 elements, not 1"),
        (lambda: ArrayCodec(U8, 2).encode([1, 300], "x"), "x[1]: 300 does not fit __u8 (0 to 255)"),
        (lambda: U32.decode(b"abc"), "__u32 has 4 bytes, not 3"),
    ],
)
def test_what_does_not_fit_is_told(make: Callable[[], object], message: str) -> None:
    with pytest.raises(WrongValue) as raised:
        make()
    assert str(raised.value) == message
    assert isinstance(raised.value, BpfError) and isinstance(raised.value, ValueError)


@pytest.mark.parametrize(
    ("codec", "value", "message"),
    [
        (U32, "7", "x must be __u32, not str '7'"),
        (U32, 7.0, "x must be __u32, not float 7.0"),
        (FloatCodec("double", 8), "7", "x must be double, not str '7'"),
        (TextCodec("char[2]", 2), 7, "x must be char[2], not int 7"),
        (ArrayCodec(ArrayCodec(U8, 2), 3), 7, "x must be __u8[3][2], not int 7"),
        (ArrayCodec(U8, 2), "ab", "x must be __u8[2], not str 'ab'"),
    ],
)
def test_what_is_of_another_type_is_told(codec: Codec, value: object, message: str) -> None:
    with pytest.raises(WrongType) as raised:
        codec.encode(value, "x")
    assert str(raised.value) == message


def test_an_enum_value_may_be_made_without_its_enum() -> None:
    assert (repr(EnumValue(3)), EnumValue(3).name) == ("3", "")
