"""How C must be told to put members where BTF has them: padding and attributes.

A struct is replayed member by member as a compiler would place it; where the offsets disagree, a
`Pad` goes in between, and where no padding helps, the struct is `packed`.
"""

from __future__ import annotations

from collections.abc import Iterator

from seismo.base.bits import align_up
from seismo.base.dataclass import dataclass
from seismo.btf.errors import BtfError
from seismo.btf.layout import Alignments, bit_field, describe, size_of
from seismo.btf.types import Member, Struct, TypeTable, Union

__all__ = ("Pad", "attribute", "place_members")

_UNITS = {8: "char", 16: "short", 32: "int", 64: "long long"}


@dataclass(frozen=True, slots=True)
class Pad:
    """An unnamed bit-field, which moves what follows and, on x86-64, aligns nothing."""

    type: str
    bits: int

    def __str__(self) -> str:
        return f"{self.type}: {self.bits}"


def attribute(alignments: Alignments, type_: Struct | Union, alignment: int) -> str:
    """The attribute that the definition takes besides its members, or ""."""
    if alignments.is_packed(type_):
        return "__attribute__((packed))"
    if isinstance(type_, Union) and alignment > alignments.natural(type_):
        return f"__attribute__((aligned({alignment})))"
    return ""


def place_members(
    table: TypeTable, alignments: Alignments, id: int, type_: Struct | Union
) -> Iterator[Member | Pad]:
    """The members, bit-fields stated, with the padding that puts them where they are.

    `BtfError` when no C declaration has this layout.
    """
    members = [bit_field(table, member) for member in type_.members]
    if isinstance(type_, Struct):
        yield from _struct_members(_Cursor(table, alignments, id, type_), members)
        return
    if not members and 0 < type_.size <= 8:
        # A transparent union can lose its members on the way (`release_pages_arg` in 6.18).
        yield Pad("long long", type_.size * 8)
        return
    largest = max([alignments.union_end(member) for member in members], default=0)
    if align_up(largest, alignments.of(id)) != type_.size:
        raise BtfError(f"{describe(type_)} cannot have {type_.size} bytes", table.position(id))
    if any(member.bit_offset for member in members):
        raise BtfError(f"{describe(type_)} has a member at an offset", table.position(id))
    yield from members


def _struct_members(cursor: _Cursor, members: list[Member]) -> Iterator[Member | Pad]:
    for member in members:
        if cursor.natural(member) != member.bit_offset:
            yield from cursor.pad_to(member.bit_offset)
        yield member
        cursor.advance(member)
    if cursor.natural_end() != cursor.size:
        yield from cursor.pad_to(cursor.size)


class _Cursor:
    """The bits of a struct that are placed so far."""

    def __init__(self, table: TypeTable, alignments: Alignments, id: int, type_: Struct) -> None:
        self.table = table
        self.alignments = alignments
        self.id = id
        self.name = describe(type_)
        self.size = type_.size * 8
        self.is_packed = alignments.is_packed(type_)
        self.alignment = 8 if self.is_packed else alignments.natural(type_) * 8
        self.bits = 0

    def natural(self, member: Member) -> int:
        """The bit offset that a compiler would choose next."""
        alignment = 8 if self.is_packed else self.alignments.of(member.type) * 8
        if not member.bit_size:
            return align_up(self.bits, alignment)
        unit = size_of(self.table, member.type) * 8
        if self.is_packed or self.bits % alignment + member.bit_size <= unit:
            return self.bits
        return align_up(self.bits, alignment)

    def natural_end(self) -> int:
        return align_up(self.bits, self.alignment)

    def advance(self, member: Member) -> None:
        self.bits = member.bit_offset + (member.bit_size or size_of(self.table, member.type) * 8)

    def pad_to(self, end: int) -> Iterator[Pad]:
        """Fill up with as few unnamed bit-fields as their units allow.

        On targets where they do align (arm64), a unit no wider than the struct's own alignment
        changes nothing, and packing makes it 1 for all.
        """
        if end < self.bits:
            raise BtfError(f"members of {self.name} overlap", self.table.position(self.id))
        widest = 64 if self.is_packed else self.alignment
        units = [unit for unit in _UNITS if unit <= max(widest, 8)]
        while self.bits < end:
            width, unit = 0, 0
            for candidate in units:
                reach = min(end, align_up(self.bits + 1, candidate)) - self.bits
                if reach > width:
                    width, unit = reach, candidate
            yield Pad(_UNITS[unit], width)
            self.bits += width
