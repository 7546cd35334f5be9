"""What does not fit the format, and the string table."""

from __future__ import annotations

import pytest

from seismo.btf.errors import BtfError
from seismo.btf.read import Reader
from seismo.btf.types import (
    Enum,
    Enum64,
    Enumerator,
    FuncProto,
    Int,
    Member,
    Param,
    Ptr,
    Struct,
    Type,
    Void,
)
from seismo.btf.write import StringTable, write


@pytest.mark.parametrize(
    ("type_", "message"),
    [
        (Void(), "void does not fit: void is type 0 of any BTF and has no record"),
        (Ptr(1 << 32), "pointer does not fit"),
        (Int("huge", 1 << 32, bits=64), "huge does not fit"),
        (Enum("e", 4, (Enumerator("A", -1),)), "enum e does not fit"),
        (Enum("e", 4, (Enumerator("A", 1 << 31),), signed=True), "enum e does not fit"),
        (Enum64("e", 8, (Enumerator("A", 1 << 64),)), "enum64 e does not fit"),
        (Struct("s", 8, (Member("a", 1, 1 << 24, 3),)), "bit-field a of 3 bits at 16777216"),
        (Struct("s", 8, (Member("a", 1, 0, 256),)), "bit-field a of 256 bits at 0"),
        (FuncProto(0, (Param("", 1),) * 65536), "65536 members, more than 65535"),
    ],
)
def test_what_does_not_fit_is_refused_where_it_would_stand(type_: Type, message: str) -> None:
    with pytest.raises(BtfError, match=message) as caught:
        write([Ptr(0), type_])
    assert caught.value.offset == 24 + 12


def test_a_wide_struct_without_bit_fields_has_offsets_of_32_bits() -> None:
    wide = Struct("wide", 1 << 28, (Member("a", 0, (1 << 31) + 8),))
    assert Reader(write([wide])).type(1) == wide


def test_a_string_is_stored_once() -> None:
    strings = StringTable()
    assert [strings.add(text) for text in ("", "int", "é", "int")] == [0, 1, 5, 1]
    assert bytes(strings) == b"\0int\0\xc3\xa9\0"


def test_strings_of_split_btf_count_on() -> None:
    strings = StringTable(start=100)
    assert [strings.add(text) for text in ("", "own", "own")] == [0, 100, 100]
    assert bytes(strings) == b"own\0"


def test_a_name_holds_no_nul() -> None:
    with pytest.raises(BtfError, match="has a NUL in it"):
        write([Int("a\0b", 4)])
