"""What is known of a number of one width: its bits, its unsigned bounds and its signed bounds.

The three views describe one set, and each is tightened by the others, as `reg_bounds_sync` of
kernel/bpf/verifier.c does. Widths are free, so that small ones can be proved by trying everything.
"""

from __future__ import annotations

from functools import cache, lru_cache

from seismo.base.bits import to_signed
from seismo.base.dataclass import dataclass
from seismo.verifier.tnum import Tnum

__all__ = ("Interval", "tightened")


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers of `width` bits that are in `bits`, in umin..umax, and in smin..smax if signed.

    An empty one, which nothing but a contradiction makes, has umin > umax.
    """

    width: int
    bits: Tnum
    umin: int
    umax: int
    smin: int
    smax: int

    @staticmethod
    @lru_cache(4096)
    def constant(value: int, width: int) -> Interval:
        """Only `value`, modulo 2**width."""
        value &= (1 << width) - 1
        signed = to_signed(value, width)
        return Interval(width, Tnum(value, 0), value, value, signed, signed)

    @staticmethod
    @cache
    def unknown(width: int) -> Interval:
        """Every number of `width` bits."""
        half = 1 << (width - 1)
        return Interval(width, Tnum.unknown(width), 0, 2 * half - 1, -half, half - 1)

    @staticmethod
    def unsigned(low: int, high: int, width: int) -> Interval:
        """`low` to `high`, both included."""
        half = 1 << (width - 1)
        return tightened(width, Tnum.unknown(width), (low, high), (-half, half - 1))

    @staticmethod
    def signed(low: int, high: int, width: int) -> Interval:
        """`low` to `high`, both included."""
        return tightened(width, Tnum.unknown(width), (0, (1 << width) - 1), (low, high))

    @staticmethod
    @cache
    def empty(width: int) -> Interval:
        """No number: what a contradiction leaves."""
        return Interval(width, Tnum(0, 0), 1, 0, 1, 0)

    @property
    def is_constant(self) -> bool:
        return self.umin == self.umax

    @property
    def is_empty(self) -> bool:
        return self.umin > self.umax

    @property
    def unsigned_bounds(self) -> tuple[int, int]:
        return self.umin, self.umax

    @property
    def signed_bounds(self) -> tuple[int, int]:
        return self.smin, self.smax

    def has(self, number: int) -> bool:
        """Whether the unsigned `number` is a member."""
        return (
            self.umin <= number <= self.umax
            and self.smin <= to_signed(number, self.width) <= self.smax
            and self.bits.has(number)
        )

    def covers(self, other: Interval) -> bool:
        """Whether each view of it has all that the same view of `other` has."""
        return (
            self.umin <= other.umin
            and self.umax >= other.umax
            and self.smin <= other.smin
            and self.smax >= other.smax
            and self.bits.covers(other.bits)
        )

    def intersect(self, other: Interval) -> Interval:
        """What both know; it may be empty."""
        if self.is_empty or other.is_empty or self.bits.conflicts(other.bits):
            return Interval.empty(self.width)
        return tightened(
            self.width,
            self.bits.intersect(other.bits),
            (max(self.umin, other.umin), min(self.umax, other.umax)),
            (max(self.smin, other.smin), min(self.smax, other.smax)),
        )

    def truncate(self, width: int) -> Interval:
        """The low `width` bits of its members."""
        bits = self.bits.truncate(width)
        mask = (1 << width) - 1
        half = 1 << (width - 1)
        unsigned, signed = (0, mask), (-half, half - 1)
        # Numbers that share what is cut off keep their order.
        if self.umin >> width == self.umax >> width:
            unsigned = self.umin & mask, self.umax & mask
        if self.smin + half >> width == self.smax + half >> width:
            signed = to_signed(self.smin, width), to_signed(self.smax, width)
        elif self.smin >> width == self.smax >> width:
            low, high = unsigned
            unsigned = max(low, self.smin & mask), min(high, self.smax & mask)
        return tightened(width, bits, unsigned, signed)

    def zero_extend(self, width: int) -> Interval:
        """The same numbers in more bits."""
        half = 1 << (width - 1)
        return tightened(width, self.bits, (self.umin, self.umax), (-half, half - 1))

    def sign_extend(self, width: int) -> Interval:
        """The same signed numbers in more bits."""
        bits = self.bits.sign_extend(self.width, width)
        return tightened(width, bits, (0, (1 << width) - 1), (self.smin, self.smax))


def tightened(
    width: int, bits: Tnum, unsigned: tuple[int, int], signed: tuple[int, int]
) -> Interval:
    """The three views of one number, each narrowed by the others."""
    umin, umax = unsigned
    smin, smax = signed
    # Twice: what the bounds say of the bits may say more of the bounds.
    for _ in range(2):
        umin, umax, smin, smax = _bounded_by_bits(width, bits, umin, umax, smin, smax)
        umin, umax, smin, smax = _agreeing(width, umin, umax, smin, smax)
        umin, umax, smin, smax = _agreeing(width, umin, umax, smin, smax)
        if umin > umax or smin > smax:
            return Interval.empty(width)
        spanned = Tnum.spanning(umin, umax)
        if bits.conflicts(spanned):
            return Interval.empty(width)
        if spanned.mask & bits.mask == bits.mask:
            break
        bits = bits.intersect(spanned)
        if bits.is_constant:
            return _constant_within(width, bits.value, umin, umax, smin, smax)
    if umin == umax:
        return _constant_within(width, umin, umin, umax, smin, smax)
    return Interval(width, bits, umin, umax, smin, smax)


def _constant_within(
    width: int, value: int, umin: int, umax: int, smin: int, smax: int
) -> Interval:
    if umin <= value <= umax and smin <= to_signed(value, width) <= smax:
        return Interval.constant(value, width)
    return Interval.empty(width)


def _bounded_by_bits(
    width: int, bits: Tnum, umin: int, umax: int, smin: int, smax: int
) -> tuple[int, int, int, int]:
    """No number is less than its known ones, or more than with all unknown bits set."""
    half, value, mask = 1 << (width - 1), bits.value, bits.mask
    least, most = value, value | mask
    if least > umin:
        umin = least
    if most < umax:
        umax = most
    # Signed, the sign bit counts the other way: it is set in the least one if it may be.
    if (value | mask) & half:
        least = (least | half) - 2 * half
    if not value & half:
        most &= ~half
    else:
        most -= 2 * half
    return umin, umax, max(smin, least), min(smax, most)


def _agreeing(width: int, umin: int, umax: int, smin: int, smax: int) -> tuple[int, int, int, int]:
    """Signed and unsigned order are the same among numbers of one sign."""
    half, mask = 1 << (width - 1), (1 << width) - 1
    if umin >= half or umax < half:
        smin, smax = max(smin, to_signed(umin, width)), min(smax, to_signed(umax, width))
    if smin >= 0 or smax < 0:
        umin, umax = max(umin, smin & mask), min(umax, smax & mask)
    elif umin > smax:
        # The signed range is two unsigned ones, and the lower lies below all.
        umin, smax = max(umin, smin & mask), -1
    elif umax < smin & mask:
        umax, smin = min(umax, smax), 0
    return umin, umax, smin, smax
