"""How types combine: the least type that holds two others, and what an operator gives.

Integers: an operator works on 64 bits, signed unless an operand has values that int64 has not.
"""

from __future__ import annotations

from seismo.lang.sizes import is_made_here, record_of
from seismo.lang.types import (
    BOOL,
    INT64,
    UINT64,
    AggregateType,
    ArrayType,
    BoolType,
    BufferType,
    IntType,
    PointerType,
    RecordType,
    StringType,
    SymbolicType,
    TupleType,
    Type,
)

__all__ = (
    "binary_type",
    "has_sign_clash",
    "has_space_clash",
    "is_condition",
    "is_integer",
    "join",
    "promoted",
    "smallest_integer",
)

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


def smallest_integer(value: int, *, unsigned: bool = False) -> IntType:
    """The narrowest type that holds `value`, at most 64 bits."""
    signed = not unsigned
    width = (value if value >= 0 else ~value).bit_length() + signed
    for bits in _BITS:
        if bits >= width:
            return _INTEGERS[bits, signed]
    return _INTEGERS[64, signed]


_INTEGERS = {(bits, signed): IntType(bits, signed) for bits in _BITS for signed in (False, True)}


def promoted(left: Type, right: Type) -> IntType:
    """What an operator makes of two integers before it combines them."""
    is_signed = all(
        isinstance(one, BoolType) or (isinstance(one, IntType) and (one.signed or one.bits < 64))
        for one in (left, right)
    )
    if isinstance(left, IntType) and isinstance(right, IntType):
        is_signed = is_signed and (left.signed or right.signed)
    return _INTEGERS[64, is_signed]


def has_sign_clash(left: Type, right: Type) -> bool:
    """Whether no integer type holds all values of both: one is uint64, the other signed."""
    if not isinstance(left, IntType) or not isinstance(right, IntType):
        return False
    unsigned = left if not left.signed else right
    return left.signed != right.signed and unsigned.bits == 64


def has_space_clash(left: Type | None, right: Type) -> bool:
    """Whether one points to user memory and the other to the kernel's."""
    return (
        isinstance(left, PointerType)
        and isinstance(right, PointerType)
        and left.space != right.space
        and bool(left.space and right.space)
    )


def join(left: Type, right: Type) -> Type | None:
    """The least type that holds both, None when there is none; where signs clash, or whose memory
    they point to, left's."""
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
        case BufferType(), BufferType() if left.shown == right.shown:
            return left if left.size >= right.size else right
        case TupleType(), TupleType():
            elements = _join_all(left.elements, right.elements)
            return None if elements is None else TupleType(elements)
        case RecordType(), RecordType():
            return _join_records(left, right)
        case AggregateType(), AggregateType() if left.function == right.function:
            # Most numbers are not negative, whatever their type: all are compared as the widest.
            either = left.value, right.value
            value = UINT64 if UINT64 in either else join(*either)
            if value is None or left.parameters != right.parameters:
                return None
            return AggregateType(left.function, value, left.parameters)
        case PointerType(), PointerType():
            return _join_pointers(left, right)
        case SymbolicType(), SymbolicType() if left.kind == right.kind:
            is_same = left.detail == right.detail
            return (left if left.size >= right.size else right) if is_same else None
        case _:
            return None


def _join_integers(left: IntType, right: IntType) -> IntType:
    if left.signed == right.signed:
        bits = max(left.bits, right.bits)
        if left.enum == right.enum and left.clock == right.clock:
            return left if left.bits == bits else right
        return _INTEGERS[bits, left.signed]
    signed, unsigned = (left, right) if left.signed else (right, left)
    if unsigned.bits == 64:
        return _INTEGERS[64, left.signed]
    return _INTEGERS[max(signed.bits, 2 * unsigned.bits), True]


def _join_pointers(left: PointerType, right: PointerType) -> PointerType | None:
    """A `void *` holds every pointer; nothing else holds pointers to different things."""
    space = left.space or right.space
    if left.target is None or right.target is None:
        return PointerType(None, space)
    target = _same(left.target, right.target)
    return None if target is None else PointerType(target, space)


def _same(left: Type, right: Type) -> Type | None:
    """One of two types that are the same; C's structs are by their names."""
    match left, right:
        case PointerType(), PointerType():
            return _join_pointers(left, right)
        case RecordType(), RecordType():
            return left if left.name == right.name else None
        case _:
            return left if left == right else None


def _join_records(left: RecordType, right: RecordType) -> RecordType | None:
    """C's structs go by their names; what scripts make by its fields, in any order."""
    if not (is_made_here(left) and is_made_here(right)):
        return (left if left.fields else right) if left.name == right.name else None
    names = tuple([one.name for one in left.fields or ()])
    others = {one.name: one.type for one in right.fields or ()}
    if set(names) != set(others):
        return None
    mine = tuple([one.type for one in left.fields or ()])
    types = _join_all(mine, tuple([others[name] for name in names]))
    return None if types is None else record_of(names, types)


def _join_all(left: tuple[Type, ...], right: tuple[Type, ...]) -> tuple[Type, ...] | None:
    if len(left) != len(right):
        return None
    joined: list[Type] = []
    for pair in zip(left, right, strict=True):
        one = join(*pair)
        if one is None:
            return None
        joined.append(one)
    return tuple(joined)


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
    match left, right:
        case TupleType(), TupleType():
            return len(left.elements) == len(right.elements) and all(
                _are_comparable(*pair) for pair in zip(left.elements, right.elements, strict=True)
            )
        case ArrayType(), ArrayType():
            return left == right and is_integer(left.element)
        case RecordType(), RecordType():
            return join(left, right) is not None
        case StringType(), StringType():
            return True
        case SymbolicType(), SymbolicType():
            return join(left, right) is not None
        case _:
            return False


def _pointer_arithmetic(op: str, left: Type, right: Type) -> Type | None:
    if isinstance(left, PointerType) and is_integer(right):
        return left
    if op == "+" and is_integer(left) and isinstance(right, PointerType):
        return right
    if op == "-" and isinstance(left, PointerType) and isinstance(right, PointerType):
        return INT64
    return None
