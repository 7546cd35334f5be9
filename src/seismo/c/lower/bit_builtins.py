"""Built-ins that look at the bits of an integer: logarithms, counts, swapped bytes.

Without branches, each of which the kernel's verifier would have to follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seismo.c.lower.call import LowerCall
from seismo.c.lower.value import Operand
from seismo.ir.builder import Builder
from seismo.ir.ops import BinaryKind, Value

__all__ = ("BIT_BUILTINS",)

_ONES_OF_2, _ONES_OF_4 = 0x5555_5555_5555_5555, 0x3333_3333_3333_3333
_ONES_OF_8, _BYTES = 0x0F0F_0F0F_0F0F_0F0F, 0x0101_0101_0101_0101


def _log2(b: Builder, number: Value) -> Value:
    """The place of the highest bit set in a number of 64 bits, 0 for 0.

    By halves: the sign of limit - half tells whether the number reaches into the upper one.
    """
    result = b.const(0)
    for step in (5, 4, 3, 2, 1):
        # Of the first half by its upper 32 bits, that the difference cannot wrap.
        whole = b.binary(BinaryKind.SHR, number, b.const(32)) if step == 5 else number
        limit = b.const(0 if step == 5 else (1 << (1 << step)) - 1)
        over = b.binary(BinaryKind.SHR, b.binary(BinaryKind.SUB, limit, whole), b.const(63))
        part = b.binary(BinaryKind.SHL, over, b.const(step))
        number = b.binary(BinaryKind.SHR, number, part)
        result = b.binary(BinaryKind.OR, result, part)
    return b.binary(BinaryKind.OR, result, b.binary(BinaryKind.SHR, number, b.const(1)))


def _count(b: Builder, number: Value) -> Value:
    """How many bits are set: sums of neighbours, of ever more of them."""
    half = b.binary(BinaryKind.AND, _right(b, number, 1), b.const(_ONES_OF_2))
    pairs = b.binary(BinaryKind.SUB, number, half)
    low = b.binary(BinaryKind.AND, pairs, b.const(_ONES_OF_4))
    high = b.binary(BinaryKind.AND, _right(b, pairs, 2), b.const(_ONES_OF_4))
    fours = b.add(low, high)
    eights = b.binary(BinaryKind.AND, b.add(fours, _right(b, fours, 4)), b.const(_ONES_OF_8))
    return _right(b, b.binary(BinaryKind.MUL, eights, b.const(_BYTES)), 56)


def _right(b: Builder, number: Value, bits: int) -> Value:
    return b.binary(BinaryKind.SHR, number, b.const(bits))


def _below(b: Builder, number: Value) -> Value:
    """How many zeros are below the lowest bit set; 64 for 0."""
    minus_one = b.add(number, b.const(-1))
    inverse = b.binary(BinaryKind.XOR, number, b.const(-1))
    return _count(b, b.binary(BinaryKind.AND, inverse, minus_one))


def _first(b: Builder, number: Value) -> Value:
    """The lowest bit set, counted from 1; 0 for 0: the bits of x ^ (x - 1), but none of 0."""
    changed = b.binary(BinaryKind.XOR, number, b.add(number, b.const(-1)))
    negative = b.binary(BinaryKind.SUB, b.const(0), number)
    sign = b.binary(BinaryKind.SAR, b.binary(BinaryKind.OR, number, negative), b.const(63))
    return _count(b, b.binary(BinaryKind.AND, changed, sign))


def _parity(b: Builder, number: Value) -> Value:
    return b.binary(BinaryKind.AND, _count(b, number), b.const(1))


def _log2l(b: Builder, number: Value) -> Value:
    """BCC counts from 1, and 0 as if it were 1."""
    return b.add(_log2(b, number), b.const(1))


def _above(bits: int) -> Callable[[Builder, Value], Value]:
    """How many zeros are above the highest bit set."""
    return lambda b, number: b.binary(BinaryKind.SUB, b.const(bits - 1), _log2(b, number))


def _swap(bits: int) -> Callable[[Builder, Value], Value]:
    return lambda b, number: b.swap(number, bits)


def _of_number(make: Callable[[Builder, Value], Value]) -> Callable[[LowerCall], Operand]:
    return lambda call: call.result(make(call.b, call.value(0)))


BIT_BUILTINS: Mapping[str, Callable[[LowerCall], Operand]] = {
    name: _of_number(make)
    for name, make in (
        ("bswap16", _swap(16)),
        ("bswap32", _swap(32)),
        ("bswap64", _swap(64)),
        ("clz", _above(32)),
        ("clzll", _above(64)),
        ("ctz", _below),
        ("ctzll", _below),
        ("ffs", _first),
        ("ffsll", _first),
        ("log2", _log2),
        ("log2l", _log2l),
        ("parity", _parity),
        ("parityll", _parity),
        ("popcount", _count),
        ("popcountll", _count),
    )
}
