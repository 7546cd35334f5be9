"""Where a value is when it is in no register: made anew at each use, or in its home on the stack.

Constants and the addresses of slots, maps and subprograms cost one or two instructions wherever
they are needed, often none (an immediate, an offset from r10), so none of them ever occupies a
register for longer than one instruction. A spilled value has a home of 8 bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from seismo.base.bits import fits_signed, to_signed
from seismo.base.dataclass import dataclass
from seismo.ir.func import Block, Func
from seismo.ir.graph import Graph
from seismo.ir.ops import BinaryKind, Slot, Value
from seismo.spec.relocations import CoreEnumerator, KernelSymbol, Relocation, RunValue

__all__ = (
    "FrameAddress",
    "FuncPointer",
    "Home",
    "Immediate",
    "MapPointer",
    "Place",
    "Prepared",
    "Relocated",
)


@dataclass(frozen=True, slots=True)
class Immediate:
    """A constant, as a signed 64-bit number."""

    value: int

    def fits(self, width: int) -> bool:
        """Whether an instruction of `width` bits can hold it: 32 bits, sign-extended to 64."""
        return width == 32 or fits_signed(self.value, 32)

    def folds_into(self, op: BinaryKind, width: int) -> bool:
        """Whether it can be the second operand; the kernel's verifier refuses a division by 0."""
        is_division = op in (BinaryKind.DIV, BinaryKind.MOD)
        return self.fits(width) and not (is_division and to_signed(self.value, width) == 0)


@dataclass(frozen=True, slots=True)
class FrameAddress:
    """`offset` bytes into a stack slot."""

    slot: Slot
    offset: int


@dataclass(frozen=True, slots=True)
class MapPointer:
    """The kernel's pointer to the map called `name`, or the address of its only value."""

    name: str
    is_value: bool = False


@dataclass(frozen=True, slots=True)
class FuncPointer:
    """The address of the subprogram called `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Relocated:
    """What another kernel may have another value for: `value` is this one's."""

    value: int
    relocation: Relocation

    @property
    def is_wide(self) -> bool:
        """Whether another kernel's may need 64 bits; offsets and sizes do not."""
        return isinstance(self.relocation, CoreEnumerator | KernelSymbol | RunValue)


@dataclass(frozen=True, slots=True)
class Home:
    """The stack slot that a spilled value lives in."""

    slot: Slot


Place: TypeAlias = Immediate | Relocated | FrameAddress | MapPointer | FuncPointer | Home


@dataclass(frozen=True, slots=True)
class Prepared:
    """A function whose ops are each what an instruction or two can do.

    Values in `places` get no register: an op may name them only where its instruction can use them
    directly. The blocks of `func` stand in the order of its `graph`. `fixed` are values that were
    made to be short-lived and must not be spilled.
    """

    func: Func
    graph: Graph
    places: Mapping[Value, Place]
    fixed: frozenset[Value] = frozenset()

    def params_at(self, block: Block) -> Sequence[Value]:
        """What is defined at the top of a block: of the first one, the function's parameters."""
        return self.func.params if block is self.func.blocks[0] else block.params
