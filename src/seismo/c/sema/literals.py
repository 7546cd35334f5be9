"""Constants as C writes them: integers with their types, characters, strings with escapes.

>>> integer_literal("0xffffffff", span).type
Integer(name='unsigned int', size=4, is_signed=False)
"""

from __future__ import annotations

from seismo.base.source import Span
from seismo.c.sema.errors import CheckError
from seismo.c.tree import Constant, StringPlace
from seismo.c.types import (
    CHAR,
    INT,
    LONG,
    S64,
    U32,
    U64,
    UNSIGNED_LONG,
    Array,
    Integer,
)

__all__ = ("character_literal", "integer_literal", "string_literal")

# By suffix: the types of which the first that holds the value is taken (C11 6.4.4.1). A decimal
# constant without `u` is never unsigned.
_CANDIDATES: dict[str, tuple[Integer, ...]] = {
    "": (INT, U32, LONG, UNSIGNED_LONG),
    "u": (U32, UNSIGNED_LONG),
    "l": (LONG, UNSIGNED_LONG),
    "ul": (UNSIGNED_LONG,),
    "ll": (S64, U64),
    "ull": (U64,),
}
_ESCAPES = {
    "a": 7,
    "b": 8,
    "e": 27,
    "f": 12,
    "n": 10,
    "r": 13,
    "t": 9,
    "v": 11,
    "\\": 92,
    "'": 39,
    '"': 34,
    "?": 63,
}
_OCTAL = "01234567"
_HEX = "0123456789abcdefABCDEF"
_UNICODE_DIGITS = {"u": 4, "U": 8}


def integer_literal(text: str, span: Span) -> Constant:
    """The constant that `text` (`10`, `0x1fUL`, `0b101`, `017`) is; CheckError."""
    digits = text.rstrip("uUlL")
    suffix = text[len(digits) :].lower()
    if suffix.endswith("u"):
        suffix = f"u{suffix[:-1]}"
    is_decimal = digits[:1] != "0" or digits == "0"
    try:
        value = int(digits, 10 if is_decimal else 0 if digits[1].isalpha() else 8)
        candidates = _CANDIDATES[suffix]
    except (ValueError, KeyError):
        raise CheckError(span, f"'{text}' is no integer constant") from None
    for type_ in candidates:
        if is_decimal and not type_.is_signed and "u" not in suffix:
            continue
        if value < 1 << (type_.bits - type_.is_signed):
            return Constant(value, type_, span)
    raise CheckError(span, f"{text} does not fit any integer type", _unsigned_hint(value))


def _unsigned_hint(value: int) -> str:
    return "write it with ULL" if value < 1 << 64 else "the largest constant has 64 bits"


def character_literal(text: str, span: Span) -> Constant:
    """`'a'`, `'\\n'`: an int; of several characters the first is the most significant, as gcc."""
    data = _unescaped(text[text.index("'") + 1 : -1], span)
    if text[0] != "'" or not 0 < len(data) <= 4:
        raise CheckError(span, f"{text} is no character of one byte")
    value = int.from_bytes(data, "big")
    if len(data) == 1 and value > 0x7F:
        value -= 0x100
    return Constant(value, INT, span)


def string_literal(text: str, span: Span) -> StringPlace:
    """`"…"`, or several in a row, which are one; encoded as UTF-8, with its NUL."""
    if text[0] != '"' and not text.startswith("u8"):
        raise CheckError(span, "strings of wide characters are not supported")
    data = b"".join(_unescaped(part, span) for part in _bodies(text)) + b"\0"
    return StringPlace(data, Array(CHAR, len(data)), span)


def _bodies(text: str) -> list[str]:
    """What stands between quotes: `"a" "b"` has two."""
    bodies, at = [], text.index('"')
    while at >= 0:
        end = at + 1
        while text[end] != '"':
            end += 2 if text[end] == "\\" else 1
        bodies.append(text[at + 1 : end])
        at = text.find('"', end + 1)
    return bodies


def _unescaped(text: str, span: Span) -> bytes:
    if "\\" not in text:
        return text.encode()
    made, at = bytearray(), 0
    while at < len(text):
        if text[at] != "\\":
            made += text[at].encode()
            at += 1
            continue
        taken, data = _escape(text, at + 1, span)
        made += data
        at += 1 + taken
    return bytes(made)


def _escape(text: str, at: int, span: Span) -> tuple[int, bytes]:
    """How many characters after the backslash the escape takes, and the bytes it means."""
    letter = text[at]
    if letter in _ESCAPES:
        return 1, bytes([_ESCAPES[letter]])
    if letter in _OCTAL:
        digits = _run(text, at, _OCTAL, 3)
        return len(digits), _byte(int(digits, 8), span)
    if letter == "x" and (digits := _run(text, at + 1, _HEX, len(text))):
        return 1 + len(digits), _byte(int(digits, 16), span)
    wanted = _UNICODE_DIGITS.get(letter, 0)
    digits = _run(text, at + 1, _HEX, wanted)
    if wanted and len(digits) == wanted and int(digits, 16) <= 0x10FFFF:
        return 1 + wanted, chr(int(digits, 16)).encode("utf-8", "surrogatepass")
    raise CheckError(span, f"'\\{letter}' is no escape of C")


def _run(text: str, at: int, digits: str, limit: int) -> str:
    end = at
    while end < min(len(text), at + limit) and text[end] in digits:
        end += 1
    return text[at:end]


def _byte(value: int, span: Span) -> bytes:
    if value > 0xFF:
        raise CheckError(span, "an escape is one byte: at most \\377 or \\xff")
    return bytes([value])
