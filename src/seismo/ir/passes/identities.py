"""The algebraic identities of `Binary`, for `simplify`: x + 0, x & x, (x + 1) + 2, constants.

A rule answers with the value that stands for the result, with a simpler op that makes it, or with
the op itself. Constants have been brought to the right-hand side where the operation commutes.
"""

from __future__ import annotations

from typing import TypeAlias

from seismo.base.bits import U32_MAX, truncate
from seismo.base.dataclass import replace
from seismo.ir import arithmetic
from seismo.ir.arithmetic import COMMUTATIVE, SHIFTS
from seismo.ir.ops import Binary, BinaryKind, Const, Extend, Kind, Load, Value
from seismo.ir.passes.facts import Facts

__all__ = ("simplify_binary", "simplify_extend")

Simpler: TypeAlias = Value | Binary | Const | Extend

ZERO_IS_NEUTRAL = frozenset(
    {BinaryKind.ADD, BinaryKind.OR, BinaryKind.XOR, BinaryKind.MOD, *SHIFTS}
)
ZERO_ABSORBS = frozenset({BinaryKind.MUL, BinaryKind.DIV, BinaryKind.AND})
ONE_IS_NEUTRAL = frozenset({BinaryKind.MUL, BinaryKind.DIV})


def simplify_binary(op: Binary, facts: Facts) -> Simpler:
    """What `op` comes down to, given the constants and definitions so far."""
    left, right = facts.constant(op.left), facts.constant(op.right)
    if left is not None and right is not None:
        return Const(op.result, arithmetic.binary(op.op, left, right, op.width))
    if left is not None and op.op in COMMUTATIVE:
        op, right = replace(op, left=op.right, right=op.left), left
    if right is not None:
        return _with_constant(op, right, facts)
    if op.left is op.right and op.left.kind is Kind.INT:
        return _with_itself(op, facts)
    return op


def simplify_extend(op: Extend, facts: Facts) -> Value | Const | Extend:
    """Extensions of what is extended already, and of constants."""
    constant = facts.constant(op.value)
    if constant is not None:
        return Const(op.result, arithmetic.extend(constant, op.bits, signed=op.signed))
    if facts.width(op.value) <= op.bits - op.signed:
        return op.value
    inner = facts.definition(op.value)
    if isinstance(inner, Extend):
        if inner.bits >= op.bits and facts.is_used_once(op.value):
            return simplify_extend(replace(op, value=inner.value), facts)
        if inner.signed and op.signed and inner.bits <= op.bits:
            return op.value
    if isinstance(inner, Load) and inner.signed and op.signed and inner.size * 8 <= op.bits:
        return op.value
    return op


def _with_constant(op: Binary, right: int, facts: Facts) -> Simpler:
    """x op constant."""
    if op.op in SHIFTS:
        right %= op.width
    if op.op is BinaryKind.SUB:
        return simplify_binary(replace(op, op=BinaryKind.ADD, right=facts.make(-right)), facts)
    pattern = truncate(right, op.width)
    if pattern == 0 and op.op in ZERO_IS_NEUTRAL:
        return _low_half_of(op, facts)
    if pattern == 0 and op.op in ZERO_ABSORBS:
        return Const(op.result, 0)
    if pattern == 1 and op.op in ONE_IS_NEUTRAL:
        return _low_half_of(op, facts)
    if pattern == 1 and op.op is BinaryKind.MOD:
        return Const(op.result, 0)
    match op.op:
        case BinaryKind.AND:
            return _masked(op, pattern, facts)
        case BinaryKind.SHR if facts.width(op.left) <= right:
            return Const(op.result, 0)
        case BinaryKind.ADD:
            return _sum(op, right, facts)
        case _:
            return replace(op, right=facts.make(right))


def _with_itself(op: Binary, facts: Facts) -> Simpler:
    """x op x."""
    match op.op:
        case BinaryKind.SUB | BinaryKind.XOR | BinaryKind.MOD:
            return Const(op.result, 0)
        case BinaryKind.AND | BinaryKind.OR:
            return _low_half_of(op, facts)
        case _:
            return op


def _low_half_of(op: Binary, facts: Facts) -> Simpler:
    """The left operand itself, or in 32 bits its zero extension."""
    if op.width == 64:
        return op.left
    return simplify_extend(Extend(op.result, op.left, 32, signed=False, span=op.span), facts)


def _masked(op: Binary, mask: int, facts: Facts) -> Simpler:
    """x & constant: nothing if x is that narrow; 0xffffffff would need a 64-bit immediate."""
    possible = (1 << min(facts.width(op.left), op.width)) - 1
    if mask & possible == possible:
        return _low_half_of(op, facts)
    if mask == U32_MAX:
        return Extend(op.result, op.left, 32, signed=False, span=op.span)
    return op


def _sum(op: Binary, right: int, facts: Facts) -> Binary:
    """(x + a) + b is x + (a + b)."""
    inner = facts.definition(op.left)
    if not isinstance(inner, Binary) or inner.op is not BinaryKind.ADD:
        return op
    addend = facts.constant(inner.right)
    if addend is None or inner.width != op.width:
        return op
    # Constant offsets never change what the kernel's verifier knows of a pointer.
    if op.left.kind is Kind.PTR or facts.is_used_once(op.left):
        return replace(op, left=inner.left, right=facts.make(addend + right))
    return op
