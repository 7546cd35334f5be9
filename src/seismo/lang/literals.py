"""What literal tokens mean: integers and strings.

A string is kept as text whose UTF-8 encoding (`surrogateescape`) is the bytes it stands for, so
that `"\\xff"`, which is no UTF-8, survives: `string_bytes(string_value(token))`.
"""

from __future__ import annotations

import re

from seismo.base.number import Integer, NumberError, parse_integer
from seismo.base.source import Span
from seismo.lang.errors import LexError
from seismo.lang.tokens import Token

__all__ = ("integer_value", "quote", "string_bytes", "string_value")

_SIMPLE = {"n": b"\n", "t": b"\t", "r": b"\r", '"': b'"', "\\": b"\\"}
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|(.))")
_ESCAPES = r"escapes are \n \t \r \" \\ \123 (octal) \x7f"


def integer_value(token: Token) -> Integer:
    """The value of a NUMBER token; LexError when it is malformed or out of range."""
    try:
        return parse_integer(token.text)
    except NumberError as error:
        raise LexError(token.span, error.message, error.hint) from None


def string_value(token: Token) -> str:
    """The text of a STRING token, its escapes applied; LexError at a wrong escape."""
    body = token.text[1:-1]
    try:
        if "\\" not in body:
            string_bytes(body)
            return body
        return _unescape(body, token).decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        hint = r"write the bytes as \xhh escapes"
        raise LexError(token.span, "the string is not Unicode text", hint) from None


def _unescape(body: str, token: Token) -> bytes:
    parts: list[bytes] = []
    end = 0
    for match in _ESCAPE.finditer(body):
        parts.append(string_bytes(body[end : match.start()]))
        end = match.end()
        octal, hexadecimal, char = match.groups()
        code = int(octal, 8) if octal else int(hexadecimal, 16) if hexadecimal else -1
        if code > 0xFF or (code < 0 and char not in _SIMPLE):
            start = token.span.start + 1 + match.start()
            span = Span(token.span.source, start, start + len(match.group()))
            what = "is more than a byte" if code > 0xFF else "is no escape"
            raise LexError(span, f"'{match.group()}' {what}", _ESCAPES)
        parts.append(_SIMPLE[char] if code < 0 else bytes((code,)))
    parts.append(string_bytes(body[end:]))
    return b"".join(parts)


def string_bytes(value: str) -> bytes:
    """The bytes of a string literal's value, without a closing NUL."""
    return value.encode("utf-8", "surrogateescape")


def quote(value: str) -> str:
    """The value as a literal that means it: `"a\\n"`."""
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    return '"' + "".join(named.get(char) or _quote_char(char) for char in value) + '"'


def _quote_char(char: str) -> str:
    if char.isprintable():
        return char
    return "".join(f"\\{byte:03o}" for byte in string_bytes(char))
