"""Constants: the types of integers, characters, strings with escapes."""

from __future__ import annotations

import pytest

from seismo.base.source import NOWHERE
from seismo.c.sema.errors import CheckError
from seismo.c.sema.literals import character_literal, integer_literal, string_literal
from seismo.c.types import CHAR, INT, LONG, S64, U32, U64, UNSIGNED_LONG, Array, Integer


@pytest.mark.parametrize(
    ("text", "value", "type_"),
    [
        ("0", 0, INT),
        ("2147483647", 2**31 - 1, INT),
        ("2147483648", 2**31, LONG),
        ("4294967295", 2**32 - 1, LONG),
        ("0x7fffffff", 2**31 - 1, INT),
        ("0xffffffff", 2**32 - 1, U32),
        ("0x100000000", 2**32, LONG),
        ("0xffffffffffffffff", 2**64 - 1, UNSIGNED_LONG),
        ("017", 15, INT),
        ("037777777777", 2**32 - 1, U32),
        ("0b101", 5, INT),
        ("1u", 1, U32),
        ("4294967296U", 2**32, UNSIGNED_LONG),
        ("1L", 1, LONG),
        ("1LL", 1, S64),
        ("1ul", 1, UNSIGNED_LONG),
        ("1LU", 1, UNSIGNED_LONG),
        ("1ull", 1, U64),
        ("1LLU", 1, U64),
        ("0x8000000000000000LL", 2**63, U64),
        ("18446744073709551615ULL", 2**64 - 1, U64),
    ],
)
def test_an_integer_has_the_first_type_that_holds_it(text: str, value: int, type_: Integer) -> None:
    made = integer_literal(text, NOWHERE)
    assert (made.value, made.type) == (value, type_)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("9223372036854775808", "9223372036854775808 does not fit", "write it with ULL"),
        ("0x10000000000000000", "0x10000000000000000 does not fit", "the largest constant"),
        ("08", "'08' is no integer constant", ""),
        ("1lul", "'1lul' is no integer constant", ""),
        ("0x", "'0x' is no integer constant", ""),
    ],
)
def test_what_is_no_integer(text: str, message: str, hint: str) -> None:
    with pytest.raises(CheckError) as raised:
        integer_literal(text, NOWHERE)
    assert raised.value.message.startswith(message)
    assert raised.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a'", 97),
        (r"'\0'", 0),
        (r"'\n'", 10),
        (r"'\\'", 92),
        (r"'\''", 39),
        (r"'\xff'", -1),
        (r"'\377'", -1),
        (r"'\x7f'", 127),
        ("'ab'", 0x6162),
    ],
)
def test_a_character_is_an_int(text: str, value: int) -> None:
    made = character_literal(text, NOWHERE)
    assert (made.value, made.type) == (value, INT)


@pytest.mark.parametrize("text", ["''", "L'a'", "'abcde'", "'é€'"])
def test_what_is_no_character(text: str) -> None:
    with pytest.raises(CheckError, match="no character of one byte"):
        character_literal(text, NOWHERE)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('""', b"\0"),
        ('"abc"', b"abc\0"),
        (r'"a\tb\x41\1012\e"', b"a\tbAA2\x1b\0"),
        (r'"\x1" "2"', b"\x012\0"),
        (r'"say \"hi\"" "!"', b'say "hi"!\0'),
        ('"é"', "é".encode() + b"\0"),
        (r'"\u00e9\U0001F600"', "é😀".encode() + b"\0"),
    ],
)
def test_a_string_ends_with_nul(text: str, data: bytes) -> None:
    made = string_literal(text, NOWHERE)
    assert (made.data, made.type) == (data, Array(CHAR, len(data)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (r'"\q"', r"'\\q' is no escape of C"),
        (r'"\x"', r"'\\x' is no escape of C"),
        (r'"\u12"', r"'\\u' is no escape of C"),
        (r'"\U00110000"', r"'\\U' is no escape of C"),
        (r'"\x100"', "an escape is one byte"),
        (r'"\400"', "an escape is one byte"),
        ('L"a"', "wide characters"),
    ],
)
def test_what_is_no_string(text: str, message: str) -> None:
    with pytest.raises(CheckError, match=message):
        string_literal(text, NOWHERE)
