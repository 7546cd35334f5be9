"""C's integer conversions, for what Python's `%` writes otherwise: `%#x` of 0, `%#o`, `%05.3d`.

>>> c_integer("o", 8, flags="#", width=5, precision=-1)
'  010'
"""

from __future__ import annotations

__all__ = ("c_integer", "is_python_alike")


def is_python_alike(kind: str, flags: str, precision: int | None) -> bool:
    """Whether Python's `%` writes every integer as C does (once C's unused flags are gone)."""
    return precision is None and not ("#" in flags and kind in "oxX")


def c_integer(kind: str, value: int, *, flags: str, width: int, precision: int) -> str:
    """What `printf("%<flags><width>.<precision><kind>", value)` writes, as C11 7.21.6.1 says.

    `value` is already cut to its width and sign. A negative width is its size and the flag `-`; a
    negative precision is none.
    """
    if width < 0:
        flags, width = flags + "-", -width
    digits = _digits(kind, abs(value), max(precision, -1))
    prefix = _sign(kind, value, flags) + _base(kind, value, digits, flags)
    if "-" in flags:
        return (prefix + digits).ljust(width)
    if "0" in flags and precision < 0:
        return prefix + digits.rjust(width - len(prefix), "0")
    return (prefix + digits).rjust(width)


def _digits(kind: str, magnitude: int, precision: int) -> str:
    if precision == 0 and magnitude == 0:
        return ""
    return format(magnitude, kind if kind in "oxX" else "d").rjust(precision, "0")


def _sign(kind: str, value: int, flags: str) -> str:
    if kind not in "di":
        return ""
    if value < 0:
        return "-"
    return "+" if "+" in flags else " " if " " in flags else ""


def _base(kind: str, value: int, digits: str, flags: str) -> str:
    if "#" not in flags:
        return ""
    if kind in "xX":
        return f"0{kind}" if value else ""
    return "0" if kind == "o" and not digits.startswith("0") else ""
