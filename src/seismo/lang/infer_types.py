"""`sizeof`, `offsetof`, `typeinfo`: what is known of a type."""

from __future__ import annotations

from seismo.base.diagnostics import did_you_mean
from seismo.lang.ast import Offsetof, Sizeof, Typeinfo
from seismo.lang.infer_names import known_record
from seismo.lang.sizes import is_made_here, size_of
from seismo.lang.typer import Typer
from seismo.lang.types import (
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

__all__ = ("offsetof", "sizeof", "typeinfo")


def sizeof(t: Typer, node: Sizeof) -> Type | None:
    """Bytes; the operand is not evaluated."""
    type_ = t.type_of(node.operand)
    if type_ is None:
        return None
    t.constants[node] = size_of(type_)
    t.measured[node] = type_
    return UINT64


def offsetof(t: Typer, node: Offsetof) -> Type | None:
    """Bytes from the start of a struct to a member of it, or of a struct in it."""
    type_ = t.type_of(node.operand)
    if type_ is None:
        return None
    offset = 0
    if isinstance(type_, PointerType):
        type_ = type_.target
    if type_ is not None:
        t.measured[node] = type_
    for name in node.path:
        if not isinstance(type_, RecordType):
            t.error(node.span, f"{type_ or 'void'} has no fields", "offsetof(struct name, member)")
            return None
        fields = {one.name: one for one in t.complete(type_).fields or ()}
        if name not in fields:
            hint = did_you_mean(name, fields) or "-l 'struct name' lists its members"
            t.error(node.span, f"{type_} has no field '{name}'", hint)
            return None
        offset += fields[name].offset
        type_ = fields[name].type
    t.constants[node] = offset
    return UINT64


def typeinfo(t: Typer, node: Typeinfo) -> Type | None:
    """A record of strings that name the type; `btf_id` is 0: types are not those of one kernel."""
    setting = t.config.unstable_typeinfo
    if setting == "error":
        hint = "set config = { unstable_typeinfo = enable }"
        t.error(node.span, "typeinfo is not stable yet", hint)
    elif setting == "warn":
        t.warning(node.span, "typeinfo is not stable yet: what it gives may change")
    type_ = t.type_of(node.operand)
    if type_ is None:
        return None
    fields = (("btf_id", 0), ("base_type", _base_name(type_)), ("full_type", str(type_)))
    return known_record(t, node, fields)


def _base_name(type_: Type) -> str:
    match type_:
        case IntType():
            return "int"
        case BoolType():
            return "bool"
        case StringType():
            return "string"
        case PointerType():
            return "pointer"
        case ArrayType():
            return "array"
        case BufferType():
            return "buffer"
        case TupleType():
            return "tuple"
        case RecordType():
            return "record" if is_made_here(type_) else type_.name.partition(" ")[0]
        case SymbolicType() | AggregateType():
            return str(type_)
        case _:
            return "none"
