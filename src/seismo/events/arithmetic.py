"""What C does with integers of a type, where reductions and `print(@m, top, div)` need it."""

from __future__ import annotations

from seismo.base.bits import to_signed, truncate
from seismo.base.layout import Int

__all__ = ("quotient", "wrap")


def quotient(value: int, divisor: int) -> int:
    """`value / divisor`, rounded towards zero; `divisor` is positive."""
    size = abs(value) // divisor
    return -size if value < 0 else size


def wrap(value: int, type_: Int) -> int:
    """The value cut to the type's width."""
    bits = type_.size * 8
    return to_signed(value, bits) if type_.signed else truncate(value, bits)
