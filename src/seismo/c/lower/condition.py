"""Conditions: scalars that only say where to go on."""

from __future__ import annotations

from seismo.c.lower.arithmetic import COMPARISONS, comparison
from seismo.c.lower.memory import plain
from seismo.c.lower.state import Body
from seismo.c.tree import Binary, BuiltinCall, Cast, Comma, Constant, Expr, Logical, Unary
from seismo.c.types import Integer, is_scalar
from seismo.ir.func import Block

__all__ = ("condition",)


def condition(low: Body, expr: Expr, then: Block, other: Block) -> None:
    """See `Lowering.condition`."""
    b = low.b
    b.span = expr.span
    match expr:
        case Constant(value):
            b.jump(then if value else other)
        case Logical(op, left, right):
            middle = b.new_block("and" if op == "&&" else "or")
            low.condition(left, *((middle, other) if op == "&&" else (then, middle)))
            b.seal(middle)
            b.start(middle)
            low.condition(right, then, other)
        case Unary("!", inner):
            low.condition(inner, other, then)
        case Binary(op, left, right) if op in COMPARISONS and is_scalar(left.type):
            one, another = low.operand(left), low.operand(right)
            b.span = expr.span
            values = plain(low, one), plain(low, another)
            b.branch(comparison(op, left.type), *values, then, other)
        case Comma(first, second):
            low.effect(first)
            low.condition(second, then, other)
        case Cast(inner, Integer(is_bool=True)) if is_scalar(inner.type):
            low.condition(inner, then, other)
        case BuiltinCall("expect", (inner, *_)):
            low.condition(inner, then, other)
        case _:
            tested = low.operand(expr)
            b.span = expr.span
            b.branch_if(plain(low, tested), then, other)
