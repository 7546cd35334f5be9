"""The types of what lies inside others: fields, elements."""

from __future__ import annotations

from seismo.base.diagnostics import Diagnostics, did_you_mean
from seismo.lang.ast import Field, Index, Number
from seismo.lang.join import is_integer
from seismo.lang.types import (
    ArrayType,
    IntType,
    PointerType,
    RecordType,
    StringType,
    TupleType,
    Type,
)

__all__ = ("field_type", "index_type")


def field_type(node: Field, base: Type | None, diagnostics: Diagnostics) -> Type | None:
    """The type of `base.field`, through a pointer or not."""
    if base is None:
        return None
    inner = base.target if isinstance(base, PointerType) else base
    if isinstance(inner, TupleType) and node.field.isdecimal():
        return _element(node, inner, int(node.field), diagnostics)
    if not isinstance(inner, RecordType):
        diagnostics.error(node.field_span, f"{base} has no fields")
        return None
    for one in inner.fields:
        if one.name == node.field:
            return one.type
    if not inner.size:
        message = f"the fields of {inner} are not known"
        diagnostics.error(node.field_span, message, "types of the kernel are not supported yet")
        return None
    names = [one.name for one in inner.fields]
    near = did_you_mean(node.field, names)
    hint = f"{near} " * bool(near) + f"its fields are: {', '.join(names)}"
    diagnostics.error(node.field_span, f"{inner} has no field '{node.field}'", hint)
    return None


def index_type(
    node: Index, base: Type | None, index: Type | None, diagnostics: Diagnostics
) -> Type | None:
    """The type of `base[index]`."""
    if base is None or index is None:
        return None
    if not is_integer(index):
        diagnostics.error(node.index.span, f"an index must be a number, not {index}")
        return None
    match base:
        case ArrayType():
            return base.element
        case StringType():
            return IntType(8, True)
        case PointerType() if base.target is not None:
            return base.target
        case TupleType() if isinstance(node.index, Number):
            return _element(node, base, node.index.value, diagnostics)
        case TupleType():
            diagnostics.error(node.index.span, "the index of a tuple must be a literal")
        case _:
            diagnostics.error(node.span, f"{base} has no elements")
    return None


def _element(
    node: Field | Index, tuple_: TupleType, index: int, diagnostics: Diagnostics
) -> Type | None:
    if index < len(tuple_.elements):
        return tuple_.elements[index]
    diagnostics.error(node.span, f"{tuple_} has only {len(tuple_.elements)} elements")
    return None
