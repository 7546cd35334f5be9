"""`(type)value`: what may be cast to what."""

from __future__ import annotations

from seismo.base.dataclass import replace
from seismo.lang.addresses import address_space
from seismo.lang.ast import Cast
from seismo.lang.constants import as_type
from seismo.lang.join import is_integer, join
from seismo.lang.sizes import size_of
from seismo.lang.typer import Typer
from seismo.lang.types import (
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

__all__ = ("cast",)

_INTEGER_BYTES = (1, 2, 4, 8)


def cast(t: Typer, node: Cast) -> Type | None:
    """The type that is written; a pointer keeps to the memory that it pointed to."""
    wanted = t.written(node.type)
    given = _operand(t, node, wanted)
    if wanted is None or given is None:
        return None
    if isinstance(wanted, PointerType) and isinstance(given, IntType):
        wanted = replace(wanted, space=address_space(t, node.operand) or wanted.space)
    constant = t.constants.get(node.operand)
    result = _convert(wanted, given, node.operand in t.literals)
    if result is None:
        t.error(node.span, f"{given} cannot be cast to {wanted}", _hint(t, wanted, given))
        return None
    if constant is not None and isinstance(result, (IntType, BoolType, PointerType)):
        t.constants[node] = value = as_type(constant, result)
        if isinstance(result, IntType) and result.enum is not None:
            known = [one for one in result.enum.constants if one[1] == value]
            if not known:
                hint = f"it has: {', '.join([name for name, _ in result.enum.constants[:12]])}"
                t.error(node.operand.span, f"{result} has no constant of value {value}", hint)
    return result


def _operand(t: Typer, node: Cast, wanted: Type | None) -> Type | None:
    """The context may be cast to another pointer, although it is no value of its own."""
    type_ = t.expr(node.operand)
    is_context = isinstance(type_, PointerType) and type_.space == "ctx"
    if is_context and isinstance(wanted, PointerType):
        return type_
    return t.as_value(node.operand, type_)


def _convert(wanted: Type, given: Type, is_literal: bool) -> Type | None:
    """What the cast gives, None where there is none."""
    match wanted, given:
        case IntType(), IntType() | BoolType() | PointerType():
            return wanted
        case IntType(), ArrayType():
            return wanted if size_of(given) == size_of(wanted) else None
        case BoolType(), IntType() | BoolType() | PointerType() | StringType():
            return wanted
        case PointerType(), PointerType():
            return replace(wanted, space=given.space)
        case PointerType(), IntType():
            return wanted
        case PointerType(), ArrayType():
            return wanted if size_of(given) == size_of(wanted) else None
        case ArrayType(), _:
            return _to_array(wanted, given, is_literal)
        case StringType(), StringType() | BufferType():
            return wanted if wanted.size else StringType(given.size)
        case StringType(), ArrayType() if size_of(given.element) == 1:
            return wanted if wanted.size else StringType(size_of(given))
        case BufferType(), StringType() | BufferType():
            return wanted if wanted.size else BufferType(given.size)
        case BufferType(), ArrayType() if size_of(given.element) == 1:
            return wanted if wanted.size else BufferType(size_of(given))
        case SymbolicType(), SymbolicType():
            return wanted if wanted == given else None
        case (TupleType(), TupleType()) | (RecordType(), RecordType()):
            return wanted if join(wanted, given) == wanted else None
        case _:
            return None


def _to_array(wanted: ArrayType, given: Type, is_literal: bool) -> Type | None:
    """An array of as many bytes; `[]` takes what there is."""
    if not is_integer(wanted.element):
        return None
    element = size_of(wanted.element)
    match given:
        case IntType() | ArrayType() | BufferType() | StringType():
            have = size_of(given)
        case _:
            return None
    if not wanted.count:
        return replace(wanted, count=have // element) if have % element == 0 else None
    size = size_of(wanted)
    if is_literal and size in _INTEGER_BYTES and size >= have:
        return wanted
    return wanted if size == have else None


def _hint(t: Typer, wanted: Type, given: Type) -> str:
    match wanted, given:
        case RecordType(), _ if isinstance(given, (IntType, PointerType)):
            return f"cast to a pointer: ({wanted} *)…"
        case AggregateType(), _:
            return "an aggregation only stands in a map: @m = count()"
        case IntType(), StringType():
            return "a string is no number; its first byte is …[0]"
        case StringType(), IntType() | PointerType():
            return "str() reads the string at an address"
        case PointerType(), BoolType() | StringType():
            return "an address is an integer"
    if isinstance(wanted, ArrayType) or isinstance(given, ArrayType):
        return f"{given} has {size_of(given)} bytes, {wanted} has {size_of(wanted)}"
    return "cast between numbers, pointers, arrays, strings and buffers of the same kind"
