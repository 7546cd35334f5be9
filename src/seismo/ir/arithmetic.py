"""What each operation computes: BPF's integer semantics, for folding and for interpretation.

Values are unsigned 64-bit patterns. A 32-bit operation reads the low halves and zero-extends its
result; a shift takes its count modulo the width; x / 0 is 0 and x % 0 is x.
Source: the kernel's Documentation/bpf/standardization/instruction-set.rst, section ALU.
"""

from __future__ import annotations

from seismo.base.bits import sign_extend, to_signed, truncate
from seismo.ir.ops import BinaryKind, Cond

__all__ = ("COMMUTATIVE", "SHIFTS", "binary", "compare", "extend", "swap")

COMMUTATIVE = frozenset(
    {BinaryKind.ADD, BinaryKind.MUL, BinaryKind.AND, BinaryKind.OR, BinaryKind.XOR}
)
SHIFTS = frozenset({BinaryKind.SHL, BinaryKind.SHR, BinaryKind.SAR})


def binary(op: BinaryKind, left: int, right: int, width: int) -> int:
    """left op right in `width` bits, as an unsigned pattern."""
    left, right = truncate(left, width), truncate(right, width)
    return truncate(_exact(op, left, right, width), width)


def _exact(op: BinaryKind, left: int, right: int, width: int) -> int:
    """The result before it is cut to `width` bits."""
    match op:
        case BinaryKind.ADD:
            return left + right
        case BinaryKind.SUB:
            return left - right
        case BinaryKind.MUL:
            return left * right
        case BinaryKind.DIV:
            return left // right if right else 0
        case BinaryKind.MOD:
            return left % right if right else left
        case BinaryKind.AND:
            return left & right
        case BinaryKind.OR:
            return left | right
        case BinaryKind.XOR:
            return left ^ right
        case BinaryKind.SHL:
            return left << (right % width)
        case BinaryKind.SHR:
            return left >> (right % width)
        case BinaryKind.SAR:
            return to_signed(left, width) >> (right % width)


def compare(cond: Cond, left: int, right: int, width: int) -> bool:
    """Whether left cond right, looking at the low `width` bits."""
    if cond in (Cond.SLT, Cond.SLE, Cond.SGT, Cond.SGE):
        left, right = to_signed(left, width), to_signed(right, width)
    else:
        left, right = truncate(left, width), truncate(right, width)
    match cond:
        case Cond.EQ:
            return left == right
        case Cond.NE:
            return left != right
        case Cond.LT | Cond.SLT:
            return left < right
        case Cond.LE | Cond.SLE:
            return left <= right
        case Cond.GT | Cond.SGT:
            return left > right
        case Cond.GE | Cond.SGE:
            return left >= right
        case Cond.SET:
            return left & right != 0


def extend(value: int, bits: int, *, signed: bool) -> int:
    """The low `bits` of value, sign- or zero-extended to 64 bits."""
    return sign_extend(value, bits) if signed else truncate(value, bits)


def swap(value: int, bits: int) -> int:
    """The low `bits` of value with their bytes reversed."""
    size = bits // 8
    return int.from_bytes(truncate(value, bits).to_bytes(size, "little"), "big")
