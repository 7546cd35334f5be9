"""Places and values: what has an address, what is in it, where a member lies.

>>> loaded(VariablePlace(x, INT, span))
Load(VariablePlace(x, INT, span), INT, span)
"""

from __future__ import annotations

from typing import TypeAlias

from seismo.base.diagnostics import did_you_mean
from seismo.base.source import Span
from seismo.c.sema.errors import CheckError
from seismo.c.tree import (
    AddressOf,
    Cast,
    CompoundLiteral,
    Dereference,
    Expr,
    FunctionAddress,
    Load,
    MemberPlace,
    Place,
    StringPlace,
    VariablePlace,
)
from seismo.c.types import Array, CType, Function, Pointer, Record, Void

__all__ = (
    "PLACES",
    "Checked",
    "address_of",
    "dereference",
    "loaded",
    "member_of",
    "pointer_to",
    "record_place",
)

PLACES = (VariablePlace, Dereference, MemberPlace, StringPlace, CompoundLiteral)

Checked: TypeAlias = Place | Expr
"""What an expression is: a place where it has an address, its value otherwise."""


def loaded(found: Checked) -> Expr:
    """The value: what is in a place, of an array the address of its first element."""
    if isinstance(found, FunctionAddress):
        raise CheckError(
            found.span,
            "function pointers are not supported",
            "a function's name is an argument only of helpers that call back, as bpf_loop()",
        )
    if not isinstance(found, PLACES):
        return found
    if isinstance(found.type, Array):
        _mark(found)
        return AddressOf(found, pointer_to(found, found.type.element), found.span)
    if isinstance(found.type, Record) and not found.type.is_complete:
        raise _incomplete(found.type, found.span)
    return Load(found, found.type, found.span)


def address_of(place: Place, span: Span) -> Expr:
    """`&place`; of `*p` it is `p`."""
    if isinstance(place, MemberPlace) and place.member.bit_size:
        raise CheckError(span, f"'{place.member.name}' is a bit field, which has no address")
    type_ = pointer_to(place, place.type)
    if isinstance(place, Dereference):
        pointer = place.pointer
        return pointer if pointer.type == type_ else Cast(pointer, type_, span)
    _mark(place)
    return AddressOf(place, type_, span)


def pointer_to(place: Place, target: CType) -> Pointer:
    """The type of a pointer to something in the place: to the user's memory if it lies there."""
    root = place
    while isinstance(root, MemberPlace):
        root = root.record
    is_user = isinstance(root, Dereference) and _is_user(root.pointer.type)
    return Pointer(target, is_user)


def _is_user(type_: CType) -> bool:
    return isinstance(type_, Pointer) and type_.is_user


def _mark(place: Place) -> None:
    """Something takes the address: the variable that it is part of must be in memory."""
    while isinstance(place, MemberPlace):
        place = place.record
    if isinstance(place, VariablePlace):
        place.variable.is_addressed = True


def dereference(pointer: Expr, span: Span) -> Place:
    """`*pointer`."""
    match pointer:
        case AddressOf(place=place, type=Pointer(target=target)) if place.type == target:
            return place
    if not isinstance(pointer.type, Pointer):
        raise CheckError(span, f"a pointer is needed here, and this is {pointer.type}")
    target = pointer.type.target
    if isinstance(target, Void):
        raise CheckError(span, "what a 'void *' points to has no type", "cast it: *(u64 *)p")
    if isinstance(target, Function):
        raise CheckError(span, "calls through pointers are not supported")
    return Dereference(pointer, target, span)


def record_place(found: Checked) -> Place:
    """Where a record is: a value that is one lies somewhere new."""
    if isinstance(found, PLACES):
        return found
    if isinstance(found, Load):
        return found.place
    return CompoundLiteral(found, found.type, found.span)


def member_of(record: Place, name: str, span: Span, name_span: Span) -> MemberPlace:
    """`record.name`; CheckError at the name when it has no such member."""
    type_ = record.type
    if not isinstance(type_, Record):
        raise CheckError(name_span, f"{type_} has no members, so no '{name}'")
    if not type_.is_complete:
        raise _incomplete(type_, span)
    try:
        member = type_.find(name)
    except KeyError:
        hint = did_you_mean(name, type_.names())
        raise CheckError(name_span, f"{type_} has no member '{name}'", hint) from None
    return MemberPlace(record, member, member.type, span)


def _incomplete(type_: Record, span: Span) -> CheckError:
    return CheckError(span, f"what {type_} holds is not known here")
