"""Every field type decodes to its exact value; short records and unknown ids are refused."""

from __future__ import annotations

import struct

import pytest

from seismo.base.layout import (
    S8,
    S16,
    S32,
    S64,
    U8,
    U16,
    U32,
    U64,
    Array,
    Blob,
    Buffer,
    FieldType,
    Int,
    Layout,
    Symbolic,
    Text,
)
from seismo.base.source import NOWHERE
from seismo.events.decode import (
    DecodeError,
    Reading,
    decoder,
    layout_decoder,
    value_decoder,
)
from seismo.events.kinds import Action, EventLayout, event_layout

BOOL = Int(1, signed=False, shown="bool")


def event(number: int, *types: FieldType) -> EventLayout:
    layout = event_layout(f"e{number}", [(str(at), type_) for at, type_ in enumerate(types)])
    return EventLayout(id=number, action=Action.PRINTF, layout=layout, span=NOWHERE)


@pytest.mark.parametrize(
    ("type_", "data", "value"),
    [
        (U8, b"\xff", 255),
        (S8, b"\xff", -1),
        (U16, struct.pack("=H", 0xFFFE), 0xFFFE),
        (S16, struct.pack("=h", -2), -2),
        (U32, struct.pack("=I", 0xFFFFFFFF), 0xFFFFFFFF),
        (S32, struct.pack("=i", -(1 << 31)), -(1 << 31)),
        (U64, b"\xff" * 8, (1 << 64) - 1),
        (S64, b"\xff" * 8, -1),
        (Int(8, signed=False, shown="pointer"), struct.pack("=Q", 0x1000), 0x1000),
        (Text(4), b"ab\0c", "ab"),
        (Text(4), b"\0\0\0\0", ""),
        (Text(4), b"abcd", "abcd.."),
        (Text(4), "é".encode() + b"\0\0", "é"),
        (Text(2), b"\xff\0", "\udcff"),
        (Blob(3), b"a\0b", b"a\0b"),
        (Buffer(6), struct.pack("=I8s", 2, b"a\0bc"), b"a\0"),
        (Buffer(6), struct.pack("=I8s", 0, b"abc"), b""),
        (Buffer(2), struct.pack("=I4s", 99, b"abcd"), b"abcd"),
        (Buffer(8, "words"), struct.pack("=I8s", 0, b"abc"), ()),
        (Buffer(8, "words"), struct.pack("=I8s", 1, b"\0bc"), ("",)),
        (Buffer(8, "words"), struct.pack("=I8s", 6, b"ab\0\0\xff\0cd"), ("ab", "", "\udcff")),
        (Buffer(8, "words"), struct.pack("=I8s", 7, b"a\0bc..."), ("a", "bc...")),
        (Symbolic("macaddr", 8), bytes((2, 0, 0, 0, 0, 255, 9, 9)), "02:00:00:00:00:FF"),
        (Int(4, signed=True, shown="enum", names=((1, "ONE"),)), struct.pack("=i", 1), 1),
        (Array(Buffer(4), 2), struct.pack("=I4sI4s", 1, b"a", 2, b"bc"), (b"a", b"bc")),
        (Array(U16, 3), struct.pack("=3H", 1, 2, 3), (1, 2, 3)),
        (Array(Text(2), 2), b"a\0b\0", ("a", "b")),
        (Array(BOOL, 2), b"\0\x02", (False, True)),
        (Array(Array(U8, 2), 2), bytes((1, 2, 3, 4)), ((1, 2), (3, 4))),
        (Layout.of("t", [("0", U8), ("1", U16)], "tuple"), b"\x01\xee\x02\x00", (1, 2)),
        (
            Layout.of("s", [("a", U8), ("b", Layout.of("inner", [("c", Text(2))]))]),
            b"\x07x\0",
            {"a": 7, "b": {"c": "x"}},
        ),
    ],
    ids=str,
)
def test_a_value_decodes_as_its_type_says(type_: FieldType, data: bytes, value: object) -> None:
    assert value_decoder(type_)(data) == value


@pytest.mark.parametrize(("byte", "value"), [(0, False), (1, True), (2, True)])
def test_a_bool_is_true_for_any_byte_but_zero(byte: int, value: bool) -> None:
    assert value_decoder(BOOL)(bytes((byte,))) is value


def test_a_record_gives_its_arguments_without_the_id() -> None:
    decode = decoder(event(7, U8, U64, Text(8)))
    record = struct.pack("=IB3xQ8s", 7, 1, 2, b"cat")
    assert decode(record) == (1, 2, "cat")
    assert decode(memoryview(record)) == (1, 2, "cat")


def test_an_event_without_arguments_is_only_an_id() -> None:
    assert decoder(event(1))(struct.pack("=I", 1)) == ()


def test_bytes_after_the_record_do_not_matter() -> None:
    assert decoder(event(1, U32))(struct.pack("=IIQ", 1, 42, 99)) == (42,)


@pytest.mark.parametrize("size", [0, 4, 15])
def test_a_short_record_says_how_long_it_is(size: int) -> None:
    with pytest.raises(DecodeError) as caught:
        decoder(event(1, U64))(bytes(size))
    assert str(caught.value) == f"e1 takes 16 bytes, but these are {size} (at offset {size:#x})"
    assert caught.value.offset == size


def test_a_record_may_end_with_its_last_string() -> None:
    decode = decoder(event(1, U32, Text(64)))
    assert decode(struct.pack("=II4s", 1, 5, b"cat\0")) == (5, "cat")
    assert decode(struct.pack("=II1s", 1, 5, b"\0")) == (5, "")
    assert decode(struct.pack("=II64s", 1, 5, b"c" * 64)) == (5, "c" * 64 + "..")
    with pytest.raises(DecodeError, match="e1 takes 72 bytes, but these are 8"):
        decode(struct.pack("=II", 1, 5))


def test_a_record_may_end_with_its_last_buffer() -> None:
    decode = decoder(event(1, U32, Buffer(64)))
    assert decode(struct.pack("=III3s", 1, 5, 3, b"a\0b")) == (5, b"a\0b")
    assert decode(struct.pack("=III", 1, 5, 0)) == (5, b"")
    assert decode(struct.pack("=III64s", 1, 5, 64, b"c" * 64)) == (5, b"c" * 64)
    with pytest.raises(DecodeError, match="e1 takes 76 bytes, but these are 8"):
        decode(struct.pack("=II", 1, 5))


def test_a_record_may_end_with_its_last_stack() -> None:
    decode = decoder(event(1, Symbolic("kstack_t", 48, "raw")))
    assert decode(struct.pack("=I4xIIQ", 1, 0, 1, 0xABC)) == ("\nabc\n",)
    assert decode(struct.pack("=I4xII", 1, 0, 0)) == ("\n",)
    with pytest.raises(DecodeError, match="e1 takes 56 bytes, but these are 12"):
        decode(struct.pack("=I4xI", 1, 0))
    sampled = decoder(event(1, Symbolic("dw_ustack_t", 4096, "raw")))
    assert sampled(struct.pack("=I4x4I", 1, 7, 1, 0, 0)) == ("\n",)
    with pytest.raises(DecodeError, match="e1 takes 4104 bytes, but these are 20"):
        sampled(struct.pack("=I4x3I", 1, 7, 1, 0))
    with pytest.raises(DecodeError):
        decoder(event(1, Symbolic("usym_t", 16)))(struct.pack("=I4xQ", 1, 5))


def test_a_control_record_has_its_position_before_the_arguments() -> None:
    layout = event_layout("exit", [("code", S32)], is_control=True)
    exit_ = EventLayout(id=1, action=Action.EXIT, layout=layout, span=NOWHERE)
    assert decoder(exit_)(struct.pack("=I4xQi4x", 1, 4096, -7)) == (-7,)


def test_the_trailer_of_a_cut_string_can_be_chosen() -> None:
    assert value_decoder(Text(2), Reading(trailer="…"))(b"ab") == "ab…"
    assert value_decoder(Text(2), Reading(trailer=""))(b"ab") == "ab"
    assert decoder(event(1, Text(2)), Reading(trailer="!"))(b"\1\0\0\0ab\0\0") == ("ab!",)


def test_only_the_last_field_may_be_cut() -> None:
    with pytest.raises(DecodeError):
        decoder(event(1, Text(64), U32))(bytes(68))


def test_the_padding_at_the_end_belongs_to_a_record() -> None:
    decode = layout_decoder(Layout.of("key", [("a", U64), ("b", U8)]))
    assert decode(bytes(16)) == (0, 0)
    with pytest.raises(DecodeError):
        decode(bytes(9))
