"""Small damage to programs: what makes of one that is right one that may be wrong."""

from __future__ import annotations

from random import Random

from seismo.base.dataclass import replace
from seismo.isa.insn import REGS, Insn
from seismo.isa.opcode import LD_IMM64, SIZE_MASK, Class, JumpOp, Source
from seismo.spec.types import ProgramSpec

__all__ = ("mutate",)

_GOTO = Insn(Class.JMP | JumpOp.JA, REGS[0], REGS[0])
_EDGES = (0, 1, -1, 4, 8, 16, 63, 64, 255, -8, -512, 1 << 16)
_REGISTERS = (*REGS[:10], *REGS[:10], REGS[10])


def mutate(spec: ProgramSpec, chance: Random) -> ProgramSpec:
    """One instruction changed; 64-bit loads, which name maps and functions, mostly stay."""
    insns = list(spec.insns)
    at = chance.randrange(len(insns))
    insn = insns[at]
    if insn.op == LD_IMM64:
        insns[at] = replace(insn, dst=chance.choice(_REGISTERS))
    else:
        insns[at] = _changed(insn, insns, chance)
    return replace(spec, insns=tuple(insns))


def _changed(insn: Insn, insns: list[Insn], chance: Random) -> Insn:
    match chance.randrange(9):
        case 0:
            return replace(insn, dst=chance.choice(_REGISTERS))
        case 1:
            return replace(insn, src=chance.choice(_REGISTERS))
        case 2:
            return replace(insn, off=insn.off + chance.choice((1, -1, 4, -4, 8, -8)))
        case 3:
            return replace(insn, imm=_word(insn.imm + chance.choice((1, -1, 8, -8, 64))))
        case 4:
            return replace(insn, imm=_word(chance.choice(_EDGES)))
        case 5:
            return _with_operation(insn, chance)
        case 6:
            return _GOTO
        case 7:
            others = [one for one in insns if one.op != LD_IMM64]
            return chance.choice(others) if others else _GOTO
        case _:
            return replace(insn, op=insn.op ^ chance.choice((1, 2, 4, 8, 16, 32, 64, 128)))


def _with_operation(insn: Insn, chance: Random) -> Insn:
    """Another operation of its class, size or source."""
    match insn.op & 7:
        case Class.LDX | Class.ST | Class.STX:
            return replace(insn, op=insn.op & ~SIZE_MASK | chance.choice((0, 8, 16, 24)))
        case Class.ALU | Class.ALU64 if chance.random() < 0.3:
            return replace(insn, op=insn.op ^ (Class.ALU ^ Class.ALU64))
        case Class.JMP | Class.JMP32 if chance.random() < 0.3:
            return replace(insn, op=insn.op ^ (Class.JMP ^ Class.JMP32))
        case _:
            op = insn.op & (Source.X | 7) | chance.randrange(16) << 4
            return replace(insn, op=op)


def _word(number: int) -> int:
    """It as an s32."""
    return (number + (1 << 31)) % (1 << 32) - (1 << 31)
