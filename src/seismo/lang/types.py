"""The types of the language: frozen, compared by value, printed as the language writes them."""

from __future__ import annotations

from typing import Protocol, TypeAlias, final

from seismo.base.dataclass import dataclass, field

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
    "BufferType",
    "Enumeration",
    "IntType",
    "PointerType",
    "RecordField",
    "RecordSource",
    "RecordType",
    "StringType",
    "SymbolicType",
    "TupleType",
    "Type",
    "VoidType",
)

_STACKS, _USUAL_MODE = ("kstack_t", "ustack_t", "dw_ustack_t"), "bpftrace"


@final
@dataclass(frozen=True, slots=True)
class Enumeration:
    """A C enum: its name as written (`enum color`) and its (constant, value) pairs."""

    name: str
    constants: tuple[tuple[str, int], ...]


@final
@dataclass(frozen=True, slots=True)
class IntType:
    """`int8` to `uint64`; one of an `enum` prints as its constant's name.

    `clock` is what a time of `nsecs(clock)` was read from, where that is not the boot clock.
    """

    bits: int
    signed: bool
    enum: Enumeration | None = None
    clock: str = ""

    def __str__(self) -> str:
        if self.enum is not None:
            return self.enum.name
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

    `bpf` is memory of the program itself: what `&$v` and `&@m` point to.

    `target` is None for `void *` and for types that are not known.

    Types by themselves do not say whose memory they lie in: the pointers among a record's fields,
    in arrays and behind other pointers have space '', until a read through a pointer of space `s`
    gives them one: `type_names.in_space(type, s)`, which is `user` if `s` is, else `kernel`. One
    whose target the kernel tags as `__user` has space `user` from the start.
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
    data's offset from the context in its low 16 bits and its length in the high 16.

    A bit field has `bit_size` bits from `bit_offset` on (counted from the least significant) in the
    integer of `type`'s size at `offset`; `bit_size` is 0 for every other member.
    """

    name: str
    type: Type
    offset: int
    data_loc: bool = False
    bit_offset: int = 0
    bit_size: int = 0


class RecordSource(Protocol):
    """Who knows the fields of records that neither the script nor the kernel declares."""

    def complete(self, record: RecordType) -> RecordType:
        """As `TypeTable.complete`."""


@final
@dataclass(frozen=True, slots=True)
class RecordType:
    """A C struct or union (`struct x`), a tracepoint's arguments, or a `(a = 1, b = 2)`.

    `fields` is None where only the name is known (and where `size` is 0 not even the size):
    `TypeTable.complete` spells it out. So types may refer to each other, and only what a script
    touches is ever read. Members of anonymous structs and unions are among the fields of what holds
    them. `source` is who spells it out, where it is of a traced program.
    """

    name: str
    fields: tuple[RecordField, ...] | None
    size: int
    source: RecordSource | None = field(default=None, repr=False, compare=False)

    def field(self, name: str) -> RecordField:
        """The field called `name`; KeyError when there is none."""
        for one in self.fields or ():
            if one.name == name:
                return one
        raise KeyError(name)

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True, slots=True)
class BufferType:
    """`buffer[size]`: up to `size` raw bytes and how many there are, as `buf()` makes them.

    `shown` is `bytes`, or `words` where they are a list of strings, as `argv()` makes them.
    """

    size: int
    shown: str = "bytes"

    def __str__(self) -> str:
        return f"{'buffer' if self.shown == 'bytes' else self.shown}[{self.size}]"


@final
@dataclass(frozen=True, slots=True)
class SymbolicType:
    """A value that user space puts into words where it is printed: `inet`, `ksym_t`, `timestamp` …

    `kind` says how; `size` is its bytes; `detail` is what all values of the type have in common,
    such as the format of `strftime()`. A stack's is its mode, which its name tells unless it is the
    usual one.
    """

    kind: str
    size: int
    detail: str = ""

    def __str__(self) -> str:
        is_plain = self.kind not in _STACKS or self.detail in ("", _USUAL_MODE)
        return self.kind if is_plain else f"{self.kind}({self.detail})"


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
    """What a map holds after `@m = count()`: `function` names the aggregation, `value` what it
    reads as. `parameters` are its literals: the bits of `hist`, the bounds and step of `lhist`."""

    function: str
    value: Type
    parameters: tuple[int | str, ...] = ()

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
    | BufferType
    | SymbolicType
    | TupleType
    | AggregateType
)

BOOL = BoolType()
VOID = VoidType()
UINT8, UINT32, UINT64 = IntType(8, False), IntType(32, False), IntType(64, False)
INT32, INT64 = IntType(32, True), IntType(64, True)
