"""What lowering knows of a value beyond its bits: its type of C, and what it points into.

>>> Operand(b.load(b.context, 112, 8), Pointer(sock), KERNEL)
"""

from __future__ import annotations

from typing import final

from seismo.base.dataclass import dataclass
from seismo.c.types import CType
from seismo.ir.ops import Value

__all__ = (
    "CONTEXT",
    "DIRECT",
    "KERNEL",
    "NULL",
    "USER",
    "Address",
    "Operand",
    "Space",
    "aligned_at",
    "context_at",
    "join",
)


@final
@dataclass(frozen=True, slots=True)
class Space:
    """What memory a value points into, if it is used as a pointer.

    `offset` counts only in the context, whose pointer the kernel's verifier wants unchanged.
    """

    name: str
    offset: int = 0

    @property
    def is_context(self) -> bool:
        return self.name == "context"

    def __str__(self) -> str:
        return f"{self.name}{self.offset:+}" if self.is_context else self.name


NULL = Space("null")
"""A constant: it says nothing of what else a variable may hold."""
DIRECT = Space("direct")
"""Memory that the program may load and store itself: stack, maps' values, packets, records."""
KERNEL = Space("kernel")
"""Anything else, of the kernel or the process: only helpers read it. All integers are so."""
USER = Space("user")
"""What a pointer that is declared `__user` points to; only of addresses."""
CONTEXT = Space("context")
"""The program's context."""


def context_at(offset: int) -> Space:
    """`offset` bytes into the context."""
    return Space("context", offset)


def join(left: Space, right: Space) -> Space:
    """What holds for a value that may be the one or the other."""
    if left == right or right == NULL:
        return left
    return right if left == NULL else KERNEL


@final
@dataclass(frozen=True, slots=True)
class Operand:
    """A scalar in a register, extended to 64 bits by its type.

    In the context's space `value` is the context itself, whatever the offset. `alignment` is what
    is known of the address that a pointer is, beside what its type says.
    """

    value: Value
    type: CType
    space: Space = KERNEL
    alignment: int = 1


@final
@dataclass(frozen=True, slots=True)
class Address:
    """Memory: `offset` bytes behind `base`, aligned to `alignment` (at most 8) bytes."""

    base: Value
    offset: int
    space: Space
    alignment: int = 1

    def at(self, offset: int) -> Address:
        """`offset` bytes further on."""
        space = self.space
        if space.is_context:
            space = context_at(space.offset + offset)
            return Address(self.base, self.offset, space, self.alignment)
        alignment = aligned_at(self.alignment, offset)
        return Address(self.base, self.offset + offset, space, alignment)


def aligned_at(alignment: int, offset: int) -> int:
    """How what lies `offset` bytes behind an aligned address is aligned, at most to 8 bytes."""
    low_bit = offset & -offset
    return min(alignment, low_bit or 8, 8)
