"""Integer literals as scripts write them: `42`, `0x2a`, `052`, `1_000`, `1e6`, `7ull`, `10ms`.

A duration is its nanoseconds. Floats do not exist.

>>> parse_integer("10ms")
Integer(value=10000000, unsigned=False)
"""

from __future__ import annotations

import re

from seismo.base.bits import U32_MAX, U64_MAX
from seismo.base.dataclass import dataclass

__all__ = ("DURATIONS", "Integer", "NumberError", "parse_integer")

DURATIONS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60 * 1_000_000_000,
    "h": 3600 * 1_000_000_000,
    "d": 86400 * 1_000_000_000,
}

_S64_MAX = (1 << 63) - 1
_LARGEST = {"": U64_MAX, "u": U32_MAX, "l": _S64_MAX, "ll": _S64_MAX, "ul": U64_MAX, "ull": U64_MAX}

_INTEGER = re.compile(
    r"""(?: 0[xX](?P<hex>[0-9a-fA-F]+(?:_+[0-9a-fA-F]+)*)
          | (?P<octal>0_*[0-7]+(?:_+[0-7]+)*)
          | (?P<mantissa>[1-9])[eE](?P<exponent>[0-9]{1,2})
          | (?P<decimal>0|[1-9][0-9]*(?:_+[0-9]+)*)
        )
        (?P<suffix>[uU]?[lL]{0,2} | ns|us|ms|s|m|h|d)""",
    re.ASCII | re.VERBOSE,
)


class NumberError(ValueError):
    """Text that is no integer, or one too large; `hint` says how to write it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Integer:
    """A literal's value; `unsigned` when it says so (`1u`) or fits no signed 64 bits."""

    value: int
    unsigned: bool


def parse_integer(text: str) -> Integer:
    """The value of an unsigned literal; NumberError when it is malformed or out of range."""
    match = _INTEGER.fullmatch(text)
    if match is None:
        raise _malformed(text)
    value = _magnitude(match)
    suffix = match["suffix"]
    if suffix in DURATIONS:
        value, suffix = value * DURATIONS[suffix], ""
    suffix = suffix.lower()
    if value > (largest := _LARGEST[suffix]):
        raise NumberError(f"{text} is out of range", f"the largest is {largest}{suffix}")
    return Integer(value, "u" in suffix or value > _S64_MAX)


def _magnitude(match: re.Match[str]) -> int:
    if match["hex"]:
        return int(match["hex"].replace("_", ""), 16)
    if match["octal"]:
        return int(match["octal"].replace("_", ""), 8)
    if match["mantissa"]:
        return int(match["mantissa"] + "0" * int(match["exponent"]))
    digits: str = match["decimal"].replace("_", "")
    if len(digits) > len(str(U64_MAX)):
        raise NumberError(f"{digits} is out of range", f"the largest is {U64_MAX}")
    return int(digits)


def _malformed(text: str) -> NumberError:
    if text.endswith("_"):
        hint = "an integer may not end in '_'"
    elif re.match(r"0[0-9]*[89]", text):
        hint = "an integer that begins with 0 is octal"
    elif re.match(r"[0-9_]+[eE]", text):
        hint = "write an exponent as 1e6: one digit, 'e', one or two digits"
    else:
        hint = "suffixes are u l ul ll ull, and ns us ms s m h d for a duration"
    return NumberError(f"'{text}' is not an integer", hint)
