"""Where a value lies that is part of another: fields, elements, what a pointer points to.

$s.pid          in the program's own memory: `Here`
$p->a.b[2]      in kernel or user memory: `There`, read by one helper call however long the path
"""

from __future__ import annotations

from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.errors import CompilerBug
from seismo.base.layout import FieldType, Int
from seismo.builtin.context import argument_slot, load_pointer
from seismo.builtin.record import Address
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.lang.ast import Expr, Field, Index, Unary
from seismo.lang.types import (
    ArrayType,
    PointerType,
    RecordField,
    StringType,
    TupleType,
    Type,
)
from seismo.lower.context import FuncContext
from seismo.lower.layout import element_type, field_type, member_type
from seismo.probes.backend import Context

__all__ = ("Here", "Place", "There", "Typed", "is_part", "load_place", "locate", "size_of")

_TYPED = (Context.TRAMPOLINE, Context.ITERATOR)
_DATA_LOC_OFFSET_MASK = 0xFFFF  # include/trace/trace_events.h: the high half is the length


@dataclass(frozen=True, slots=True)
class Here:
    """Memory that loads may read: scratch, the stack, a map's value, the context."""

    address: Address


@dataclass(frozen=True, slots=True)
class There:
    """`offset` bytes behind a pointer into `space` memory."""

    pointer: Value
    offset: int
    space: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A pointer in a context whose pointers the kernel's verifier gives types of its own."""

    offset: int


Place: TypeAlias = Here | There | Typed


def is_part(expr: Expr) -> bool:
    """Whether the expression's value is inside of something else, so that `locate` finds it."""
    return isinstance(expr, Field | Index) or (isinstance(expr, Unary) and expr.op == "*")


def locate(low: FuncContext, expr: Expr) -> Place:
    """Where the value of a field, an element or `*p` lies; for anything else, where it is put."""
    expr = low.meant(expr)
    match expr:
        case Field():
            return _field(low, expr)
        case Index():
            return _element(low, expr)
        case Unary(op="*"):
            return _behind(low, expr.operand, 0)
        case _:
            return Here(low.memory(expr))


def _field(low: FuncContext, node: Field) -> Place:
    base = low.type_of(node.base)
    if isinstance(base, TupleType):
        return _tuple_element(low, node.base, base, int(node.field))
    offset = low.member(node).offset
    if isinstance(base, PointerType):
        if base.space == "ctx" and _is_typed(low, low.member(node)):
            return Typed(offset)
        return _behind(low, node.base, offset)
    return _moved(locate(low, node.base), offset)


def _is_typed(low: FuncContext, field: RecordField) -> bool:
    return low.place.backend.context in _TYPED and isinstance(field.type, PointerType)


def _element(low: FuncContext, node: Index) -> Place:
    base = low.type_of(node.base)
    match base:
        case TupleType():
            return _tuple_element(low, node.base, base, int(low.constant(node.index)))
        case ArrayType():
            size, count = element_type(base).size, base.count
        case StringType():
            size, count = 1, base.size
        case PointerType():
            size = size_of(base.target)
            pointer = low.scalar(node.base)
            return There(_step(low, pointer, node.index, size), 0, _space(low, base))
        case _:
            raise CompilerBug("types", f"an element of {base} reached lowering")
    place = locate(low, node.base)
    if low.is_constant(node.index):
        return _moved(place, int(low.constant(node.index)) * size)
    if isinstance(place, Here):
        return Here(Address(_bounded(low, place.address, node.index, size, count)))
    if isinstance(place, There):
        return There(_step(low, place.pointer, node.index, size), place.offset, place.space)
    return _moved(place, 0)


def _tuple_element(low: FuncContext, base: Expr, type_: TupleType, index: int) -> Place:
    layout = field_type(type_)
    return _moved(locate(low, base), layout.fields[index].offset)  # type: ignore[union-attr]


def _behind(low: FuncContext, pointer: Expr, offset: int) -> Place:
    type_ = low.type_of(pointer)
    if not isinstance(type_, PointerType):
        raise CompilerBug("types", f"reading through {type_} reached lowering")
    if type_.space == "ctx":
        return Here(low.context.at(offset))
    return There(low.scalar(pointer), offset, _space(low, type_))


def _space(low: FuncContext, type_: PointerType) -> str:
    return type_.space or low.default_space


def _moved(place: Place, offset: int) -> Place:
    match place:
        case Here():
            return Here(place.address.at(offset))
        case There():
            return There(place.pointer, place.offset + offset, place.space)
        case Typed():
            raise CompilerBug("types", "a part of a pointer reached lowering")


def _step(low: FuncContext, pointer: Value, index: Expr, size: int) -> Value:
    b = low.b
    distance = b.binary(BinaryKind.MUL, low.scalar(index), b.const(size))
    return b.add(pointer, distance)


def _bounded(low: FuncContext, base: Address, index: Expr, size: int, count: int) -> Value:
    """The address of an element of our own memory; one beyond the end is the last one, as the
    kernel's verifier must see that nothing else can be read."""
    b, chosen = low.b, low.fresh("index")
    value = low.scalar(index)
    last = b.const(count - 1)
    b.when(Cond.LE, value, last, lambda: b.write(chosen, value), lambda: b.write(chosen, last))
    distance = b.binary(BinaryKind.MUL, b.read(chosen), b.const(size))
    return b.add(low.address(base), distance)


def size_of(type_: Type | None) -> int:
    """How far apart the elements are that a pointer of this type steps over; 1 for `void`."""
    return max(member_type(type_).size, 1) if type_ is not None else 1


def load_place(low: FuncContext, place: Place, form: FieldType, field: RecordField | None) -> Value:
    """The number at a place, extended by its type; `field` says which bits, if it knows more."""
    if not isinstance(form, Int):
        raise CompilerBug("types", f"{form} does not fit a register")
    if field is not None and field.data_loc:
        return _data_loc(low, place)
    if isinstance(place, Typed):
        return _pointer(low, place)
    is_bits = field is not None and field.bit_size > 0
    signed = form.signed and not is_bits
    if isinstance(place, Here):
        at = place.address
        value = low.b.load(at.base, at.offset, form.size, signed=signed)
    else:
        pointer = place.pointer
        if place.offset:
            pointer = low.b.add(pointer, low.b.const(place.offset))
        value = low.load(pointer, place.space, form.size, signed=signed)
    if field is not None and is_bits:
        return _bits(low, value, field, signed=form.signed)
    return value


def _pointer(low: FuncContext, place: Typed) -> Value:
    if low.place.backend.context is Context.TRAMPOLINE:
        return argument_slot(low, place.offset // 8)
    return load_pointer(low, place.offset)


def _bits(low: FuncContext, value: Value, field: RecordField, *, signed: bool) -> Value:
    """The bits of a bit field, moved down and extended."""
    b = low.b
    up = b.const(64 - field.bit_offset - field.bit_size)
    down = b.const(64 - field.bit_size)
    high = b.binary(BinaryKind.SHL, value, up)
    return b.binary(BinaryKind.SAR if signed else BinaryKind.SHR, high, down)


def _data_loc(low: FuncContext, place: Place) -> Value:
    """The address of `__data_loc` data: it follows the record in the context's own memory."""
    if not isinstance(place, Here):
        raise CompilerBug("types", "__data_loc outside of a context reached lowering")
    b, at = low.b, place.address
    location = b.load(at.base, at.offset, 4)
    offset = b.binary(BinaryKind.AND, location, b.const(_DATA_LOC_OFFSET_MASK))
    return b.binary(BinaryKind.ADD, at.base, offset)
