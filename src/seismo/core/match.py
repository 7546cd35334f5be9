"""Matching, for `bpf_core_type_matches`: stricter than compatibility, it looks at members too.

What the object has of a type the kernel must have as well, by names; it may have more. Behind a
pointer it is enough that structs have the same name, and either may be a mere declaration.
"""

from __future__ import annotations

from seismo.btf.layout import strip
from seismo.btf.types import (
    Array,
    Enum,
    Enum64,
    FuncProto,
    Fwd,
    Int,
    Ptr,
    Struct,
    Type,
    TypeTable,
    Union,
    Void,
)
from seismo.core.errors import CoreError
from seismo.core.types import MAX_DEPTH, Budget, essential

__all__ = ("do_types_match",)


def do_types_match(
    local: TypeTable, local_id: int, target: TypeTable, target_id: int, budget: Budget
) -> bool:
    """Whether the kernel's type has all that the object's has; roots were compared by name.

    `CoreError` when types are nested without end.
    """
    return _Match(local, target, budget).types(local_id, target_id, False, MAX_DEPTH)


class _Match:
    """The two tables under comparison; `level` is how many structs and functions may yet open."""

    def __init__(self, local: TypeTable, target: TypeTable, budget: Budget) -> None:
        self._local = local
        self._target = target
        self._budget = budget

    def types(self, local_id: int, target_id: int, behind_pointer: bool, level: int) -> bool:
        """Whether two types match, names and all."""
        for _ in range(MAX_DEPTH if level > 0 else 0):
            self._budget.spend()
            mine = self._local.type(strip(self._local, local_id))
            other = self._target.type(strip(self._target, target_id))
            if essential(mine.name) != essential(other.name):
                return False
            match mine, other:
                case Ptr(), Ptr():
                    behind_pointer = True
                    local_id, target_id = mine.type, other.type
                case Array(), Array():
                    if mine.count != other.count:
                        return False
                    local_id, target_id = mine.type, other.type
                case FuncProto(), FuncProto():
                    if not self._params(mine, other, behind_pointer, level):
                        return False
                    local_id, target_id = mine.returns, other.returns
                case Struct() | Union(), Struct() | Union() if not behind_pointer:
                    return mine.kind == other.kind and self._members(mine, other, level)
                case _:
                    return _do_leaves_match(mine, other, behind_pointer)
        raise CoreError(f"types nested more than {MAX_DEPTH} deep")

    def _params(self, mine: FuncProto, other: FuncProto, behind_pointer: bool, level: int) -> bool:
        return len(mine.params) == len(other.params) and all(
            self.types(one.type, two.type, behind_pointer, level - 1)
            for one, two in zip(mine.params, other.params, strict=True)
        )

    def _members(self, mine: Struct | Union, other: Struct | Union, level: int) -> bool:
        """Whether each of my members has a match among the other's of its name."""
        if len(mine.members) > len(other.members):
            return False
        by_name: dict[str, list[int]] = {}
        for member in other.members:
            by_name.setdefault(essential(member.name), []).append(member.type)
        self._budget.spend(len(other.members))
        return all(
            any(
                self.types(member.type, type_, False, level - 1)
                for type_ in by_name.get(essential(member.name), ())
            )
            for member in mine.members
        )


def _do_leaves_match(mine: Type, other: Type, behind_pointer: bool) -> bool:
    match mine, other:
        case Void(), Void():
            return True
        case Int(), Int():
            return (mine.size, mine.signed) == (other.size, other.signed)
        case (Enum() | Enum64(), Enum() | Enum64()):
            return _do_enums_match(mine, other)
        case Fwd(), Fwd():
            return mine.is_union == other.is_union
        case (Struct() | Union() | Fwd(), Struct() | Union() | Fwd()) if behind_pointer:
            return _is_union(mine) == _is_union(other)
        case _:
            return False


def _is_union(type_: Struct | Union | Fwd) -> bool:
    return type_.is_union if isinstance(type_, Fwd) else isinstance(type_, Union)


def _do_enums_match(mine: Enum | Enum64, other: Enum | Enum64) -> bool:
    """Whether the other has all of my enumerators, whatever their values."""
    if mine.size != other.size or len(mine.values) > len(other.values):
        return False
    names = {essential(one.name) for one in other.values}
    return all(essential(one.name) in names for one in mine.values)
