"""What lies inside others: fields of structs, records and tuples, elements of arrays."""

from __future__ import annotations

from seismo.base.diagnostics import did_you_mean
from seismo.lang.ast import Expr, Field, Index, RecordExpr
from seismo.lang.join import is_integer
from seismo.lang.sizes import is_made_here
from seismo.lang.type_names import in_space, spelled_out
from seismo.lang.typer import Typer, tuple_index
from seismo.lang.types import (
    ArrayType,
    IntType,
    PointerType,
    RecordField,
    RecordType,
    StringType,
    TupleType,
    Type,
)

__all__ = ("field", "index")

_CHAR = IntType(8, True)
_MOST_NAMES = 12


def field(t: Typer, node: Field) -> Type | None:
    """`base.field`, through a pointer or not."""
    base = t.expr(node.base)
    if base is None:
        return None
    inner = base.target if isinstance(base, PointerType) else base
    if isinstance(inner, TupleType) and node.field.isdecimal():
        return _element(t, node, inner, tuple_index(node))
    if not isinstance(inner, RecordType):
        t.error(node.field_span, f"{base} has no fields", _no_fields(base))
        return None
    found = _find_field(t, inner, node)
    if found is None:
        return None
    t.members[node] = found
    expansion = t.expansions.get(node.base)
    if expansion is not None:
        _pick(t, node, expansion)
    return in_space(spelled_out(found.type, t.table), t.space_of(node))


def _no_fields(base: Type) -> str:
    if isinstance(base, IntType) and base.bits == 64:
        return "cast it to a pointer: ((struct name *)…).field"
    if isinstance(base, TupleType):
        return "the elements of a tuple are .0, .1, …"
    if isinstance(base, PointerType) and isinstance(base.target, PointerType):
        return "it points to a pointer: write (*…).field"
    return "fields belong to structs, records and tuples"


def _pick(t: Typer, node: Field, made: Expr) -> None:
    """A field of a record whose values are known, as `typeinfo` gives one."""
    if isinstance(made, RecordExpr) and node.field in made.names:
        t.stands_for(node, made.values[made.names.index(node.field)])


def _find_field(t: Typer, record: RecordType, node: Field) -> RecordField | None:
    """The member that a field access means; None, and the complaint, where there is none."""
    fields = t.complete(record).fields
    for one in fields or ():
        if one.name == node.field:
            return one
    if not fields:
        if record.name.startswith(("struct ", "union ")):
            hint = "declare it in the script, or use a kernel that has its BTF"
            t.error(node.field_span, f"the fields of {record} are not known", hint)
        else:
            t.error(node.field_span, f"{record} has no fields", "there is nothing in it to read")
        return None
    names = [one.name for one in fields]
    near = did_you_mean(node.field, names)
    more = ", …" if len(names) > _MOST_NAMES else ""
    shown = f"its fields are: {', '.join(names[:_MOST_NAMES])}{more}"
    hint = f"{near} {shown}" if near else shown
    what = "the record" if is_made_here(record) else record
    t.error(node.field_span, f"{what} has no field '{node.field}'", hint)
    return None


def index(t: Typer, node: Index) -> Type | None:
    """`base[index]`."""
    base, at = t.expr(node.base), t.value(node.index)
    if base is None or at is None:
        return None
    if not is_integer(at):
        t.error(node.index.span, f"an index must be a number, not {at}", "…[0] is the first")
        return None
    constant = t.constants.get(node.index)
    position = constant if isinstance(constant, int) else None
    match base:
        case ArrayType():
            _check_bounds(t, node, position, base.count, base)
            return in_space(base.element, t.space_of(node))
        case StringType():
            _check_bounds(t, node, position, base.size, base)
            return _CHAR
        case PointerType() if base.target is not None and base.space != "ctx":
            return in_space(base.target, base.space)
        case PointerType():
            hint = "cast the pointer: ((uint64 *)…)[0]"
            t.error(node.span, f"{base} has no elements", hint)
        case TupleType() if position is not None:
            return _element(t, node, base, position)
        case TupleType():
            hint = "the elements differ in type: write .0, .1, …"
            t.error(node.index.span, "the index of a tuple must be a literal", hint)
        case _:
            t.error(node.span, f"{base} has no elements", "arrays, pointers and strings have")
    return None


def _check_bounds(t: Typer, node: Index, position: int | None, count: int, base: Type) -> None:
    """An array without a size is as long as its memory."""
    if position is not None and count and not 0 <= position < count:
        hint = f"the last element is [{count - 1}]"
        t.error(node.index.span, f"there is no element {position} in {base}", hint)


def _element(t: Typer, node: Field | Index, tuple_: TupleType, index: int) -> Type | None:
    count = len(tuple_.elements)
    if 0 <= index < count:
        return tuple_.elements[index]
    hint = f"the last is .{count - 1}" if count else "it is empty"
    elements = "1 element" if count == 1 else f"{count} elements"
    t.error(node.span, f"{tuple_} has only {elements}", hint)
    return None
