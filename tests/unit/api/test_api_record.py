"""Records: members, bytes, comparison, bit-fields, unions and open ends."""

from __future__ import annotations

import copy
import pickle

import pytest

from seismo.api.codec import ArrayCodec, BytesCodec, IntCodec, TextCodec
from seismo.api.errors import UnknownName, WrongType, WrongValue
from seismo.api.record import Field, Record, RecordCodec, codec_of

U8 = IntCodec("__u8", 1, signed=False)
U16 = IntCodec("__u16", 2, signed=False)
U32 = IntCodec("__u32", 4, signed=False)
S32 = IntCodec("int", 4, signed=True)
BOOL = IntCodec("_Bool", 1, signed=False, is_bool=True)

POINT = RecordCodec("struct point", 8, (Field("x", 0, S32), Field("y", 4, S32)))
EVENT = RecordCodec(
    "struct event",
    24,
    (
        Field("pid", 0, U32),
        Field("port", 4, U16),
        Field("at", 8, POINT),
        Field("comm", 16, TextCodec("char[8]", 8)),
    ),
)
EITHER = RecordCodec(
    "union either", 4, (Field("word", 0, U32), Field("half", 0, U16), Field("bytes", 0, U8))
)
BITS = RecordCodec(
    "struct bits",
    8,
    (
        Field("low", 0, U32, shift=0, bits=3),
        Field("next", 0, S32, shift=3, bits=5),
        Field("across", 1, U32, shift=4, bits=12),
        Field("is_on", 3, BOOL, shift=0, bits=1),
        Field("plain", 4, U32),
    ),
)
OPEN = RecordCodec(
    "struct open",
    4,
    (Field("length", 0, U32), Field("data", 4, BytesCodec("bytes", 0), is_open=True)),
)
RAW = b"\7\0\0\0\x50\0\xaa\xbb\1\0\0\0\xff\xff\xff\xffcat\0????"


def test_members_are_attributes_items_and_values_in_order() -> None:
    event = EVENT.decode(RAW)
    assert (event.pid, event.port, event.comm) == (7, 80, b"cat")
    assert (event.at.x, event.at.y) == (1, -1)
    assert event["pid"] == 7 and len(event) == 4
    assert list(event) == [7, 80, POINT.type(x=1, y=-1), b"cat"]
    assert repr(event) == "event(pid=7, port=80, at=point(x=1, y=-1), comm=b'cat')"


def test_a_record_keeps_its_padding_and_compares_without() -> None:
    event = EVENT.decode(RAW)
    same = EVENT.type(pid=7, port=80, at={"x": 1, "y": -1}, comm="cat")
    assert bytes(event) == RAW != bytes(same)
    assert event == same and hash(event) == hash(same)
    assert EVENT.encode(event, "x") == RAW
    assert event != same._replace(pid=8)


def test_what_is_not_named_is_zeros() -> None:
    assert bytes(EVENT.type()) == bytes(24)


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        EVENT.type().pid = 5  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        EVENT.type().other = 5  # type: ignore[attr-defined]


def test_the_same_struct_of_another_object_is_equal() -> None:
    other = RecordCodec("struct point", 8, POINT.fields)
    assert other.type(x=1) == POINT.type(x=1)
    assert RecordCodec("struct spot", 8, POINT.fields).type(x=1) != POINT.type(x=1)
    assert POINT.type(x=1) != (1, 0)


def test_all_members_of_a_union_can_be_read_and_one_written() -> None:
    either = EITHER.decode(b"\4\3\2\1")
    assert (either.word, either.half, either.bytes) == (0x01020304, 0x0304, 4)
    assert bytes(EITHER.type(half=0x0201)) == b"\1\2\0\0"


def test_bit_fields_are_cut_out_and_put_in() -> None:
    record = BITS.type(low=5, next=-3, across=0xABC, is_on=True, plain=9)
    assert record._asdict() == {"low": 5, "next": -3, "across": 0xABC, "is_on": True, "plain": 9}
    assert bytes(record) == bytes([0b11101_101, 0xC0, 0xAB, 1, 9, 0, 0, 0])
    assert record._replace(low=0).next == -3
    assert record.is_on is True


@pytest.mark.parametrize(("name", "value"), [("low", 8), ("low", -1), ("next", 16), ("next", -17)])
def test_a_bit_field_has_only_its_bits(name: str, value: int) -> None:
    with pytest.raises(WrongValue, match="does not fit"):
        BITS.type(**{name: value})


def test_an_open_member_takes_what_is_left() -> None:
    record = OPEN.decode(b"\2\0\0\0abc")
    assert (record.length, record.data, bytes(record)) == (2, b"abc", b"\2\0\0\0abc")
    assert OPEN.decode(b"\2\0\0\0").data == b""
    assert bytes(OPEN.type(length=1, data=b"xy")) == b"\1\0\0\0xy"


def test_an_open_member_may_have_elements() -> None:
    field = Field("numbers", 4, U16, is_open=True)
    codec = RecordCodec("struct open", 4, (Field("length", 0, U32), field))
    assert codec.decode(b"\2\0\0\0\1\0\2\0\3").numbers == (1, 2)
    assert bytes(codec.type(numbers=[5])) == b"\0\0\0\0\5\0"


@pytest.mark.parametrize("value", [{"x": 1, "y": 2}, (1, 2), [1, 2], POINT.type(x=1, y=2)])
def test_a_record_may_be_given_as(value: object) -> None:
    assert POINT.encode(value, "x") == b"\1\0\0\0\2\0\0\0"


def test_a_wrong_member_has_a_near_one() -> None:
    with pytest.raises(UnknownName, match=r"no member 'comn' in struct event\nhint: .* 'comm'"):
        EVENT.type(comn=b"")
    with pytest.raises(KeyError):
        EVENT.type()["comn"]


def test_a_wrong_value_names_its_member() -> None:
    with pytest.raises(WrongValue, match="struct event: member 'at': member 'x': 4294967296"):
        EVENT.type(at={"x": 1 << 32})


@pytest.mark.parametrize("value", [7, "xy", EITHER.type()])
def test_what_is_no_such_record_is_refused(value: object) -> None:
    with pytest.raises(WrongType, match="x must be struct point"):
        POINT.encode(value, "x")


@pytest.mark.parametrize("value", [(1,), b"abc"])
def test_what_is_of_another_length_is_refused(value: object) -> None:
    with pytest.raises(WrongValue, match="x: struct point has"):
        POINT.encode(value, "x")


def test_too_few_bytes_are_refused_and_more_left_alone() -> None:
    with pytest.raises(WrongValue, match="struct point has 8 bytes, not 7"):
        POINT.decode(bytes(7))
    assert bytes(POINT.type.from_bytes(b"\1" + bytes(20))) == b"\1" + bytes(7)
    assert POINT.decode(bytes(4) + b"\1" + bytes(7), 4).x == 1


def test_a_member_called_as_a_method_is_an_item() -> None:
    codec = RecordCodec("struct odd", 4, (Field("_replace", 0, U32),))
    record = codec.type(_replace=5)
    assert record["_replace"] == 5 and record._replace(_replace=6)["_replace"] == 6


def test_a_member_that_means_something_to_python_is_an_item() -> None:
    codec = RecordCodec("struct odd", 8, (Field("__bool__", 0, U32), Field("__pad", 4, U32)))
    record = codec.type(__pad=5)
    assert record and record["__bool__"] == 0 and getattr(record, "__pad") == 5


def test_records_are_copied_and_pickled() -> None:
    pair = ArrayCodec(POINT, 2)
    codec = RecordCodec("struct line", 20, (Field("ends", 0, pair), Field("id", 16, U32)))
    record = codec.type(ends=[{"x": 1}, {"x": 2}], id=7)
    one, two = pickle.loads(pickle.dumps([record, record._replace(id=8)]))
    assert one == record and bytes(one) == bytes(record) and {record: 5}[one] == 5
    assert type(one) is type(two) and two.ends[1].x == 2 and two.id == 8
    assert copy.copy(record) == record and copy.deepcopy(record) is record


def test_the_class_is_a_record_and_has_its_codec() -> None:
    assert issubclass(POINT.type, Record) and codec_of(POINT.type) is POINT
    assert POINT.type.__name__ == "point"
