"""How C lays records out on x86-64 and arm64: offsets, sizes, alignments, bit-fields.

>>> layout = RecordLayout(is_union=False)
>>> layout.add("a", CType(IntType(8, True), 1, 1))
>>> layout.add("b", CType(IntType(32, True), 4, 4))
>>> layout.finish("struct s")
CType(type=RecordType(name='struct s', fields=(…), size=8), size=8, align=4, …)

The rules are those of the System V ABI as GCC has them; every scalar is aligned to its size. On
arm64 an unnamed bit-field may also raise the alignment of its struct, which is not followed.
"""

from __future__ import annotations

from seismo.base.bits import align_up
from seismo.base.dataclass import dataclass, field, replace
from seismo.lang.types import (
    ArrayType,
    IntType,
    RecordField,
    RecordType,
    StringType,
    Type,
)

__all__ = (
    "POINTER_BYTES",
    "BitPlace",
    "CType",
    "Declarations",
    "RecordLayout",
    "array_of",
    "place_bits",
)

POINTER_BYTES = 8


@dataclass(frozen=True, slots=True)
class CType:
    """A type with what C knows beyond the language's: bytes and alignment.

    `is_char` tells `char` from other integers of 8 bits: an array of it is a string.
    """

    type: Type
    size: int
    align: int
    is_char: bool = False


@dataclass(slots=True)
class Declarations:
    """What a script's C text declares, by name: `struct x`, `union x`, `enum x`, or a typedef's.

    The records among `types` have all their fields; `macros` are the texts of `#define`.
    """

    types: dict[str, CType] = field(default_factory=dict)
    enumerators: dict[str, tuple[int, IntType]] = field(default_factory=dict)
    macros: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BitPlace:
    """A bit-field: `bit_offset` bits into the integer of `bits` bits at byte `offset`."""

    offset: int
    bit_offset: int
    bits: int


def place_bits(position: int, width: int, unit: int, record_bytes: int) -> BitPlace:
    """Where to load a bit-field of `width` bits, `position` bits into a record of `record_bytes`.

    The declared type has `unit` bits; another is taken where that would reach past the record's
    end, or where a packed field lies across two of them. ValueError when none of 64 bits holds it.
    """
    for bits in (unit, 8, 16, 32, 64):
        start = position - position % bits
        if position + width > start + bits:
            start = position - position % 8
        if position + width <= start + bits and start + bits <= record_bytes * 8:
            return BitPlace(start // 8, position - start, bits)
    start = position - position % 8
    if position + width > start + 64:
        raise ValueError(f"{width} bits at bit {position} lie in more than 8 bytes")
    return BitPlace(start // 8, position - start, 64)


def array_of(element: CType, count: int) -> CType:
    """`element[count]`: a string of a `char`, unless its size is left open (`[]` or `[0]`)."""
    is_string = element.is_char and count > 0
    type_ = StringType(count) if is_string else ArrayType(element.type, count)
    return CType(type_, element.size * count, element.align)


class RecordLayout:
    """A struct or union in the making; `packed` and `align` are its attributes'."""

    def __init__(self, *, is_union: bool, packed: bool = False, align: int = 1) -> None:
        self._is_union = is_union
        self._packed = packed
        self._align = align
        self._bits = 0
        self._size_bits = 0
        # Bit-fields wait with their position: how they are loaded depends on the record's size.
        self._fields: list[RecordField] = []

    def add(self, name: str, member: CType, *, packed: bool = False, align: int = 0) -> None:
        """A member; one without a name must be a record, whose fields become this one's.

        `align` is what `__attribute__((aligned(n)))` asks for, 0 for nothing.
        """
        alignment = 1 if packed or self._packed else member.align
        alignment = max(alignment, align)
        start = 0 if self._is_union else align_up(self._bits, alignment * 8)
        offset = start // 8
        if name:
            self._fields.append(RecordField(name, member.type, offset))
        elif isinstance(member.type, RecordType):
            inner = member.type.fields or ()
            self._fields += [replace(one, offset=one.offset + offset) for one in inner]
        self._advance(start + member.size * 8, alignment)

    def add_bits(
        self, name: str, member: CType, width: int, *, packed: bool = False, align: int = 0
    ) -> None:
        """A bit-field of `width` bits; with 0 bits (and no name) the next one begins anew."""
        start = 0 if self._is_union else self._bits
        unit = member.align * 8
        is_packed = packed or self._packed
        if width == 0 or (not is_packed and start % unit + width > member.size * 8):
            start = align_up(start, unit)
        if align:
            start = align_up(start, align * 8)
        if name:
            bits = start % 8
            self._fields.append(RecordField(name, member.type, start // 8, False, bits, width))
        alignment = 1 if is_packed or not name else member.align
        self._advance(start + width, max(alignment, align))

    def _advance(self, end: int, alignment: int) -> None:
        self._bits = end
        self._size_bits = max(self._size_bits, end)
        self._align = max(self._align, alignment)

    def finish(self, name: str) -> CType:
        """The record; ValueError when a bit-field cannot be loaded."""
        size = align_up((self._size_bits + 7) // 8, self._align)
        fields = tuple([_loadable(one, size) for one in self._fields])
        return CType(RecordType(name, fields, size), size, self._align)


def _loadable(field: RecordField, record_bytes: int) -> RecordField:
    """A bit-field as `RecordField` has it, from one whose offset is the byte it begins in."""
    if not field.bit_size:
        return field
    position = field.offset * 8 + field.bit_offset
    unit = field.type.bits if isinstance(field.type, IntType) else 8
    place = place_bits(position, field.bit_size, unit, record_bytes)
    type_ = field.type
    if isinstance(type_, IntType):
        type_ = replace(type_, bits=place.bits)
    return replace(field, type=type_, offset=place.offset, bit_offset=place.bit_offset)
