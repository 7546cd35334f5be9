"""What each printf conversion writes for each type, and which types it refuses."""

from __future__ import annotations

from collections.abc import Sequence

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
from seismo.events.formatter import Formatter
from seismo.events.printf import PrintfError

BOOL = Int(1, signed=False, shown="bool")
POINTER = Int(8, signed=False, shown="pointer")
ENUM = Int(4, signed=True, shown="enum", names=((0, "ZERO"), (2, "TWO")))


def render(format_: str, *arguments: tuple[FieldType, object]) -> str:
    formatter = Formatter(format_, [type_ for type_, _ in arguments])
    return formatter.render([value for _, value in arguments])  # type: ignore[misc]


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        ("", ""),
        ("hello\n", "hello\n"),
        ("100%", "100%"),
        ("100%%\n", "100%\n"),
        ("%5%|", "%|"),
        ("%%d", "%d"),
        ("50% \n", "50% \n"),
    ],
)
def test_text_without_arguments(format_: str, text: str) -> None:
    assert render(format_) == text


@pytest.mark.parametrize(
    ("format_", "type_", "value", "text"),
    [
        # Without a length the low 32 bits count, whatever the type.
        ("%x", U64, 0x12345678ABCDEF, "78abcdef"),
        ("%d", U64, 0xFFFFFFFF, "-1"),
        ("%d", S64, 1 << 31, "-2147483648"),
        ("%u", S64, -1, "4294967295"),
        ("%u", S8, -1, "4294967295"),
        ("%d", U32, 0xFFFFFFFF, "-1"),
        ("%d", U16, 0xFFFF, "65535"),
        ("%d", S32, -7, "-7"),
        ("%i", S32, -7, "-7"),
        ("%x", POINTER, 0xFFFF888000001000, "1000"),
        # A length selects the width.
        ("%lx", U64, 0x12345678ABCDEF, "12345678abcdef"),
        ("%llX", U64, 0xABCDEF, "ABCDEF"),
        ("%lld", S64, -(1 << 63), "-9223372036854775808"),
        ("%lld", U64, (1 << 64) - 1, "-1"),
        ("%lu", S64, -1, "18446744073709551615"),
        ("%zu", S32, -1, "18446744073709551615"),
        ("%jd", S16, -3, "-3"),
        ("%td", U32, 0xFFFFFFFF, "4294967295"),
        ("%hd", S32, 0x18000, "-32768"),
        ("%hu", S32, -1, "65535"),
        ("%hhd", U8, 255, "-1"),
        ("%hhx", S32, 0x1FF, "ff"),
        # Flags, width and precision are C's.
        ("%5d|", S32, -42, "  -42|"),
        ("%-5d|", S32, 42, "42   |"),
        ("%05d", S32, -42, "-0042"),
        ("%-05d|", S32, 42, "42   |"),
        ("%+d", S32, 42, "+42"),
        ("% d", S32, 42, " 42"),
        ("%+u", U32, 42, "42"),
        ("%#x", U32, 0, "0"),
        ("%#x", U32, 255, "0xff"),
        ("%#X", U32, 255, "0XFF"),
        ("%#010x", U32, 255, "0x000000ff"),
        ("%#o", U32, 8, "010"),
        ("%#o", U32, 0, "0"),
        ("%o", U32, 8, "10"),
        ("%.0d|", S32, 0, "|"),
        ("%05.3d|", S32, 5, "  005|"),
        ("%d", BOOL, True, "1"),
        ("%x", BOOL, False, "0"),
    ],
)
def test_integers(format_: str, type_: FieldType, value: int, text: str) -> None:
    assert render(format_, (type_, value)) == text


@pytest.mark.parametrize(
    ("format_", "type_", "value", "text"),
    [
        ("%s", Text(16), "cat", "cat"),
        ("%s", Text(16), "100%d", "100%d"),
        ("%8s|", Text(16), "cat", "     cat|"),
        ("%-8s|", Text(16), "cat", "cat     |"),
        ("%2s|", Text(16), "cat", "cat|"),
        ("%-10.10s|", Text(32), "a-long-command", "a-long-command|"),
        ("%-6s|", Text(16), "é", "é    |"),
        ("%6s|", Text(16), "\udcff", "     \udcff|"),
        ("%s", U64, (1 << 64) - 1, "18446744073709551615"),
        ("%5s|", S32, -1, "   -1|"),
        ("%s", BOOL, True, "true"),
        ("%-6s|", BOOL, False, "false |"),
        ("%s", POINTER, 0xDEAD, "0xdead"),
        ("%s", Blob(2), b"a\0", r"a\x00"),
        ("%5s|", Buffer(8), b"a\0", r"a\x00|"),
        ("%-6s|", Buffer(8, "words"), ("a", "bc"), "a bc  |"),
        ("%s", ENUM, 2, "TWO"),
        ("%-5s|", ENUM, 0, "ZERO |"),
        ("%s", ENUM, 1, "1"),
        ("%9s|", Symbolic("inet", 20), "10.0.0.1", " 10.0.0.1|"),
        ("%s", Layout.of("s", [("e", ENUM)]), {"e": 2}, "{ .e = TWO }"),
        ("%s", Array(U8, 2), (1, 2), "[1,2]"),
        ("%9s|", Layout.of("t", [("0", U8), ("1", U8)], "tuple"), (1, 2), "   (1, 2)|"),
        ("%s", Layout.of("s", [("a", U8)]), {"a": 1}, "{ .a = 1 }"),
    ],
)
def test_any_value_as_a_string(format_: str, type_: FieldType, value: object, text: str) -> None:
    assert render(format_, (type_, value)) == text


@pytest.mark.parametrize(
    ("format_", "type_", "value", "text"),
    [
        ("%c", U8, 65, "A"),
        ("%c", S32, 0x141, "A"),
        ("%3c|", U8, 65, "  A|"),
        ("%c", U8, 0xFF, "\udcff"),
        ("%p", POINTER, 0xFFFF888000001000, "0xffff888000001000"),
        ("%p", U64, 0, "0x0"),
        ("%p", S64, -1, "0xffffffffffffffff"),
        ("%-8p|", U64, 16, "0x10    |"),
        ("%d", ENUM, 2, "2"),
        ("%r", Buffer(8), b"ab\x01", r"ab\x01"),
        ("%rx", Buffer(8), b"ab", r"\x61\x62"),
        ("%rh", Buffer(8), b"", ""),
        ("%6rh|", Buffer(8), b"ab", " 61 62|"),
        ("%r", Blob(3), b"ab\x01", r"ab\x01"),
        ("%rx", Blob(3), b"ab\x01", r"\x61\x62\x01"),
        ("%rh", Blob(3), b"ab\x01", "61 62 01"),
        ("%-10rh|", Blob(2), b"ab", "61 62     |"),
        ("%r", Array(U8, 3), (97, 98, 1), r"ab\x01"),
        ("%rh", Array(S8, 2), (-1, 1), "ff 01"),
        ("%rh", Array(U16, 2), (0x6161, 0x6262), "61 61 62 62"),
        ("%gr", U32, 0xCC0, "GFP_KERNEL"),
    ],
)
def test_other_conversions(format_: str, type_: FieldType, value: object, text: str) -> None:
    assert render(format_, (type_, value)) == text


@pytest.mark.parametrize(
    ("format_", "arguments", "text"),
    [
        ("%*d|", [(S32, 5), (S32, 42)], "   42|"),
        ("%*d|", [(S32, -5), (S32, 42)], "42   |"),
        ("%-*d|", [(S32, -5), (S32, 42)], "42   |"),
        ("%.*d|", [(S32, 3), (S32, 5)], "005|"),
        ("%05.*d|", [(S32, -1), (S32, 5)], "00005|"),
        ("%*.*x|", [(S32, 6), (S32, 4), (U32, 255)], "  00ff|"),
        ("%*s|", [(U64, 5), (Text(8), "ab")], "   ab|"),
        ("%-*s|", [(U64, 5), (Text(8), "ab")], "ab   |"),
        ("%.*s|", [(U64, 1), (Text(8), "ab")], "ab|"),
        ("%*d|", [(U32, 0xFFFFFFFD), (S32, 7)], "7  |"),
        ("%*d %s", [(S32, 3), (S32, 1), (Text(4), "x")], "  1 x"),
    ],
)
def test_star_takes_an_argument(
    format_: str, arguments: Sequence[tuple[FieldType, object]], text: str
) -> None:
    assert render(format_, *arguments) == text


def test_a_star_cannot_ask_for_more_than_the_widest() -> None:
    assert len(render("%*d", (S32, 0x7FFFFFFF), (S32, 1))) == 0xFFFF


def test_many_arguments_keep_their_order() -> None:
    types = (Text(16), U64, Int(1, signed=False, shown="bool"), S32)
    formatter = Formatter("%-6s %llu %s %%%d\n", types)
    assert formatter.render(("cat", 1 << 40, True, -1)) == "cat    1099511627776 true %-1\n"
    assert formatter.render(("dog", 0, False, 5)) == "dog    0 false %5\n"


@pytest.mark.parametrize(
    ("format_", "types", "message", "span"),
    [
        ("%d", [], "the format takes 1 arguments, but 0 are given", (0, 2)),
        ("%d", [S32, S32], "the format takes 1 arguments, but 2 are given", (0, 2)),
        ("%*d", [S32], "the format takes 2 arguments, but 1 are given", (0, 3)),
        (
            "%s: %5d",
            [Text(4), Text(8)],
            "%5d takes an integer, a bool or a pointer, but char[8] is given",
            (4, 7),
        ),
        (
            "%r",
            [Text(8)],
            "%r takes a buffer or an array of integers, but char[8] is given",
            (0, 2),
        ),
        (
            "%*s",
            [Text(8), Text(8)],
            "%*s takes an integer, a bool or a pointer, but char[8] is given",
            (0, 3),
        ),
    ],
)
def test_types_that_do_not_fit(
    format_: str, types: list[FieldType], message: str, span: tuple[int, int]
) -> None:
    with pytest.raises(PrintfError) as caught:
        Formatter(format_, types)
    assert str(caught.value) == message
    assert (caught.value.start, caught.value.end) == span
