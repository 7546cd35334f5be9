"""String literals: escapes, bytes, and back."""

from __future__ import annotations

import pytest

from seismo.base.source import Source, Span
from seismo.lang.errors import LexError
from seismo.lang.literals import integer_value, quote, string_bytes, string_value
from seismo.lang.tokens import Token, TokenKind


def token(text: str, kind: TokenKind = TokenKind.STRING) -> Token:
    source = Source("t", f"BEGIN {{ {text} }}")
    return Token(kind, text, Span(source, 8, 8 + len(text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'""', b""),
        (r'"plain"', b"plain"),
        (r'"\n\t\r\"\\"', b'\n\t\r"\\'),
        (r'"\x41\x4"', b"A\x04"),
        (r'"\X41"', b"A"),
        (r'"\101\7\0"', b"A\x07\x00"),
        (r'"\1011"', b"A1"),
        (r'"\xff"', b"\xff"),
        (r'"\xc3\xa9"', "é".encode()),
        ('"é"', "é".encode()),
        (r'"%d\n"', b"%d\n"),
    ],
)
def test_escapes(text: str, expected: bytes) -> None:
    assert string_bytes(string_value(token(text))) == expected


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        (r'"ab\q"', 12, r"'\q' is no escape"),
        (r'"\xg"', 10, r"'\x' is no escape"),
        (r'"a\8"', 11, r"'\8' is no escape"),
        (r'"\777"', 10, r"'\777' is more than a byte"),
        (r'"\n\a"', 12, r"'\a' is no escape"),
    ],
)
def test_wrong_escapes(text: str, column: int, message: str) -> None:
    with pytest.raises(LexError) as caught:
        string_value(token(text))
    assert caught.value.message == message
    assert caught.value.span.location.column == column
    assert r"\x7f" in caught.value.hint


def test_a_lone_surrogate_is_no_text() -> None:
    for text in ('"\ud800"', '"\\n\ud800"'):
        with pytest.raises(LexError, match="not Unicode"):
            string_value(token(text))


@pytest.mark.parametrize("value", ["", "a", 'say "hi"\n', "\\", "é\t", "\x00\x1f1", "\udcff"])
def test_quoted_reads_back(value: str) -> None:
    assert string_value(token(quote(value))) == value


def test_number_error_has_the_tokens_span() -> None:
    with pytest.raises(LexError) as caught:
        integer_value(token("1x", TokenKind.NUMBER))
    assert str(caught.value.span.location) == "t:1:9"
    assert caught.value.message == "'1x' is not an integer"
