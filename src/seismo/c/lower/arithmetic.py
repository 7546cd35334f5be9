"""Arithmetic on registers by C's rules: sizes, signs, conversions.

A value is always extended to 64 bits by its type, so comparisons, and all operations that cannot
leave their type, are those of 64 bits.
"""

from __future__ import annotations

from seismo.base.errors import CompilerBug
from seismo.c.types import (
    S64,
    U8,
    U16,
    U32,
    U64,
    UNSIGNED_LONG,
    CType,
    Enumeration,
    Integer,
    Pointer,
)
from seismo.ir.builder import Builder
from seismo.ir.ops import BinaryKind, Cond, Value

__all__ = (
    "COMPARISONS",
    "UNSIGNED",
    "binary",
    "comparison",
    "divide_exactly",
    "extend_bits",
    "integer_of",
    "normalised",
    "unary",
)

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
UNSIGNED = {1: U8, 2: U16, 4: U32, 8: U64}
"""An integer of so many bytes."""

_OPERATORS = {
    "+": BinaryKind.ADD,
    "-": BinaryKind.SUB,
    "*": BinaryKind.MUL,
    "/": BinaryKind.DIV,
    "%": BinaryKind.MOD,
    "&": BinaryKind.AND,
    "|": BinaryKind.OR,
    "^": BinaryKind.XOR,
    "<<": BinaryKind.SHL,
}
_STAYS = ("&", "|", "^")
"""Of two values extended by a type these give one that is, too."""
_EQUALITY = {"==": Cond.EQ, "!=": Cond.NE}
_UNSIGNED = {"<": Cond.LT, "<=": Cond.LE, ">": Cond.GT, ">=": Cond.GE}
_SIGNED = {"<": Cond.SLT, "<=": Cond.SLE, ">": Cond.SGT, ">=": Cond.SGE}


def integer_of(type_: CType) -> Integer:
    """The integer that a scalar is in a register."""
    match type_:
        case Integer():
            return type_
        case Enumeration():
            return type_.integer
        case Pointer():
            return UNSIGNED_LONG
        case _:
            raise CompilerBug("ir", f"{type_} is no scalar")


def comparison(op: str, type_: CType) -> Cond:
    """The condition for two operands of a type."""
    if op in _EQUALITY:
        return _EQUALITY[op]
    return (_SIGNED if integer_of(type_).is_signed else _UNSIGNED)[op]


def normalised(b: Builder, value: Value, source: Integer, to: Integer) -> Value:
    """A value of one type as the other."""
    if to.is_bool and not source.is_bool:
        return b.compare(Cond.NE, value, b.const(0))
    is_same_sign = source.is_signed == to.is_signed
    fits = to.size > source.size and (is_same_sign or to.is_signed)
    if to.size == 8 or fits or (to.size == source.size and is_same_sign):
        return value
    return b.extend(value, to.bits, signed=to.is_signed)


def extend_bits(b: Builder, value: Value, bits: int, *, signed: bool) -> Value:
    """The low bits of a value, however many, extended to 64."""
    if bits in (8, 16, 32, 64):
        return b.extend(value, bits, signed=signed)
    unused = b.const(64 - bits)
    high = b.binary(BinaryKind.SHL, value, unused)
    return b.binary(BinaryKind.SAR if signed else BinaryKind.SHR, high, unused)


def unary(b: Builder, op: str, value: Value, type_: Integer) -> Value:
    """`-x` or `~x`."""
    width = 64 if type_.size == 8 or (op == "~" and type_.is_signed) else 32
    if op == "~":
        return b.binary(BinaryKind.XOR, value, b.const(-1), width)
    return _back(b, b.binary(BinaryKind.SUB, b.const(0), value, width), type_)


def binary(
    b: Builder, op: str, left: Value, right: Value, type_: Integer, known: int | None = None
) -> Value:
    """left op right in a type of 4 or 8 bytes; `known` is the right one where it is a constant."""
    if op == ">>":
        kind = BinaryKind.SAR if type_.is_signed else BinaryKind.SHR
        return b.binary(kind, left, right)
    kind, width = _OPERATORS[op], type_.size * 8
    if op in _STAYS:
        return b.binary(kind, left, right)
    if op not in ("/", "%"):
        return _back(b, b.binary(kind, left, right, width), type_)
    if not type_.is_signed:
        return b.binary(kind, left, right, width)
    return _divide_signed(b, kind, left, right, type_, known)


def _back(b: Builder, value: Value, type_: Integer) -> Value:
    """The result of an operation of 32 bits, extended by its sign where it has one."""
    if type_.size == 8 or not type_.is_signed:
        return value
    return b.extend(value, 32, signed=True)


def _divide_signed(
    b: Builder, kind: BinaryKind, left: Value, right: Value, type_: Integer, known: int | None
) -> Value:
    """BPF's signed division came with Linux 6.6, so: divide magnitudes, then restore the sign."""
    sign = _sign_mask(b, left)
    result_sign = sign
    dividend = _negate_if(b, left, sign)
    if known is None or known < 0:
        divisor_sign = _sign_mask(b, right)
        right = _negate_if(b, right, divisor_sign)
        if kind is BinaryKind.DIV:
            result_sign = b.binary(BinaryKind.XOR, sign, divisor_sign)
    result = _negate_if(b, b.binary(kind, dividend, right), result_sign)
    # Only the least integer divided by -1 leaves its type.
    return result if kind is BinaryKind.MOD or known is not None else _back(b, result, type_)


def _sign_mask(b: Builder, value: Value) -> Value:
    """-1 for a negative value, else 0."""
    return b.binary(BinaryKind.SAR, value, b.const(63))


def _negate_if(b: Builder, value: Value, mask: Value) -> Value:
    """-value where mask is -1, value where it is 0: (value ^ mask) - mask."""
    flipped = b.binary(BinaryKind.XOR, value, mask)
    return b.binary(BinaryKind.SUB, flipped, mask)


def divide_exactly(b: Builder, value: Value, size: int) -> Value:
    """A multiple of `size`, also a negative one, divided by it."""
    if size & (size - 1) == 0:
        return b.binary(BinaryKind.SAR, value, b.const(size.bit_length() - 1))
    return binary(b, "/", value, b.const(size), S64, size)
