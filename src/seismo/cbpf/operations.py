"""What classic BPF computes and compares, on numbers of 32 bits without sign."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from seismo.isa.opcode import AluOp, JumpOp

__all__ = ("COMPARISONS", "OPERATIONS")

OPERATIONS: Mapping[int, Callable[[int, int], int]] = {
    AluOp.ADD: operator.add,
    AluOp.SUB: operator.sub,
    AluOp.MUL: operator.mul,
    AluOp.DIV: operator.floordiv,
    AluOp.MOD: operator.mod,
    AluOp.AND: operator.and_,
    AluOp.OR: operator.or_,
    AluOp.XOR: operator.xor,
    AluOp.LSH: lambda a, b: a << (b & 31),
    AluOp.RSH: lambda a, b: a >> (b & 31),
    AluOp.NEG: lambda a, _: -a,
}
"""Results are to be cut to 32 bits, and nothing divided by zero. Shifts use the low five bits."""

COMPARISONS: Mapping[int, Callable[[int, int], object]] = {
    JumpOp.JEQ: operator.eq,
    JumpOp.JGT: operator.gt,
    JumpOp.JGE: operator.ge,
    JumpOp.JSET: operator.and_,
}
"""What is true where a jump is taken."""
