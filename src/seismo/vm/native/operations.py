"""What each operation does, in LLVM's language: the same table as `semantics.py`, of values in i64.

>>> text = Text()
>>> alu(text, Insn(0x0F, Reg.R1, Reg.R2), "%a", "%b"), text.lines
('%v1', ['  %v1 = add i64 %a, %b'])

LLVM leaves open what divisions by zero and shifts by too much give; RFC 9669 does not.
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.isa.insn import Insn
from seismo.isa.opcode import OPERATION_MASK, AluOp, AtomicOp, Class, JumpOp, Source
from seismo.vm.semantics import width

__all__ = ("Text", "alu", "atomic", "condition")

_PLAIN: Mapping[int, str] = {
    AluOp.ADD: "add",
    AluOp.SUB: "sub",
    AluOp.MUL: "mul",
    AluOp.OR: "or",
    AluOp.AND: "and",
    AluOp.XOR: "xor",
}
_SHIFTS: Mapping[int, str] = {AluOp.LSH: "shl", AluOp.RSH: "lshr", AluOp.ARSH: "ashr"}
_DIVISIONS: Mapping[int, str] = {
    AluOp.DIV: "udiv",
    AluOp.MOD: "urem",
    AluOp.SDIV: "sdiv",
    AluOp.SMOD: "srem",
}
_REMAINDERS = (AluOp.MOD, AluOp.SMOD)
_PREDICATES: Mapping[int, str] = {
    JumpOp.JEQ: "eq",
    JumpOp.JNE: "ne",
    JumpOp.JGT: "ugt",
    JumpOp.JGE: "uge",
    JumpOp.JLT: "ult",
    JumpOp.JLE: "ule",
    JumpOp.JSGT: "sgt",
    JumpOp.JSGE: "sge",
    JumpOp.JSLT: "slt",
    JumpOp.JSLE: "sle",
}


class Text:
    """Lines of a function. Values are numbered as they are made."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._count = 0

    def put(self, line: str) -> None:
        """A line that makes no value."""
        self.lines.append(f"  {line}")

    def value(self, line: str) -> str:
        """A line that makes a value, by whose name it is known then."""
        self._count += 1
        self.lines.append(f"  %v{self._count} = {line}")
        return f"%v{self._count}"

    def label(self, name: str) -> None:
        """The beginning of a block."""
        self.lines.append(f"{name}:")

    def narrow(self, value: str, bits: int) -> str:
        """The low bits of an i64."""
        return value if bits == 64 else self.value(f"trunc i64 {value} to i{bits}")

    def widen(self, value: str, bits: int, how: str = "zext") -> str:
        """An i64 of a value of so many bits, by `zext` or `sext`."""
        return value if bits == 64 else self.value(f"{how} i{bits} {value} to i64")


def alu(text: Text, insn: Insn, a: str, b: str) -> str:
    """What goes into `dst`, of which `a` is the value before; `b` is the other operand."""
    operation = insn.op & OPERATION_MASK
    if operation == AluOp.END:
        return _swapped(text, insn, a)
    bits = width(insn)
    if operation == AluOp.MOV and insn.off:
        moved = text.widen(text.narrow(b, insn.off), insn.off, "sext")
        return text.widen(text.narrow(moved, bits), bits)
    a, b = text.narrow(a, bits), text.narrow(b, bits)
    return text.widen(_computed(text, insn.off << 8 | operation, a, b, bits), bits)


def _computed(text: Text, operation: int, a: str, b: str, bits: int) -> str:
    if operation == AluOp.MOV:
        return b
    if operation == AluOp.NEG:
        return text.value(f"sub i{bits} 0, {a}")
    if operation in _PLAIN:
        return text.value(f"{_PLAIN[operation]} i{bits} {a}, {b}")
    if operation in _SHIFTS:
        count = text.value(f"and i{bits} {b}, {bits - 1}")
        return text.value(f"{_SHIFTS[operation]} i{bits} {a}, {count}")
    return _divided(text, operation, a, b, bits)


def _divided(text: Text, operation: int, a: str, b: str, bits: int) -> str:
    """By zero a quotient is 0 and a remainder all there was; by -1 nothing overflows."""
    is_remainder = operation in _REMAINDERS
    is_zero = text.value(f"icmp eq i{bits} {b}, 0")
    divisor = text.value(f"select i1 {is_zero}, i{bits} 1, i{bits} {b}")
    if operation in (AluOp.DIV, AluOp.MOD):
        found = text.value(f"{_DIVISIONS[operation]} i{bits} {a}, {divisor}")
    else:
        is_minus = text.value(f"icmp eq i{bits} {b}, -1")
        divisor = text.value(f"select i1 {is_minus}, i{bits} 1, i{bits} {divisor}")
        found = text.value(f"{_DIVISIONS[operation]} i{bits} {a}, {divisor}")
        other = "0" if is_remainder else text.value(f"sub i{bits} 0, {a}")
        found = text.value(f"select i1 {is_minus}, i{bits} {other}, i{bits} {found}")
    by_zero = a if is_remainder else "0"
    return text.value(f"select i1 {is_zero}, i{bits} {by_zero}, i{bits} {found}")


def _swapped(text: Text, insn: Insn, a: str) -> str:
    """Memory is little-endian: to little only cuts off."""
    low = text.narrow(a, insn.imm)
    if insn.op & 7 == Class.ALU64 or insn.op & Source.X:
        low = text.value(f"call i{insn.imm} @llvm.bswap.i{insn.imm}(i{insn.imm} {low})")
    return text.widen(low, insn.imm)


def condition(text: Text, insn: Insn, a: str, b: str) -> str:
    """Whether a conditional jump is taken, as an i1."""
    bits = width(insn)
    a, b = text.narrow(a, bits), text.narrow(b, bits)
    operation = insn.op & OPERATION_MASK
    if operation == JumpOp.JSET:
        both = text.value(f"and i{bits} {a}, {b}")
        return text.value(f"icmp ne i{bits} {both}, 0")
    return text.value(f"icmp {_PREDICATES[operation]} i{bits} {a}, {b}")


def atomic(text: Text, insn: Insn, old: str, value: str, expected: str, bits: int) -> str:
    """What an atomic operation puts in the place of `old`; `expected` is r0. All have `bits`."""
    if insn.imm == AtomicOp.CMPXCHG:
        is_same = text.value(f"icmp eq i{bits} {old}, {expected}")
        return text.value(f"select i1 {is_same}, i{bits} {value}, i{bits} {old}")
    if insn.imm == AtomicOp.XCHG:
        return value
    return _computed(text, insn.imm & ~AtomicOp.FETCH, old, value, bits)
