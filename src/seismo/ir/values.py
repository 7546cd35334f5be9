"""What the operations of the IR are about: values, stack slots, kinds of arithmetic and comparison.

Import all of it from `ir/ops.py`.
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.base.enum import Enum

__all__ = ("AtomicKind", "BinaryKind", "Cond", "Kind", "Slot", "Value")


class Kind(Enum):
    """What a register holds: an integer, or a pointer that the kernel's verifier tracks."""

    INT = "int"
    PTR = "ptr"


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """An SSA value; compared by identity, `id` only names it in listings."""

    id: int
    kind: Kind = Kind.INT

    def __str__(self) -> str:
        return f"%{self.id}" if self.kind is Kind.INT else f"%p{self.id}"

    __repr__ = __str__


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """Bytes on the program's 512-byte stack; `alignment` is at most 8."""

    name: str
    size: int
    alignment: int = 8

    def __str__(self) -> str:
        alignment = "" if self.alignment == 8 else f" align {self.alignment}"
        return f"slot {self.name}[{self.size}]{alignment}"


class BinaryKind(Enum):
    """Arithmetic with BPF's semantics: x/0 = 0, x%0 = x, shifts taken modulo the width."""

    ADD = "add"
    SUB = "sub"
    MUL = "mul"
    DIV = "div"
    MOD = "mod"
    AND = "and"
    OR = "or"
    XOR = "xor"
    SHL = "shl"
    SHR = "shr"
    SAR = "sar"


class Cond(Enum):
    """Comparisons; `LT` to `GE` are unsigned, `SLT` to `SGE` signed, `SET` is (a & b) != 0."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    SLT = "slt"
    SLE = "sle"
    SGT = "sgt"
    SGE = "sge"
    SET = "set"


class AtomicKind(Enum):
    """Read-modify-write on memory; with a `result` the old value is fetched (Linux 5.12)."""

    ADD = "add"
    AND = "and"
    OR = "or"
    XOR = "xor"
    XCHG = "xchg"
