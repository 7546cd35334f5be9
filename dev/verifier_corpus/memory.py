"""Programs about memory: the stack, what is spilled there, values of maps, null, atomics."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from seismo.isa.insn import Reg
from seismo.isa.opcode import AluOp, AtomicOp, JumpOp
from verifier_corpus.pen import (
    MAPS,
    R0,
    R1,
    R2,
    R3,
    R6,
    R7,
    R8,
    R9,
    R10,
    SIZES,
    Pen,
)

__all__ = ("atomics", "leaks", "map_values", "nulls", "spills", "stack")

Use: TypeAlias = Callable[[Pen], None]
"""What is done with a register once it is back."""

_LOOKED_UP = ("array", "hash", "percpu", "globals", "constants", "sink")


def stack(pen: Pen) -> None:
    """Stores and loads at fixed and varying offsets, aligned or not."""
    for _ in range(pen.chance.randrange(1, 7)):
        size = pen.pick(SIZES)
        offset = -size * pen.pick((1, 2, 3, 5, 8, 512 // size))
        if pen.often(0.06):
            offset += pen.pick((1, -1, size, 2, -size))
        base = R10
        if pen.often(0.4):
            moved = pen.pick((-8, -16, -24, 8, -512))
            pen.stack_address(R1, moved)
            base, offset = R1, offset - moved
        if pen.often(0.25):
            pen.unknown(R6)
            pen.bound(R6, pen.near(pen.pick((7, 8, 15))))
            if pen.often(0.6):
                pen.alu(AluOp.LSH, R6, 3)
            pen.stack_address(R1, -pen.pick((32, 64, 128, 136)))
            pen.alu(AluOp.ADD, R1, R6)
            base, offset = R1, pen.pick((0, 0, 0, 8, -8))
            size = pen.pick((1, 1, 8))
        pen.access(base, offset, size)
    pen.leave()


def spills(pen: Pen) -> None:
    """Something is spilled, perhaps damaged, filled again and used as what it was."""
    at = -8 * pen.pick((1, 2, 8))
    what = pen.pick((_spilled_value, _spilled_number, _spilled_context, _spilled_stack))
    use = what(pen)
    pen.store(R10, at, R6, pen.pick((8,) * 12 + (4,)))
    match pen.chance.randrange(12):
        case 0:
            pen.store(R10, at + pen.pick((0, 1, 4, 7)), 0, 1)
        case 1:
            pen.store(R10, at - 8, 0, 8)
        case 2:
            pen.unknown(R7)
            pen.alu(AluOp.AND, R7, 7)
            pen.stack_address(R1, at - pen.pick((0, 8)))
            pen.alu(AluOp.ADD, R1, R7)
            pen.store(R1, 0, 0, 1)
        case 3:
            pen.map(R1, "array")
            pen.stack_address(R2, at)
            pen.helper("map_lookup_elem")
        case _:
            pass
    pen.load(R6, R10, at, pen.pick((8,) * 12 + (4,)))
    use(pen)
    pen.leave()


def _spilled_value(pen: Pen) -> Use:
    pen.look_up("array", R6)
    is_early = pen.often(0.6)
    if is_early:
        pen.unless_null(R6)

    def use(pen: Pen) -> None:
        if not is_early:
            pen.unless_null(R6)
        pen.access(R6, pen.pick((0, 8, 40, 40, 48)), 8)

    return use


def _spilled_number(pen: Pen) -> Use:
    pen.unknown(R6)
    is_early = pen.often(0.7)
    if is_early:
        pen.bound(R6, 40)

    def use(pen: Pen) -> None:
        if not is_early:
            pen.bound(R6, 40)
        pen.map_value(R1, "globals")
        pen.alu(AluOp.ADD, R1, R6)
        pen.load(R0, R1, 0, pen.pick(SIZES))

    return use


def _spilled_context(pen: Pen) -> Use:
    pen.mov(R6, R1)
    return lambda pen: pen.load(R0, R6, pen.pick((8, 16, 88, 88, 96)), 8)


def _spilled_stack(pen: Pen) -> Use:
    pen.stack_address(R6, -64)
    return lambda pen: pen.store(R6, pen.pick((0, 8, 16, 56, 64)), 1, 8)


def map_values(pen: Pen) -> None:
    """Values are looked up, and accessed at fixed and varying offsets."""
    name = pen.pick(_LOOKED_UP)
    size = pen.pick(SIZES)
    room = MAPS[name].value_size
    base: Reg = R6
    if name in ("globals", "constants") and pen.often(0.5):
        pen.map_value(R6, name, pen.pick((0, 0, 0, 0, 8, room - 8, room)))
    else:
        pen.look_up(name, R6)
        pen.unless_null(R6, likelihood=0.97)
    for _ in range(pen.pick((0, 0, 1, 1, 1, 1, 2))):
        pen.unknown(R7)
        pen.bound(R7, pen.near(room - size))
        if pen.often(0.15):
            pen.alu(pen.pick((AluOp.MUL, AluOp.LSH, AluOp.RSH, AluOp.SUB)), R7, pen.pick((1, 2, 8)))
        pen.alu(AluOp.ADD, R6, R7)
        if pen.often(0.1):
            pen.alu(AluOp.SUB, R6, pen.pick((1, 8, room)))
    offset = pen.pick((0,) * 12 + (size, room - size, room - size, room - size + 1, room, -1))
    pen.access(base, offset, size)
    pen.leave()


def nulls(pen: Pen) -> None:
    """Pointers that may be null: checked, copied, spilled, moved, in some order."""
    name = pen.pick(("array", "hash", "percpu"))
    pen.look_up(name, R6, key=pen.pick((0, 1, 2, 3, 4, 9)))
    pen.mov(R7, R6)
    if pen.often(0.3):
        pen.look_up(pen.pick(("array", "hash")), R8)
    else:
        pen.mov(R8, R6)
    for _ in range(pen.chance.randrange(1, 4)):
        match pen.chance.randrange(7):
            case 0 | 1 | 2:
                pen.unless_null(pen.pick((R6, R7, R8)), likelihood=0.93)
            case 3:
                if pen.often(0.4):
                    pen.alu(AluOp.ADD, pen.pick((R6, R7)), pen.pick((0, 0, 8)))
            case 4:
                pen.store(R10, -16, R7, 8)
                pen.load(R7, R10, -16, 8)
            case 5:
                over = pen.label()
                op = pen.pick((JumpOp.JEQ, JumpOp.JNE))
                pen.jump_if(op, pen.pick((R6, R7)), pen.pick((R7, R8)), over)
                pen.leave()
                pen.bind(over)
            case _:
                pen.unknown(R9)
    if pen.often(0.5):
        pen.unless_null(R6)
    pen.access(pen.pick((R6, R6, R7, R8)), 0, pen.pick(SIZES))
    pen.leave()


def atomics(pen: Pen) -> None:
    """Atomic operations on the stack, on map values, and on what takes none."""
    size = pen.pick((4, 8, 8))
    match pen.chance.randrange(6):
        case 0 | 1:
            base, offset = R10, -pen.pick((8, 16, 16, 512, 4))
            if pen.often(0.9):
                pen.store(R10, -8, pen.pick((0, 1)), 8)
                pen.store(R10, -16, 0, 8)
        case 2 | 3:
            pen.map_value(R6, pen.pick(("globals",) * 7 + ("constants",)))
            base, offset = R6, pen.pick((0, 0, 8, 8, 56, 60, 64))
        case 4:
            pen.look_up(pen.pick(("array", "percpu")), R6)
            pen.unless_null(R6)
            base, offset = R6, pen.pick((0, 8, 40, 16))
        case _:
            pen.mov(R6, R1)
            base, offset = R6, 0
    pen.mov(R0, pen.pick((0, 1)))
    value = pen.pick((R0, R2, R10, R0, R2, R2))
    pen.mov(R2, pen.pick((0, 1, 7)))
    match pen.chance.randrange(6):
        case 0 | 1 | 2:
            op = pen.pick((AtomicOp.ADD, AtomicOp.OR, AtomicOp.AND, AtomicOp.XOR))
            pen.atomic(op, base, offset, value, size, fetch=pen.often())
        case 3:
            pen.xchg(base, offset, value, size)
        case 4:
            pen.cmpxchg(base, offset, value, size)
        case _:
            if pen.often():
                pen.load_acquire(R3, base, offset, pen.pick(SIZES))
            else:
                pen.store_release(base, offset, value, pen.pick(SIZES))
    if pen.often(0.15):
        pen.map_value(R1, "globals")
        pen.alu(AluOp.ADD, R1, pen.pick((R0, R2)))
        pen.load(R0, R1, 0, 1)
    pen.leave()


def leaks(pen: Pen) -> None:
    """Pointers where numbers are expected: stored, compared, computed with, returned."""
    pen.mov(R6, R1)
    pen.look_up("array", R7)
    if pen.often(0.85):
        pen.unless_null(R7)
    pointer = pen.pick((R6, R7, R10))
    match pen.chance.randrange(8):
        case 0:
            pen.store(R7, 0, pointer, pen.pick((8, 8, 4)))
        case 1:
            pen.mov(R8, pointer)
            op = pen.pick((AluOp.ADD, AluOp.SUB, AluOp.AND, AluOp.OR, AluOp.MUL, AluOp.RSH))
            pen.alu(op, R8, pen.pick((R6, R7, R10)), pen.width())
        case 2:
            pen.mov(R8, pointer)
            pen.compute(R8, (R8,))
        case 3:
            over = pen.label()
            pen.jump_if(pen.pick((JumpOp.JEQ, JumpOp.JGT)), pointer, pen.number(), over)
            pen.bind(over)
        case 4:
            over = pen.label()
            pen.jump_if(pen.pick((JumpOp.JEQ, JumpOp.JLT)), pointer, pen.pick((R6, R7)), over)
            pen.bind(over)
        case 5:
            pen.mov(R0, pointer, pen.width())
            pen.exit()
        case 6:
            pen.store(R6, 0, pointer, 8)
        case _:
            pen.mov(R8, pointer, 32)
            pen.map_value(R1, "globals")
            pen.alu(AluOp.AND, R8, 63)
            pen.alu(AluOp.ADD, R1, R8)
            pen.store(R1, 0, 0, 1)
    pen.leave()
