"""Bytes stated once: the layouts that code generation stores through and that decoding reads.

A `Layout` is a C struct: fields in order, naturally aligned, padded to its alignment. The same
object says where generated code puts a value and how the value is read back from a record.

>>> Layout.of("opened", [("id", U32), ("fd", S32), ("path", Text(256))]).size
264
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TypeAlias

from seismo.base.bits import align_up
from seismo.base.dataclass import dataclass

__all__ = (
    "BYTE_ORDER",
    "S8",
    "S16",
    "S32",
    "S64",
    "U8",
    "U16",
    "U32",
    "U64",
    "Array",
    "Blob",
    "Buffer",
    "Field",
    "FieldType",
    "Int",
    "Layout",
    "Symbolic",
    "Text",
)

BYTE_ORDER = sys.byteorder


@dataclass(frozen=True, slots=True)
class Int:
    """A C integer of 1, 2, 4 or 8 bytes; `shown` is how it prints by default.

    `shown` is `int`, `bool`, `pointer` or `enum`; `names` are an enum's (value, constant) pairs.
    """

    size: int
    signed: bool
    shown: str = "int"
    names: tuple[tuple[int, str], ...] = ()

    @property
    def alignment(self) -> int:
        return self.size

    def __str__(self) -> str:
        name = f"{'s' if self.signed else 'u'}{self.size * 8}"
        return name if self.shown == "int" else f"{name}:{self.shown}"


@dataclass(frozen=True, slots=True)
class Text:
    """`char[size]` that ends at its first NUL; no NUL at all means that it was cut."""

    size: int
    alignment: int = 1

    def __str__(self) -> str:
        return f"char[{self.size}]"


@dataclass(frozen=True, slots=True)
class Blob:
    """`size` raw bytes."""

    size: int
    alignment: int = 1

    def __str__(self) -> str:
        return f"u8[{self.size}]"


@dataclass(frozen=True, slots=True)
class Buffer:
    """A u32 count of the bytes that matter, and `capacity` bytes.

    `shown` is `bytes`, or `words`: strings with a NUL behind each, but for the last if it was cut.
    """

    capacity: int
    shown: str = "bytes"

    @property
    def size(self) -> int:
        return 4 + align_up(self.capacity, 4)

    @property
    def alignment(self) -> int:
        return 4

    def __str__(self) -> str:
        return f"{'buffer' if self.shown == 'bytes' else self.shown}[{self.capacity}]"


@dataclass(frozen=True, slots=True)
class Symbolic:
    """`size` bytes that user space puts into words: `kind` says how, by what `detail` adds.

    The kinds are those of `events/symbolic.py`.
    """

    kind: str
    size: int
    detail: str = ""
    alignment: int = 8

    def __str__(self) -> str:
        return self.kind


@dataclass(frozen=True, slots=True)
class Array:
    """`count` elements of one type."""

    element: FieldType
    count: int

    @property
    def size(self) -> int:
        return self.element.size * self.count

    @property
    def alignment(self) -> int:
        return self.element.alignment

    def __str__(self) -> str:
        return f"{self.element}[{self.count}]"


@dataclass(frozen=True, slots=True)
class Field:
    """One member: `offset` in bytes from the start of its layout.

    A bit field has `bit_size` bits from `bit_offset` on, counted from the least significant one of
    the integer there; members of a union overlap.
    """

    name: str
    offset: int
    type: FieldType
    bit_offset: int = 0
    bit_size: int = 0

    @property
    def end(self) -> int:
        return self.offset + self.type.size


@dataclass(frozen=True, slots=True)
class Layout:
    """A C struct; `kind` says how it prints: `struct` {.a = 1}, `tuple` (1, 2)."""

    name: str
    fields: tuple[Field, ...]
    size: int
    alignment: int
    kind: str = "struct"

    @classmethod
    def of(
        cls, name: str, members: Iterable[tuple[str, FieldType]], kind: str = "struct"
    ) -> Layout:
        """Place members as C would: each at its alignment, the whole padded to the largest."""
        fields: list[Field] = []
        offset, alignment = 0, 1
        for member, type_ in members:
            offset = align_up(offset, type_.alignment)
            fields.append(Field(member, offset, type_))
            offset += type_.size
            alignment = max(alignment, type_.alignment)
        return cls(name, tuple(fields), align_up(offset, alignment), alignment, kind)

    def field(self, name: str) -> Field:
        """The field called `name`; KeyError when there is none."""
        for one in self.fields:
            if one.name == name:
                return one
        raise KeyError(name)

    def padding(self) -> tuple[tuple[int, int], ...]:
        """The (offset, size) holes that no field covers, which a map key must zero."""
        holes: list[tuple[int, int]] = []
        end = 0
        for one in self.fields:
            if one.offset > end:
                holes.append((end, one.offset - end))
            end = one.end
        if end < self.size:
            holes.append((end, self.size - end))
        return tuple(holes)

    def __str__(self) -> str:
        """An offsets table: one line a field, holes named."""
        rows = [(one.offset, str(one.type), one.name) for one in self.fields]
        rows += [(offset, f"({size} bytes padding)", "") for offset, size in self.padding()]
        lines = [f"{offset:5}  {type_:<16} {name}".rstrip() for offset, type_, name in sorted(rows)]
        return "\n".join([f"{self.name}: {self.size} bytes", *lines])


FieldType: TypeAlias = Int | Text | Blob | Buffer | Symbolic | Array | Layout

U8, U16, U32, U64 = (Int(size, signed=False) for size in (1, 2, 4, 8))
S8, S16, S32, S64 = (Int(size, signed=True) for size in (1, 2, 4, 8))
