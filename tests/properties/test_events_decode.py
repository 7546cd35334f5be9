"""Decoding gives back what was laid out, and numpy reads the same bytes the same way."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seismo.base.layout import Array, Blob, Buffer, FieldType, Int, Layout, Text
from seismo.events.arrays import dtype_of
from seismo.events.decode import PLAIN, DecodeError, layout_decoder

INTS = st.builds(
    Int,
    st.sampled_from([1, 2, 4, 8]),
    st.booleans(),
    st.sampled_from(["int", "pointer"]),
) | st.just(Int(1, signed=False, shown="bool"))
LEAVES = (
    INTS
    | st.builds(Text, st.integers(1, 20), st.sampled_from([1, 8]))
    | st.builds(Blob, st.integers(1, 20))
    | st.builds(Buffer, st.integers(1, 20))
)


def layout_of(types: list[FieldType], kind: str) -> Layout:
    return Layout.of("layout", [(f"f{at}", type_) for at, type_ in enumerate(types)], kind)


def layouts_of(types: st.SearchStrategy[FieldType]) -> st.SearchStrategy[Layout]:
    return st.builds(
        layout_of, st.lists(types, min_size=1, max_size=4), st.sampled_from(["struct", "tuple"])
    )


TYPES = st.recursive(
    LEAVES,
    lambda inner: st.builds(Array, inner, st.integers(1, 4)) | layouts_of(inner),
    max_leaves=8,
)
LAYOUTS = layouts_of(TYPES)


def read(type_: FieldType, data: bytes) -> Any:
    """What bytes mean, said once more and slowly."""
    match type_:
        case Int():
            value = int.from_bytes(
                data, "little" if struct.pack("=H", 1)[0] else "big", signed=type_.signed
            )
            return value != 0 if type_.shown == "bool" else value
        case Text():
            head, nul, _ = data.partition(b"\0")
            return head.decode("utf-8", "surrogateescape") + ("" if nul else PLAIN.trailer)
        case Blob():
            return data
        case Buffer():
            return data[4:][: struct.unpack("=I", data[:4])[0]]
        case Array(element, count):
            size = element.size
            return tuple(read(element, data[at * size : (at + 1) * size]) for at in range(count))
        case Layout():
            members = {f.name: read(f.type, data[f.offset : f.end]) for f in type_.fields}
            return members if type_.kind == "struct" else tuple(members.values())


def from_numpy(type_: FieldType, value: Any) -> Any:
    match type_:
        case Int():
            return value.item()
        case Text():
            # numpy drops the NULs at the end: a shorter value had one.
            had_nul = len(value) < type_.size or b"\0" in value
            text = bytes(value).partition(b"\0")[0].decode("utf-8", "surrogateescape")
            return text if had_nul else text + PLAIN.trailer
        case Blob():
            return value.tobytes()
        case Buffer():
            return value["bytes"].tobytes()[: int(value["count"])]
        case Array():
            return tuple(from_numpy(type_.element, one) for one in value)
        case Layout():
            members = {f.name: from_numpy(f.type, value[f.name]) for f in type_.fields}
            return members if type_.kind == "struct" else tuple(members.values())


@st.composite
def layouts_with_bytes(draw: st.DrawFn, records: int = 1) -> tuple[Layout, bytes]:
    layout = draw(LAYOUTS)
    size = layout.size * records
    return layout, draw(st.binary(min_size=size, max_size=size))


@given(layouts_with_bytes())
def test_decoding_reads_every_field_where_the_layout_puts_it(case: tuple[Layout, bytes]) -> None:
    layout, data = case
    expected = tuple(read(field.type, data[field.offset : field.end]) for field in layout.fields)
    assert layout_decoder(layout)(data) == expected
    assert layout_decoder(layout)(memoryview(data)) == expected


@given(layouts_with_bytes(), st.data())
def test_a_record_that_is_too_short_is_refused(
    case: tuple[Layout, bytes], data: st.DataObject
) -> None:
    layout, record = case
    short = data.draw(st.integers(0, layout.size - 1))
    with pytest.raises(DecodeError) as caught:
        layout_decoder(layout)(record[:short])
    assert caught.value.offset == short


@given(layouts_with_bytes(records=3))
def test_numpy_reads_what_the_decoder_reads(case: tuple[Layout, bytes]) -> None:
    layout, data = case
    dtype = dtype_of(layout)
    assert dtype.itemsize == layout.size
    decode = layout_decoder(layout)
    for at, row in enumerate(np.frombuffer(data, dtype)):
        decoded = decode(data[at * layout.size :])
        assert tuple(from_numpy(f.type, row[f.name]) for f in layout.fields) == decoded
