"""A register's number: what is known of all its bits, and of its lower half on its own.

Half-width arithmetic (`ALU`) and comparisons (`JMP32`) see the lower half only; each of the two
intervals narrows the other. The width is 64 but in proofs.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import cache, lru_cache

from seismo.base.dataclass import dataclass
from seismo.isa.opcode import AluOp
from seismo.verifier.arithmetic import compute, is_computed
from seismo.verifier.interval import Interval, tightened

__all__ = ("Scalar", "alu", "joined", "zero_extended")

_OF_LOW_HALVES = (
    AluOp.MOV,
    AluOp.ADD,
    AluOp.SUB,
    AluOp.MUL,
    AluOp.NEG,
    AluOp.AND,
    AluOp.OR,
    AluOp.XOR,
    AluOp.LSH,
)
"""Operations whose lower half depends on the lower halves only."""

_OF_CONSTANTS: Mapping[AluOp, Callable[[int, int], int]] = {
    AluOp.MOV: lambda _left, right: right,
    AluOp.ADD: operator.add,
    AluOp.SUB: operator.sub,
    AluOp.MUL: operator.mul,
    AluOp.NEG: lambda left, _right: -left,
    AluOp.AND: operator.and_,
    AluOp.OR: operator.or_,
    AluOp.XOR: operator.xor,
}
"""What most operations make of numbers that are known, modulo 2**width."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """`wide` is all bits, `low` the lower half; made by `joined`, which makes them agree."""

    wide: Interval
    low: Interval

    @staticmethod
    @cache
    def unknown(width: int = 64) -> Scalar:
        """Any number."""
        return Scalar(Interval.unknown(width), Interval.unknown(width // 2))

    @staticmethod
    @lru_cache(4096)
    def constant(value: int, width: int = 64) -> Scalar:
        """Only `value`, modulo 2**width."""
        return Scalar(Interval.constant(value, width), Interval.constant(value, width // 2))

    @staticmethod
    def unsigned(low: int, high: int, width: int = 64) -> Scalar:
        """`low` to `high`, both included."""
        wide = Interval.unsigned(low, high, width)
        return joined(wide, Interval.unknown(width // 2))

    @staticmethod
    def signed(low: int, high: int, width: int = 64) -> Scalar:
        """`low` to `high`, both included."""
        wide = Interval.signed(low, high, width)
        return joined(wide, Interval.unknown(width // 2))

    @property
    def is_constant(self) -> bool:
        return self.wide.umin == self.wide.umax

    @property
    def is_empty(self) -> bool:
        return self.wide.is_empty or self.low.is_empty

    @property
    def value(self) -> int:
        """The number, unsigned, where it is constant."""
        return self.wide.umin

    def has(self, number: int) -> bool:
        """Whether the unsigned `number` is a member."""
        half = (1 << self.low.width) - 1
        return self.wide.has(number) and self.low.has(number & half)

    def covers(self, other: Scalar) -> bool:
        """Whether it has all that `other` has."""
        return self is other or (self.wide.covers(other.wide) and self.low.covers(other.low))

    def intersect(self, other: Scalar) -> Scalar:
        """What both know; it may be empty."""
        return joined(self.wide.intersect(other.wide), self.low.intersect(other.low))

    def zero_extend(self, bits: int) -> Scalar:
        """Its low `bits`, the rest 0."""
        width = self.wide.width
        if bits >= width:
            return self
        if bits == self.low.width:
            return zero_extended(self.low)
        wide = self.wide.truncate(bits).zero_extend(width)
        return joined(wide, Interval.unknown(width // 2))

    def sign_extend(self, bits: int, to: int) -> Scalar:
        """Its low `bits` as a signed number of `to` bits, zero above those."""
        width, half = self.wide.width, self.low.width
        kept = self.low if bits == half else self.wide.truncate(bits)
        if to == half:
            return zero_extended(kept.sign_extend(half))
        return joined(kept.sign_extend(width), Interval.unknown(half))

    def swap_bytes(self, bits: int) -> Scalar:
        """Its low `bits` with their bytes in reverse order, the rest 0; of bounds nothing is left
        but what single bits tell."""
        width = self.wide.width
        swapped = self.wide.bits.truncate(bits).swap_bytes(bits)
        anything = Interval.unknown(width)
        wide = tightened(width, swapped, anything.unsigned_bounds, anything.signed_bounds)
        return joined(wide, Interval.unknown(self.low.width))


def alu(op: AluOp, left: Scalar, right: Scalar, *, is_half: bool) -> Scalar:
    """`left op right`; of the lower halves alone if `is_half`, the upper half then being 0."""
    exact = _OF_CONSTANTS.get(op)
    if exact is not None and left.is_constant and right.is_constant:
        width = left.low.width if is_half else left.wide.width
        value = exact(left.value, right.value) & ((1 << width) - 1)
        return Scalar.constant(value, left.wide.width)
    if not is_computed(op, right.low if is_half else right.wide):
        # Not even that a half has nothing above it: the kernel gives up before it comes to that.
        return Scalar.unknown(left.wide.width)
    if is_half:
        return zero_extended(compute(op, left.low, right.low))
    wide = compute(op, left.wide, right.wide)
    if op in _OF_LOW_HALVES:
        return joined(wide, compute(op, left.low, right.low))
    return joined(wide, Interval.unknown(left.low.width))


def zero_extended(low: Interval) -> Scalar:
    """The scalar whose lower half is `low`, above which all is 0."""
    return Scalar(low.zero_extend(2 * low.width), low)


def joined(wide: Interval, low: Interval) -> Scalar:
    """All bits and the lower half of one number, each narrowed by the other."""
    if wide.is_empty or low.is_empty:
        return Scalar(wide, low)
    if wide.is_constant:
        return Scalar(wide, low.intersect(Interval.constant(wide.umin, low.width)))
    low = low.intersect(wide.truncate(low.width))
    if low.is_empty:
        return Scalar(wide, low)
    wide = _narrowed(wide, low)
    if wide.is_empty:
        return Scalar(wide, low)
    return Scalar(wide, low.intersect(wide.truncate(low.width)))


def _narrowed(wide: Interval, low: Interval) -> Interval:
    """`wide`, knowing its lower half: no member is below or above what that half allows within the
    same upper half."""
    width, half = wide.width, low.width
    lower = wide.bits.truncate(half)
    if lower.conflicts(low.bits):
        return Interval.empty(width)
    bits = wide.bits.with_low(lower.intersect(low.bits), half)
    upper = -1 << half
    umin = max(wide.umin, wide.umin & upper | low.umin)
    umax = min(wide.umax, wide.umax & upper | low.umax)
    smin = max(wide.smin, wide.smin & upper | low.umin)
    smax = min(wide.smax, wide.smax & upper | low.umax)
    edge = 1 << (half - 1)
    # What fits the signed half is its own lower half, signed.
    if wide.smin >= -edge and wide.smax < edge:
        smin, smax = max(smin, low.smin), min(smax, low.smax)
    return tightened(width, bits, (umin, umax), (smin, smax))
