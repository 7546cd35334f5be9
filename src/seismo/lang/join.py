"""How types combine: the least type that holds two others, and what an operator gives.

Integers: an operator works on 64 bits, signed unless an operand has values that int64 has not.
A literal has no sign of its own: `$x = 0; $x = pid` is a uint32.
"""

from __future__ import annotations

from seismo.lang.ast import Expr, Number
from seismo.lang.types import (
    BOOL,
    INT64,
    AggregateType,
    ArrayType,
    BoolType,
    IntType,
    PointerType,
    StringType,
    TupleType,
    Type,
)

__all__ = (
    "WIDE",
    "Slot",
    "binary_type",
    "has_sign_clash",
    "is_condition",
    "is_integer",
    "join",
    "literal_value",
    "promoted",
    "smallest_integer",
)

WIDE = 1 << 32
"""A literal that needs 64 bits whatever their sign: what `+=` and `++` make of their target."""

_BITS = (8, 16, 32, 64)
_LOGICAL = ("&&", "||")
_EQUALITY = ("==", "!=")
_ORDER = ("<", ">", "<=", ">=")


def is_integer(type_: Type) -> bool:
    """Whether arithmetic takes it; a bool counts as 0 or 1."""
    return isinstance(type_, (IntType, BoolType))


def is_condition(type_: Type) -> bool:
    """Whether `if`, `!`, `&&` take it: true means not zero."""
    return isinstance(type_, (IntType, BoolType, PointerType))


def literal_value(expr: Expr) -> int | None:
    """The value of a literal that fits int64, and so takes the sign of what it meets."""
    return expr.value if isinstance(expr, Number) and not expr.unsigned else None


def smallest_integer(value: int, *, unsigned: bool = False) -> IntType:
    """The narrowest type that holds `value`, at most 64 bits."""
    signed = not unsigned
    width = (value if value >= 0 else ~value).bit_length() + signed
    return IntType(next((bits for bits in _BITS if bits >= width), 64), signed)


def promoted(left: Type, right: Type) -> IntType:
    """What an operator makes of two integers before it combines them."""
    is_signed = all(
        isinstance(one, BoolType) or (isinstance(one, IntType) and (one.signed or one.bits < 64))
        for one in (left, right)
    )
    if isinstance(left, IntType) and isinstance(right, IntType):
        is_signed = is_signed and (left.signed or right.signed)
    return IntType(64, is_signed)


def has_sign_clash(left: Type, right: Type) -> bool:
    """Whether no integer type holds all values of both: one is uint64, the other signed."""
    if not isinstance(left, IntType) or not isinstance(right, IntType):
        return False
    unsigned = left if not left.signed else right
    return left.signed != right.signed and unsigned.bits == 64


def join(left: Type, right: Type) -> Type | None:
    """The least type that holds both, None when there is none; where signs clash, left's."""
    if left == right:
        return left
    match left, right:
        case IntType(), IntType():
            return _join_integers(left, right)
        case BoolType(), IntType():
            return right
        case IntType(), BoolType():
            return left
        case StringType(), StringType():
            return left if left.size >= right.size else right
        case TupleType(), TupleType():
            return _join_tuples(left, right)
        case AggregateType(), AggregateType() if left.function == right.function:
            value = join(left.value, right.value)
            return None if value is None else AggregateType(left.function, value)
        case PointerType(), PointerType() if left.space == right.space:
            return PointerType(None, left.space)
        case _:
            return None


def _join_integers(left: IntType, right: IntType) -> IntType:
    if left.signed == right.signed:
        return left if left.bits >= right.bits else right
    signed, unsigned = (left, right) if left.signed else (right, left)
    if unsigned.bits == 64:
        return IntType(64, left.signed)
    return IntType(max(signed.bits, 2 * unsigned.bits), True)


def _join_tuples(left: TupleType, right: TupleType) -> TupleType | None:
    if len(left.elements) != len(right.elements):
        return None
    elements: list[Type] = []
    for pair in zip(left.elements, right.elements, strict=True):
        element = join(*pair)
        if element is None:
            return None
        elements.append(element)
    return TupleType(tuple(elements))


def binary_type(op: str, left: Type, right: Type) -> Type | None:
    """What `left op right` gives, None when the operator does not take them."""
    if op in _LOGICAL:
        return BOOL if is_condition(left) and is_condition(right) else None
    if op in _EQUALITY:
        return BOOL if _are_comparable(left, right) else None
    if op in _ORDER:
        return BOOL if is_condition(left) and is_condition(right) else None
    if is_integer(left) and is_integer(right):
        return INT64 if op == "-" else promoted(left, right)
    if op in ("+", "-"):
        return _pointer_arithmetic(op, left, right)
    return None


def _are_comparable(left: Type, right: Type) -> bool:
    if is_condition(left) and is_condition(right):
        return True
    if isinstance(left, TupleType) and isinstance(right, TupleType):
        return len(left.elements) == len(right.elements) and all(
            _are_comparable(*pair) for pair in zip(left.elements, right.elements, strict=True)
        )
    if isinstance(left, ArrayType):
        return left == right
    return isinstance(left, StringType) and isinstance(right, StringType)


def _pointer_arithmetic(op: str, left: Type, right: Type) -> Type | None:
    if isinstance(left, PointerType) and is_integer(right):
        return left
    if op == "+" and is_integer(left) and isinstance(right, PointerType):
        return right
    if op == "-" and isinstance(left, PointerType) and isinstance(right, PointerType):
        return INT64
    return None


class Slot:
    """A place that values are written to, and the least type that holds them all."""

    __slots__ = ("_literal", "_type")

    def __init__(self) -> None:
        self._type: Type | None = None
        self._literal: int | None = None

    @property
    def literal(self) -> int | None:
        """The largest literal written, as long as nothing else was: it has no sign yet either."""
        return self._literal if self._type is None else None

    @property
    def type(self) -> Type | None:
        """The type so far; None before the first write."""
        if self._literal is None:
            return self._type
        if isinstance(self._type, IntType):
            fitting = smallest_integer(self._literal, unsigned=not self._type.signed)
            return self._type if self._type.bits >= fitting.bits else fitting
        literal = smallest_integer(self._literal)
        return literal if self._type is None else join(self._type, literal)

    def write(self, type_: Type, literal: int | None = None) -> bool:
        """Widen for a value of this type, a literal's where one is given; False, and nothing
        changes, when no type holds it and the others."""
        if literal is not None:
            if self._type is not None and not is_integer(self._type):
                return False
            self._literal = max(literal, self._literal or 0)
            return True
        joined = type_ if self._type is None else join(self._type, type_)
        if joined is None or (self._literal is not None and not is_integer(joined)):
            return False
        self._type = joined
        return True
