"""Some types of a BTF, with what they are made of, as a BTF of their own.

>>> chosen = subset(btf, [btf.find("task_struct", Kind.STRUCT)], {id: {3, 75}})
>>> write(chosen.types), chosen.ids[id]

What a pointer points to is left out, for the layout of nothing depends on it: it becomes a mere
declaration, or `void`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from seismo.base.dataclass import dataclass, field, replace
from seismo.btf.layout import strip
from seismo.btf.types import (
    Array,
    Enum,
    Enum64,
    Fwd,
    Ptr,
    Struct,
    Type,
    TypeTable,
    Union,
    map_references,
    references,
)

__all__ = ("Subset", "subset")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Subset:
    """Types for `write`, the first of which has id 1; `ids` tells what became of each old id."""

    types: tuple[Type, ...]
    ids: Mapping[int, int] = field(repr=False)


def subset(
    table: TypeTable,
    ids: Iterable[int],
    members: Mapping[int, Collection[int]] | None = None,
    *,
    walked: Collection[int] = (),
    with_forwards: bool = True,
) -> Subset:
    """The types `ids` and all that is part of them, in the order of their ids.

    `members` are the numbers of the members or enumerators to keep, of each struct, union or enum:
    of those not mentioned, none; without it, all. Types keep their sizes and members their places.
    The pointers `walked` keep what they point to. Without `with_forwards` other pointers are to
    `void` where their target is not there for another reason.
    """
    kept: dict[int, Type] = {}
    pending = [*ids]
    while pending:
        id = pending.pop()
        if id == 0 or id in kept:
            continue
        type_ = kept[id] = _kept(table, id, members)
        if not isinstance(type_, Ptr) or id in walked:
            pending += references(type_)
    new = {0: 0} | {id: number for number, id in enumerate(sorted(kept), start=1)}
    pointers = _Pointers(table, new, with_forwards)
    types = [
        pointers.renumbered(type_)
        if isinstance(type_, Ptr)
        else map_references(type_, new.__getitem__)
        for _, type_ in sorted(kept.items())
    ]
    return Subset((*types, *pointers.forwards), new)


def _kept(table: TypeTable, id: int, members: Mapping[int, Collection[int]] | None) -> Type:
    """The type with those of its members or enumerators that are to be kept.

    The end of a struct stays its end: an array of no count is open only there.
    """
    type_ = table.type(id)
    if members is None:
        return type_
    chosen = members.get(id, ())
    if isinstance(type_, Enum | Enum64):
        return replace(type_, values=_those(type_.values, chosen))
    if not isinstance(type_, Struct | Union):
        return type_
    if any(_is_open(table, type_.members[number].type) for number in chosen):
        chosen = {*chosen, len(type_.members) - 1}
    return replace(type_, members=_those(type_.members, chosen))


def _those(rows: tuple[T, ...], numbers: Collection[int]) -> tuple[T, ...]:
    return tuple([row for number, row in enumerate(rows) if number in numbers])


def _is_open(table: TypeTable, id: int) -> bool:
    type_ = table.type(strip(table, id))
    return isinstance(type_, Array) and not type_.count


class _Pointers:
    """Gives pointers the new ids of what they point to, and declares structs that are left out."""

    def __init__(self, table: TypeTable, new: Mapping[int, int], with_forwards: bool) -> None:
        self._table = table
        self._new = new
        self._with_forwards = with_forwards
        self._ids: dict[Fwd, int] = {}

    @property
    def forwards(self) -> tuple[Fwd, ...]:
        """The declarations that were needed, to be put behind all other types."""
        return tuple(self._ids)

    def renumbered(self, pointer: Ptr) -> Ptr:
        if pointer.type in self._new:
            return Ptr(self._new[pointer.type])
        id = strip(self._table, pointer.type)
        return Ptr(self._new[id] if id in self._new else self._forward(self._table.type(id)))

    def _forward(self, type_: Type) -> int:
        if not (self._with_forwards and isinstance(type_, Struct | Union | Fwd) and type_.name):
            return 0
        is_union = type_.is_union if isinstance(type_, Fwd) else isinstance(type_, Union)
        forward = Fwd(type_.name, is_union)
        return self._ids.setdefault(forward, len(self._new) + len(self._ids))
