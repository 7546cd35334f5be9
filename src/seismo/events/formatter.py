"""`Formatter`: a printf format and the types of its arguments, compiled to Python's `%` once.

Where Python's `%` writes what C's printf would, an argument goes to it as it is; else a function
makes the text first. Integers are cut to the width of their conversion: `%d` shows the low 32 bits,
as in C, whatever the argument's type.

>>> Formatter("%s: %08llx\\n", (Text(16), U64)).render(("comm", 48879))
'comm: 0000beef\\n'
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, TypeAlias

from seismo.base.bits import U64_MAX, to_signed, truncate
from seismo.base.layout import BYTE_ORDER, Array, Blob, Buffer, FieldType, Int
from seismo.events.gfp import gfp_names
from seismo.events.integer import c_integer, is_python_alike
from seismo.events.printf import STAR, WIDEST, Accepts, Conversion, PrintfError, parse_format
from seismo.events.value import Value, escape_bytes, texter

__all__ = ("Formatter",)

_Cut: TypeAlias = Callable[[Any], Any]
_Write: TypeAlias = Callable[[Any, int, int], str]
"""Writes a value in a width (negative: to the left) with a precision (negative: none)."""

_NUMBERS = frozenset("diouxX")


class Formatter:
    """Renders the arguments of one printf call; PrintfError where the types do not fit."""

    def __init__(self, format_: str, types: Sequence[FieldType]) -> None:
        self._template = ""
        self._slots: list[tuple[Callable[..., Any], int]] = []
        conversions = parse_format(format_)
        _check(format_, conversions, types)
        rest, end = iter(types), 0
        for one in conversions:
            self._literal(format_[end : one.start])
            self._add(one, tuple(islice(rest, one.arguments)))
            end = one.end
        self._literal(format_[end:])
        self._makes = [make for make, _ in self._slots]
        self._is_direct = all(make is _same for make in self._makes)
        self._has_stars = any(arguments > 1 for _, arguments in self._slots)

    def render(self, values: Sequence[Value]) -> str:
        """The text for these values, one for every type."""
        if self._is_direct:
            return self._template % tuple(values)
        if not self._has_stars:
            pairs = zip(self._makes, values, strict=True)
            return self._template % tuple([make(value) for make, value in pairs])
        rest = iter(values)
        return self._template % tuple(
            [make(*islice(rest, arguments)) for make, arguments in self._slots]
        )

    def _literal(self, text: str) -> None:
        self._template += text.replace("%", "%%")

    def _add(self, conversion: Conversion, types: tuple[FieldType, ...]) -> None:
        if conversion.kind == "%":
            self._template += "%%"
            return
        code, make = _slot(conversion, types[-1])
        self._template += code
        self._slots.append((make, len(types)))


def _slot(conversion: Conversion, type_: FieldType) -> tuple[str, Callable[..., Any]]:
    """The template's code for a conversion, and what makes its argument from the values."""
    kind, width, precision = conversion.kind, conversion.width, conversion.precision
    if STAR in (width, precision):
        return "%s", _starred(conversion, _writer(conversion, type_))
    if kind in _NUMBERS and is_python_alike(kind, conversion.flags, precision):
        flags = conversion.flags if kind in "di" else conversion.flags.translate(_NO_SIGN)
        return f"%{flags}{width or ''}{kind}", _cut(conversion, type_)
    if kind in _NUMBERS:
        write = _writer(conversion, type_)
        fixed = width or 0, -1 if precision is None else precision
        return "%s", lambda value: write(value, *fixed)
    text = _text(kind, type_)
    if width is None:
        return "%s", _same if text is str else text
    if "-" in conversion.flags:
        width = -width
    return "%s", lambda value: _pad(text(value), width)


_NO_SIGN = {ord("+"): None, ord(" "): None}
"""C ignores the flags `+` and space of unsigned conversions; Python does not."""


def _same(value: Value) -> Value:
    return value


def _cut(conversion: Conversion, type_: FieldType) -> _Cut:
    """What cuts an integer to the conversion's width and sign, `_same` where nothing is cut."""
    assert isinstance(type_, Int), "checked: the argument is a number"
    bits, is_signed = conversion.bits, conversion.kind in "di"
    room = bits - 1 if is_signed and not type_.signed else bits
    if (is_signed or not type_.signed) and type_.size * 8 <= room:
        return _same
    if is_signed:
        return lambda value: to_signed(value, bits)
    return lambda value: truncate(value, bits)


def _starred(conversion: Conversion, write: _Write) -> Callable[..., str]:
    """Takes the `*` width and precision as arguments before the value; C reads both as int."""
    has_width, has_precision = conversion.width == STAR, conversion.precision == STAR
    width = conversion.width or 0
    precision = -1 if conversion.precision is None else conversion.precision

    def make(*values: Any) -> str:
        amounts = map(_amount, values)
        return write(
            values[-1],
            next(amounts) if has_width else width,
            next(amounts) if has_precision else precision,
        )

    return make


def _amount(value: int) -> int:
    return max(-WIDEST, min(to_signed(value, 32), WIDEST))


def _writer(conversion: Conversion, type_: FieldType) -> _Write:
    kind, flags = conversion.kind, conversion.flags
    if kind in _NUMBERS:
        cut = _cut(conversion, type_)
        return lambda value, width, precision: c_integer(
            kind, cut(value), flags=flags, width=width, precision=precision
        )
    text, is_left = _text(kind, type_), "-" in flags
    return lambda value, width, _: _pad(text(value), -abs(width) if is_left else width)


def _text(kind: str, type_: FieldType) -> Callable[[Any], str]:
    if kind in _OF_NUMBER:
        return _OF_NUMBER[kind]
    if kind not in _OF_BYTES:
        return texter(type_)
    dump = _OF_BYTES[kind]
    if not isinstance(type_, Array):
        return dump
    size = type_.element.size
    return lambda values: dump(_array_bytes(values, size))


def _pad(text: str, width: int) -> str:
    """Fill up to a width in bytes, as C does; a negative width fills on the right."""
    extra = 0 if text.isascii() else len(text.encode("utf-8", "surrogateescape")) - len(text)
    return text.ljust(-width - extra) if width < 0 else text.rjust(width - extra)


def _char(value: int) -> str:
    return bytes((value & 0xFF,)).decode("utf-8", "surrogateescape")


def _array_bytes(values: tuple[int, ...], size: int) -> bytes:
    return b"".join([truncate(one, size * 8).to_bytes(size, BYTE_ORDER) for one in values])


_OF_NUMBER: dict[str, Callable[[Any], str]] = {
    "c": _char,
    "p": lambda value: f"{value & U64_MAX:#x}",
    "gr": gfp_names,
}
_OF_BYTES: dict[str, Callable[[bytes], str]] = {
    "r": escape_bytes,
    "rx": lambda data: "".join(f"\\x{byte:02x}" for byte in data),
    "rh": lambda data: data.hex(" "),
}


def _check(format_: str, conversions: Sequence[Conversion], types: Sequence[FieldType]) -> None:
    wanted = [(one, accepts) for one in conversions for accepts in one.accepts]
    if len(wanted) != len(types):
        message = f"the format takes {len(wanted)} arguments, but {len(types)} are given"
        raise PrintfError(message, "write %% for a percent sign", 0, len(format_))
    for (one, accepts), type_ in zip(wanted, types, strict=True):
        if not _fits(accepts, type_):
            text = format_[one.start : one.end]
            message = f"{text} takes {accepts.value}, but {type_} is given"
            raise PrintfError(message, "%s prints any value", one.start, one.end)


def _fits(accepts: Accepts, type_: FieldType) -> bool:
    match accepts:
        case Accepts.NUMBER:
            return isinstance(type_, Int)
        case Accepts.BYTES:
            is_array = isinstance(type_, Array) and isinstance(type_.element, Int)
            is_bytes = isinstance(type_, Buffer) and type_.shown == "bytes"
            return is_array or is_bytes or isinstance(type_, Blob)
        case _:
            return True
