"""Where a value lies that is part of another: fields, elements, what a pointer points to.

$s.pid          in the program's own memory: `Here`
$p->a.b[2]      in kernel or user memory: `There`, read by one helper call however long the path
"""

from __future__ import annotations

from typing import TypeAlias

from seismo.base.dataclass import dataclass, replace
from seismo.base.errors import CompilerBug
from seismo.base.layout import FieldType, Int
from seismo.builtin.context import argument_slot, load_pointer
from seismo.builtin.portable import load_member
from seismo.builtin.record import Address
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.lang.ast import Expr, Field, Index, Unary
from seismo.lang.types import (
    ArrayType,
    PointerType,
    RecordField,
    RecordType,
    StringType,
    TupleType,
    Type,
)
from seismo.lower.context import FuncContext
from seismo.lower.layout import element_type, field_type, is_scalar, member_type
from seismo.lower.portable import assume_member, depends, kernel_record, named, size_value
from seismo.probes.backend import Context
from seismo.probes.format import TracepointFormat
from seismo.spec.relocations import CoreField, FunctionParameter, TracepointField
from seismo.spec.types import ProgramTarget, RawTracepointAttach

__all__ = (
    "Here",
    "Member",
    "Place",
    "There",
    "Typed",
    "address_of",
    "element_size",
    "increment",
    "is_part",
    "load_place",
    "locate",
    "step",
)

_TYPED = (Context.TRAMPOLINE, Context.ITERATOR)
_SLOT_BYTES = 8
_TRACE_TYPE, _TRACE_CALLER = "btf_trace_", "__traceiter_"
_DATA_LOC_OFFSET_MASK = 0xFFFF  # include/trace/trace_events.h: the high half is the length


@dataclass(frozen=True, slots=True)
class Here:
    """Memory that loads may read: scratch, the stack, a map's value, the context.

    The offset of a context's field may be a `relocation`.
    """

    address: Address
    relocation: TracepointField | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a kernel's record, which another kernel may have elsewhere than at `offset`."""

    record: str
    path: str
    offset: int

    @property
    def relocation(self) -> CoreField:
        return CoreField(self.record, self.path)

    def inside(self, step: str, offset: int) -> Member:
        """A part of it, `offset` bytes into it."""
        return Member(self.record, self.path + step, self.offset + offset)


@dataclass(frozen=True, slots=True)
class There:
    """`offset` bytes behind a pointer into `space` memory, or a `member` of the record there."""

    pointer: Value
    offset: int
    space: str
    member: Member | None = None


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
            return _behind(low, expr.operand)
        case _:
            return Here(low.memory(expr))


def _field(low: FuncContext, node: Field) -> Place:
    base = low.type_of(node.base)
    if isinstance(base, TupleType):
        return _tuple_element(low, node.base, base, int(node.field))
    field = low.member(node)
    if isinstance(base, PointerType):
        if base.space == "ctx":
            return _in_context(low, base.target, field)
        record = kernel_record(low, base.target)
        if record is not None:
            return _member(low, _behind(low, node.base), record, field)
        return _behind(low, node.base, field.offset)
    place, record = locate(low, node.base), kernel_record(low, base)
    if record is not None:
        return _member(low, place, record, field)
    return _moved(place, field.offset)


def _in_context(low: FuncContext, base: Type | None, field: RecordField) -> Place:
    """A field of `args` or `ctx`."""
    relocation = _context_relocation(low, base, field)
    if _is_typed(low, field):
        return Typed(field.offset)
    at = low.context.at(field.offset)
    if relocation is None or low.context.base is not low.b.context:
        return Here(at)
    if is_scalar(field.type):
        return Here(at, relocation)
    moved = low.b.add(at.base, low.kernel_value(relocation, field.offset))
    return There(moved, 0, "kernel")


def _context_relocation(
    low: FuncContext, base: Type | None, field: RecordField
) -> TracepointField | None:
    """What tells where the field is; what else is taken for granted of it is assumed."""
    backend, told = low.place.backend, low.place.args
    if not low.options.is_portable or low.place.kind.is_user:
        return None
    is_args = told is not None and isinstance(base, RecordType) and base.name == told.name
    record = kernel_record(low, base)
    if record is not None and (not is_args or backend.context is Context.ITERATOR):
        assume_member(low, CoreField(record.name, field.name), field)
        return None
    if is_args and low.place.format is not None:
        return _record_field(low, low.place.format, field)
    if is_args:
        _assume_parameter(low, field)
    return None


def _assume_parameter(low: FuncContext, field: RecordField) -> None:
    """Rely on the place of a parameter that was found by its name.

    Raw tracepoints hand out what a function of theirs takes behind its first parameter, whose names
    only it has (include/linux/tracepoint.h: `__traceiter_name`).
    """
    backend, index = low.place.backend, field.offset // _SLOT_BYTES
    match backend.attach[0], backend.target:
        case RawTracepointAttach(event), _:
            function = _TRACE_TYPE + event
        case _, ProgramTarget(function):
            pass
        case _:
            return
    if field.name == f"arg{index}":
        return
    event = function.removeprefix(_TRACE_TYPE)
    if event != function:
        function, index = _TRACE_CALLER + event, index + 1
    low.assume(FunctionParameter(function, field.name), index)


def _record_field(
    low: FuncContext, format: TracepointFormat, field: RecordField
) -> TracepointField:
    """What tells where a field of a tracepoint's record is, whose size is assumed."""
    relocation = TracepointField(format.category, format.name, field.name)
    size = next(one.size for one in format.fields if one.name == field.name)
    low.assume(replace(relocation, what="size"), size)
    if low.context.base is not low.b.context:
        # What was put aside is the beginning of the record, as it is here.
        low.assume(relocation, field.offset)
    return relocation


def _member(low: FuncContext, place: Place, record: RecordType, field: RecordField) -> Place:
    """A member of a kernel's record, for any kernel."""
    if not isinstance(place, There):
        if isinstance(place, Here) and place.address.base is low.b.context:
            assume_member(low, CoreField(named(low, record), field.name), field)
        # In our own memory it lies as it was copied.
        return _moved(place, field.offset)
    if place.member is not None:
        return replace(place, member=place.member.inside(f".{field.name}", field.offset))
    at = Member(named(low, record), field.name, field.offset)
    return There(address_of(low, place), 0, place.space, at)


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
            pointer = low.scalar(node.base)
            distance = step(low, low.scalar(node.index), base.target)
            return There(low.b.add(pointer, distance), 0, _space(low, base))
        case _:
            raise CompilerBug("types", f"an element of {base} reached lowering")
    place = locate(low, node.base)
    if low.is_constant(node.index):
        index = int(low.constant(node.index))
        if isinstance(place, There) and place.member is not None:
            return replace(place, member=place.member.inside(f"[{index}]", index * size))
        return _moved(place, index * size)
    if isinstance(place, Here):
        return Here(Address(_bounded(low, place.address, node.index, size, count)))
    if isinstance(place, There):
        return _chosen(low, place, node.index, base)
    return _moved(place, 0)


def _chosen(low: FuncContext, place: There, index: Expr, array: ArrayType | StringType) -> Place:
    """The element with a number that only the program knows."""
    if place.member is not None:
        place = There(address_of(low, place), 0, place.space)
    element = array.element if isinstance(array, ArrayType) else None
    distance = step(low, low.scalar(index), element)
    return replace(place, pointer=low.b.add(place.pointer, distance))


def _tuple_element(low: FuncContext, base: Expr, type_: TupleType, index: int) -> Place:
    layout = field_type(type_)
    return _moved(locate(low, base), layout.fields[index].offset)  # type: ignore[union-attr]


def _behind(low: FuncContext, pointer: Expr, offset: int = 0) -> Place:
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
            return replace(place, offset=place.offset + offset)
        case Typed():
            raise CompilerBug("types", "a part of a pointer reached lowering")


def address_of(low: FuncContext, place: There) -> Value:
    """The address of the place, as a number."""
    b, pointer, member = low.b, place.pointer, place.member
    if member is not None:
        pointer = b.add(pointer, low.kernel_value(member.relocation, member.offset))
    return b.add(pointer, b.const(place.offset)) if place.offset else pointer


def _bounded(low: FuncContext, base: Address, index: Expr, size: int, count: int) -> Value:
    """The address of an element of our own memory; one beyond the end is the last one, as the
    kernel's verifier must see that nothing else can be read."""
    b, chosen = low.b, low.fresh("index")
    value = low.scalar(index)
    last = b.const(count - 1)
    b.when(Cond.LE, value, last, lambda: b.write(chosen, value), lambda: b.write(chosen, last))
    distance = b.binary(BinaryKind.MUL, b.read(chosen), b.const(size))
    return b.add(low.address(base), distance)


def element_size(low: FuncContext, type_: Type | None) -> Value:
    """How far apart the elements are that a pointer to this type steps over; 1 for `void`."""
    if type_ is None:
        return low.b.const(1)
    return size_value(low, type_, max(member_type(type_).size, 1))


def step(low: FuncContext, count: Value, type_: Type | None) -> Value:
    """How far `count` elements of a pointer to this type are."""
    return low.b.binary(BinaryKind.MUL, count, element_size(low, type_))


def increment(low: FuncContext, type_: Type, op: str) -> Value:
    """What `++` or `--` adds to a value of this type."""
    b, target = low.b, type_.target if isinstance(type_, PointerType) else None
    if depends(low, target):
        size = element_size(low, target)
        return size if op == "++" else b.binary(BinaryKind.SUB, b.const(0), size)
    size_here = max(member_type(target).size, 1) if target is not None else 1
    return b.const(size_here if op == "++" else -size_here)


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
        value = low.b.load(
            at.base, at.offset, form.size, signed=signed, relocation=place.relocation
        )
    elif place.member is not None:
        bits = (field.bit_offset, field.bit_size) if field is not None and is_bits else None
        at_member = address_of(low, place)
        return load_member(low, at_member, place.space, place.member.relocation, form, bits)
    else:
        value = low.load(address_of(low, place), place.space, form.size, signed=signed)
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
    location = b.load(at.base, at.offset, 4, relocation=place.relocation)
    offset = b.binary(BinaryKind.AND, location, b.const(_DATA_LOC_OFFSET_MASK))
    return b.binary(BinaryKind.ADD, at.base, offset)
