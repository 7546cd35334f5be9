"""Where, along the path that was explored, a register got its content."""

from __future__ import annotations

from collections.abc import Sequence

from seismo.base.dataclass import dataclass
from seismo.isa.insn import Insn, Reg
from seismo.isa.opcode import (
    LD_IMM64,
    MODE_MASK,
    OPERATION_MASK,
    AluOp,
    AtomicOp,
    Class,
    Mode,
    Source,
)

__all__ = ("Origin", "origin_of", "step_of")

_ALU = (Class.ALU, Class.ALU64)


@dataclass(frozen=True, slots=True)
class Origin:
    """The instruction, and its index."""

    index: int
    insn: Insn


def origin_of(insns: Sequence[Insn], path: Sequence[int], register: Reg) -> Origin | None:
    """What made the content that `register` has where `path` ends; None if it came from without.

    Copies are followed, to other registers and to the stack and back.
    """
    wanted: Reg | int = register
    for index in reversed(path[:-1]):
        insn = insns[index]
        if isinstance(wanted, int) and not isinstance(wanted, Reg):
            if _is_spill(insn, wanted):
                wanted = insn.src
            continue
        if not _writes(insn, wanted):
            continue
        if insn.op == Class.ALU64 | AluOp.MOV | Source.X and not insn.off:
            wanted = insn.src
        elif _is_fill(insn):
            wanted = insn.off
        else:
            return Origin(index, insn)
    return None


def step_of(insns: Sequence[Insn], path: Sequence[int], register: Reg) -> Reg | None:
    """The register whose number was last added to the pointer in `register`, if one was."""
    for index in reversed(path[:-1]):
        insn = insns[index]
        if insn.dst != register or insn.op & 7 not in _ALU or not insn.op & Source.X:
            continue
        operation = insn.op & OPERATION_MASK
        if operation == AluOp.MOV:
            register = insn.src
        elif operation in (AluOp.ADD, AluOp.SUB):
            return insn.src
    return None


def _writes(insn: Insn, register: Reg) -> bool:
    if insn.is_call:
        return register <= Reg.R5
    cls = insn.op & 7
    if cls in (*_ALU, Class.LDX) or insn.op == LD_IMM64:
        return insn.dst == register
    if cls == Class.LD:
        return register == Reg.R0
    if cls != Class.STX or insn.op & MODE_MASK != Mode.ATOMIC:
        return False
    if insn.imm == AtomicOp.CMPXCHG:
        return register == Reg.R0
    return bool(insn.imm & AtomicOp.FETCH) and insn.src == register


def _is_fill(insn: Insn) -> bool:
    return insn.op & 7 == Class.LDX and insn.src == Reg.R10


def _is_spill(insn: Insn, offset: int) -> bool:
    is_store = insn.op & 7 == Class.STX and insn.op & MODE_MASK == Mode.MEM
    return is_store and insn.dst == Reg.R10 and insn.off == offset
