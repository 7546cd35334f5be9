"""The kinds of BTF types as plain values; a type names another by its id, 0 is `void`.

>>> types = (Int("int", 4, IntEncoding.SIGNED), Ptr(1), Struct("point", 8, (Member("x", 1, 0),)))

Three relations between types are easily confused:

- *identity*: the same id in the same `Btf`. Python's `==` is weaker: it compares one record, and
  since records hold ids it only means something between types of one `Btf`;
- *equivalence*: the same C type stated in two places, ids aside; names, sizes and offsets are all
  equal, all the way down (`seismo.btf.compare.equivalent`);
- *CO-RE compatibility*: close enough that a program compiled against one kernel's type may be
  relocated to another's. Sizes, offsets and member order may differ, and a `___flavour` suffix of
  the name does not count. It decides on relocations and is no relation of this package.

The numbers are those of `include/uapi/linux/btf.h`. BTF is since Linux 4.18.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum as PythonEnum
from enum import IntEnum, IntFlag
from typing import Protocol, TypeAlias, assert_never, final

from seismo.base.dataclass import dataclass, replace

__all__ = (
    "Array",
    "Const",
    "Datasec",
    "DeclTag",
    "Enum",
    "Enum64",
    "Enumerator",
    "Float",
    "Func",
    "FuncLinkage",
    "FuncProto",
    "Fwd",
    "Int",
    "IntEncoding",
    "Kind",
    "Member",
    "OneReference",
    "Param",
    "Placement",
    "Ptr",
    "Restrict",
    "Struct",
    "Type",
    "TypeTable",
    "TypeTag",
    "Typedef",
    "Union",
    "Var",
    "VarLinkage",
    "Void",
    "Volatile",
    "map_references",
    "references",
)


class Kind(IntEnum):
    """`BTF_KIND_*`."""

    VOID = 0
    INT = 1
    PTR = 2
    ARRAY = 3
    STRUCT = 4
    UNION = 5
    ENUM = 6
    FWD = 7
    TYPEDEF = 8
    VOLATILE = 9
    CONST = 10
    RESTRICT = 11
    FUNC = 12
    FUNC_PROTO = 13
    VAR = 14
    DATASEC = 15
    FLOAT = 16
    DECL_TAG = 17
    TYPE_TAG = 18
    ENUM64 = 19

    @property
    def words(self) -> str:
        """As it reads in a message: `func proto`."""
        return self.name.lower().replace("_", " ")


class IntEncoding(IntFlag):
    """How an integer reads. The kernel loads one bit at most; GCC writes `char` as two."""

    UNSIGNED = 0
    SIGNED = 1
    CHAR = 2
    BOOL = 4


class FuncLinkage(PythonEnum):
    """`enum btf_func_linkage`."""

    STATIC = 0
    GLOBAL = 1
    EXTERN = 2


class VarLinkage(PythonEnum):
    """`BTF_VAR_*`."""

    STATIC = 0
    GLOBAL = 1
    EXTERN = 2


@final
@dataclass(frozen=True, slots=True)
class Void:
    """Type 0 of every BTF; it has no record."""

    kind = Kind.VOID
    name = ""


@final
@dataclass(frozen=True, slots=True)
class Int:
    """An integer of `size` bytes.

    `bits` is 0 unless the value has fewer bits than that, and begins `offset` bits in: how BTF
    before Linux 5.0 states bit-fields.
    """

    kind = Kind.INT
    name: str
    size: int
    encoding: IntEncoding = IntEncoding.UNSIGNED
    bits: int = 0
    offset: int = 0

    @property
    def signed(self) -> bool:
        return bool(self.encoding & IntEncoding.SIGNED)


@final
@dataclass(frozen=True, slots=True)
class Ptr:
    """A pointer to `type`; its size is the target machine's and not recorded."""

    kind = Kind.PTR
    name = ""
    type: int


@final
@dataclass(frozen=True, slots=True)
class Array:
    """`count` elements of `type`; 0 stands for `[]` as well. C has no use for `index`."""

    kind = Kind.ARRAY
    name = ""
    type: int
    index: int
    count: int


@final
@dataclass(frozen=True, slots=True)
class Member:
    """A member at `bit_offset`; a bit-field has a `bit_size`, anything else has 0 there.

    A big-endian target's bits count from the most significant one of a byte.
    """

    name: str
    type: int
    bit_offset: int
    bit_size: int = 0

    @property
    def offset(self) -> int:
        """The byte in which the member begins."""
        return self.bit_offset // 8


@final
@dataclass(frozen=True, slots=True)
class Struct:
    """A struct of `size` bytes; an unnamed one is part of the type that uses it."""

    kind = Kind.STRUCT
    name: str
    size: int
    members: tuple[Member, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Union:
    """A union of `size` bytes."""

    kind = Kind.UNION
    name: str
    size: int
    members: tuple[Member, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Enumerator:
    """One named constant; `value` is already negative where its enum is signed."""

    name: str
    value: int


@final
@dataclass(frozen=True, slots=True)
class Enum:
    """An enum whose values fit 32 bits; `size` is 1, 2, 4 or 8 bytes all the same.

    Whether it is signed is recorded since Linux 6.0. In older BTF `signed` is False throughout, and
    a negative value reads as its 32-bit pattern.
    """

    kind = Kind.ENUM
    name: str
    size: int
    values: tuple[Enumerator, ...] = ()
    signed: bool = False


@final
@dataclass(frozen=True, slots=True)
class Enum64:
    """An enum with values beyond 32 bits. Since Linux 6.0."""

    kind = Kind.ENUM64
    name: str
    size: int
    values: tuple[Enumerator, ...] = ()
    signed: bool = False


@final
@dataclass(frozen=True, slots=True)
class Fwd:
    """A struct or union declared but not defined."""

    kind = Kind.FWD
    name: str
    is_union: bool = False


@final
@dataclass(frozen=True, slots=True)
class Typedef:
    """Another name for `type`."""

    kind = Kind.TYPEDEF
    name: str
    type: int


@final
@dataclass(frozen=True, slots=True)
class Volatile:
    """`volatile`, applied to `type`."""

    kind = Kind.VOLATILE
    name = ""
    type: int


@final
@dataclass(frozen=True, slots=True)
class Const:
    """`const`, applied to `type`."""

    kind = Kind.CONST
    name = ""
    type: int


@final
@dataclass(frozen=True, slots=True)
class Restrict:
    """`restrict`, applied to the pointer `type`."""

    kind = Kind.RESTRICT
    name = ""
    type: int


@final
@dataclass(frozen=True, slots=True)
class Func:
    """A function; `type` is its `FuncProto`. Since Linux 5.0."""

    kind = Kind.FUNC
    name: str
    type: int
    linkage: FuncLinkage = FuncLinkage.STATIC


@final
@dataclass(frozen=True, slots=True)
class Param:
    """A parameter; a last one without name and of type 0 is C's `...`."""

    name: str
    type: int


@final
@dataclass(frozen=True, slots=True)
class FuncProto:
    """A function's type: `returns` is the id of the returned type."""

    kind = Kind.FUNC_PROTO
    name = ""
    returns: int
    params: tuple[Param, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Var:
    """A global variable. Since Linux 5.2."""

    kind = Kind.VAR
    name: str
    type: int
    linkage: VarLinkage = VarLinkage.STATIC


@final
@dataclass(frozen=True, slots=True)
class Placement:
    """Where in its section the variable `type` lies: `offset` and `size` in bytes."""

    type: int
    offset: int
    size: int


@final
@dataclass(frozen=True, slots=True)
class Datasec:
    """An ELF section of variables. Since Linux 5.2."""

    kind = Kind.DATASEC
    name: str
    size: int
    variables: tuple[Placement, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Float:
    """A floating-point number of `size` bytes. Since Linux 5.13."""

    kind = Kind.FLOAT
    name: str
    size: int


@final
@dataclass(frozen=True, slots=True)
class DeclTag:
    """`btf_decl_tag(name)` on `type`, or on its member or parameter number `component`.

    Since Linux 5.16. An `is_attribute` tag is any `__attribute__((name))`, since Linux 6.15.
    """

    kind = Kind.DECL_TAG
    name: str
    type: int
    component: int = -1
    is_attribute: bool = False


@final
@dataclass(frozen=True, slots=True)
class TypeTag:
    """`btf_type_tag(name)` between a pointer and the `type` that it points to.

    Since Linux 5.17. An `is_attribute` tag is any `__attribute__((name))`, since Linux 6.15.
    """

    kind = Kind.TYPE_TAG
    name: str
    type: int
    is_attribute: bool = False


OneReference: TypeAlias = (
    Ptr | Typedef | Volatile | Const | Restrict | Func | Var | DeclTag | TypeTag
)
"""The kinds that hold nothing but one id in `type`, names and tags aside."""

Type: TypeAlias = (
    Void
    | Int
    | Array
    | Struct
    | Union
    | Enum
    | Enum64
    | Fwd
    | FuncProto
    | Datasec
    | Float
    | OneReference
)


class TypeTable(Protocol):
    """Types by id: what layout and printing need of a `Btf`. Ids are `range(len(table))`."""

    @property
    def pointer_size(self) -> int: ...

    def __len__(self) -> int: ...

    def type(self, id: int) -> Type:
        """The type with this id; `BtfError` where its bytes are malformed."""

    def position(self, id: int) -> int:
        """The byte offset of the type's record in its blob, for error messages."""


def references(type_: Type) -> tuple[int, ...]:
    """The ids that a type's record holds, in the order of the record."""
    if isinstance(type_, OneReference):
        return (type_.type,)
    match type_:
        case Array():
            return (type_.type, type_.index)
        case Struct() | Union():
            return tuple([member.type for member in type_.members])
        case FuncProto():
            return (type_.returns, *[param.type for param in type_.params])
        case Datasec():
            return tuple([variable.type for variable in type_.variables])
        case Void() | Int() | Enum() | Enum64() | Fwd() | Float():
            return ()
        case _:
            assert_never(type_)


def map_references(type_: Type, new: Callable[[int], int]) -> Type:
    """The type with each id that its record holds replaced by `new(id)`."""
    if isinstance(type_, OneReference):
        return replace(type_, type=new(type_.type))
    match type_:
        case Array():
            return replace(type_, type=new(type_.type), index=new(type_.index))
        case Struct() | Union():
            members = tuple([replace(one, type=new(one.type)) for one in type_.members])
            return replace(type_, members=members)
        case FuncProto():
            params = tuple([replace(one, type=new(one.type)) for one in type_.params])
            return FuncProto(new(type_.returns), params)
        case Datasec():
            variables = tuple([replace(one, type=new(one.type)) for one in type_.variables])
            return replace(type_, variables=variables)
        case Void() | Int() | Enum() | Enum64() | Fwd() | Float():
            return type_
        case _:
            assert_never(type_)
