"""Random programs of all plain instructions, such as the kernel's verifier accepts."""

from __future__ import annotations

import random

from seismo.isa.insn import REGS, Insn, Reg
from seismo.isa.opcode import LD_IMM64, AluOp, AtomicOp, Class, JumpOp, Mode, Size, Source
from seismo.isa.parse import parse_listing
from seismo.isa.prog_types import ProgType
from seismo.spec.types import ProgramSpec

__all__ = ("EDGES", "plain_program")

EDGES = (0, 1, -1, -2, 7, 63, 64, 1 << 31, (1 << 31) - 1, 1 << 63, (1 << 63) - 1, (1 << 32) - 1)
_IMMEDIATES = (0, 1, -1, 2, -2, 7, 31, 255, (1 << 31) - 1, -(1 << 31))
_PLAIN = (AluOp.ADD, AluOp.SUB, AluOp.MUL, AluOp.OR, AluOp.AND, AluOp.XOR, AluOp.MOV)
_DIVISIONS = (AluOp.DIV, AluOp.MOD, AluOp.SDIV, AluOp.SMOD)
_SHIFTS = (AluOp.LSH, AluOp.RSH, AluOp.ARSH)
_JUMPS = (JumpOp.JEQ, JumpOp.JNE, JumpOp.JGT, JumpOp.JGE, JumpOp.JLT, JumpOp.JLE, JumpOp.JSET)
_JUMPS += (JumpOp.JSGT, JumpOp.JSGE, JumpOp.JSLT, JumpOp.JSLE)
_SIZES = {Size.B: 1, Size.H: 2, Size.W: 4, Size.DW: 8}
_EXTENDED = (Size.B, Size.H, Size.W)
_ATOMICS = (AtomicOp.ADD, AtomicOp.OR, AtomicOp.AND, AtomicOp.XOR, AtomicOp.XCHG, AtomicOp.CMPXCHG)
_STACK_WORDS = 4
_VALUES = 9


def plain_program(seed: int, count: int = 40) -> ProgramSpec:
    """Arithmetic, jumps forward, loads, stores and atomic operations on numbers in r0 to r8 and on
    the stack. In the end r0 is a sum of all of them, folded to 32 bits."""
    chance = random.Random(seed)
    head = [_number(chance, REGS[one]) for one in range(_VALUES)]
    for word in range(1, _STACK_WORDS + 1):
        head += _store(Size.DW, REGS[word], -8 * word)
    body: list[Insn] = []
    for left in range(count, 0, -1):
        body.append(_drawn(chance, left))
    return ProgramSpec(
        name="plain", type=ProgType.RAW_TRACEPOINT, insns=(*head, *body, *parse_listing(_FOLD))
    )


_FOLD = (
    "".join(f"r0 *= 31\nr0 ^= r{one}\n" for one in range(1, _VALUES))
    + "".join(
        f"r0 *= 31\nr1 = *(u64 *)(r10 -{8 * one})\nr0 ^= r1\n" for one in range(1, _STACK_WORDS + 1)
    )
    + "r1 = r0\nr1 >>= 32\nw0 ^= w1\nexit"
)


def _drawn(chance: random.Random, left: int) -> Insn:
    """An instruction that takes one slot, `left` of which come before the program's last part."""
    kind = chance.random()
    if kind < 0.55:
        return _alu(chance)
    if kind < 0.7:
        return _jump(chance, left)
    if kind < 0.9:
        return _access(chance)
    return _atomic(chance)


def _number(chance: random.Random, register: Reg) -> Insn:
    value = chance.choice((*EDGES, chance.getrandbits(64))) & ((1 << 64) - 1)
    return Insn(LD_IMM64, register, Reg.R0, 0, value)


def _register(chance: random.Random) -> Reg:
    return REGS[chance.randrange(_VALUES)]


def _alu(chance: random.Random) -> Insn:
    cls = chance.choice((Class.ALU, Class.ALU64))
    operation = chance.choice((*_PLAIN, *_DIVISIONS, *_SHIFTS, AluOp.NEG, AluOp.END))
    dst, src, bits = _register(chance), _register(chance), 64 if cls == Class.ALU64 else 32
    if operation == AluOp.NEG:
        return Insn(cls | operation, dst, Reg.R0)
    if operation == AluOp.END:
        source = chance.choice((0, Source.X)) if cls == Class.ALU else 0
        return Insn(cls | operation | source, dst, Reg.R0, 0, chance.choice((16, 32, 64)))
    off = operation >> 8
    if chance.random() < 0.5:
        if operation == AluOp.MOV:
            off = chance.choice((0, 8, 16) if cls == Class.ALU else (0, 8, 16, 32))
        return Insn(cls | operation & 0xF0 | Source.X, dst, src, off)
    imm = chance.choice((*_IMMEDIATES, chance.randint(-(1 << 31), (1 << 31) - 1)))
    if operation in _SHIFTS:
        imm = chance.randrange(bits)
    elif operation in _DIVISIONS:
        imm = imm or 3
    return Insn(cls | operation & 0xF0, dst, Reg.R0, off, imm)


def _jump(chance: random.Random, left: int) -> Insn:
    distance = chance.randrange(min(left, 4))
    if chance.random() < 0.1:
        return Insn(Class.JMP | JumpOp.JA, Reg.R0, Reg.R0, 0)
    if chance.random() < 0.1:
        return Insn(Class.JMP32 | JumpOp.JA, Reg.R0, Reg.R0, 0, 0)
    op = chance.choice((Class.JMP, Class.JMP32)) | chance.choice(_JUMPS)
    if chance.random() < 0.5:
        return Insn(op | Source.X, _register(chance), _register(chance), distance)
    imm = chance.choice((*_IMMEDIATES, chance.randint(-(1 << 31), (1 << 31) - 1)))
    return Insn(op, _register(chance), Reg.R0, distance, imm)


def _access(chance: random.Random) -> Insn:
    size = chance.choice(tuple(_SIZES))
    place = _place(chance, _SIZES[size])
    match chance.choice(("load", "extended", "store", "immediate")):
        case "load":
            return Insn(Class.LDX | Mode.MEM | size, _register(chance), Reg.R10, place)
        case "extended":
            size = chance.choice(_EXTENDED)
            place = _place(chance, _SIZES[size])
            return Insn(Class.LDX | Mode.MEMSX | size, _register(chance), Reg.R10, place)
        case "store":
            return Insn(Class.STX | Mode.MEM | size, Reg.R10, _register(chance), place)
        case _:
            imm = chance.choice(_IMMEDIATES)
            return Insn(Class.ST | Mode.MEM | size, Reg.R10, Reg.R0, place, imm)


def _place(chance: random.Random, size: int) -> int:
    """Some multiple of the size, below r10."""
    return size * chance.randrange(8 * _STACK_WORDS // size) - 8 * _STACK_WORDS


def _atomic(chance: random.Random) -> Insn:
    if chance.random() < 0.2:
        return _ordered(chance)
    operation = chance.choice(_ATOMICS)
    imm = operation | (AtomicOp.FETCH if chance.random() < 0.5 else 0)
    size = chance.choice((Size.W, Size.DW))
    place = _place(chance, _SIZES[size])
    return Insn(Class.STX | Mode.ATOMIC | size, Reg.R10, _register(chance), place, imm)


def _ordered(chance: random.Random) -> Insn:
    size = chance.choice(tuple(_SIZES))
    place, register = _place(chance, _SIZES[size]), _register(chance)
    if chance.random() < 0.5:
        return Insn(Class.STX | Mode.ATOMIC | size, register, Reg.R10, place, AtomicOp.LOAD_ACQ)
    return Insn(Class.STX | Mode.ATOMIC | size, Reg.R10, register, place, AtomicOp.STORE_REL)


def _store(size: Size, register: Reg, place: int) -> list[Insn]:
    return [Insn(Class.STX | Mode.MEM | size, Reg.R10, register, place)]
