"""Where a struct's or union's members lie: the System V ABI as GCC has it on x86-64 and arm64.

>>> lay_out("struct", (Field("a", CHAR), Field("b", INT)))
(8, 4, (Member(name='a', …, bit_offset=0), Member(name='b', …, bit_offset=32)))

On arm64 a bit field without a name may also raise the alignment of its struct, which is not
followed.
"""

from __future__ import annotations

from collections.abc import Iterable

from seismo.base.bits import align_up
from seismo.base.dataclass import dataclass
from seismo.c.types import CType, Member

__all__ = ("Field", "lay_out")


@dataclass(frozen=True, slots=True)
class Field:
    """A member as it is declared: `bits` is the width of a bit field (0 ends a unit), None for all
    others; `alignment` is what `aligned(n)` asks for in bytes, 0 for nothing."""

    name: str
    type: CType
    bits: int | None = None
    is_packed: bool = False
    alignment: int = 0


def lay_out(
    keyword: str, fields: Iterable[Field], *, is_packed: bool = False, alignment: int = 1
) -> tuple[int, int, tuple[Member, ...]]:
    """The size and the alignment in bytes, and the members; `keyword` is `struct` or `union`,
    `alignment` what `aligned(n)` asks for the whole.

    Bit fields without a name take their room and are no members.
    """
    members: list[Member] = []
    position = end = 0
    for field in fields:
        packed = is_packed or field.is_packed
        natural = 1 if packed else field.type.alignment
        start = 0 if keyword == "union" else position
        if field.bits is None:
            natural = max(natural, field.alignment)
            start = align_up(start, natural * 8)
            position = start + field.type.size * 8
        else:
            start = _bit_start(start, field, is_packed=packed)
            position = start + field.bits
            natural = max(natural if field.name else 1, field.alignment)
        if field.name or field.bits is None:
            members.append(Member(field.name, field.type, start, field.bits or 0))
        alignment = max(alignment, natural)
        end = max(end, position)
    return align_up((end + 7) // 8, alignment), alignment, tuple(members)


def _bit_start(start: int, field: Field, *, is_packed: bool) -> int:
    """Where a bit field goes: it must not cross a unit of its type, unless it is packed."""
    bits = field.bits or 0
    unit = field.type.alignment * 8
    if bits == 0 or (not is_packed and start % unit + bits > field.type.size * 8):
        start = align_up(start, unit)
    return align_up(start, field.alignment * 8) if field.alignment else start
