"""Some types of a BTF blob as a small blob of their own: what tests need of a kernel's 126,000.

>>> reduced(Btf.open(VMLINUX), {"task_struct": ("pid", "comm"), "vfs_read": ()})

Kept are the named types, whole or with the named members at their offsets, and what these are made
of. A struct that is only pointed to is declared but not defined, and functions that members point
to take nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seismo.base.dataclass import replace
from seismo.btf.layout import visible_members
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Datasec,
    DeclTag,
    FuncProto,
    Fwd,
    Member,
    Ptr,
    Struct,
    Type,
    Typedef,
    Union,
    Var,
    map_references,
    references,
)
from seismo.btf.write import write

__all__ = ("reduced",)


def reduced(btf: Btf, wanted: Mapping[str, tuple[str, ...]]) -> bytes:
    """The blob: `wanted` are names of types, functions or constants, and members (none: all).

    Raises `LookupError` for a name that the blob does not have.
    """
    whole = _Reduction(btf, wanted).types
    # A declaration stands for what is only pointed to; its id follows the others'.
    ids = {old: new for new, old in enumerate(sorted(whole), start=1)}
    declared: list[Type] = []

    def new_id(old: int) -> int:
        if old == 0 or old in ids:
            return ids.get(old, 0)
        type_ = btf.type(old)
        declared.append(
            FuncProto(0) if isinstance(type_, FuncProto) else Fwd(type_.name, _is_union(type_))
        )
        ids[old] = len(whole) + len(declared)
        return ids[old]

    kept = [map_references(whole[old], new_id) for old in sorted(whole)]
    return write([*kept, *declared])


def _is_union(type_: Type) -> bool:
    return isinstance(type_, Union) or (isinstance(type_, Fwd) and type_.is_union)


class _Reduction:
    """The types to keep, by their ids."""

    def __init__(self, btf: Btf, wanted: Mapping[str, tuple[str, ...]]) -> None:
        self._btf = btf
        self._members: dict[int, tuple[str, ...]] = {}
        self.types: dict[int, Type] = {}
        for name, members in wanted.items():
            for id in self._named(name):
                self._members[id] = members
                self._members |= dict.fromkeys(self._function(id), ())
        for id in self._members:
            self._keep(id)

    def _named(self, name: str) -> list[int]:
        """The types of a name, or the enums that have a constant of it."""
        ids = [
            id
            for id in self._btf.find_all(name)
            if not isinstance(self._btf.type(id), Fwd | Var | Datasec | DeclTag)
        ]
        ids = ids or [id for id, _ in self._btf.find_enumerators(name)]
        if not ids:
            raise LookupError(name)
        return ids

    def _function(self, id: int) -> list[int]:
        """The function that a typedef of a pointer is for: `btf_trace_…` of tracepoints."""
        typedef = self._btf.type(id)
        pointer = self._btf.type(typedef.type) if isinstance(typedef, Typedef) else typedef
        if isinstance(pointer, Ptr) and isinstance(self._btf.type(pointer.type), FuncProto):
            return [pointer.type]
        return []

    def _keep(self, id: int) -> None:
        if id == 0 or id in self.types:
            return
        type_ = self._btf.type(id)
        if isinstance(type_, Struct | Union) and (names := self._members.get(id)):
            missing = set(names) - self._visible(id)
            if missing:
                raise LookupError(f"{type_.name} has no {', '.join(sorted(missing))}")
            kept = [one for one in type_.members if self._is_among(one, names)]
            type_ = replace(type_, members=tuple(kept))
        self.types[id] = type_
        for inner in self._parts(type_):
            self._keep(inner)

    def _is_among(self, member: Member, names: tuple[str, ...]) -> bool:
        """Whether a member is one of `names`, or unnamed and has one of them."""
        if member.name:
            return member.name in names
        return not self._visible(member.type).isdisjoint(names)

    def _visible(self, id: int) -> set[str]:
        return {one.name for one in visible_members(self._btf, id)}

    def _parts(self, type_: Type) -> Iterator[int]:
        """What a type is made of, without what it only points to."""
        for id in references(type_):
            target = self._btf.type(id)
            is_behind_pointer = isinstance(type_, Ptr) and id not in self._members
            if is_behind_pointer and isinstance(target, Struct | Union) and target.name:
                continue
            if not (is_behind_pointer and isinstance(target, FuncProto)):
                yield id
