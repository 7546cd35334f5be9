"""Operators on scalars: arithmetic, comparisons, pointers and elements, `op=`, `++`."""

from __future__ import annotations

from seismo.base.errors import CompilerBug
from seismo.c.lower.aggregate import equal
from seismo.c.lower.arithmetic import (
    COMPARISONS,
    binary,
    comparison,
    divide_exactly,
    integer_of,
    normalised,
    unary,
)
from seismo.c.lower.kernel_place import assume_storage, element_bytes
from seismo.c.lower.memory import number, plain
from seismo.c.lower.place import find, get, put
from seismo.c.lower.state import Body
from seismo.c.lower.value import DIRECT, KERNEL, NULL, Address, Operand, aligned_at
from seismo.c.tree import (
    Binary,
    CompoundAssign,
    Constant,
    Expr,
    PointerAdd,
    PointerDifference,
    Step,
    Unary,
)
from seismo.c.types import CHAR, INT, S64, CType, Pointer, is_scalar
from seismo.ir.ops import BinaryKind, Cond, Kind, Value

__all__ = ("operate", "truth")

_SUMS = {"+": BinaryKind.ADD, "-": BinaryKind.SUB}


def operate(low: Body, expr: Expr) -> Operand:
    """The value of an operator's expression."""
    match expr:
        case Unary(op="!"):
            return Operand(_is_zero(low, expr), expr.type)
        case Unary():
            inner = number(low, plain(low, low.operand(expr.operand)))
            low.b.span = expr.span
            return Operand(unary(low.b, expr.op, inner, integer_of(expr.type)), expr.type)
        case Binary(op) if op in COMPARISONS:
            return Operand(_compare(low, expr), expr.type)
        case Binary():
            left, right = low.operand(expr.left), low.operand(expr.right)
            low.b.span = expr.span
            return _arithmetic(low, expr.op, left, right, expr.type, _known(expr.right))
        case PointerAdd(pointer, index, is_minus, type_):
            base, distance = low.operand(pointer), low.operand(index)
            low.b.span = expr.span
            sign = -1 if is_minus else 1
            return _moved(low, base, distance, type_, sign, _known(index))
        case PointerDifference():
            return _difference(low, expr)
        case CompoundAssign():
            return _compound(low, expr)
        case Step():
            return _step(low, expr)
        case _:
            raise CompilerBug("ir", f"{type(expr).__name__} reached lowering as a number")


def _known(expr: Expr) -> int | None:
    return expr.value if isinstance(expr, Constant) else None


def truth(low: Body, expr: Expr) -> Operand:
    """1 or 0, by which way a condition goes."""
    return low.fork(
        lambda yes, no: low.condition(expr, yes, no),
        lambda: Operand(low.b.const(1), INT),
        lambda: Operand(low.b.const(0), INT),
        INT,
    )


def _is_zero(low: Body, expr: Unary) -> Value:
    inner = low.operand(expr.operand)
    low.b.span = expr.span
    return low.b.compare(Cond.EQ, plain(low, inner), low.b.const(0))


def _arithmetic(
    low: Body, op: str, left: Operand, right: Operand, type_: CType, known: int | None
) -> Operand:
    """left op right; a pointer as an integer stays one while something is added."""
    one, other, to = plain(low, left), plain(low, right), integer_of(type_)
    if op in _SUMS and Kind.PTR in (one.kind, other.kind):
        value = low.b.binary(_SUMS[op], one, other)
        if value.kind is Kind.PTR:
            return Operand(value, type_, DIRECT)
        return Operand(normalised(low.b, value, S64, to), type_)
    one, other = number(low, one), number(low, other)
    return Operand(binary(low.b, op, one, other, to, known), type_)


def _compare(low: Body, expr: Binary) -> Value:
    type_ = expr.left.type
    if not is_scalar(type_):
        same = equal(low, low.memory(expr.left), low.memory(expr.right), type_.size)
        return same if expr.op == "==" else low.b.binary(BinaryKind.XOR, same, low.b.const(1))
    left, right = low.operand(expr.left), low.operand(expr.right)
    low.b.span = expr.span
    one, other = plain(low, left), plain(low, right)
    return low.b.compare(comparison(expr.op, type_), one, other)


def _moved(
    low: Body, base: Operand, index: Operand, type_: CType, sign: int, known: int | None
) -> Operand:
    """A pointer, so many elements further on; `known` is the index where it is a constant."""
    target = type_.target if isinstance(type_, Pointer) else CHAR
    size, kernels = target.size, element_bytes(low, target) if known != 0 else None
    if known is not None and kernels is None:
        space = KERNEL if base.space == NULL else base.space
        address = Address(base.value, 0, space, base.alignment)
        return low.pointer(address.at(sign * known * size), type_)
    b = low.b
    distance, each = index.value, b.const(size) if kernels is None else kernels
    if size != 1 or kernels is not None:
        distance = b.binary(BinaryKind.MUL, distance, each)
    kind = BinaryKind.SUB if sign < 0 else BinaryKind.ADD
    value = b.binary(kind, plain(low, base), distance)
    space = DIRECT if base.space == DIRECT else KERNEL
    return Operand(value, type_, space, aligned_at(base.alignment, size))


def _difference(low: Body, expr: PointerDifference) -> Operand:
    left, right = low.operand(expr.left), low.operand(expr.right)
    low.b.span = expr.span
    size = 1
    if isinstance(expr.left.type, Pointer):
        size = expr.left.type.target.size
        assume_storage(low, expr.left.type.target)
    distance = low.b.binary(BinaryKind.SUB, plain(low, left), plain(low, right))
    return Operand(divide_exactly(low.b, distance, max(size, 1)), expr.type)


def _compound(low: Body, expr: CompoundAssign) -> Operand:
    located = find(low, expr.place)
    old, value = get(low, located, expr.place.type), low.operand(expr.value)
    low.b.span = expr.span
    known = _known(expr.value)
    if isinstance(expr.place.type, Pointer):
        sign = -1 if expr.op == "-" else 1
        return put(low, located, _moved(low, old, value, expr.type, sign, known))
    left = low.convert(old, expr.computed)
    new = _arithmetic(low, expr.op, left, value, expr.computed, known)
    return put(low, located, low.convert(new, expr.place.type))


def _step(low: Body, expr: Step) -> Operand:
    located = find(low, expr.place)
    old = get(low, located, expr.place.type)
    low.b.span = expr.span
    step, sign = Operand(low.b.const(1), S64), -1 if expr.is_minus else 1
    if isinstance(expr.type, Pointer):
        new = _moved(low, old, step, expr.type, sign, 1)
    else:
        added = _arithmetic(low, "-" if expr.is_minus else "+", old, step, S64, 1)
        new = low.convert(added, expr.place.type)
    kept = put(low, located, new)
    return kept if expr.is_prefix else old
