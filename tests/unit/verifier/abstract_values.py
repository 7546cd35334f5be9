"""Sets of small numbers as bit masks: what the proofs of the abstract arithmetic count with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

from seismo.base.bits import to_signed
from seismo.isa.opcode import AluOp, JumpOp
from seismo.verifier.interval import Interval, tightened
from seismo.verifier.scalar import Scalar, joined
from seismo.verifier.tnum import Tnum

__all__ = (
    "all_tnums",
    "arcs_and_tnums",
    "concrete_alu",
    "concrete_jump",
    "getting_there",
    "images",
    "interval_of",
    "members",
    "reached",
    "related",
    "scalar_of",
)


def members(mask: int) -> list[int]:
    return [number for number in range(mask.bit_length()) if mask >> number & 1]


def gamma(has: Callable[[int], bool], width: int) -> int:
    return sum(1 << number for number in range(1 << width) if has(number))


def all_tnums(width: int) -> dict[Tnum, int]:
    """Each with the mask of its members."""
    numbers = range(1 << width)
    found = [Tnum(value, mask) for value in numbers for mask in numbers if not value & mask]
    return {one: gamma(one.has, width) for one in found}


def interval_of(mask: int, width: int) -> Interval:
    """The least interval that has these numbers."""
    numbers = members(mask)
    signed = [to_signed(one, width) for one in numbers]
    unsure = 0
    for one in numbers:
        unsure |= one ^ numbers[0]
    bits = Tnum(numbers[0] & ~unsure, unsure)
    return tightened(width, bits, (min(numbers), max(numbers)), (min(signed), max(signed)))


def scalar_of(mask: int, width: int) -> Scalar:
    """The least scalar that has these numbers."""
    half = width // 2
    lows = 0
    for one in members(mask):
        lows |= 1 << (one & (1 << half) - 1)
    return joined(interval_of(mask, width), interval_of(lows, half))


def arcs_and_tnums(width: int) -> dict[Interval, int]:
    """The intervals of all runs of numbers, also across either wrap-around, and of all tnums."""
    turn = 1 << width
    runs = [
        sum(1 << (start + one) % turn for one in range(length))
        for start, length in product(range(turn), range(1, turn + 1))
    ]
    made = [interval_of(mask, width) for mask in (*runs, *all_tnums(width).values())]
    return {one: gamma(one.has, width) for one in made}


def concrete_alu(op: AluOp, left: int, right: int, width: int) -> int:
    """RFC 9669's arithmetic in `width` bits."""
    count = right & (width - 1)
    answer = {
        AluOp.MOV: lambda: right,
        AluOp.ADD: lambda: left + right,
        AluOp.SUB: lambda: left - right,
        AluOp.MUL: lambda: left * right,
        AluOp.DIV: lambda: left // right if right else 0,
        AluOp.MOD: lambda: left % right if right else left,
        AluOp.OR: lambda: left | right,
        AluOp.AND: lambda: left & right,
        AluOp.XOR: lambda: left ^ right,
        AluOp.LSH: lambda: left << count,
        AluOp.RSH: lambda: left >> count,
        AluOp.ARSH: lambda: to_signed(left, width) >> count,
        AluOp.NEG: lambda: -left,
    }[op]()
    return answer & ((1 << width) - 1)


def concrete_jump(op: JumpOp, left: int, right: int, width: int) -> bool:
    sleft, sright = to_signed(left, width), to_signed(right, width)
    return {
        JumpOp.JEQ: left == right,
        JumpOp.JNE: left != right,
        JumpOp.JGT: left > right,
        JumpOp.JGE: left >= right,
        JumpOp.JLT: left < right,
        JumpOp.JLE: left <= right,
        JumpOp.JSGT: sleft > sright,
        JumpOp.JSGE: sleft >= sright,
        JumpOp.JSLT: sleft < sright,
        JumpOp.JSLE: sleft <= sright,
        JumpOp.JSET: bool(left & right),
    }[op]


def images(
    op: Callable[[int, int], int], rights: Iterable[int], width: int
) -> dict[tuple[int, int], int]:
    """(left, mask of rights) -> mask of what `op` gives."""
    table = [[1 << op(x, y) for y in range(1 << width)] for x in range(1 << width)]
    found = {}
    for x, mask in product(range(1 << width), set(rights)):
        image = 0
        for y in members(mask):
            image |= table[x][y]
        found[x, mask] = image
    return found


def reached(lefts: int, rights: int, table: dict[tuple[int, int], int]) -> int:
    """What two sets give together."""
    image = 0
    for x in members(lefts):
        image |= table[x, rights]
    return image


Sides = tuple[list[int], list[int]]
"""Of each left number the mask of the rights that a comparison lets it pass with, and the inverse.
"""


def related(op: JumpOp, width: int, bits: int, *, holds: bool) -> Sides:
    """Numbers of `width` bits, of which the low `bits` are compared."""
    mask, numbers = (1 << bits) - 1, range(1 << width)
    rows, columns = [0] * (1 << width), [0] * (1 << width)
    for x, y in product(numbers, repeat=2):
        if concrete_jump(op, x & mask, y & mask, bits) is holds:
            rows[x] |= 1 << y
            columns[y] |= 1 << x
    return rows, columns


def getting_there(sides: Sides, lefts: int, rights: int) -> tuple[int, int]:
    """The members of both sets that pass with some member of the other."""
    return (
        sum(1 << x for x in members(lefts) if sides[0][x] & rights),
        sum(1 << y for y in members(rights) if sides[1][y] & lefts),
    )
