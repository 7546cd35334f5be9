"""Where things lie: sizes, alignments, member offsets, and paths such as `parent->comm[2]`.

>>> resolve(btf, btf.find("task_struct"), "real_parent->comm")
Place(offsets=(1280, 1752), type=334, bit_offset=0, bit_size=0)

Offsets come from the BTF as they are. BTF states no alignments: `Alignments` infers them from the
offsets, as C would have it for a target that aligns every scalar to its size (x86-64, arm64).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seismo.base.bits import align_up
from seismo.base.dataclass import dataclass, replace
from seismo.base.diagnostics import did_you_mean
from seismo.btf.errors import BtfError, BtfNotFound
from seismo.btf.types import (
    Array,
    Const,
    Datasec,
    Enum,
    Enum64,
    Float,
    FuncProto,
    Fwd,
    Int,
    Member,
    Ptr,
    Restrict,
    Struct,
    Type,
    Typedef,
    TypeTable,
    TypeTag,
    Union,
    Var,
    Volatile,
)

__all__ = (
    "MAX_DEPTH",
    "Alignments",
    "Place",
    "bit_field",
    "describe",
    "find_member",
    "resolve",
    "size_of",
    "strip",
    "visible_members",
)

MAX_DEPTH = 64
"""Typedefs, arrays and structs nested deeper are taken for a cycle; the kernel gives up at 32."""

_STEP = re.compile(r"\s*(?:(\.|->)?\s*([A-Za-z_]\w*)|\[\s*(\d+)\s*\])\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a path leads: add `offsets[0]` bytes, then per further offset load a pointer and add.

    `type` is the id of what lies there. A bit-field is `bit_size` bits, `bit_offset` bits into the
    integer of its type's size there (further in where it is packed across two such integers);
    `bit_size` is 0 for anything else.
    """

    offsets: tuple[int, ...]
    type: int
    bit_offset: int = 0
    bit_size: int = 0

    @property
    def offset(self) -> int:
        """The bytes to add last: all there is to a path without a pointer in it."""
        return self.offsets[-1]


def describe(type_: Type) -> str:
    """A type as it reads in a message: `struct sock`, `unnamed union`, `int`, `pointer`."""
    match type_:
        case Int() | Float():
            return type_.name
        case Fwd():
            return f"undefined {'union' if type_.is_union else 'struct'} {type_.name}"
        case Ptr():
            return "pointer"
        case FuncProto():
            return "function"
        case Struct() | Union() | Enum() | Enum64() if not type_.name:
            return f"unnamed {type_.kind.words}"
        case _:
            return f"{type_.kind.words} {type_.name}".rstrip()


def strip(table: TypeTable, id: int) -> int:
    """The id behind typedefs, qualifiers and type tags."""
    current = id
    for _ in range(MAX_DEPTH):
        type_ = table.type(current)
        if not isinstance(type_, Typedef | Const | Volatile | Restrict | TypeTag):
            return current
        current = type_.type
    raise BtfError(f"type {id} never ends: typedefs in a cycle", table.position(id))


def size_of(table: TypeTable, id: int) -> int:
    """`sizeof` in bytes; `BtfNotFound` for what has no size, such as void or a function."""
    count, current = 1, id
    for _ in range(MAX_DEPTH):
        type_ = table.type(strip(table, current))
        match type_:
            case Array():
                count, current = count * type_.count, type_.type
            case Var():
                current = type_.type
            case Int() | Float() | Enum() | Enum64() | Struct() | Union() | Datasec():
                return count * type_.size
            case Ptr():
                return count * table.pointer_size
            case _:
                raise BtfNotFound(f"{describe(type_)} has no size")
    raise BtfError(f"type {id} never ends: arrays in a cycle", table.position(id))


def bit_field(table: TypeTable, member: Member) -> Member:
    """The member with its bit-field stated in `bit_offset` and `bit_size`, if it is one.

    Before Linux 5.0 and where no offset needs it, BTF leaves a bit-field's size to its integer.
    """
    id = strip(table, member.type)
    type_ = table.type(id)
    if member.bit_size:
        is_number = isinstance(type_, Int | Enum | Enum64)
        if not is_number or member.bit_size > size_of(table, id) * 8:
            what = f"bit-field '{member.name}' of {member.bit_size} bits of {describe(type_)}"
            raise BtfError(what, table.position(id))
        return member
    if isinstance(type_, Int) and type_.bits:
        offset = member.bit_offset + type_.offset
        return replace(member, bit_offset=offset, bit_size=type_.bits)
    return member


def visible_members(table: TypeTable, id: int) -> Iterator[Member]:
    """The named members in order, those of unnamed members too, with offsets from the outside.

    `id` is a struct's or union's, or leads to one by typedefs; `BtfNotFound` otherwise.
    """
    outer = table.type(strip(table, id))
    if not isinstance(outer, Struct | Union):
        raise BtfNotFound(f"{describe(outer)} has no members")
    pending = list(reversed(outer.members))
    # C has no place for one unnamed type twice; hostile BTF would unfold without end.
    seen: set[int] = set()
    while pending:
        member = pending.pop()
        if member.name:
            yield bit_field(table, member)
            continue
        inner_id = strip(table, member.type)
        inner = table.type(inner_id)
        if isinstance(inner, Struct | Union) and inner_id not in seen:
            seen.add(inner_id)
            pending += [
                replace(one, bit_offset=one.bit_offset + member.bit_offset)
                for one in reversed(inner.members)
            ]


def find_member(table: TypeTable, id: int, name: str) -> Member:
    """The member called `name`, its offset from the outside; `BtfNotFound` with a near name."""
    for member in visible_members(table, id):
        if member.name == name:
            return member
    known = [member.name for member in visible_members(table, id)]
    outer = describe(table.type(strip(table, id)))
    raise BtfNotFound(f"{outer} has no member '{name}'", did_you_mean(name, known))


def resolve(table: TypeTable, id: int, path: str) -> Place:
    """Follow a C path (`a.b[3].c`, `real_parent->comm`) that starts in the struct `id`."""
    walk = _Walk(table, id)
    end = 0
    while end < len(path) or not path:
        step = _STEP.match(path, end)
        if step is None or (step[2] and bool(step[1]) != bool(end)):
            raise BtfNotFound(
                f"'{path}' is no member path: '{path[end:]}' is not understood",
                "names are joined by '.' or '->', an index is a number in brackets",
            )
        operator, name, index = step.groups()
        if name:
            walk.member(operator or ".", name)
        else:
            walk.element(int(index))
        end = step.end()
    return walk.place()


class _Walk:
    """The state of `resolve`: the type reached, and the bits from the last pointer to it."""

    def __init__(self, table: TypeTable, id: int) -> None:
        self.table = table
        self.type = id
        self.offsets: tuple[int, ...] = ()
        self.bits = 0
        self.bit_size = 0

    def stripped(self) -> Type:
        return self.table.type(strip(self.table, self.type))

    def follow_pointer(self, target: int) -> None:
        self.offsets += (self.bits // 8,)
        self.type, self.bits = target, 0

    def member(self, operator: str, name: str) -> None:
        type_ = self.stripped()
        is_pointer = isinstance(type_, Ptr)
        if is_pointer != (operator == "->"):
            right = "->" if is_pointer else "."
            raise BtfNotFound(f"'{operator}{name}' of {describe(type_)}", f"write '{right}{name}'")
        if isinstance(type_, Ptr):
            self.follow_pointer(type_.type)
        member = find_member(self.table, self.type, name)
        self.bits += member.bit_offset
        self.type, self.bit_size = member.type, member.bit_size

    def element(self, index: int) -> None:
        type_ = self.stripped()
        if isinstance(type_, Ptr):
            self.follow_pointer(type_.type)
        elif not isinstance(type_, Array):
            raise BtfNotFound(f"[{index}] of {describe(type_)}, which is no array")
        elif type_.count and index >= type_.count:
            raise BtfNotFound(f"[{index}] of an array of {type_.count}")
        else:
            self.type = type_.type
        self.bits += index * size_of(self.table, self.type) * 8

    def place(self) -> Place:
        if not self.bit_size:
            return Place(offsets=(*self.offsets, self.bits // 8), type=self.type)
        unit = size_of(self.table, self.type) * 8
        start = self.bits - self.bits % unit
        if self.bits + self.bit_size > start + unit:
            start = self.bits - self.bits % 8
        return Place(
            offsets=(*self.offsets, start // 8),
            type=self.type,
            bit_offset=self.bits - start,
            bit_size=self.bit_size,
        )


class Alignments:
    """Infers alignments, and which structs must be `packed` for C to lay them out as they are."""

    def __init__(self, table: TypeTable) -> None:
        self._table = table
        self._known: dict[int, int] = {}
        self._open: set[int] = set()

    def of(self, id: int) -> int:
        """`_Alignof` in bytes, the least that explains the offsets; 1 for what has no size."""
        known = self._known.get(id)
        if known is None:
            if id in self._open or len(self._open) > MAX_DEPTH:
                raise BtfError(f"type {id} contains itself", self._table.position(id))
            self._open.add(id)
            known = self._known[id] = self._infer(id)
            self._open.discard(id)
        return known

    def _infer(self, id: int) -> int:
        type_ = self._table.type(strip(self._table, id))
        match type_:
            case Int() | Float() | Enum() | Enum64():
                return type_.size & -type_.size or 1
            case Ptr():
                return self._table.pointer_size
            case Array():
                return self.of(type_.type)
            case Struct() | Union():
                return 1 if self.is_packed(type_) else self._spread(type_, self.natural(type_))
            case _:
                return 1

    def natural(self, type_: Struct | Union) -> int:
        """The largest of the members' alignments: the struct's, unless it is packed."""
        return max([self.of(member.type) for member in type_.members], default=1)

    def is_packed(self, type_: Struct | Union) -> bool:
        """Whether C would place a member elsewhere, or end the struct elsewhere, if not packed."""
        if type_.size % self.natural(type_):
            return True
        return any(self._is_misplaced(bit_field(self._table, one)) for one in type_.members)

    def _is_misplaced(self, member: Member) -> bool:
        alignment = self.of(member.type) * 8
        if not member.bit_size:
            return member.bit_offset % alignment != 0
        unit = size_of(self._table, member.type) * 8
        return member.bit_offset % alignment + member.bit_size > unit

    def _spread(self, type_: Struct | Union, alignment: int) -> int:
        """The alignment of a union too large for its members: only `aligned` makes such a one.

        A struct may have grown by unnamed bit-fields as well, so its members alone count.
        """
        if isinstance(type_, Struct):
            return alignment
        largest = max([self.union_end(member) for member in type_.members], default=0)
        while largest and align_up(largest, alignment) < type_.size:
            alignment *= 2
        return alignment

    def union_end(self, member: Member) -> int:
        """The bytes that a member takes of its union."""
        return (member.bit_size + 7) // 8 or size_of(self._table, member.type)
