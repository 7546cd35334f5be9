"""What a comparison tells of its operands, on the side where it holds.

The other side is the inverse comparison's. A side that contradicts what is known is never taken.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from seismo.isa.opcode import INVERSE, JumpOp
from seismo.verifier.interval import Interval, tightened
from seismo.verifier.scalar import Scalar, joined
from seismo.verifier.tnum import Tnum

__all__ = ("narrow", "refine")

_SWAPPED = {
    JumpOp.JLT: JumpOp.JGT,
    JumpOp.JLE: JumpOp.JGE,
    JumpOp.JSLT: JumpOp.JSGT,
    JumpOp.JSLE: JumpOp.JSGE,
}

_UNSIGNED: Mapping[JumpOp, Callable[[int, int], bool]] = {
    JumpOp.JEQ: operator.eq,
    JumpOp.JNE: operator.ne,
    JumpOp.JGT: operator.gt,
    JumpOp.JGE: operator.ge,
    JumpOp.JLT: operator.lt,
    JumpOp.JLE: operator.le,
}
_SIGNED: Mapping[JumpOp, Callable[[int, int], bool]] = {
    JumpOp.JSGT: operator.gt,
    JumpOp.JSGE: operator.ge,
    JumpOp.JSLT: operator.lt,
    JumpOp.JSLE: operator.le,
}


def refine(
    op: JumpOp, left: Scalar, right: Scalar, *, is_half: bool, holds: bool
) -> tuple[Scalar, Scalar]:
    """Both operands where `left op right` holds, or does not; either is empty if it cannot be.

    `is_half` compares the lower halves.
    """
    if left.is_constant and right.is_constant:
        one, other = (left.low, right.low) if is_half else (left.wide, right.wide)
        if _compares(op, one, other) is holds:
            return left, right
        nothing = Interval.empty(left.wide.width)
        return Scalar(nothing, left.low), Scalar(nothing, right.low)
    if is_half:
        lows = narrow(op, left.low, right.low, holds=holds)
        return joined(left.wide, lows[0]), joined(right.wide, lows[1])
    wides = narrow(op, left.wide, right.wide, holds=holds)
    if op == (JumpOp.JEQ if holds else JumpOp.JNE):
        low = left.low.intersect(right.low)
        return joined(wides[0], low), joined(wides[1], low)
    return joined(wides[0], left.low), joined(wides[1], right.low)


def _compares(op: JumpOp, left: Interval, right: Interval) -> bool:
    """Whether `left op right` holds for two numbers that are known."""
    if op == JumpOp.JSET:
        return bool(left.umin & right.umin)
    if op in _SIGNED:
        return _SIGNED[op](left.smin, right.smin)
    return _UNSIGNED[op](left.umin, right.umin)


def narrow(
    op: JumpOp, left: Interval, right: Interval, *, holds: bool
) -> tuple[Interval, Interval]:
    """`refine` for intervals of one width."""
    if op == JumpOp.JSET:
        if holds:
            return _sharing(left, right), _sharing(right, left)
        return _disjoint(left, right), _disjoint(right, left)
    if not holds:
        op = INVERSE[op]
    if op in _SWAPPED:
        after = _ordered(_SWAPPED[op], right, left)
        return after[1], after[0]
    if op == JumpOp.JEQ:
        both = left.intersect(right)
        return both, both
    if op == JumpOp.JNE:
        return _differing(left, right), _differing(right, left)
    return _ordered(op, left, right)


def _ordered(op: JumpOp, left: Interval, right: Interval) -> tuple[Interval, Interval]:
    """left > right or left >= right, signed or not."""
    more = 1 if op in (JumpOp.JGT, JumpOp.JSGT) else 0
    if op in (JumpOp.JSGT, JumpOp.JSGE):
        return (
            _within(left, left.unsigned_bounds, (right.smin + more, left.smax)),
            _within(right, right.unsigned_bounds, (right.smin, left.smax - more)),
        )
    return (
        _within(left, (right.umin + more, left.umax), left.signed_bounds),
        _within(right, (right.umin, left.umax - more), right.signed_bounds),
    )


def _within(value: Interval, unsigned: tuple[int, int], signed: tuple[int, int]) -> Interval:
    (ulow, uhigh), (slow, shigh) = unsigned, signed
    return tightened(
        value.width,
        value.bits,
        (max(ulow, value.umin), min(uhigh, value.umax)),
        (max(slow, value.smin), min(shigh, value.smax)),
    )


def _differing(value: Interval, other: Interval) -> Interval:
    """A bound that `value` cannot be moves inwards."""
    if not other.is_constant:
        return value
    umin, umax, smin, smax = value.umin, value.umax, value.smin, value.smax
    return _within(
        value,
        (umin + (umin == other.umin), umax - (umax == other.umin)),
        (smin + (smin == other.smin), smax - (smax == other.smin)),
    )


def _sharing(value: Interval, other: Interval) -> Interval:
    """They share a set bit: it is known which one where only one can be."""
    shared = (value.bits.value | value.bits.mask) & (other.bits.value | other.bits.mask)
    if shared and shared & (shared - 1):
        return value
    if not shared:
        return Interval.empty(value.width)
    known = Tnum(shared, ~shared & ((1 << value.width) - 1))
    return tightened(
        value.width, value.bits.intersect(known), value.unsigned_bounds, value.signed_bounds
    )


def _disjoint(value: Interval, other: Interval) -> Interval:
    """They share no set bit: what is set in the other is clear in this."""
    known = Tnum(0, ~other.bits.value & ((1 << value.width) - 1))
    if value.bits.conflicts(known):
        return Interval.empty(value.width)
    return tightened(
        value.width, value.bits.intersect(known), value.unsigned_bounds, value.signed_bounds
    )
