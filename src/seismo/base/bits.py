"""Fixed-width integers, alignment: what C does with bits, for Python's unbounded ints."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = (
    "U32_MAX",
    "U64_MAX",
    "align_up",
    "fits_signed",
    "set_bits",
    "sign_extend",
    "to_signed",
    "truncate",
)

U32_MAX = (1 << 32) - 1
U64_MAX = (1 << 64) - 1


def truncate(value: int, bits: int) -> int:
    """The low `bits` of `value`, unsigned."""
    return value & ((1 << bits) - 1)


def to_signed(value: int, bits: int) -> int:
    """The low `bits` of `value` read as two's complement."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def sign_extend(value: int, bits: int) -> int:
    """The low `bits` of `value` sign-extended to 64 bits, as an unsigned 64-bit pattern."""
    return to_signed(value, bits) & U64_MAX


def fits_signed(value: int, bits: int) -> bool:
    """Whether `value` is representable in `bits` two's complement bits."""
    return -(1 << (bits - 1)) <= value < 1 << (bits - 1)


def align_up(offset: int, alignment: int) -> int:
    """The next multiple of `alignment` (a power of two) at or above `offset`."""
    return (offset + alignment - 1) & -alignment


def set_bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, lowest first."""
    while mask:
        yield (mask & -mask).bit_length() - 1
        mask &= mask - 1
