"""Keys and leaves as text, and back."""

from __future__ import annotations

import ctypes as ct
from typing import Any

import pytest

from seismo.bcc.table.text import read_text, write_text


class Inner(ct.Structure):
    _fields_ = (("low", ct.c_int16), ("high", ct.c_uint8))


class Key(ct.Structure):
    _fields_ = (
        *(("pid", ct.c_int32), ("__pad_1", ct.c_ubyte * 4), ("comm", ct.c_char * 8)),
        *(("words", ct.c_uint32 * 2), ("inner", Inner)),
    )


PAIRS: list[tuple[Any, str]] = [
    (ct.c_uint32(31), "0x1f"),
    (ct.c_int16(-1), "0xffff"),
    ((ct.c_uint64 * 2)(1, 2), "[ 0x1 0x2 ]"),
    ((ct.c_ubyte * 4)(65, 66), '"AB"'),
    (
        Key(pid=-2, comm=b"a cat", words=(3, 4), inner=Inner(5, 6)),
        '{ 0xfffffffe "a cat" [ 0x3 0x4 ] { 0x5 0x6 } }',
    ),
]


@pytest.mark.parametrize(("value", "text"), PAIRS)
def test_there_and_back(value: Any, text: str) -> None:
    assert write_text(value) == text
    assert bytes(read_text(type(value), text)) == bytes(value)


@pytest.mark.parametrize(("text", "number"), [("10", 10), ("0x10", 16), ("-1", 0xFFFFFFFF)])
def test_numbers_may_have_any_base(text: str, number: int) -> None:
    assert read_text(ct.c_uint32, text).value == number


@pytest.mark.parametrize(
    ("class_", "text"),
    [
        (ct.c_uint32, ""),
        (ct.c_uint32, "x"),
        (ct.c_uint32, "1 2"),
        (Inner, "1 2"),
        (Inner, "{ 1 }"),
        (Inner, "{ 1 2"),
        (ct.c_uint64 * 2, "[ 1 ]"),
        (ct.c_char * 2, '"abc"'),
    ],
)
def test_other_texts_are_refused(class_: Any, text: str) -> None:
    with pytest.raises(ValueError, match=r"left over|was due|invalid literal|characters"):
        read_text(class_, text)
