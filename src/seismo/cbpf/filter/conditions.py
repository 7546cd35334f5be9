"""What a filter asks of a packet: values, tests of values, and how tests combine.

A value that the packet is too short for rejects the packet, wherever the test stands.
"""

from __future__ import annotations

from typing import TypeAlias

from seismo.base.bits import U32_MAX
from seismo.base.dataclass import dataclass
from seismo.cbpf.operations import COMPARISONS, OPERATIONS
from seismo.isa.opcode import AluOp, JumpOp

__all__ = (
    "ALWAYS",
    "LENGTH",
    "NEVER",
    "Always",
    "And",
    "Computed",
    "Condition",
    "Constant",
    "HeaderLength",
    "Load",
    "Not",
    "Or",
    "PacketLength",
    "Test",
    "Value",
    "all_of",
    "any_of",
    "compute",
    "test",
)


@dataclass(frozen=True, slots=True)
class Constant:
    """A u32."""

    number: int


@dataclass(frozen=True, slots=True)
class PacketLength:
    """The packet's length on the wire."""


@dataclass(frozen=True, slots=True)
class HeaderLength:
    """Four times the low half of the byte at `offset`: how long an IPv4 header is, in bytes."""

    offset: int


@dataclass(frozen=True, slots=True)
class Load:
    """`size` bytes (1, 2, 4), big-endian, at `offset` from the start, or from `index`."""

    size: int
    offset: int
    index: Value | None = None


@dataclass(frozen=True, slots=True)
class Computed:
    """An operation on u32; of NEG, `right` is 0."""

    op: AluOp
    left: Value
    right: Value


Value: TypeAlias = Constant | PacketLength | HeaderLength | Load | Computed

LENGTH = PacketLength()


@dataclass(frozen=True, slots=True)
class Test:
    """A comparison, unsigned; `op` is JEQ, JGT, JGE or JSET."""

    op: JumpOp
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class Always:
    """What is known without a packet."""

    holds: bool


@dataclass(frozen=True, slots=True)
class Not:
    """The inverse."""

    inner: Condition


@dataclass(frozen=True, slots=True)
class And:
    """Both; the right one is asked where the left one holds."""

    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Or:
    """Either; the right one is asked where the left one does not hold."""

    left: Condition
    right: Condition


Condition: TypeAlias = Test | Always | Not | And | Or

ALWAYS, NEVER = Always(True), Always(False)

_SWAPPED = {JumpOp.JGT: JumpOp.JGE, JumpOp.JGE: JumpOp.JGT}
"""c > v is not v >= c, c >= v is not v > c."""

_NEUTRAL = {
    **dict.fromkeys((AluOp.ADD, AluOp.SUB, AluOp.OR, AluOp.XOR, AluOp.LSH, AluOp.RSH), 0),
    **dict.fromkeys((AluOp.MUL, AluOp.DIV), 1),
    AluOp.AND: U32_MAX,
}
"""The right operand with which an operation changes nothing."""


def compute(op: AluOp, left: Value, right: Value) -> Value:
    """The operation's value, computed here as far as it is known."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        return Constant(OPERATIONS[op](left.number, right.number) & U32_MAX)
    if isinstance(right, Constant):
        if op in _NEUTRAL and right.number == _NEUTRAL[op]:
            return left
        if op in (AluOp.AND, AluOp.MUL) and right.number == 0:
            return right
    return Computed(op, left, right)


def test(op: JumpOp, left: Value, right: Value) -> Condition:
    """A comparison with its constant, if any, on the right; decided here where it can be."""
    if isinstance(left, Constant):
        if isinstance(right, Constant):
            return Always(bool(COMPARISONS[op](left.number, right.number)))
        swapped = test(_SWAPPED.get(op, op), right, left)
        return Not(swapped) if op in _SWAPPED else swapped
    is_zero = op == JumpOp.JEQ and right == Constant(0)
    if is_zero and isinstance(left, Computed) and left.op == AluOp.AND:
        return Not(Test(JumpOp.JSET, left.left, left.right))
    return Test(op, left, right)


def all_of(*conditions: Condition) -> Condition:
    """All of them, asked from the left; ALWAYS of none."""
    result: Condition = conditions[-1] if conditions else ALWAYS
    for one in reversed(conditions[:-1]):
        result = And(one, result)
    return result


def any_of(*conditions: Condition) -> Condition:
    """Any of them, asked from the left; NEVER of none."""
    result: Condition = conditions[-1] if conditions else NEVER
    for one in reversed(conditions[:-1]):
        result = Or(one, result)
    return result
