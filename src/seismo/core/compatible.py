"""Compatibility: whether a type of the kernel may stand in for one of the object.

Sizes and signs may differ, and what a field points to does not matter at all: programs follow
pointers by relocations of their own. Typedefs and qualifiers are looked through.
"""

from __future__ import annotations

from seismo.btf.layout import strip
from seismo.btf.types import (
    Array,
    Enum,
    Enum64,
    Float,
    FuncProto,
    Fwd,
    Int,
    Ptr,
    Struct,
    TypeTable,
    Union,
    Void,
)
from seismo.core.errors import CoreError
from seismo.core.types import MAX_DEPTH, Budget, essential, same_kind

__all__ = ("are_fields_compatible", "are_types_compatible")


def are_fields_compatible(
    local: TypeTable, local_id: int, target: TypeTable, target_id: int
) -> bool:
    """Whether a field of the one type may be read as one of the other.

    Structs and unions go together, arrays are as their elements; enums want equal names, if both
    have one. `CoreError` when arrays are nested without end.
    """
    for _ in range(MAX_DEPTH):
        mine = local.type(strip(local, local_id))
        other = target.type(strip(target, target_id))
        if isinstance(mine, Struct | Union) and isinstance(other, Struct | Union):
            return True
        if not same_kind(mine.kind, other.kind):
            return False
        match mine, other:
            case (Ptr() | Float(), _):
                return True
            case (Fwd() | Enum() | Enum64(), Fwd() | Enum() | Enum64()):
                names = {essential(mine.name), essential(other.name)}
                return "" in names or len(names) == 1
            case Int(), Int():
                return not mine.offset and not other.offset
            case Array(), Array():
                local_id, target_id = mine.type, other.type
            case _:
                return False
    raise CoreError(f"arrays nested more than {MAX_DEPTH} deep")


def are_types_compatible(
    local: TypeTable,
    local_id: int,
    target: TypeTable,
    target_id: int,
    budget: Budget,
    level: int = MAX_DEPTH,
) -> bool:
    """Whether the kernel has the type: the same kinds all the way down to names, through pointers.

    Roots have been compared by name. `CoreError` when types are nested without end.
    """
    if not same_kind(local.type(local_id).kind, target.type(target_id).kind):
        return False
    for _ in range(MAX_DEPTH):
        budget.spend()
        mine = local.type(strip(local, local_id))
        other = target.type(strip(target, target_id))
        if not same_kind(mine.kind, other.kind):
            return False
        match mine, other:
            case (Void() | Struct() | Union() | Enum() | Enum64() | Fwd(), _):
                return True
            case Int(), Int():
                return not mine.offset and not other.offset
            case Ptr() | Array(), Ptr() | Array():
                local_id, target_id = mine.type, other.type
            case FuncProto(), FuncProto():
                if len(mine.params) != len(other.params):
                    return False
                if mine.params and not level:
                    break
                for one, two in zip(mine.params, other.params, strict=True):
                    ids = strip(local, one.type), strip(target, two.type)
                    if not are_types_compatible(local, ids[0], target, ids[1], budget, level - 1):
                        return False
                local_id, target_id = mine.returns, other.returns
            case _:
                return False
    raise CoreError(f"types nested more than {MAX_DEPTH} deep")
