"""Tokens tile the script: what no token covers is blank."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seismo.base.number import NumberError, parse_integer
from seismo.base.source import Source, Span
from seismo.lang.errors import LexError
from seismo.lang.lexer import BLANK, tokenize
from seismo.lang.literals import quote, string_bytes, string_value
from seismo.lang.tokens import Token, TokenKind

PIECES = (
    *("BEGIN", "t:a:b*", "u:/bin/sh:f", "{", "}", "/", "/ {", " ", "\n", "// c\n", "/* c */", ","),
    *("$x", "@m", "@", "[", "]", "(", ")", "1", "0x1f", "1ms", '"a/{"', "pid", "==", "<<=", ";"),
    *("$1", "let", "config", "#define x\n", "++", "-", ">", ".", "->", "!", "?", ":", "\t"),
)
scripts = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=60)


@given(scripts)
def test_tokens_tile_the_source(text: str) -> None:
    try:
        tokens = tokenize(Source("t", text))
    except LexError as error:
        assert 0 <= error.span.start < error.span.end <= len(text)
        return
    end = 0
    for token in tokens:
        gap = text[end : token.span.start]
        assert BLANK.fullmatch(gap) or gap.startswith("#!")
        assert token.span.text == token.text
        assert token.text or token.kind is TokenKind.END
        end = token.span.end
    assert end == len(text)


@given(
    st.text(st.characters(codec="utf-8"))
    | st.binary().map(lambda b: b.decode("utf-8", "surrogateescape"))
)
def test_quoted_strings_read_back(value: str) -> None:
    text = quote(value)
    token = Token(TokenKind.STRING, text, Span(Source("t", text), 0, len(text)))
    assert string_bytes(string_value(token)) == string_bytes(value)
    assert tokenize(Source("t", f"BEGIN {{ {text} }}"))[2].text == text


@given(
    st.integers(0, 2**64 - 1), st.sampled_from(["{}", "{:#x}", "{:#X}", "{:_}", "{}ull", "{:#x}UL"])
)
def test_integers_read_back(value: int, form: str) -> None:
    assert parse_integer(form.format(value)).value == value


@given(st.text("0123456789_xeulmsabcdf", max_size=12))
def test_any_text_is_an_integer_or_refused(text: str) -> None:
    try:
        integer = parse_integer(text)
    except NumberError as error:
        assert error.message
        return
    assert 0 <= integer.value < 2**64
