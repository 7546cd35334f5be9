"""The default text of a value of every type, and of map keys."""

from __future__ import annotations

import pytest

from seismo.base.layout import (
    S32,
    U8,
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
from seismo.events.value import Value, escape_bytes, key_texter, texter

POINTER = Int(8, signed=False, shown="pointer")
BOOL = Int(1, signed=False, shown="bool")
PAIR = Layout.of("pair", [("0", U32), ("1", Text(8))], "tuple")
STRUCT = Layout.of("s", [("a", U32), ("b", PAIR)])


@pytest.mark.parametrize(
    ("type_", "value", "text"),
    [
        (S32, -5, "-5"),
        (U64, (1 << 64) - 1, "18446744073709551615"),
        (BOOL, True, "true"),
        (BOOL, False, "false"),
        (POINTER, 0xFFFF888000000000, "0xffff888000000000"),
        (POINTER, 0, "0x0"),
        (Text(8), "cat", "cat"),
        (Blob(3), b"a\x00\xff", r"a\x00\xff"),
        (Buffer(8), b"a\x00\xff", r"a\x00\xff"),
        (Buffer(8, "words"), ("ls", "a b", "", "c"), "ls a b  c"),
        (Buffer(8, "words"), (), ""),
        (Symbolic("ksym_t", 8), "vfs_read", "vfs_read"),
        (Int(4, True, "enum", ((7, "SEVEN"),)), 7, "SEVEN"),
        (Int(4, True, "enum", ((7, "SEVEN"),)), -1, "-1"),
        (Array(U8, 3), (1, 2, 3), "[1,2,3]"),
        (Array(PAIR, 2), ((1, "a"), (2, "b")), "[(1, a),(2, b)]"),
        (PAIR, (1, "a"), "(1, a)"),
        (Layout.of("t", [], "tuple"), (), "()"),
        (Layout.of("t", [("0", PAIR), ("1", BOOL)], "tuple"), ((1, "a"), True), "((1, a), true)"),
        (STRUCT, {"a": 1, "b": (2, "x")}, "{ .a = 1, .b = (2, x) }"),
        (Layout.of("s", []), {}, "{}"),
        (Layout.of("s", [("p", Array(POINTER, 2))]), {"p": (1, 2)}, "{ .p = [0x1,0x2] }"),
    ],
    ids=str,
)
def test_the_default_text_of(type_: FieldType, value: Value, text: str) -> None:
    assert texter(type_)(value) == text


def test_spaces_inside_can_be_left_out_but_not_those_of_strings() -> None:
    assert texter(STRUCT, "")({"a": 1, "b": (2, "x y")}) == "{.a=1,.b=(2,x y)}"


@pytest.mark.parametrize(
    ("types", "key", "text"),
    [
        ([U32], (1,), "1"),
        ([U32, Text(8)], (1, "a b"), "1, a b"),
        ([PAIR], ((1, "a"),), "1, a"),
        ([PAIR, U32], ((1, "a"), 2), "(1, a), 2"),
        ([Text(16)], ("(sd-pam)",), "(sd-pam)"),
        ([STRUCT], ({"a": 1, "b": (2, "x")},), "{ .a = 1, .b = (2, x) }"),
    ],
)
def test_a_key_drops_the_parentheses_of_its_tuple(
    types: list[FieldType], key: tuple[Value, ...], text: str
) -> None:
    layout = Layout.of("key", [(str(at), type_) for at, type_ in enumerate(types)], "tuple")
    assert key_texter(layout)(key) == text


def test_bytes_are_escaped_outside_printable_ascii() -> None:
    assert escape_bytes(bytes((0x1F, 0x20, 0x41, 0x5C, 0x7E, 0x7F))) == r"\x1f A\~\x7f"
