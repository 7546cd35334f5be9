"""Tristate numbers: each bit of a number is known to be 0, known to be 1, or not known.

The set of a `Tnum` holds the numbers that agree with `value` in all bits that `mask` has not. All
operations are of a given width and say at least what every pair of members gives.

>>> Tnum(0b100, 0b001).add(Tnum(0b001, 0), 4)
Tnum(value=4, mask=3)

Vishwanathan and others, "Sound, Precise, and Fast Abstract Interpretation with Tristate Numbers"
(2022), has the arithmetic that kernel/bpf/tnum.c uses.
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass

__all__ = ("Tnum",)


@dataclass(frozen=True, slots=True)
class Tnum:
    """The bits of `mask` are not known, those of `value` are 1, the others are 0."""

    value: int
    mask: int

    @staticmethod
    def unknown(width: int) -> Tnum:
        """Any number of `width` bits."""
        return Tnum(0, (1 << width) - 1)

    @staticmethod
    def spanning(low: int, high: int) -> Tnum:
        """The least one that has all of `low` to `high` (unsigned): their common leading bits."""
        mask = (1 << (low ^ high).bit_length()) - 1
        return Tnum(low & ~mask, mask)

    @property
    def is_constant(self) -> bool:
        return not self.mask

    def has(self, number: int) -> bool:
        """Whether `number` is a member."""
        return number & ~self.mask == self.value

    def covers(self, other: Tnum) -> bool:
        """Whether it has all members of `other`."""
        return not other.mask & ~self.mask and other.value & ~self.mask == self.value

    def conflicts(self, other: Tnum) -> bool:
        """Whether no number is a member of both: a bit is known, and known to differ."""
        return bool((self.value ^ other.value) & ~(self.mask | other.mask))

    def intersect(self, other: Tnum) -> Tnum:
        """What both know; has a meaning only where they do not conflict."""
        mask = self.mask & other.mask
        return Tnum((self.value | other.value) & ~mask, mask)

    def truncate(self, width: int) -> Tnum:
        """Its low `width` bits."""
        kept = (1 << width) - 1
        return Tnum(self.value & kept, self.mask & kept)

    def with_low(self, low: Tnum, width: int) -> Tnum:
        """Its low `width` bits replaced."""
        kept = -1 << width
        return Tnum(self.value & kept | low.value, self.mask & kept | low.mask)

    def add(self, other: Tnum, width: int) -> Tnum:
        """What sums of members have in common, as carries spread what is not known."""
        least = self.value + other.value
        unsure = (least + self.mask + other.mask) ^ least | self.mask | other.mask
        return Tnum(least & ~unsure, unsure).truncate(width)

    def sub(self, other: Tnum, width: int) -> Tnum:
        """What differences of members have in common."""
        middle = self.value - other.value
        unsure = (middle + self.mask) ^ (middle - other.mask) | self.mask | other.mask
        return Tnum(middle & ~unsure, unsure).truncate(width)

    def mul(self, other: Tnum, width: int) -> Tnum:
        """The product of what is known, plus each partial product's unknown bits."""
        unsure = Tnum(0, 0)
        left, right = self, other
        while left.value or left.mask:
            if left.value & 1:
                unsure = unsure.add(Tnum(0, right.mask), width)
            elif left.mask & 1:
                unsure = unsure.add(Tnum(0, right.value | right.mask), width)
            left = Tnum(left.value >> 1, left.mask >> 1)
            right = right.shift_left(1, width)
        known = Tnum(self.value * other.value, 0).truncate(width)
        return known.add(unsure, width)

    def bit_and(self, other: Tnum) -> Tnum:
        """A bit is 1 where both are, and 0 where one is."""
        known = self.value & other.value
        return Tnum(known, (self.value | self.mask) & (other.value | other.mask) & ~known)

    def bit_or(self, other: Tnum) -> Tnum:
        """A bit is 1 where one is, and 0 where both are."""
        known = self.value | other.value
        return Tnum(known, (self.mask | other.mask) & ~known)

    def bit_xor(self, other: Tnum) -> Tnum:
        """A bit is known where both are."""
        unsure = self.mask | other.mask
        return Tnum((self.value ^ other.value) & ~unsure, unsure)

    def shift_left(self, count: int, width: int) -> Tnum:
        """Zeros come in from below."""
        return Tnum(self.value << count, self.mask << count).truncate(width)

    def shift_right(self, count: int) -> Tnum:
        """Zeros come in from above."""
        return Tnum(self.value >> count, self.mask >> count)

    def shift_right_signed(self, count: int, width: int) -> Tnum:
        """The sign is copied: where it is not known, neither are its copies."""
        return self.sign_extend(width, width + count).shift_right(count)

    def sign_extend(self, width: int, to: int) -> Tnum:
        """Of `width` bits, made `to` bits."""
        sign, above = 1 << (width - 1), (1 << to) - (1 << width)
        return Tnum(
            self.value | (above if self.value & sign else 0),
            self.mask | (above if self.mask & sign else 0),
        )

    def swap_bytes(self, width: int) -> Tnum:
        """The bytes in reverse order; `width` is a multiple of 8."""
        value = self.value.to_bytes(width // 8, "little")
        mask = self.mask.to_bytes(width // 8, "little")
        return Tnum(int.from_bytes(value, "big"), int.from_bytes(mask, "big"))

    def __str__(self) -> str:
        """As the kernel's log has it: `(value; mask)`."""
        return f"({self.value:#x}; {self.mask:#x})"
