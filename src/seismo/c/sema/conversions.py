"""Conversions: promotion, the usual ones, those of assignments, casts; C11 6.3 and 6.5.16.1.

>>> usual_type(U32, LONG)
Integer(name='long', size=8, is_signed=True)

Constants are converted at once, so that the tree has no casts of them.
"""

from __future__ import annotations

from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Span
from seismo.c.sema.constants import wrap
from seismo.c.sema.errors import CheckError
from seismo.c.tree import (
    Assign,
    Binary,
    Cast,
    Comma,
    CompoundAssign,
    Constant,
    Expr,
    FunctionAddress,
    Load,
    MemberPlace,
    Step,
    TableAddress,
)
from seismo.c.types import (
    INT,
    LONG,
    U32,
    UNSIGNED_LONG,
    VOID,
    CType,
    Enumeration,
    Function,
    Integer,
    Pointer,
    Record,
    Void,
    is_scalar,
    same_type,
)

__all__ = (
    "are_compatible",
    "assigned",
    "condition",
    "convert",
    "index_value",
    "integer",
    "integer_type",
    "is_integer",
    "is_null",
    "is_wide",
    "promoted",
    "promoted_type",
    "usual",
    "usual_type",
)


def is_integer(type_: CType) -> bool:
    """Whether it is an integer of any size, or an enumeration."""
    return isinstance(type_, (Integer, Enumeration))


def is_wide(type_: CType) -> bool:
    """Whether it is an integer of 16 bytes."""
    return isinstance(type_, Integer) and type_.size == 16


def integer_type(type_: Integer | Enumeration) -> Integer:
    """The integer that a value of the type is computed with."""
    return type_.integer if isinstance(type_, Enumeration) else type_


def is_null(expr: Expr) -> bool:
    """Whether it is `0` or `(void *)0`, which is a null pointer of any type."""
    if not isinstance(expr, Constant) or expr.value:
        return False
    return is_integer(expr.type) or expr.type == Pointer(VOID)


def convert(expr: Expr, type_: CType, span: Span | None = None) -> Expr:
    """The value in the type, whatever C thinks of it: what casts and checked conversions share."""
    if same_type(expr.type, type_) and _is_user(expr.type) == _is_user(type_):
        return expr
    if isinstance(expr, Constant) and is_scalar(type_):
        return Constant(wrap(expr.value, type_), type_, span or expr.span)
    return Cast(expr, type_, span or expr.span, is_written=span is not None)


def _is_user(type_: CType) -> bool:
    return isinstance(type_, Pointer) and type_.is_user


def promoted_type(type_: Integer | Enumeration, bits: int = 0) -> Integer:
    """`int` for what fits it; `bits` is the width of a bit field.

    A bit field wider than int keeps its type, as clang has it, which is what BPF is compiled with.
    """
    plain = integer_type(type_)
    width = bits or plain.bits
    if width < INT.bits or (width == INT.bits and plain.is_signed):
        return INT
    return U32 if width == INT.bits else plain


def promoted(expr: Expr) -> Expr:
    """The integer after promotion; CheckError for what is none."""
    return convert(expr, _computed(expr))


def integer(expr: Expr) -> Integer | Enumeration:
    """The expression's type, which must be that of an integer of at most 8 bytes."""
    type_ = expr.type
    if isinstance(type_, (Integer, Enumeration)):
        if type_.size <= 8:
            return type_
        raise CheckError(
            expr.span,
            f"{type_} is only copied and compared for equality",
            "compute with two u64",
        )
    raise CheckError(expr.span, f"an integer is needed here, not {type_}")


def _bit_size(expr: Expr) -> int:
    """The width of the bit field that the value is one of; 0 for other values."""
    match expr:
        case Load(place=place) | Assign(place=place) | CompoundAssign(place=place):
            pass
        case Step(place=place, is_prefix=True):
            pass
        case Comma(second=second):
            return _bit_size(second)
        case _:
            return 0
    return place.member.bit_size if isinstance(place, MemberPlace) else 0


def usual_type(left: Integer, right: Integer) -> Integer:
    """The type that two promoted integers are computed in."""
    if left.size != right.size:
        return left if left.size > right.size else right
    return right if left.is_signed else left


def usual(left: Expr, right: Expr) -> tuple[Expr, Expr, Integer]:
    """Both in the type they are computed in, and that type."""
    type_ = usual_type(_computed(left), _computed(right))
    return convert(left, type_), convert(right, type_), type_


def _computed(expr: Expr) -> Integer:
    """The type after promotion."""
    return promoted_type(integer(expr), _bit_size(expr))


def index_value(expr: Expr) -> Expr:
    """An integer that counts elements: 64 bits, with the sign it has."""
    return convert(expr, LONG if _computed(expr).is_signed else UNSIGNED_LONG)


def condition(expr: Expr) -> Expr:
    """What is asked whether it is zero."""
    if is_wide(expr.type):
        zero = Cast(Constant(0, INT, expr.span), expr.type, expr.span)
        return Binary("!=", expr, zero, INT, expr.span)
    if is_scalar(expr.type):
        return expr
    raise CheckError(expr.span, f"{expr.type} is neither true nor false", _scalar_hint(expr.type))


def _scalar_hint(type_: CType) -> str:
    return "compare its members" if isinstance(type_, Record) else ""


def assigned(diagnostics: Diagnostics, expr: Expr, type_: CType, what: str) -> Expr:
    """The value as `what` (`'x'`, `argument 1 of f()`) of the type takes it; CheckError, warnings.

    What clang only warns of is only warned of here: programs have lived with it.
    """
    source = expr.type
    if isinstance(source, Void):
        raise CheckError(expr.span, f"{what} needs a value, and this has none (void)")
    if same_type(source, type_) or (is_integer(source) and is_integer(type_)):
        return convert(expr, type_)
    if not is_scalar(source) or not is_scalar(type_):
        raise CheckError(expr.span, f"{what} is {type_}, and this is {source}")
    if isinstance(expr, FunctionAddress):
        raise CheckError(
            expr.span,
            "function pointers are not supported",
            "a function's name is an argument only of helpers that call back, as bpf_loop()",
        )
    if isinstance(type_, Pointer):
        _warn_of_pointer(diagnostics, expr, type_, what)
    elif isinstance(source, Pointer) and not (isinstance(type_, Integer) and type_.is_bool):
        message = f"{what} is {type_}, and this is a pointer ({source})"
        diagnostics.warning(expr.span, message, f"write ({type_})…")
    return convert(expr, type_)


def _warn_of_pointer(diagnostics: Diagnostics, expr: Expr, type_: Pointer, what: str) -> None:
    if is_null(expr):
        return
    if not isinstance(expr.type, Pointer):
        message = f"{what} is a pointer ({type_}), and this is {expr.type}"
        diagnostics.warning(expr.span, message, f"write ({type_})…")
    elif not are_compatible(expr.type, type_) and not isinstance(expr, TableAddress):
        diagnostics.warning(
            expr.span, f"{what} is {type_}, and this is {expr.type}", f"write ({type_})…"
        )


def are_compatible(left: Pointer, right: Pointer) -> bool:
    """Whether the one may be used for the other: also `void *`, and targets but for their sign."""
    one, other = left.target, right.target
    if isinstance(one, (Void, Function)) or isinstance(other, (Void, Function)):
        return True
    if isinstance(one, (Integer, Enumeration)) and isinstance(other, (Integer, Enumeration)):
        return one.size == other.size
    return same_type(one, other)
