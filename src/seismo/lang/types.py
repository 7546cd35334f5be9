"""The types of the language: frozen, compared by value, printed as the language writes them."""

from __future__ import annotations

from typing import TypeAlias, final

from seismo.base.dataclass import dataclass

__all__ = (
    "BOOL",
    "INT32",
    "INT64",
    "UINT8",
    "UINT32",
    "UINT64",
    "VOID",
    "AggregateType",
    "ArrayType",
    "BoolType",
    "IntType",
    "PointerType",
    "RecordField",
    "RecordType",
    "StringType",
    "TupleType",
    "Type",
    "VoidType",
)


@final
@dataclass(frozen=True, slots=True)
class IntType:
    """`int8` to `uint64`."""

    bits: int
    signed: bool

    def __str__(self) -> str:
        return f"{'' if self.signed else 'u'}int{self.bits}"


@final
@dataclass(frozen=True, slots=True)
class BoolType:
    """What comparisons and `!` give."""

    def __str__(self) -> str:
        return "bool"


@final
@dataclass(frozen=True, slots=True)
class VoidType:
    """No value: what `printf` gives."""

    def __str__(self) -> str:
        return "void"


@final
@dataclass(frozen=True, slots=True)
class StringType:
    """`string[size]`: at most `size` bytes, the closing NUL included."""

    size: int

    def __str__(self) -> str:
        return f"string[{self.size}]"


@final
@dataclass(frozen=True, slots=True)
class PointerType:
    """A pointer; `space` says whose memory: `user`, `kernel`, or `ctx` (the program's context).

    `target` is None for `void *` and for types that are not known.
    """

    target: Type | None
    space: str

    def __str__(self) -> str:
        return f"{self.target if self.target is not None else 'void'} *"


@final
@dataclass(frozen=True, slots=True)
class ArrayType:
    """`element[count]` in memory; a `char` array is a StringType instead."""

    element: Type
    count: int

    def __str__(self) -> str:
        return f"{self.element}[{self.count}]"


@final
@dataclass(frozen=True, slots=True)
class RecordField:
    """A member at `offset` bytes. `data_loc` marks tracefs's `__data_loc`: the u32 there holds the
    data's offset from the context in its low 16 bits and its length in the high 16."""

    name: str
    type: Type
    offset: int
    data_loc: bool = False


@final
@dataclass(frozen=True, slots=True)
class RecordType:
    """A C struct, or a tracepoint's arguments."""

    name: str
    fields: tuple[RecordField, ...]
    size: int

    def field(self, name: str) -> RecordField:
        """The field called `name`; KeyError when there is none."""
        for one in self.fields:
            if one.name == name:
                return one
        raise KeyError(name)

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True, slots=True)
class TupleType:
    """`(a, b)`, laid out as C lays out a struct."""

    elements: tuple[Type, ...]

    def __str__(self) -> str:
        return f"({','.join(str(element) for element in self.elements)})"


@final
@dataclass(frozen=True, slots=True)
class AggregateType:
    """What a map holds after `@m = count()`: `function` names the aggregation, `value` one CPU's
    share."""

    function: str
    value: Type

    def __str__(self) -> str:
        return f"{self.function}_t"


Type: TypeAlias = (
    IntType
    | BoolType
    | VoidType
    | StringType
    | PointerType
    | ArrayType
    | RecordType
    | TupleType
    | AggregateType
)

BOOL = BoolType()
VOID = VoidType()
UINT8, UINT32, UINT64 = IntType(8, False), IntType(32, False), IntType(64, False)
INT32, INT64 = IntType(32, True), IntType(64, True)
