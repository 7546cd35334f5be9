"""Arithmetic and comparisons on 64-bit values, by C's rules for sign."""

from __future__ import annotations

from seismo.base.errors import CompilerBug
from seismo.base.source import Span
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.lang.ast import Expr, Number
from seismo.lang.types import IntType, PointerType, Type
from seismo.lower.context import FuncContext

__all__ = ("arithmetic", "comparison", "divide_signed", "is_unsigned")

_PLAIN = {
    "+": BinaryKind.ADD,
    "-": BinaryKind.SUB,
    "*": BinaryKind.MUL,
    "&": BinaryKind.AND,
    "|": BinaryKind.OR,
    "^": BinaryKind.XOR,
    "<<": BinaryKind.SHL,
    ">>": BinaryKind.SHR,
}
_DIVISION = {"/": BinaryKind.DIV, "%": BinaryKind.MOD}
_EQUALITY = {"==": Cond.EQ, "!=": Cond.NE}
_UNSIGNED = {"<": Cond.LT, "<=": Cond.LE, ">": Cond.GT, ">=": Cond.GE}
_SIGNED = {"<": Cond.SLT, "<=": Cond.SLE, ">": Cond.SGT, ">=": Cond.SGE}


def is_unsigned(type_: Type) -> bool:
    """Whether the type has values that int64 has not: only then does a comparison or division
    need to be unsigned, as everything narrower is extended exactly."""
    return isinstance(type_, PointerType) or (
        isinstance(type_, IntType) and type_.bits == 64 and not type_.signed
    )


def comparison(op: str, *types: Type) -> Cond:
    """The condition for `== != < <= > >=` between operands of these types."""
    if op in _EQUALITY:
        return _EQUALITY[op]
    return (_UNSIGNED if any(is_unsigned(one) for one in types) else _SIGNED)[op]


def arithmetic(
    low: FuncContext, op: str, left: tuple[Value, Type], right: tuple[Value, Expr], span: Span
) -> Value:
    """left op right; `>>` is logical, as in bpftrace; division is C's, also of negative numbers."""
    if op in _PLAIN:
        return low.b.binary(_PLAIN[op], left[0], right[0])
    if op not in _DIVISION:
        raise CompilerBug("types", f"operator {op} reached lowering")
    divisor = right[1]
    if low.is_constant(divisor):
        known = int(low.constant(divisor))
    else:
        known = divisor.value if isinstance(divisor, Number) else 0
    if known:
        return _divide(low, op, left, right)
    b, result = low.b, low.fresh("quotient")
    value = right[0]

    def by_zero() -> None:
        low.runtime_error("division by zero: the result is 1", span)
        b.write(result, b.const(1))

    b.when_set(value, lambda: b.write(result, _divide(low, op, left, right)), by_zero)
    return b.read(result)


def _divide(
    low: FuncContext, op: str, left: tuple[Value, Type], right: tuple[Value, Expr]
) -> Value:
    b, kind = low.b, _DIVISION[op]
    right_type = low.type_of(right[1])
    if is_unsigned(left[1]) or is_unsigned(right_type) or not _may_be_negative(left[1]):
        return b.binary(kind, left[0], right[0])
    # BPF's signed division came with Linux 6.6, so: divide magnitudes, then restore the sign.
    sign = _sign_mask(low, left[0])
    dividend = _negate_if(low, left[0], sign)
    divisor = right[0]
    result_sign = sign
    if not isinstance(right[1], Number):
        divisor_sign = _sign_mask(low, divisor)
        divisor = _negate_if(low, divisor, divisor_sign)
        if op == "/":
            result_sign = b.binary(BinaryKind.XOR, sign, divisor_sign)
    return _negate_if(low, b.binary(kind, dividend, divisor), result_sign)


def divide_signed(low: FuncContext, left: Value, right: Value, *, signed: bool) -> Value:
    """left / right for a positive `right`, rounded towards zero where `left` may be negative."""
    b = low.b
    if not signed:
        return b.binary(BinaryKind.DIV, left, right)
    sign = _sign_mask(low, left)
    return _negate_if(low, b.binary(BinaryKind.DIV, _negate_if(low, left, sign), right), sign)


def _may_be_negative(type_: Type) -> bool:
    return isinstance(type_, IntType) and type_.signed


def _sign_mask(low: FuncContext, value: Value) -> Value:
    """-1 for a negative value, else 0."""
    return low.b.binary(BinaryKind.SAR, value, low.b.const(63))


def _negate_if(low: FuncContext, value: Value, mask: Value) -> Value:
    """-value where mask is -1, value where it is 0: (value ^ mask) - mask."""
    flipped = low.b.binary(BinaryKind.XOR, value, mask)
    return low.b.binary(BinaryKind.SUB, flipped, mask)
