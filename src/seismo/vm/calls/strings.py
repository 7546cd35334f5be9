"""Helpers on text and numbers."""

from __future__ import annotations

import errno
from collections.abc import Mapping

from seismo.base.bits import U32_MAX, U64_MAX
from seismo.vm.calls.printing import bprintf
from seismo.vm.calls.refusal import refusing
from seismo.vm.errors import Errno
from seismo.vm.run import Helper, Run

__all__ = ("STRINGS",)

_SPACE = b" \t\n\v\f\r"
_DIGITS = b"0123456789abcdef"
_BASES = (0, 8, 10, 16)
_LONGEST_NUMBER = 63
_MAX_ARGUMENTS = 12


@refusing
def strtol(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(text, size, base, result): how many bytes the number takes. Since Linux 5.2."""
    run.memory.write(d, bytes(8))
    number, taken, is_negative = _parse(run.memory.read(a, b & U32_MAX), c)
    if number > (1 << 63) - (not is_negative):
        raise Errno(errno.ERANGE)
    run.memory.store(d, -number if is_negative else number, 8)
    return taken


@refusing
def strtoul(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(text, size, base, result): as strtol, of numbers without sign."""
    run.memory.write(d, bytes(8))
    number, taken, is_negative = _parse(run.memory.read(a, b & U32_MAX), c)
    if is_negative:
        raise Errno(errno.EINVAL)
    run.memory.store(d, number, 8)
    return taken


def _parse(text: bytes, flags: int) -> tuple[int, int, bool]:
    """The number without its sign, the bytes it takes, and whether there is a minus."""
    if flags not in _BASES:
        raise Errno(errno.EINVAL)
    start = len(text) - len(text.lstrip(_SPACE))
    is_negative = text[start : start + 1] == b"-"
    start += is_negative
    rest = text[start : start + _LONGEST_NUMBER].lower()
    base, skipped = _base(rest, flags)
    digits = 0
    for byte in rest[skipped:]:
        if not 0 <= _DIGITS.find(byte) < base:
            break
        digits += 1
    if not digits:
        raise Errno(errno.EINVAL)
    number = int(rest[skipped : skipped + digits], base)
    if number > U64_MAX:
        raise Errno(errno.ERANGE)
    return number, start + skipped + digits, is_negative


def _base(text: bytes, base: int) -> tuple[int, int]:
    """The base that the text has, and the bytes that say so."""
    is_hex = text[:2] == b"0x" and text[2:3] != b"" and text[2:3] in _DIGITS_OF_HEX
    if base == 0:
        base = 16 if is_hex else 8 if text[:1] == b"0" else 10
    return base, 2 if base == 16 and text[:2] == b"0x" else 0


_DIGITS_OF_HEX = frozenset(bytes([one]) for one in _DIGITS)


def strncmp(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(text, size, other): -1, 0 or 1. Since Linux 5.17."""
    for offset in range(b & U32_MAX):
        left, right = run.memory.load(a + offset, 1), run.memory.load(c + offset, 1)
        if left != right:
            return -1 if left < right else 1
        if not left:
            break
    return 0


@refusing
def snprintf(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(target, size, format, arguments, their bytes): the bytes that all of it takes with its zero
    byte, of which only `size` are written. Since Linux 5.13."""
    size, count = b & U32_MAX, (e & U32_MAX) // 8
    if e % 8 or count > _MAX_ARGUMENTS:
        raise Errno(errno.EINVAL)
    form = run.memory.read_string(c, run.memory.region_at(c).size)
    text = bprintf(run, form, [run.memory.load(d + 8 * one, 8) for one in range(count)])
    if size:
        run.memory.write(a, text[: size - 1] + b"\0")
    return len(text) + 1


STRINGS: Mapping[str, Helper] = {
    "snprintf": snprintf,
    "strncmp": strncmp,
    "strtol": strtol,
    "strtoul": strtoul,
}
