"""Integer constant expressions of C: `#if` conditions, array sizes, values of enums.

>>> line = next(c_lines(Source("t", "1 << 4 | sizeof(int)")))
>>> constant(CCursor(line, NOWHERE), names).value
20

Integers have C's types: `1 << 31` is negative, `~0u` is 4294967295. Conditions of `#if` are
computed in 64 bits throughout, as the standard has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from seismo.base.bits import U64_MAX, to_signed, truncate
from seismo.base.dataclass import dataclass, replace
from seismo.lang.clayout import CType
from seismo.lang.ctoken import CCursor, CToken
from seismo.lang.errors import ParseError
from seismo.lang.types import IntType

__all__ = ("Constant", "Names", "constant", "truth")

_INT_BITS = 32

_LEVELS = (
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!="),
    ("<", ">", "<=", ">="),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
)
_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "||": lambda a, b: bool(a or b),
    "&&": lambda a, b: bool(a and b),
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}
_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "&": lambda a, b: a & b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: _quotient(a, b),
    "%": lambda a, b: a - b * _quotient(a, b),
}
_SUFFIXES = frozenset(("", "u", "l", "ul", "lu", "ll", "ull", "llu"))
_ESCAPES = {"n": 10, "t": 9, "r": 13, "a": 7, "b": 8, "f": 12, "v": 11, "e": 27}


@dataclass(frozen=True, slots=True)
class Constant:
    """A value of C's `int`, `long` (64 bits) or their unsigned kin; within its range."""

    value: int
    bits: int = _INT_BITS
    unsigned: bool = False


class Names(Protocol):
    """What names mean in an expression; they look at the cursor that it is read from."""

    @property
    def wide(self) -> bool:
        """Whether all integers have 64 bits, as in `#if`."""

    def value(self, token: CToken) -> Constant:
        """The value of a name; ParseError."""

    def at_type(self) -> bool:
        """Whether what is next is a type."""

    def type_name(self) -> CType:
        """Take that type; ParseError when its size is not known."""


def constant(cursor: CCursor, names: Names) -> Constant:
    """The value of the expression that begins at the cursor, which is then behind it."""
    cursor.descend()
    condition = _binary(cursor, names, 0)
    if cursor.accept("?"):
        then = constant(cursor, names)
        cursor.expect(":", "between the values of '?'")
        other = constant(cursor, names)
        chosen = then if condition.value else other
        condition = _fitted(chosen.value, max(then.bits, other.bits), _is_unsigned(then, other))
    cursor.ascend()
    return condition


def truth(cursor: CCursor, names: Names) -> bool:
    """Whether the expression that fills the rest of a line is not zero."""
    value = constant(cursor, names)
    if cursor.token.kind != "end":
        raise cursor.unexpected("an operator")
    return value.value != 0


def _binary(cursor: CCursor, names: Names, level: int) -> Constant:
    if level == len(_LEVELS):
        return _unary(cursor, names)
    left = _binary(cursor, names, level + 1)
    while cursor.at(*_LEVELS[level]):
        operator = cursor.advance()
        left = _apply(operator, left, _binary(cursor, names, level + 1))
    return left


def _apply(operator: CToken, left: Constant, right: Constant) -> Constant:
    if operator.text in ("<<", ">>"):
        if not 0 <= right.value < left.bits:
            raise ParseError(operator.span, f"a shift of {left.bits} bits by {right.value}")
        shifted = left.value << right.value if operator.text == "<<" else left.value >> right.value
        return _fitted(shifted, left.bits, left.unsigned)
    bits, unsigned = max(left.bits, right.bits), _is_unsigned(left, right)
    a, b = (_fitted(one.value, bits, unsigned).value for one in (left, right))
    if compare := _COMPARISONS.get(operator.text):
        return Constant(int(compare(a, b)))
    if operator.text in ("/", "%") and b == 0:
        raise ParseError(operator.span, "a division by zero")
    return _fitted(_ARITHMETIC[operator.text](a, b), bits, unsigned)


def _is_unsigned(left: Constant, right: Constant) -> bool:
    """Whether the usual arithmetic conversions give an unsigned type."""
    bits = max(left.bits, right.bits)
    return any(one.unsigned and one.bits == bits for one in (left, right))


def _fitted(value: int, bits: int, unsigned: bool) -> Constant:
    return Constant(truncate(value, bits) if unsigned else to_signed(value, bits), bits, unsigned)


def _quotient(a: int, b: int) -> int:
    """C rounds towards zero."""
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def _unary(cursor: CCursor, names: Names) -> Constant:
    token = cursor.token
    if cursor.at("+", "-", "~", "!"):
        cursor.descend()
        operator = cursor.advance().text
        operand = _unary(cursor, names)
        cursor.ascend()
        if operator == "!":
            return Constant(int(not operand.value))
        value = {"+": operand.value, "-": -operand.value, "~": ~operand.value}[operator]
        return _fitted(value, operand.bits, operand.unsigned)
    if cursor.at("sizeof", "_Alignof", "__alignof__"):
        return _sizeof(cursor, names)
    if cursor.accept("("):
        return _bracketed(cursor, names)
    cursor.advance()
    match token.kind:
        case "number":
            return _number(token, names)
        case "char":
            return Constant(_char(token))
        case "name":
            return names.value(token)
        case _:
            cursor.index -= 1
            raise cursor.unexpected("an integer")


def _bracketed(cursor: CCursor, names: Names) -> Constant:
    """`(expression)` or `(type)expression`, its `(` taken."""
    if not names.at_type():
        value = constant(cursor, names)
        cursor.expect(")", "to close the bracket")
        return value
    start = cursor.token
    type_ = names.type_name().type
    cursor.expect(")", "after the type")
    operand = _unary(cursor, names)
    if not isinstance(type_, IntType):
        raise ParseError(start.span, f"a cast to {type_} in a constant")
    narrow = _fitted(operand.value, type_.bits, not type_.signed)
    is_promoted = type_.bits < _INT_BITS
    return replace(narrow, bits=_INT_BITS, unsigned=False) if is_promoted else narrow


def _sizeof(cursor: CCursor, names: Names) -> Constant:
    operator = cursor.advance()
    cursor.expect("(", f"after {operator.text}")
    if not names.at_type():
        raise cursor.unexpected("a type")
    type_ = names.type_name()
    cursor.expect(")", "after the type")
    return Constant(type_.size if operator.text == "sizeof" else type_.align, 64, unsigned=True)


def _number(token: CToken, names: Names) -> Constant:
    """The first of C's types that holds the value; a decimal number is only unsigned by suffix."""
    digits = token.text.lower().rstrip("ul")
    suffix = token.text.lower()[len(digits) :]
    is_octal = digits.startswith("0") and digits.isdecimal()
    try:
        value = int(digits, 8 if is_octal else 0)
    except ValueError:
        raise ParseError(token.span, f"'{token.text}' is not an integer") from None
    if suffix not in _SUFFIXES or "_" in digits or value > U64_MAX:
        hint = "suffixes are u l ul ll ull" if suffix not in _SUFFIXES else ""
        raise ParseError(token.span, f"'{token.text}' is not an integer of C", hint)
    may_be_unsigned = "u" in suffix or not digits.isdecimal() or is_octal
    for bits in (64,) if names.wide or "l" in suffix else (32, 64):
        if "u" not in suffix and value < 1 << (bits - 1):
            return Constant(value, bits)
        if may_be_unsigned and value < 1 << bits:
            return Constant(value, bits, unsigned=True)
    return Constant(value, 64, unsigned=True)


def _char(token: CToken) -> int:
    """`'a'`, `'\\n'`, `'\\101'`, `'\\x41'`: a `char`, which is signed."""
    body = token.text[1:-1]
    if not body.startswith("\\"):
        codes = body.encode()
        if len(codes) != 1:
            raise ParseError(token.span, f"{token.text} is more than one character")
        return to_signed(codes[0], 8)
    escape = body[1:]
    if escape in _ESCAPES:
        return _ESCAPES[escape]
    try:
        code = int(escape[1:], 16) if escape[0] == "x" else int(escape, 8)
    except ValueError:
        code = ord(escape) if escape in "\\'\"?" else -1
    if not 0 <= code <= 0xFF:
        raise ParseError(token.span, f"{token.text} is no character")
    return to_signed(code, 8)
