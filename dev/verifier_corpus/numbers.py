"""Programs about numbers: arithmetic, comparisons, loops, and the flow of control."""

from __future__ import annotations

from seismo.isa.insn import Insn, Reg
from seismo.isa.labels import Label
from seismo.isa.opcode import AluOp, Class, JumpOp
from verifier_corpus.pen import (
    COMPARISONS,
    MAPS,
    R0,
    R1,
    R2,
    R6,
    R7,
    R8,
    R10,
    SAVED,
    SIZES,
    Pen,
)

__all__ = ("arithmetic", "branches", "flow", "loops")


def arithmetic(pen: Pen) -> None:
    """Numbers are computed from unknown ones, and one of them becomes an index."""
    used = SAVED[: pen.pick((1, 2, 3))]
    for register in used:
        if pen.often(0.7):
            pen.unknown(register)
        elif pen.often(0.97):
            pen.ld_imm64(register, pen.number() * pen.pick((1, 1 << 20, 1 << 32)))
    for _ in range(pen.chance.randrange(8)):
        pen.compute(pen.pick(used), used)
    _index(pen, used[0])


def branches(pen: Pen) -> None:
    """Comparisons bound numbers, which become an index."""
    used = SAVED[: pen.pick((1, 2, 3))]
    for register in used:
        pen.unknown(register)
    for _ in range(pen.chance.randrange(1, 6)):
        if pen.often(0.75):
            pen.compare(pen.pick(used), used)
        else:
            pen.compute(pen.pick(used), used)
    if pen.often(0.2):
        pen.mov(used[0], used[-1], pen.width())
    _index(pen, used[0], is_bounded=pen.often(0.8))


def _index(pen: Pen, register: Reg, *, is_bounded: bool = True) -> None:
    """Access a global, or the stack, at a number."""
    size = pen.pick(SIZES)
    on_stack = pen.often(0.3)
    room = 64 if on_stack else MAPS["globals"].value_size
    if is_bounded:
        pen.bound(register, pen.near(room - size))
        if pen.often(0.12):
            pen.compute(register, (register,))
    if on_stack:
        for offset in range(8, room + 1, 8):
            pen.store(R10, -offset, 0, 8)
        pen.stack_address(R1, -room)
    else:
        pen.map_value(R1, "globals")
    if pen.often(0.93):
        pen.alu(pen.pick((AluOp.ADD,) * 14 + (AluOp.SUB,)), R1, register)
    else:
        pen.alu(AluOp.ADD, register, R1, pen.width())
        pen.mov(R1, register)
    pen.access(R1, pen.pick((0,) * 9 + (1, -1, size)), size)
    pen.leave()


def loops(pen: Pen) -> None:
    """A loop that counts up or down, with work inside; some never end."""
    again, out = pen.label(), pen.label()
    rounds = pen.pick((1, 2, 3, 8, 16, 33, 64))
    counter, total = R6, R7
    pen.mov(total, 0)
    is_down = pen.often(0.3)
    pen.mov(counter, rounds if is_down else 0)
    if pen.often(0.05):
        pen.unknown(counter)
    pen.bind(again)
    if pen.often(0.15):
        pen.may_goto(out)
    _body(pen)
    if pen.often(0.97):
        step = pen.pick((1,) * 9 + (2, 3))
        pen.alu(AluOp.SUB if is_down else AluOp.ADD, counter, step, pen.width())
    _turn(pen, again, rounds, is_down=is_down)
    pen.bind(out)
    pen.leave()


def _turn(pen: Pen, again: Label, rounds: int, *, is_down: bool) -> None:
    limits = (JumpOp.JNE, JumpOp.JSGT, JumpOp.JGT) if is_down else (JumpOp.JLT, JumpOp.JNE)
    op = pen.pick((*limits, *limits, *limits, JumpOp.JLE, JumpOp.JSLT, pen.pick(COMPARISONS)))
    pen.jump_if(op, R6, 0 if is_down else rounds, again, pen.width())


def _body(pen: Pen) -> None:
    match pen.chance.randrange(6):
        case 0:
            pen.alu(AluOp.ADD, R7, R6)
        case 1:
            pen.map_value(R1, "globals")
            pen.mov(R2, R6)
            pen.alu(AluOp.AND, R2, pen.near(63))
            pen.alu(AluOp.ADD, R1, R2)
            pen.load(R0, R1, 0, 1)
            pen.alu(AluOp.ADD, R7, R0)
        case 2:
            pen.map_value(R1, "globals")
            pen.alu(AluOp.ADD, R1, R6)
            pen.load(R0, R1, 0, pen.pick((1, 1, 8)))
        case 3:
            pen.helper("get_prandom_u32")
            pen.mov(R8, R0)
            pen.compare(R8, (R7,))
        case 4:
            pen.stack_address(R1, -64)
            pen.alu(AluOp.ADD, R1, R6)
            pen.store(R1, 0, pen.pick((0, 1)), 1)
        case _:
            over = pen.label()
            pen.helper("get_prandom_u32")
            pen.jump_if(pen.pick(COMPARISONS), R0, pen.number(), over)
            pen.alu(AluOp.ADD, R7, 1)
            pen.bind(over)


def flow(pen: Pen) -> None:
    """Jumps here and there, forwards mostly; some out of the program, or over its end."""
    places = [pen.label() for _ in range(pen.pick((2, 3, 5)))]
    pen.unknown(R6)
    if pen.often(0.9):
        pen.mov(R0, 0)
    for at, place in enumerate(places):
        for _ in range(pen.chance.randrange(3)):
            pen.compute(R6, (R6,))
        later = places[at:] if pen.often(0.97) else places[:at] or places
        target = pen.pick(later)
        if pen.often(0.75):
            pen.jump_if(pen.pick(COMPARISONS), R6, pen.number(), target, pen.width())
        elif pen.often(0.2):
            pen.jump(target)
        else:
            pen.append(Insn(Class.JMP32 | JumpOp.JA, R0, R0, 0, pen.pick((0, 0, 0, 0, 1, -1, 2))))
        pen.bind(place)
    if pen.often(0.1):
        pen.append(Insn(pen.chance.randrange(256), R0, pen.pick((R0, R0, R1)), 0, pen.pick((0, 1))))
    if pen.often(0.95):
        pen.leave()
