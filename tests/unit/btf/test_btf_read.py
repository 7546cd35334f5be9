"""Bytes to types: the format to the byte, and what is refused."""

from __future__ import annotations

import struct

import pytest

from seismo.btf.errors import BtfError
from seismo.btf.read import Reader, read
from seismo.btf.types import (
    Array,
    Const,
    Datasec,
    DeclTag,
    Enum,
    Enum64,
    Enumerator,
    Float,
    Func,
    FuncLinkage,
    FuncProto,
    Fwd,
    Int,
    IntEncoding,
    Member,
    Param,
    Placement,
    Ptr,
    Restrict,
    Struct,
    Type,
    Typedef,
    TypeTag,
    Union,
    Var,
    VarLinkage,
    Void,
    Volatile,
)
from seismo.btf.write import StringTable, write

FLAG = 1 << 31
TYPES_START = 24


def blob(records: list[int], strings: bytes = b"\0", order: str = "<") -> bytes:
    """A blob of these 32-bit words."""
    words = struct.pack(f"{order}{len(records)}I", *records)
    header = (0xEB9F, 1, 0, TYPES_START, 0, len(words), len(words), len(strings))
    return struct.pack(f"{order}HBBIIIII", *header) + words + strings


def info(kind: int, count: int = 0, flag: int = 0) -> int:
    return flag | kind << 24 | count


NAMES = b"\0a\0bc\0"
A, BC = 1, 3

LOW = (Enumerator("bc", 5 - (1 << 63)),)

RECORDS: list[tuple[list[int], Type]] = [
    ([A, info(1), 4, 1 << 24 | 32], Int("a", 4, IntEncoding.SIGNED)),
    ([A, info(1), 4, 3 << 16 | 5], Int("a", 4, bits=5, offset=3)),
    ([A, info(1), 1, 4 << 24 | 8], Int("a", 1, IntEncoding.BOOL)),
    ([0, info(2), 1], Ptr(1)),
    ([0, info(3), 0, 1, 1, 7], Array(1, 1, 7)),
    ([BC, info(4, 1), 8, A, 1, 32], Struct("bc", 8, (Member("a", 1, 32),))),
    ([0, info(4, 1, FLAG), 8, A, 1, 3 << 24 | 37], Struct("", 8, (Member("a", 1, 37, 3),))),
    ([BC, info(5, 1), 4, 0, 1, 0], Union("bc", 4, (Member("", 1, 0),))),
    ([A, info(6, 1), 4, BC, 0xFFFF_FFFF], Enum("a", 4, (Enumerator("bc", 0xFFFF_FFFF),))),
    ([A, info(6, 1, FLAG), 4, BC, 0xFFFF_FFFF], Enum("a", 4, (Enumerator("bc", -1),), True)),
    ([A, info(7), 0], Fwd("a")),
    ([A, info(7, 0, FLAG), 0], Fwd("a", is_union=True)),
    ([A, info(8), 1], Typedef("a", 1)),
    ([0, info(9), 1], Volatile(1)),
    ([0, info(10), 0], Const(0)),
    ([0, info(11), 1], Restrict(1)),
    ([A, info(12, 1), 1], Func("a", 1, FuncLinkage.GLOBAL)),
    ([0, info(13, 2), 1, A, 1, 0, 0], FuncProto(1, (Param("a", 1), Param("", 0)))),
    ([A, info(14), 1, 2], Var("a", 1, VarLinkage.EXTERN)),
    ([A, info(15, 1), 16, 1, 8, 4], Datasec("a", 16, (Placement(1, 8, 4),))),
    ([A, info(16), 8], Float("a", 8)),
    ([A, info(17), 1, 0xFFFF_FFFF], DeclTag("a", 1)),
    ([A, info(17, 0, FLAG), 1, 2], DeclTag("a", 1, 2, is_attribute=True)),
    ([A, info(18), 1], TypeTag("a", 1)),
    ([A, info(18, 0, FLAG), 1], TypeTag("a", 1, is_attribute=True)),
    ([A, info(19, 1), 8, BC, 1, 2], Enum64("a", 8, (Enumerator("bc", 0x2_0000_0001),))),
    ([A, info(19, 1, FLAG), 8, BC, 5, 1 << 31], Enum64("a", 8, LOW, True)),
]  # fmt: skip


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize(("words", "type_"), RECORDS, ids=lambda one: type(one).__name__)
def test_each_kind_reads_and_writes_these_words(words: list[int], type_: Type, order: str) -> None:
    data = blob(words, NAMES, order)
    strings = StringTable()
    assert (strings.add("a"), strings.add("bc")) == (A, BC)
    assert read(data) == (type_,)
    assert write([type_], strings, order) == data


def test_void_is_type_0_and_has_no_record() -> None:
    reader = Reader(blob([]))
    assert reader.type(0) == Void()
    assert len(reader) == 1
    assert reader.ids == range(1, 1)
    assert reader.position(0) == 0


def test_a_longer_header_is_skipped() -> None:
    words = struct.pack("<4I", A, info(16), 8, 0)[:12]
    data = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 32, 0, 12, 12, 6) + bytes(8) + words + NAMES
    assert read(data) == (Float("a", 8),)


def test_types_are_decoded_only_when_asked_for() -> None:
    reader = Reader(blob([A, info(16), 8, 999, info(16), 8], NAMES))
    assert reader.type(1) == Float("a", 8)
    with pytest.raises(BtfError, match="no string at 0x3e7"):
        reader.type(2)


def error(data: bytes) -> BtfError:
    with pytest.raises(BtfError) as caught:
        read(data)
    return caught.value


@pytest.mark.parametrize(
    ("data", "message", "offset"),
    [
        (b"", "0 bytes are no BTF", 0),
        (b"\x7fELF" + bytes(60), "it begins with 7f45, not with eb9f", 0),
        (struct.pack("<HBBIIIII", 0xEB9F, 2, 0, 24, 0, 0, 0, 1) + b"\0", "BTF version 2", 2),
        (struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 20, 0, 0, 0, 1) + b"\0", "header of 20 bytes", 4),
        (struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 2, 0, 0, 1) + b"\0\0", "aligned to 4", 8),
        (struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, 40, 0, 1) + b"\0", "types end at 0x40", 8),
        (struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, 0, 0, 9) + b"\0", "strings end at 0x21", 16),
        (blob([], b""), "does not end with a NUL", 24),
        (blob([], b"\0a"), "does not end with a NUL", 26),
        (blob([], b"a\0"), "does not begin with the empty string", 24),
        (blob([0, info(0), 0]), "kind 0", 24),
        (blob([0, info(20), 0]), "kind 20; the last one known is 19", 24),
        (blob([0, info(2)]), "ends inside a record", 24),
        (blob([0, info(2), 0, 0, info(4, 2), 0, 0, 0, 0]), "ends inside a record", 36),
        (blob([0, info(2), 2]), "reference to type 2; ids end before 2", 24),
        (blob([0, info(4, 1), 4, 0, 2, 0]), "reference to type 2", 24),
        (blob([0, info(3), 0, 0, 2, 0]), "reference to type 2", 40),
        (blob([7, info(16), 8], NAMES), "no string at 0x7", 36),
        (blob([A, info(16), 8], b"\0\xff\0"), "no UTF-8", 37),
        (blob([A, info(16), 8], b"\0" + b"a" * 1025 + b"\0"), "more than 1024 bytes", 37),
        (blob([A, info(1), 4, 33], NAMES), "bits 0 to 33 in 4 bytes", 36),
        (blob([A, info(1), 4, 0], NAMES), "bits 0 to 0 in 4 bytes", 36),
        (blob([A, info(1), 17, 8], NAMES), "in 17 bytes", 36),
        (blob([A, info(6), 3], NAMES), "enum 'a' of 3 bytes", 24),
        (blob([A, info(16), 5], NAMES), "float 'a' of 5 bytes", 24),
        (blob([A, info(12, 3), 0], NAMES), "function linkage 3", 24),
        (blob([A, info(14), 0, 3], NAMES), "variable linkage 3", 36),
    ],
)  # fmt: skip
def test_malformed_bytes_are_refused(data: bytes, message: str, offset: int) -> None:
    caught = error(data)
    assert message in caught.what
    assert caught.offset == offset
    assert str(caught) == f"{caught.what} (at offset {offset:#x})"


def test_there_is_no_type_beyond_the_last() -> None:
    reader = Reader(blob([0, info(2), 1]))
    for id in (2, -1, 1 << 40):
        with pytest.raises(BtfError, match=f"no type {id}"):
            reader.type(id)


def test_split_btf_continues_its_base() -> None:
    base = Reader(write([Int("int", 4), Typedef("u32", 1)]))
    strings = StringTable(start=base.string_bytes)
    data = write([Ptr(2), Struct("own", 8, (Member("p", 3, 0),))], strings)
    reader = Reader(data, base)
    assert reader.ids == range(3, 5)
    assert len(reader) == 5
    assert reader.type(1) == Int("int", 4)
    assert reader.type(3) == Ptr(2)
    assert reader.type(4) == Struct("own", 8, (Member("p", 3, 0),))
    assert (reader.position(2), reader.position(4)) == (base.position(2), 36)


def test_split_btf_may_use_its_bases_strings() -> None:
    base = Reader(write([Float("double", 8)]))
    own = blob([A, info(8), 1], b"")
    assert Reader(own, base).type(2) == Typedef("double", 1)
    assert list(Reader(own, base).names()) == [(2, 8, b"double")]


def test_an_excerpt_is_cut_where_a_name_is_refused() -> None:
    reader = Reader(blob([], b"\0" + b"x" * 3000 + b"\0\xffz\0"))
    assert reader.excerpt(1) == "x" * 1024
    assert reader.excerpt(3002) == "\ufffdz"
    assert reader.excerpt(0) == ""


def test_long_texts_are_kept_once() -> None:
    reader = Reader(blob([1, info(7), 0] * 2, b"\0" + b"x" * 200 + b"\0"))
    assert reader.type(1).name is reader.type(2).name
    assert reader.excerpt(1) is reader.excerpt(1)


def test_names_that_share_their_bytes_cannot_fill_the_memory() -> None:
    long = b"\0" + b"x" * 1000 + b"\0"
    members = [word for offset in range(1, 600) for word in (offset, 0, 0)]
    reader = Reader(blob([0, info(4, 599), 8, *members], long))
    with pytest.raises(BtfError, match="strings that are other strings' ends"):
        reader.type(1)
    with pytest.raises(BtfError, match="strings that are other strings' ends"):
        for offset in range(1, 600):
            reader.excerpt(offset)


def test_strings_with_a_part() -> None:
    reader = Reader(blob([], b"\0a__b\0__\0a_b\0" + b"__" * 600 + b"\0"))
    assert list(reader.strings_with(b"__")) == ["a__b", "__"]
    assert list(reader.strings_with(b"none")) == []
