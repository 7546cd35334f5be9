"""Records against ctypes: the same members of the same struct, in the same bytes."""

from __future__ import annotations

import ctypes
import string
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from seismo.api.codec import ArrayCodec, Codec, FloatCodec, IntCodec
from seismo.api.record import Field, RecordCodec

SCALARS: tuple[tuple[Any, Codec], ...] = (
    (ctypes.c_uint8, IntCodec("u8", 1, signed=False)),
    (ctypes.c_int16, IntCodec("s16", 2, signed=True)),
    (ctypes.c_uint32, IntCodec("u32", 4, signed=False)),
    (ctypes.c_int64, IntCodec("s64", 8, signed=True)),
    (ctypes.c_double, FloatCodec("double", 8)),
    (ctypes.c_bool, IntCodec("bool", 1, signed=False, is_bool=True)),
)
# Of one size, because ctypes does not lay out those of several as C does.
BIT_FIELDS: tuple[tuple[Any, Codec], ...] = (
    (ctypes.c_uint32, IntCodec("u32", 4, signed=False)),
    (ctypes.c_int32, IntCodec("s32", 4, signed=True)),
)


@st.composite
def members(draw: st.DrawFn) -> tuple[str, Any, Codec, int]:
    """Name, both types and the bits of a member; of anything but a bit-field 0."""
    name = "".join(draw(st.lists(st.sampled_from(string.ascii_lowercase), min_size=4, max_size=9)))
    shape = draw(st.sampled_from(("scalar", "array", "bits")))
    if shape == "bits":
        c_type, codec = draw(st.sampled_from(BIT_FIELDS))
        return f"m_{name}", c_type, codec, draw(st.integers(1, codec.size * 8))
    c_type, codec = draw(st.sampled_from(SCALARS))
    if shape == "array":
        count = draw(st.integers(1, 3))
        return f"m_{name}", c_type * count, ArrayCodec(codec, count), 0
    return f"m_{name}", c_type, codec, 0


def both(drawn: list[tuple[str, Any, Codec, int]]) -> tuple[Any, RecordCodec]:
    """The ctypes class, and the codec with the members where ctypes has them."""
    fields = [(name, c_type, bits) if bits else (name, c_type) for name, c_type, _, bits in drawn]
    c_struct = type("c_struct", (ctypes.Structure,), {"_fields_": fields})
    ours = []
    for name, _, codec, bits in drawn:
        place = getattr(c_struct, name)
        # Of a bit-field ctypes has the offset of its unit, and the shift in the size's low half.
        shift = place.size & 0xFFFF if bits else 0
        ours.append(Field(name, place.offset + shift // 8, codec, shift % 8, bits))
    return c_struct, RecordCodec("struct ours", ctypes.sizeof(c_struct), tuple(ours))


@given(st.lists(members(), min_size=1, max_size=8, unique_by=lambda one: one[0]), st.data())
def test_decoding_gives_what_ctypes_gives(
    drawn: list[tuple[str, Any, Codec, int]], data: st.DataObject
) -> None:
    c_struct, codec = both(drawn)
    raw = bytearray(data.draw(st.binary(min_size=codec.size, max_size=codec.size)))
    theirs = c_struct.from_buffer_copy(raw)
    record = codec.decode(raw)
    for name, c_type, _, _ in drawn:
        value, other = record[name], getattr(theirs, name)
        expected = tuple(other) if issubclass(c_type, ctypes.Array) else other
        assert repr(value) == repr(expected)


@given(st.lists(members(), min_size=1, max_size=8, unique_by=lambda one: one[0]), st.data())
def test_encoding_gives_the_bytes_of_ctypes(
    drawn: list[tuple[str, Any, Codec, int]], data: st.DataObject
) -> None:
    c_struct, codec = both(drawn)
    source = codec.decode(data.draw(st.binary(min_size=codec.size, max_size=codec.size)))
    theirs, values = c_struct(), source._asdict()
    for name, c_type, _, _ in drawn:
        is_array = issubclass(c_type, ctypes.Array)
        setattr(theirs, name, c_type(*values[name]) if is_array else values[name])
    assert bytes(codec.type(**values)) == bytes(theirs)
