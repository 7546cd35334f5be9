"""The types of restricted C, with their sizes: what the checker computes and lowering reads.

Qualifiers are not kept, but for one: what points to memory of the user (`__user`).

>>> print(Pointer(Array(CHAR, 16)))
char (*)[16]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias, final

from seismo.base.dataclass import dataclass, field

__all__ = (
    "BOOL",
    "CHAR",
    "INT",
    "LONG",
    "S8",
    "S16",
    "S64",
    "SHORT",
    "U8",
    "U16",
    "U32",
    "U64",
    "U128",
    "UNNAMED",
    "UNSIGNED_LONG",
    "VOID",
    "Array",
    "CType",
    "Enumeration",
    "Function",
    "Integer",
    "Member",
    "Pointer",
    "Record",
    "Table",
    "Void",
    "is_aggregate",
    "is_scalar",
    "same_type",
)


@final
@dataclass(frozen=True, slots=True)
class Void:
    """`void`: no value; its size is 1, as GNU C has it for pointer arithmetic."""

    size: int = 1
    alignment: int = 1

    def __str__(self) -> str:
        return "void"


@final
@dataclass(frozen=True, slots=True)
class Integer:
    """An integer of `size` bytes (1, 2, 4, 8, 16); `name` is only shown: `u32`, `unsigned int`.

    16 bytes (`__int128`) are an aggregate: copied, compared for equality and made of narrower
    integers, nothing else. `_Bool` is an unsigned byte called so.
    """

    name: str
    size: int
    is_signed: bool

    @property
    def alignment(self) -> int:
        return self.size

    @property
    def bits(self) -> int:
        return self.size * 8

    @property
    def is_bool(self) -> bool:
        return self.name == "_Bool"

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True, slots=True)
class Enumeration:
    """`enum tag`: computed with as its `integer`; `constants` in the order of the source."""

    tag: str
    integer: Integer
    constants: tuple[tuple[str, int], ...] = field(default=(), compare=False, repr=False)

    @property
    def size(self) -> int:
        return self.integer.size

    @property
    def alignment(self) -> int:
        return self.integer.size

    def __str__(self) -> str:
        return f"enum {self.tag}".rstrip()


@final
@dataclass(frozen=True, slots=True)
class Pointer:
    """A pointer; `is_user`: into the memory of the process (`__user`)."""

    target: CType
    is_user: bool = False
    size: int = 8
    alignment: int = 8

    def __str__(self) -> str:
        match self.target:
            case Array(element=element, count=count):
                return f"{element} (*)[{'' if count is None else count}]"
            case Pointer():
                return f"{self.target}*"
            case Function():
                return f"{self.target.result} (*)({self.target.listed})"
        return f"{self.target} *"


@final
@dataclass(frozen=True, slots=True)
class Array:
    """`count` elements; None where the declaration leaves it open (a flexible last member)."""

    element: CType
    count: int | None

    @property
    def size(self) -> int:
        return self.element.size * (self.count or 0)

    @property
    def alignment(self) -> int:
        return self.element.alignment

    def __str__(self) -> str:
        return f"{self.element} [{'' if self.count is None else self.count}]"


@final
@dataclass(frozen=True, slots=True)
class Member:
    """A member of a record: its place in bits from the record's start, `name` '' if it has none.

    `bit_size` is 0 for all but bit fields.
    """

    name: str
    type: CType
    bit_offset: int
    bit_size: int = 0

    @property
    def offset(self) -> int:
        """In bytes; of a bit field that of its first byte."""
        return self.bit_offset // 8


UNNAMED = "?"
"""The origin of a record of the kernel's that has no name."""


@final
class Record:
    """A struct or union, one object for each declaration, compared by identity.

    The kernel's have many members of which a program names few, and point to one another: members
    are asked for when they are needed. A record that is only declared has size 0 and no members.

    `origin` is what CO-RE finds the kernel's by, `struct sock` or a typedef's name; `UNNAMED` for
    one of the kernel's that nothing names, '' for the program's own. With `is_flavour` the program
    says itself which members of the kernel's it knows of; their places are the kernel's.
    """

    __slots__ = (
        *("_find", "_members", "alignment", "is_complete", "is_flavour", "keyword", "origin"),
        *("size", "tag"),
    )

    def __init__(self, keyword: str, tag: str) -> None:
        """Makes a record that is only declared; `keyword` is `struct` or `union`."""
        self.keyword = keyword
        self.tag = tag
        self.size = 0
        self.alignment = 1
        self.is_complete = False
        self.origin = ""
        self.is_flavour = False
        self._members: tuple[Member, ...] = ()
        self._find: Callable[[], tuple[Member, ...]] | None = None

    def complete(
        self,
        size: int,
        alignment: int,
        members: tuple[Member, ...] | Callable[[], tuple[Member, ...]],
    ) -> None:
        """Says what it holds: members, or what gives them when they are asked for."""
        self.size, self.alignment, self.is_complete = size, alignment, True
        if callable(members):
            self._find = members
        else:
            self._members = members

    @property
    def members(self) -> tuple[Member, ...]:
        """In the order of the declaration."""
        if self._find is not None:
            self._members, self._find = self._find(), None
        return self._members

    def find(self, name: str) -> Member:
        """The member called `name`, also one of a member without a name: then placed from this
        record's start. KeyError when there is none."""
        for member in self._all_named():
            if member.name == name:
                return member
        raise KeyError(name)

    def names(self) -> tuple[str, ...]:
        """The names that `find` knows, for a hint."""
        return tuple(member.name for member in self._all_named())

    def _all_named(self) -> Iterator[Member]:
        for member in self.members:
            if member.name:
                yield member
            elif isinstance(member.type, Record):
                for inner in member.type._all_named():
                    place = member.bit_offset + inner.bit_offset
                    yield Member(inner.name, inner.type, place, inner.bit_size)

    def __str__(self) -> str:
        return f"{self.keyword} {self.tag or '<unnamed>'}"

    __repr__ = __str__


@final
@dataclass(frozen=True, slots=True)
class Function:
    """A function's type."""

    result: CType
    parameters: tuple[CType, ...]
    is_variadic: bool = False
    size: int = 1
    alignment: int = 1

    @property
    def listed(self) -> str:
        """The parameters as C writes them."""
        names = [str(one) for one in self.parameters] + ["..."] * self.is_variadic
        return ", ".join(names) or "void"

    def __str__(self) -> str:
        return f"{self.result} ({self.listed})"


@final
@dataclass(frozen=True, slots=True)
class Table:
    """The type of a BCC table (a map): no value of C, only its methods and its address."""

    kind: str
    key: CType
    leaf: CType
    size: int = 8
    alignment: int = 8

    def __str__(self) -> str:
        return f"table of type {self.kind}"


CType: TypeAlias = Void | Integer | Enumeration | Pointer | Array | Record | Function | Table

VOID = Void()
BOOL = Integer("_Bool", 1, False)
CHAR = Integer("char", 1, True)
S8 = Integer("signed char", 1, True)
U8 = Integer("unsigned char", 1, False)
SHORT = S16 = Integer("short", 2, True)
U16 = Integer("unsigned short", 2, False)
INT = Integer("int", 4, True)
U32 = Integer("unsigned int", 4, False)
LONG = Integer("long", 8, True)
UNSIGNED_LONG = Integer("unsigned long", 8, False)
S64 = Integer("long long", 8, True)
U64 = Integer("unsigned long long", 8, False)
U128 = Integer("unsigned __int128", 16, False)


def is_scalar(type_: CType) -> bool:
    """Whether a value of the type fits a register."""
    if isinstance(type_, Integer):
        return type_.size <= 8
    return isinstance(type_, (Enumeration, Pointer))


def is_aggregate(type_: CType) -> bool:
    """Whether a value of the type is always in memory: records, arrays, 16-byte integers."""
    return isinstance(type_, (Record, Array)) or (isinstance(type_, Integer) and type_.size == 16)


def same_type(left: CType, right: CType) -> bool:
    """Whether the two are one type of C, whatever their names (`u64`, `unsigned long long`)."""
    match left, right:
        case Integer(), Integer():
            return (left.size, left.is_signed, left.is_bool) == (
                right.size,
                right.is_signed,
                right.is_bool,
            )
        case Pointer(), Pointer():
            return same_type(left.target, right.target)
        case Array(), Array():
            return left.count == right.count and same_type(left.element, right.element)
        case Record(), Record():
            return left is right
        case Enumeration(), Enumeration():
            return left.tag == right.tag and left.integer == right.integer
        case Function(), Function():
            return str(left) == str(right)
    return type(left) is type(right) and not isinstance(left, Table)
