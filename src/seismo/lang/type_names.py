"""Types as scripts write them, resolved: `struct task_struct *`, `int32[4]*`, `string[16]`.

>>> str(resolve_type(TypeExpr("uint8", ("*", "[2]"), span), NO_TYPES, "kernel"))
'uint8 *[2]'
"""

from __future__ import annotations

from collections.abc import Sequence

from seismo.base.dataclass import replace
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError, CompilerBug, SourceError
from seismo.base.source import Span
from seismo.lang.ast import TypeExpr
from seismo.lang.c_names import c_integer
from seismo.lang.types import (
    BOOL,
    INT64,
    UINT64,
    VOID,
    AggregateType,
    ArrayType,
    BufferType,
    Enumeration,
    IntType,
    PointerType,
    RecordType,
    StringType,
    SymbolicType,
    Type,
)
from seismo.lang.typetable import TypeTable

__all__ = (
    "MAX_ELEMENTS",
    "TYPE_NAMES",
    "NoSuchType",
    "TypeNameError",
    "in_space",
    "resolve_type",
    "spelled_out",
    "with_suffixes",
)

TYPE_NAMES: dict[str, Type] = {
    "bool": BOOL,
    "void": VOID,
    "inet": SymbolicType("inet", 20),
    "macaddr_t": SymbolicType("macaddr", 8),
    "timestamp": SymbolicType("timestamp", 8),
    "cgroup_path_t": SymbolicType("cgroup_path", 16),
    "username_t": SymbolicType("username", 8),
    "ksym_t": SymbolicType("ksym_t", 8),
    "usym_t": SymbolicType("usym_t", 16),
    "count_t": AggregateType("count", UINT64),
    **{
        f"{prefix}{function}_t": AggregateType(function, value)
        for function in ("sum", "min", "max", "avg", "stats")
        for prefix, value in (("", INT64), ("u", UINT64))
    },
    **{
        f"{prefix}int{bits}": IntType(bits, is_signed)
        for bits in (8, 16, 32, 64)
        for prefix, is_signed in (("", True), ("u", False))
    },
}
"""The language's own names; `string` and `buffer`, which have a size, aside."""

MAX_ELEMENTS = 1 << 24
"""An array of more elements is taken for a mistake; the kernel's largest have some thousands."""


_SIZED: dict[str, type[StringType] | type[BufferType]] = {
    "buffer": BufferType,
    "char": StringType,
    "string": StringType,
}


class NoSuchType(BpfError, KeyError):
    """What a `TypeTable` raises for a name that it does not know; `hint` says why: no BTF."""

    def __init__(self, name: str, hint: str = "") -> None:
        super().__init__(name)
        self.hint = hint


class TypeNameError(SourceError):
    """A written type that names nothing, or that cannot be."""


def resolve_type(expr: TypeExpr, table: TypeTable, space: str) -> Type:
    """The type that is meant; its pointers point into `space` memory.

    `string` and `buffer` without a size have size 0, for the value's to be taken; `[]` is an array
    of 0 elements. Who resolves `typeof(expression)` goes on by `with_suffixes`. Raises
    TypeNameError, with a near name.
    """
    match expr.of:
        case None:
            base, suffixes = _base(expr, table)
        case TypeExpr():
            base, suffixes = resolve_type(expr.of, table, space), expr.suffixes
        case _:
            raise CompilerBug("types", "the type of an expression is asked of a table of names")
    return with_suffixes(in_space(base, space), suffixes, expr.span, space)


def with_suffixes(base: Type, suffixes: Sequence[str], span: Span, space: str) -> Type:
    """What `*`, `[]` and `[4]`, from left to right, make of a type."""
    type_ = base
    for suffix in suffixes:
        if suffix == "*":
            type_ = PointerType(None if type_ == VOID else type_, space)
        elif type_ == VOID:
            raise TypeNameError(span, "there are no arrays of void", "write void*[4]")
        else:
            type_ = ArrayType(type_, _count(suffix, span))
    return type_


def in_space(type_: Type, space: str) -> Type:
    """The type as it is read from `space` memory: what its pointers without a space point into.

    A pointer that is read from user memory points to user memory; all others to the kernel's.
    """
    match type_:
        case PointerType(space=""):
            return replace(type_, space="user" if space == "user" else "kernel")
        case ArrayType():
            return replace(type_, element=in_space(type_.element, space))
        case _:
            return type_


def spelled_out(type_: Type, table: TypeTable) -> Type:
    """A type of which only the name is known (`ctype.field_type`), or a pointer to one: a struct
    with its size, a typedef as what it means, an enum with its constants. Asks the kernel."""
    match type_:
        case PointerType() if type_.target is not None:
            return replace(type_, target=spelled_out(type_.target, table))
        case RecordType(fields=None, size=0):
            if type_.source is not None:
                return type_.source.complete(type_)
            return _found(type_.name, type_, table)
        case IntType(enum=Enumeration(constants=()) as enum):
            found = _found(enum.name, replace(type_, enum=None), table)
            return replace(type_, enum=found.enum) if isinstance(found, IntType) else type_
        case _:
            return type_


def _found(name: str, otherwise: Type, table: TypeTable) -> Type:
    try:
        return table.find(name)
    except KeyError:
        return otherwise


def _base(expr: TypeExpr, table: TypeTable) -> tuple[Type, Sequence[str]]:
    """What is before the suffixes, and those that are not its size."""
    sized = _SIZED.get(expr.base)
    first = expr.suffixes[0] if expr.suffixes else ""
    if sized and first.startswith("[") and (count := _count(first, expr.span)):
        return sized(count), expr.suffixes[1:]
    if sized and expr.base != "char":
        return sized(0), expr.suffixes
    return _named(expr, table), expr.suffixes


def _named(expr: TypeExpr, table: TypeTable) -> Type:
    name = expr.base
    if own := TYPE_NAMES.get(name):
        return own
    try:
        return c_integer(name)
    except KeyError:
        pass
    try:
        return table.find(name)
    except NoSuchType as error:
        hint = error.hint or did_you_mean(name, [*TYPE_NAMES, *table.near(name)])
    except KeyError:
        hint = did_you_mean(name, [*TYPE_NAMES, *table.near(name)])
    raise TypeNameError(expr.span, f"unknown type '{name}'", hint)


def _count(suffix: str, span: Span) -> int:
    """The elements that `[4]` says; 0 for `[]`."""
    count = int(suffix[1:-1] or "0", 0)
    if count > MAX_ELEMENTS:
        raise TypeNameError(span, f"an array of {count} elements", f"{MAX_ELEMENTS} are the most")
    return count
