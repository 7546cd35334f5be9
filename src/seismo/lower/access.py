"""Fields of a tracepoint's arguments, read straight from the program's context."""

from __future__ import annotations

from seismo.base.errors import CompilerBug
from seismo.builtin.record import Address, Lowering
from seismo.ir.ops import BinaryKind, Value
from seismo.lang.ast import Expr, Field
from seismo.lang.types import (
    BoolType,
    IntType,
    PointerType,
    RecordField,
    RecordType,
    StringType,
    Type,
)

__all__ = ("field_address", "lower_field", "record_field")

_DATA_LOC_OFFSET_MASK = 0xFFFF  # include/trace/trace_events.h: the high half is the length


def record_field(low: Lowering, node: Field) -> RecordField:
    """The field that `base.field` means; the checker has made sure that it exists."""
    base = low.type_of(node.base)
    record = base.target if isinstance(base, PointerType) else base
    if not isinstance(record, RecordType):
        raise CompilerBug("types", f"field access on {base}")
    return record.field(node.field)


def lower_field(low: Lowering, node: Field) -> Value:
    """The value of a field that fits a register, extended by its type."""
    field = record_field(low, node)
    _require_context(low, node.base)
    if field.data_loc:
        return _data_loc(low, field)
    size, signed = _load_form(field.type)
    return low.b.load(low.b.context, field.offset, size, signed=signed)


def field_address(low: Lowering, node: Field) -> Address:
    """Where a field that is an array (`char comm[16]`) lies."""
    field = record_field(low, node)
    _require_context(low, node.base)
    return Address(low.b.context, field.offset)


def _require_context(low: Lowering, base: Expr) -> None:
    type_ = low.type_of(base)
    if not (isinstance(type_, PointerType) and type_.space == "ctx"):
        raise CompilerBug("types", f"field access through {type_} reached lowering")


def _data_loc(low: Lowering, field: RecordField) -> Value:
    """The address of `__data_loc` data: it follows the record in the context's own memory."""
    b = low.b
    location = b.load(b.context, field.offset, 4)
    offset = b.binary(BinaryKind.AND, location, b.const(_DATA_LOC_OFFSET_MASK))
    return b.binary(BinaryKind.ADD, b.context, offset)


def _load_form(type_: Type) -> tuple[int, bool]:
    """(size in bytes, whether to sign-extend) of a field's load."""
    match type_:
        case IntType():
            return type_.bits // 8, type_.signed
        case BoolType():
            return 1, False
        case PointerType():
            return 8, False
        case StringType():
            raise CompilerBug("types", "a string does not fit a register")
        case _:
            raise CompilerBug("types", f"a field of type {type_} reached lowering")
