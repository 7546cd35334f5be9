"""Constant expressions: what an expression of the tree comes to, computed as C computes it.

>>> evaluate(Binary("+", Constant(0xFFFFFFFF, U32, span), Constant(1, U32, span), U32, span))
0
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from seismo.base.bits import to_signed, truncate
from seismo.base.source import Span
from seismo.c.tree import (
    AddressOf,
    Binary,
    BuiltinCall,
    Cast,
    Conditional,
    Constant,
    Dereference,
    Expr,
    KernelConstant,
    Logical,
    MemberPlace,
    Place,
    PointerAdd,
    PointerDifference,
    Unary,
)
from seismo.c.types import CType, Enumeration, Integer

__all__ = ("Assume", "NotConstant", "evaluate", "fold_binary", "wrap")

Assume: TypeAlias = Callable[[KernelConstant], None]
"""What is told of each constant of the kernel's whose value is taken for granted."""

_BSWAP_BYTES = {"bswap16": 2, "bswap32": 4, "bswap64": 8}


class NotConstant(Exception):
    """The part of an expression at `span` is not known at compile time; `why` says more, or ''.

    Whoever asked for a constant says what it was needed for.
    """

    def __init__(self, span: Span, why: str = "") -> None:
        super().__init__(why)
        self.span = span
        self.why = why


def wrap(value: int, type_: CType) -> int:
    """The value that a type holds after `value` is put into it."""
    integer = type_.integer if isinstance(type_, Enumeration) else type_
    if not isinstance(integer, Integer):
        return truncate(value, 64)
    if integer.is_bool:
        return int(value != 0)
    return (to_signed if integer.is_signed else truncate)(value, integer.bits)


def _leave_open(constant: KernelConstant) -> None:
    raise NotConstant(constant.span)


def evaluate(expr: Expr, assume: Assume = _leave_open) -> int:
    """The value of a constant expression, within the range of its type; NotConstant.

    Also of addresses that depend on no memory, as `offsetof` is written by hand. What depends on
    the kernel is constant only for who assumes it.
    """
    match expr:
        case Constant():
            return wrap(expr.value, expr.type)
        case KernelConstant():
            assume(expr)
            return wrap(expr.value, expr.type)
        case Unary():
            return _unary(expr, assume)
        case Binary():
            left, right = evaluate(expr.left, assume), evaluate(expr.right, assume)
            return fold_binary(expr.op, left, right, expr.type, expr.span)
        case Logical():
            return _logical(expr, assume)
        case Conditional():
            return _conditional(expr, assume)
        case Cast():
            return wrap(evaluate(expr.operand, assume), expr.type)
        case PointerAdd():
            step = evaluate(expr.index, assume) * _element_bytes(expr.type)
            start = evaluate(expr.pointer, assume)
            return wrap(start + (-step if expr.is_minus else step), expr.type)
        case PointerDifference():
            between = evaluate(expr.left, assume) - evaluate(expr.right, assume)
            return wrap(between // _element_bytes(expr.left.type), expr.type)
        case AddressOf():
            return wrap(_address(expr.place, assume), expr.type)
        case BuiltinCall() if expr.name in _BSWAP_BYTES:
            size = _BSWAP_BYTES[expr.name]
            data = truncate(evaluate(expr.args[0], assume), size * 8).to_bytes(size, "little")
            return int.from_bytes(data, "big")
    raise NotConstant(expr.span)


def fold_binary(op: str, left: int, right: int, type_: CType, span: Span) -> int:
    """`left op right`, computed in `type_`; NotConstant for what C leaves undefined."""
    match op:
        case "+":
            result = left + right
        case "-":
            result = left - right
        case "*":
            result = left * right
        case "/" | "%":
            result = _divided(op, left, right, span)
        case "&":
            result = left & right
        case "|":
            result = left | right
        case "^":
            result = left ^ right
        case "<<" | ">>":
            if not 0 <= right < type_.size * 8:
                raise NotConstant(span, f"a shift by {right} of {type_.size * 8} bits")
            result = left << right if op == "<<" else left >> right
        case _:
            result = _compared(op, left, right)
    return wrap(result, type_)


def _divided(op: str, left: int, right: int, span: Span) -> int:
    """C rounds towards zero, and the rest has the sign of the dividend."""
    if right == 0:
        raise NotConstant(span, "a division by zero")
    quotient = abs(left) // abs(right)
    if (left < 0) != (right < 0):
        quotient = -quotient
    return quotient if op == "/" else left - quotient * right


def _compared(op: str, left: int, right: int) -> bool:
    match op:
        case "==":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
    return left >= right


def _unary(expr: Unary, assume: Assume) -> int:
    value = evaluate(expr.operand, assume)
    if expr.op == "!":
        return int(not value)
    return wrap(-value if expr.op == "-" else ~value, expr.type)


def _logical(expr: Logical, assume: Assume) -> int:
    """What decides the answer by itself leaves the right side alone, constant or not."""
    left = evaluate(expr.left, assume) != 0
    if left == (expr.op == "||"):
        return int(left)
    return int(evaluate(expr.right, assume) != 0)


def _conditional(expr: Conditional, assume: Assume) -> int:
    condition = evaluate(expr.condition, assume)
    if not condition:
        return wrap(evaluate(expr.other, assume), expr.type)
    return wrap(condition if expr.then is None else evaluate(expr.then, assume), expr.type)


def _address(place: Place, assume: Assume) -> int:
    match place:
        case Dereference():
            return evaluate(place.pointer, assume)
        case MemberPlace():
            return _address(place.record, assume) + place.member.offset
    raise NotConstant(place.span)


def _element_bytes(type_: CType) -> int:
    """The size of what a pointer points to; GNU C takes 1 for void and functions."""
    return getattr(type_, "target", type_).size or 1
