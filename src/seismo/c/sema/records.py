"""Definitions of structs, unions and enums: from pycparser's nodes to members with their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from seismo.base.source import Span
from seismo.c.layout import Field, lay_out
from seismo.c.parse_library import c_ast
from seismo.c.parse_nodes import Attribute, attributes_of
from seismo.c.sema.errors import CheckError
from seismo.c.spans import span_of
from seismo.c.types import (
    INT,
    S8,
    S64,
    SHORT,
    U8,
    U16,
    U32,
    U64,
    Array,
    CType,
    Enumeration,
    Function,
    Integer,
    Record,
    Table,
    Void,
)

__all__ = ("AskConstant", "AskType", "alignment_of", "constant_type", "enum_integer", "fill_record")

AskType: TypeAlias = Callable[[c_ast.Node], CType]
"""The type that a declarator means."""

AskConstant: TypeAlias = Callable[[c_ast.Node, str], int]
"""The value of an expression that must be constant, and what it is needed for."""

_PRESERVED = "preserve_access_index"

MAX_ALIGNMENT = 16
"""What `aligned` without a number means on x86-64 and arm64."""


def fill_record(
    record: Record, node: c_ast.Struct | c_ast.Union, types: AskType, constant: AskConstant
) -> None:
    """Complete the record with the members that its definition lists; CheckError."""
    attributes = attributes_of(node)
    fields = tuple(_fields(node, types, constant))
    _check_names(fields, node)
    size, alignment, members = lay_out(
        record.keyword,
        fields,
        is_packed=any(one.name == "packed" for one in attributes),
        alignment=max(1, alignment_of(attributes, constant)),
    )
    is_flavour = any(one.name == _PRESERVED for one in attributes)
    record.origin = f"{record.keyword} {record.tag}" if is_flavour and record.tag else ""
    record.is_flavour = is_flavour and bool(record.tag)
    # Not the members themselves: a record of the kernel's that gets a new definition would still
    # ask BTF for its old ones.
    record.complete(size, alignment, lambda: members)


def alignment_of(attributes: tuple[Attribute, ...], constant: AskConstant) -> int:
    """The bytes that `aligned(n)` among the attributes asks for; 0 where there is none."""
    asked = 0
    for one in attributes:
        if one.name == "aligned":
            bytes_ = constant(one.arguments[0], "an alignment") if one.arguments else MAX_ALIGNMENT
            asked = max(asked, _power_of_two(bytes_, one.span))
    return asked


def _power_of_two(bytes_: int, span: Span) -> int:
    if bytes_ <= 0 or bytes_ & (bytes_ - 1):
        raise CheckError(span, f"an alignment of {bytes_} is no power of two")
    return bytes_


def _fields(
    node: c_ast.Struct | c_ast.Union, types: AskType, constant: AskConstant
) -> Iterator[Field]:
    declared = [one for one in node.decls if isinstance(one, c_ast.Decl)]
    for place, one in enumerate(declared):
        if one.name is None and one.bitsize is None and not _is_nameless_record(one):
            # `struct s { … };` within another: it declares the tag and no member.
            types(one.type)
            continue
        is_last = place == len(declared) - 1 or isinstance(node, c_ast.Union)
        yield _field(one, types, constant, is_last=is_last)


def _is_nameless_record(node: c_ast.Decl) -> bool:
    return isinstance(node.type, c_ast.Struct | c_ast.Union) and not node.type.name


def _field(node: c_ast.Decl, types: AskType, constant: AskConstant, *, is_last: bool) -> Field:
    attributes = attributes_of(node)
    aligned = [one.alignment for one in node.align or ()]
    alignment = max(
        alignment_of(attributes, constant),
        *[_alignas(one, types, constant) for one in aligned],
        0,
    )
    type_ = types(node.type)
    name, span = node.name or "", span_of(node)
    bits = None if node.bitsize is None else _bits(node, type_, constant)
    if bits is None:
        _check_member(name, type_, span, is_last=is_last)
    is_packed = any(one.name == "packed" for one in attributes)
    return Field(name, type_, bits, is_packed, alignment)


def _alignas(node: c_ast.Node, types: AskType, constant: AskConstant) -> int:
    if isinstance(node, c_ast.Typename):
        return types(node.type).alignment
    return constant(node, "an alignment")


def _bits(node: c_ast.Decl, type_: CType, constant: AskConstant) -> int:
    """The width of a bit field."""
    span = span_of(node)
    integer = type_.integer if isinstance(type_, Enumeration) else type_
    if not isinstance(integer, Integer) or integer.size > 8:
        raise CheckError(span, f"a bit field is an integer, not {type_}")
    bits = constant(node.bitsize, "the width of a bit field")
    most = 1 if integer.is_bool else integer.bits
    if not 0 <= bits <= most:
        raise CheckError(span, f"a bit field of {bits} bits; {integer} has {most}")
    if bits == 0 and node.name:
        raise CheckError(span, f"bit field '{node.name}' has no bits", "leave its name out")
    return bits


def _check_member(name: str, type_: CType, span: Span, *, is_last: bool) -> None:
    if isinstance(type_, Function):
        raise CheckError(span, f"member '{name}' is a function", f"write (*{name})(…)")
    if isinstance(type_, Void | Table):
        raise CheckError(span, f"member '{name}' has the type {type_}, which has no values")
    if isinstance(type_, Record) and not type_.is_complete:
        hint = "a pointer to it needs no definition"
        raise CheckError(span, f"{type_} is not defined, so it cannot be a member", hint)
    if isinstance(type_, Array) and type_.count is None and not is_last:
        hint = f"only the last member may be written '{name}[]'"
        raise CheckError(span, f"array '{name}' has no size", hint)


def _check_names(fields: tuple[Field, ...], node: c_ast.Struct | c_ast.Union) -> None:
    seen: set[str] = set()
    for field in fields:
        inner = () if field.name or not isinstance(field.type, Record) else field.type.names()
        for name in (field.name, *inner):
            if name and name in seen:
                span = next((span_of(one) for one in node.decls if one.name == name), span_of(node))
                raise CheckError(span, f"there are two members '{name}'")
            seen.add(name)


_WIDTHS = ((U8, S8), (U16, SHORT), (U32, INT), (U64, S64))


def constant_type(value: int) -> Integer:
    """The type of an enum's constant: int, unless it does not fit."""
    for type_ in (INT, U32, S64, U64):
        if _fits(value, type_):
            return type_
    raise KeyError(value)


def enum_integer(values: list[int], *, is_packed: bool) -> Integer:
    """The integer that an enum is, as GCC chooses it: unsigned unless a value is negative."""
    is_signed = any(value < 0 for value in values)
    for pair in _WIDTHS if is_packed else _WIDTHS[2:]:
        if all(_fits(value, pair[is_signed]) for value in values):
            return pair[is_signed]
    raise KeyError(values)


def _fits(value: int, type_: Integer) -> bool:
    bits = type_.bits - type_.is_signed
    return -(1 << bits) * type_.is_signed <= value < 1 << bits
