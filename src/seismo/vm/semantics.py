"""What each operation does, once, as Python text over its operands.

The interpreter makes functions of the text, the translator writes it into the program's source. All
values are numbers without sign, of 64 or of 32 bits; what follows from RFC 9669 is stated there.

>>> alu_text(Insn(0x0F, Reg.R1, Reg.R2), "r1", "r2")
'(r1 + r2) & 0xffffffffffffffff'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias

from seismo.base.bits import U32_MAX, U64_MAX, sign_extend
from seismo.base.dataclass import dataclass
from seismo.isa.insn import Insn
from seismo.isa.opcode import OPERATION_MASK, SIZE_MASK, AluOp, AtomicOp, Class, JumpOp, Source

__all__ = (
    "ACCESS_BYTES",
    "NAMES",
    "alu_function",
    "alu_text",
    "atomic_function",
    "atomic_text",
    "has_register",
    "immediate",
    "jump_function",
    "jump_text",
    "width",
)

Binary: TypeAlias = Callable[[int, int], int]

ACCESS_BYTES = {0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8}
"""The width of a load or a store by the size bits of its opcode."""


def divide(left: int, right: int) -> int:
    """Signed division towards zero, as C has it; by zero it is 0."""
    if right == 0:
        return 0
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def modulo(left: int, right: int) -> int:
    """What `divide` leaves, with the sign of `left`; by zero all of `left`."""
    return left - right * divide(left, right)


def swap(value: int, count: int) -> int:
    """The low `count` bytes in the other order."""
    low = value & ((1 << 8 * count) - 1)
    return int.from_bytes(low.to_bytes(count, "little"), "big")


NAMES: Mapping[str, Any] = {"divide": divide, "modulo": modulo, "swap": swap}
"""What the texts call."""


@dataclass(frozen=True, slots=True)
class _Operation:
    """`wraps` says that the result may lie outside of the width."""

    text: str
    wraps: bool = False


_SIGNED_A = "(({a} ^ {sign}) - {sign})"
_SIGNED_B = "(({b} ^ {sign}) - {sign})"

_ALU: Mapping[int, _Operation] = {
    AluOp.ADD: _Operation("{a} + {b}", wraps=True),
    AluOp.SUB: _Operation("{a} - {b}", wraps=True),
    AluOp.MUL: _Operation("{a} * {b}", wraps=True),
    AluOp.DIV: _Operation("({a} // {b} if {b} else 0)"),
    AluOp.MOD: _Operation("({a} % {b} if {b} else {a})"),
    AluOp.SDIV: _Operation(f"divide({_SIGNED_A}, {_SIGNED_B})", wraps=True),
    AluOp.SMOD: _Operation(f"modulo({_SIGNED_A}, {_SIGNED_B})", wraps=True),
    AluOp.OR: _Operation("{a} | {b}"),
    AluOp.AND: _Operation("{a} & {b}"),
    AluOp.XOR: _Operation("{a} ^ {b}"),
    AluOp.LSH: _Operation("{a} << ({b} & {last})", wraps=True),
    AluOp.RSH: _Operation("{a} >> ({b} & {last})"),
    AluOp.ARSH: _Operation(f"{_SIGNED_A} >> ({{b}} & {{last}})", wraps=True),
    AluOp.NEG: _Operation("-{a}", wraps=True),
    AluOp.MOV: _Operation("{b}"),
}

_JUMPS: Mapping[int, str] = {
    JumpOp.JEQ: "{a} == {b}",
    JumpOp.JNE: "{a} != {b}",
    JumpOp.JGT: "{a} > {b}",
    JumpOp.JGE: "{a} >= {b}",
    JumpOp.JLT: "{a} < {b}",
    JumpOp.JLE: "{a} <= {b}",
    JumpOp.JSET: "{a} & {b}",
    # With the sign bit turned over, the order of signed numbers is that of unsigned ones.
    JumpOp.JSGT: "({a} ^ {sign}) > ({b} ^ {sign})",
    JumpOp.JSGE: "({a} ^ {sign}) >= ({b} ^ {sign})",
    JumpOp.JSLT: "({a} ^ {sign}) < ({b} ^ {sign})",
    JumpOp.JSLE: "({a} ^ {sign}) <= ({b} ^ {sign})",
}


def width(insn: Insn) -> int:
    """The bits of an operation or comparison: 64 or 32."""
    return 64 if insn.op & 7 in (Class.ALU64, Class.JMP) else 32


def has_register(insn: Insn) -> bool:
    """Whether the second operand of an operation or comparison is `src`; else it is `imm`."""
    return bool(insn.op & Source.X)


def immediate(insn: Insn) -> int:
    """`imm` as the operation takes it: extended by its sign, then cut to the width."""
    return sign_extend(insn.imm, 32) & (U64_MAX if width(insn) == 64 else U32_MAX)


def alu_text(insn: Insn, a: str, b: str) -> str:
    """What goes into `dst`. `a` and `b` are texts of numbers that fit the operation's width (those
    of byte swaps may have 64 bits)."""
    operation = insn.op & OPERATION_MASK
    bits = width(insn)
    if operation == AluOp.END:
        return _swap_text(insn, a)
    if operation == AluOp.MOV and insn.off:
        sign = 1 << (insn.off - 1)
        moved = f"(({b} & {2 * sign - 1:#x}) ^ {sign:#x}) - {sign:#x}"
        return f"({moved}) & {(1 << bits) - 1:#x}"
    return _render(_ALU[insn.off << 8 | operation], a, b, bits)


def _swap_text(insn: Insn, a: str) -> str:
    """Memory is little-endian: to little only cuts off."""
    is_swap = insn.op & 7 == Class.ALU64 or insn.op & Source.X
    return f"swap({a}, {insn.imm // 8})" if is_swap else f"{a} & {(1 << insn.imm) - 1:#x}"


def _render(operation: _Operation, a: str, b: str, bits: int) -> str:
    text = operation.text.format(a=a, b=b, sign=hex(1 << (bits - 1)), last=bits - 1)
    return f"({text}) & {(1 << bits) - 1:#x}" if operation.wraps else text


def jump_text(insn: Insn, a: str, b: str) -> str:
    """Whether a conditional jump is taken; `a` and `b` fit its width."""
    sign = hex(1 << (width(insn) - 1))
    return _JUMPS[insn.op & OPERATION_MASK].format(a=a, b=b, sign=sign)


def atomic_text(insn: Insn, old: str, value: str, expected: str) -> str:
    """What an atomic operation puts in the place of `old`; `expected` is r0. All fit its width."""
    if insn.imm == AtomicOp.CMPXCHG:
        return f"{value} if {old} == {expected} else {old}"
    if insn.imm == AtomicOp.XCHG:
        return value
    bits = 8 * ACCESS_BYTES[insn.op & SIZE_MASK]
    return _render(_ALU[insn.imm & ~AtomicOp.FETCH], old, value, bits)


def alu_function(insn: Insn) -> Binary:
    """`alu_text` as a function of two numbers of 64 bits."""
    operation = insn.op & OPERATION_MASK
    is_swap = operation == AluOp.END
    return _compiled(alu_text(insn, *_operands(64 if is_swap else width(insn))), "a, b")


def jump_function(insn: Insn) -> Binary:
    """`jump_text` as a function of two numbers of 64 bits."""
    return _compiled(jump_text(insn, *_operands(width(insn))), "a, b")


def atomic_function(insn: Insn) -> Callable[[int, int, int], int]:
    """`atomic_text` as a function of three numbers of 64 bits."""
    mask = hex((1 << 8 * ACCESS_BYTES[insn.op & SIZE_MASK]) - 1)
    operands = (f"({name} & {mask})" for name in ("old", "value", "expected"))
    return _compiled(atomic_text(insn, *operands), "old, value, expected")


def _operands(bits: int) -> tuple[str, str]:
    return ("a", "b") if bits == 64 else (f"(a & {U32_MAX:#x})", f"(b & {U32_MAX:#x})")


@cache
def _compiled(text: str, parameters: str) -> Callable[..., int]:
    function: Callable[..., int] = eval(f"lambda {parameters}: {text}", dict(NAMES))
    return function
