"""C types to codecs: which codec, and which names."""

from __future__ import annotations

import pytest

from seismo.api.codec import (
    ArrayCodec,
    BytesCodec,
    Codec,
    EnumCodec,
    FloatCodec,
    IntCodec,
    TextCodec,
)
from seismo.api.errors import WrongType
from seismo.api.record import RecordCodec
from seismo.api.types import Types
from seismo.btf.errors import BtfError, BtfNotFound
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    Const,
    Enum,
    Enum64,
    Enumerator,
    Float,
    FuncProto,
    Fwd,
    Int,
    IntEncoding,
    Member,
    Ptr,
    Struct,
    Type,
    Typedef,
    Union,
    Volatile,
)
from seismo.btf.write import write

TYPES: tuple[Type, ...] = (
    Int("unsigned int", 4),  # 1
    Int("char", 1, IntEncoding.SIGNED),  # 2
    Int("unsigned char", 1),  # 3
    Int("_Bool", 1, IntEncoding.BOOL),  # 4
    Typedef("__u32", 1),  # 5
    Const(5),  # 6
    Array(2, 1, 16),  # 7
    Array(3, 1, 6),  # 8
    Array(4, 1, 2),  # 9
    Array(5, 1, 3),  # 10
    Ptr(0),  # 11
    Float("double", 8),  # 12
    Float("long double", 16),  # 13
    Enum("color", 4, (Enumerator("RED", 0),)),  # 14
    Enum64("big", 8, (Enumerator("HUGE", 1 << 40),)),  # 15
    Union("", 4, (Member("whole", 5, 0), Member("byte", 3, 0))),  # 16
    Struct("event", 12, (Member("pid", 6, 0), Member("", 16, 32), Member("b", 5, 64, 3))),  # 17
    Typedef("event_t", 17),  # 18
    Volatile(18),  # 19
    Struct("", 4, (Member("x", 5, 0),)),  # 20
    Typedef("anon_t", 20),  # 21
    Array(3, 1, 0),  # 22
    Struct("tail", 4, (Member("n", 5, 0), Member("data", 22, 32))),  # 23
    Fwd("hidden"),  # 24
    FuncProto(0),  # 25
    Array(17, 1, 2),  # 26
    Struct("outside", 4, (Member("x", 5, 16),)),  # 27
    Struct("loop", 4, (Member("x", 28, 0),)),  # 28
    Array(7, 1, 1 << 31),  # 29
)


@pytest.fixture
def types() -> Types:
    return Types(Btf.from_bytes(write(TYPES)))


@pytest.mark.parametrize(
    ("id", "kind", "name", "size"),
    [
        (1, IntCodec, "unsigned int", 4),
        (2, IntCodec, "char", 1),
        (5, IntCodec, "__u32", 4),
        (6, IntCodec, "__u32", 4),
        (7, TextCodec, "char[16]", 16),
        (8, BytesCodec, "unsigned char[6]", 6),
        (9, ArrayCodec, "_Bool[2]", 2),
        (10, ArrayCodec, "__u32[3]", 12),
        (11, IntCodec, "a pointer", 8),
        (12, FloatCodec, "double", 8),
        (13, BytesCodec, "long double", 16),
        (14, EnumCodec, "enum color", 4),
        (15, EnumCodec, "enum big", 8),
        (17, RecordCodec, "struct event", 12),
        (19, RecordCodec, "struct event", 12),
        (21, RecordCodec, "anon_t", 4),
        (26, ArrayCodec, "struct event[2]", 24),
    ],
)
def test_a_type_has_its_codec(
    types: Types, id: int, kind: type[Codec], name: str, size: int
) -> None:
    codec = types.codec(id)
    assert (type(codec), codec.name, codec.size) == (kind, name, size)


def test_a_type_has_one_class_whatever_it_is_called(types: Types) -> None:
    assert types.codec(17) is types.codec(18) is types.codec(19)
    assert types.codec(21) is types.codec(21)


def test_members_of_unnamed_members_are_the_outer_ones(types: Types) -> None:
    record = types.codec(17).decode(b"\7\0\0\0\4\3\2\1\5\0\0\0")
    assert record._asdict() == {"pid": 7, "whole": 0x01020304, "byte": 4, "b": 5}


def test_an_array_without_length_ends_a_record(types: Types) -> None:
    assert types.codec(23).decode(b"\1\0\0\0abc").data == b"abc"


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("struct event", 17),
        ("event", 17),
        ("event_t", 17),
        ("__u32", 5),
        ("unsigned int", 1),
        ("enum color", 14),
        ("enum big", 15),
    ],
)
def test_a_type_is_found_as_c_names_it(types: Types, name: str, id: int) -> None:
    assert types.find(name) is types.codec(id)


def test_a_wrong_name_has_a_near_one(types: Types) -> None:
    with pytest.raises(BtfNotFound, match="did you mean 'event'"):
        types.find("struct evnt")


@pytest.mark.parametrize("id", [0, 24, 25])
def test_what_has_no_values_has_no_codec(types: Types, id: int) -> None:
    with pytest.raises(WrongType, match="has no values"):
        types.codec(id)


@pytest.mark.parametrize(
    ("id", "message"),
    [
        (27, "member 'x' of struct outside is outside of it"),
        (28, "type 28 contains itself"),
        (29, "an array of 34359738368 bytes"),
    ],
)
def test_malformed_types_are_refused(types: Types, id: int, message: str) -> None:
    with pytest.raises(BtfError, match=message):
        types.codec(id)
