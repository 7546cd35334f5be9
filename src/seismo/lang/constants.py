"""What operators give for operands that are known at compile time: C's arithmetic on 64 bits.

>>> fold_binary("/", -7, 2)
-3
"""

from __future__ import annotations

from seismo.base.bits import U64_MAX, to_signed, truncate
from seismo.base.errors import BpfError
from seismo.lang.typed import Constant
from seismo.lang.types import BoolType, IntType, Type

__all__ = ("FoldError", "as_type", "fold_binary", "fold_unary", "is_true")

_LOWEST = -(1 << 63)


class FoldError(BpfError):
    """An operation on constants that has no result; `hint` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message}\nhint: {hint}")
        self.message = message
        self.hint = hint


def is_true(value: Constant) -> bool:
    """Whether a condition that gives this holds; a string does if it is not empty."""
    return bool(value)


def as_type(value: Constant, type_: Type) -> Constant:
    """What a constant is once it has a type: an integer loses the bits that do not fit."""
    match type_:
        case BoolType():
            return bool(value)
        case IntType() if not isinstance(value, str):
            bits = truncate(int(value), type_.bits)
            return to_signed(bits, type_.bits) if type_.signed else bits
        case _:
            return value


def fold_unary(op: str, value: Constant) -> Constant:
    """`op value`; KeyError when it is not folded, FoldError when the result has no type."""
    if op == "!":
        return not value
    if isinstance(value, str) or op not in ("-", "~"):
        raise KeyError(op)
    return _fitting(-value if op == "-" else ~value)


def fold_binary(op: str, left: Constant, right: Constant) -> Constant:
    """`left op right`; KeyError when it is not folded, FoldError when there is no result."""
    match op:
        case "&&":
            return is_true(left) and is_true(right)
        case "||":
            return is_true(left) or is_true(right)
        case "==":
            return left == right
        case "!=":
            return left != right
    if isinstance(left, str) or isinstance(right, str):
        raise KeyError(op)
    compared = _compare(op, left, right)
    return _fitting(_arithmetic(op, left, right)) if compared is None else compared


def _compare(op: str, left: int, right: int) -> bool | None:
    match op:
        case "<":
            return left < right
        case ">":
            return left > right
        case "<=":
            return left <= right
        case ">=":
            return left >= right
        case _:
            return None


def _arithmetic(op: str, left: int, right: int) -> int:
    match op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "&":
            return left & right
        case "|":
            return left | right
        case "^":
            return left ^ right
        case "/" | "%":
            return _divide(op, left, right)
        case "<<" | ">>" if 0 <= right < 64:
            # The shift to the right is logical, as it is when the script runs.
            return left << right if op == "<<" else to_signed(truncate(left, 64) >> right, 64)
        case _:
            raise KeyError(op)


def _divide(op: str, left: int, right: int) -> int:
    """Towards zero, as C does; the remainder has the sign of `left`."""
    if right == 0:
        raise FoldError("this divides by zero", "no number is the result of that")
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return quotient if op == "/" else left - quotient * right


def _fitting(value: int) -> int:
    if _LOWEST <= value <= U64_MAX:
        return value
    raise FoldError(f"the result, {value}, does not fit 64 bits", "use smaller numbers")
