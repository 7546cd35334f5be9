"""Types and functions as debug information states them: a closed set of plain values.

Typedefs, qualifiers and C++ reference marks are gone: what is left is what the bytes mean. A struct
is given by name and by where it is described (`ident`), not by its members, so that types that
contain themselves end; `DebugInfo.members(struct)` tells the members.

>>> Pointer(Struct("struct", "node", 24, 0x2d)), Array(Integer("char", 1, True, is_char=True), 16)

Sizes are in bytes, those of bit-fields in bits.
"""

from __future__ import annotations

from typing import TypeAlias, final

from seismo.base.dataclass import dataclass

__all__ = (
    "Array",
    "Enum",
    "Float",
    "FunctionPtr",
    "FunctionType",
    "Integer",
    "Member",
    "Parameter",
    "Pointer",
    "Struct",
    "Type",
    "Void",
)


@final
@dataclass(frozen=True, slots=True)
class Void:
    """No value, or a type that is not told: `void`, Rust's `!`."""


@final
@dataclass(frozen=True, slots=True)
class Integer:
    """An integer of `size` bytes, up to 16; `is_char` also of `char16_t` and Rust's `char`."""

    name: str
    size: int
    signed: bool
    is_char: bool = False
    is_bool: bool = False


@final
@dataclass(frozen=True, slots=True)
class Float:
    """A floating point number; complex ones too, whose `size` is that of both parts."""

    name: str
    size: int
    is_complex: bool = False


@final
@dataclass(frozen=True, slots=True)
class Pointer:
    """An address of a `target`; C++ references too."""

    target: Type


@final
@dataclass(frozen=True, slots=True)
class FunctionPtr:
    """An address of a function."""


@final
@dataclass(frozen=True, slots=True)
class Struct:
    """A struct, union or class. `name` is "" if it has none, `size` is 0 if it is only declared."""

    kind: str
    name: str
    size: int
    ident: int


@final
@dataclass(frozen=True, slots=True)
class Array:
    """`count` elements; 0 if the length is not told. `is_vector`: it is passed in one register."""

    element: Type
    count: int
    is_vector: bool = False


@final
@dataclass(frozen=True, slots=True)
class Enum:
    """Named constants in an integer of `size` bytes."""

    name: str
    size: int
    signed: bool
    constants: tuple[tuple[str, int], ...]


Type: TypeAlias = Void | Integer | Float | Pointer | FunctionPtr | Struct | Array | Enum


@final
@dataclass(frozen=True, slots=True)
class Member:
    """A member at `offset` bytes; `name` is "" for an anonymous struct and for a C++ base class.

    A bit-field has `bit_size` bits, the first of which is `bit_offset` bits into the struct;
    `bit_size` of other members is 0.
    """

    name: str
    type: Type
    offset: int
    bit_offset: int
    bit_size: int = 0


@final
@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter, and which of the integer argument registers hold it when the function begins.

    They are `register_count` ones from `register_index`, which is -1 when it is not in integer
    registers but in vector registers or on the stack; `is_address`: the register has the address
    of the value. A struct that is half in vector registers has its integer half here.
    """

    name: str
    type: Type
    register_index: int = -1
    register_count: int = 0
    is_address: bool = False


@final
@dataclass(frozen=True, slots=True)
class FunctionType:
    """A function's qualified `name`, what it takes and gives, and the address it begins at."""

    name: str
    parameters: tuple[Parameter, ...]
    returns: Type
    address: int = 0
    is_variadic: bool = False
