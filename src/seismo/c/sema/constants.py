"""Constant expressions: what an expression of the tree comes to, computed as C computes it.

>>> evaluate(Binary("+", Constant(0xFFFFFFFF, U32, span), Constant(1, U32, span), U32, span))
0
"""

from __future__ import annotations

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
    Logical,
    MemberPlace,
    Place,
    PointerAdd,
    PointerDifference,
    Unary,
)
from seismo.c.types import CType, Enumeration, Integer

__all__ = ("NotConstant", "evaluate", "fold_binary", "wrap")

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


def evaluate(expr: Expr) -> int:
    """The value of a constant expression, within the range of its type; NotConstant.

    Also of addresses that depend on no memory, as `offsetof` is written by hand.
    """
    match expr:
        case Constant():
            return wrap(expr.value, expr.type)
        case Unary():
            return _unary(expr)
        case Binary():
            left, right = evaluate(expr.left), evaluate(expr.right)
            return fold_binary(expr.op, left, right, expr.type, expr.span)
        case Logical():
            return _logical(expr)
        case Conditional():
            return _conditional(expr)
        case Cast():
            return wrap(evaluate(expr.operand), expr.type)
        case PointerAdd():
            step = evaluate(expr.index) * _element_bytes(expr.type)
            return wrap(evaluate(expr.pointer) + (-step if expr.is_minus else step), expr.type)
        case PointerDifference():
            between = evaluate(expr.left) - evaluate(expr.right)
            return wrap(between // _element_bytes(expr.left.type), expr.type)
        case AddressOf():
            return wrap(_address(expr.place), expr.type)
        case BuiltinCall() if expr.name in _BSWAP_BYTES:
            size = _BSWAP_BYTES[expr.name]
            data = truncate(evaluate(expr.args[0]), size * 8).to_bytes(size, "little")
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


def _unary(expr: Unary) -> int:
    value = evaluate(expr.operand)
    if expr.op == "!":
        return int(not value)
    return wrap(-value if expr.op == "-" else ~value, expr.type)


def _logical(expr: Logical) -> int:
    """What decides the answer by itself leaves the right side alone, constant or not."""
    left = evaluate(expr.left) != 0
    if left == (expr.op == "||"):
        return int(left)
    return int(evaluate(expr.right) != 0)


def _conditional(expr: Conditional) -> int:
    condition = evaluate(expr.condition)
    if not condition:
        return wrap(evaluate(expr.other), expr.type)
    return wrap(condition if expr.then is None else evaluate(expr.then), expr.type)


def _address(place: Place) -> int:
    match place:
        case Dereference():
            return evaluate(place.pointer)
        case MemberPlace():
            return _address(place.record) + place.member.offset
    raise NotConstant(place.span)


def _element_bytes(type_: CType) -> int:
    """The size of what a pointer points to; GNU C takes 1 for void and functions."""
    return getattr(type_, "target", type_).size or 1
