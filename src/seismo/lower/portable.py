"""What of a portable script's constants and types is the kernel's that it is compiled on.

A constant of the kernel's (an enumerator, `sizeof`, `kaddr()`) that the program computes with is a
relocation. What was settled by it when the script was compiled, such as the size of an array, is an
assumption: the program is refused where it does not hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeGuard

from seismo.base.dataclass import replace
from seismo.base.errors import SourceError
from seismo.builtin.portable import shifts
from seismo.builtin.record import Builtin
from seismo.ir.ops import BinaryKind, Value
from seismo.isa.relo_kinds import CoreKind
from seismo.lang.ast import (
    Binary,
    Call,
    Cast,
    Comptime,
    Expr,
    Name,
    Offsetof,
    Sizeof,
    Unary,
)
from seismo.lang.sizes import is_made_here, size_of
from seismo.lang.typed import Constant, Facts, TypedScript
from seismo.lang.types import ArrayType, RecordField, RecordType, TupleType, Type
from seismo.lang.typetable import TypeTable
from seismo.lang.walk import Node, walk
from seismo.lower.context import FuncContext
from seismo.lower.resources import Resources
from seismo.spec.relocations import CoreEnumerator, CoreField, CoreType, Relocation

__all__ = (
    "assume_constants",
    "assume_member",
    "assume_record",
    "depends",
    "kernel_enumerator",
    "kernel_record",
    "named",
    "settled",
    "size_value",
)

_SOURCES = (Name, Call, Sizeof, Offsetof)
_UNNAMED = "(unnamed "
_WORD = re.compile(r"[A-Za-z_]\w*")


def _is_unnamed(record: RecordType) -> bool:
    """Whether no other kernel's type can be found by this one's name."""
    return _UNNAMED in record.name


def kernel_record(low: FuncContext, type_: Type | None) -> RecordType | None:
    """The type, if it is a struct or union that another kernel may have otherwise."""
    if not low.options.is_portable or not isinstance(type_, RecordType) or is_made_here(type_):
        return None
    return type_ if low.types.is_of_kernel(type_) else None


def depends(low: FuncContext, type_: Type | None) -> bool:
    """Whether another kernel's values of this type may have another size."""
    if isinstance(type_, ArrayType):
        return depends(low, type_.element)
    return kernel_record(low, type_) is not None


def size_value(low: FuncContext, type_: Type, size: int) -> Value:
    """How many bytes a value of the type has in memory: `size` here."""
    if isinstance(type_, ArrayType) and depends(low, type_) and type_.count:
        element = size_value(low, type_.element, size // type_.count)
        return low.b.binary(BinaryKind.MUL, element, low.b.const(type_.count))
    record = kernel_record(low, type_)
    if record is not None:
        return low.kernel_value(CoreType(named(low, record)), size)
    return low.b.const(size)


def assume_record(low: FuncContext, type_: Type) -> None:
    """Rely on the kernel's structs in a value that is copied whole being as they are here."""
    match type_:
        case ArrayType():
            assume_record(low, type_.element)
        case TupleType():
            for element in type_.elements:
                assume_record(low, element)
        case RecordType() if depends(low, type_):
            _assume_members(low, type_, named(low, type_), "", 0)
            low.assume(CoreType(type_.name), type_.size)
        case RecordType():
            for field in type_.fields or ():
                assume_record(low, field.type)
        case _:
            pass


def _assume_members(
    low: FuncContext, type_: RecordType, record: str, prefix: str, start: int
) -> None:
    """The members of a type that lies, behind `prefix`, `start` bytes into a record."""
    for one in low.types.complete(type_).fields or ():
        path, inner = f"{prefix}{one.name}", one.type
        if isinstance(inner, RecordType) and _is_unnamed(inner):
            _assume_members(low, inner, record, f"{path}.", start + one.offset)
        else:
            assume_member(low, CoreField(record, path), replace(one, offset=start + one.offset))
            assume_record(low, inner)


def assume_member(low: FuncContext, member: CoreField, field: RecordField) -> None:
    """Rely on a member being where it is here, and as large."""
    low.assume(member, field.offset)
    low.assume(replace(member, kind=CoreKind.FIELD_BYTE_SIZE), size_of(field.type))
    if field.bit_size:
        left, right = shifts(field.bit_offset, field.bit_size)
        low.assume(replace(member, kind=CoreKind.FIELD_LSHIFT_U64), left)
        low.assume(replace(member, kind=CoreKind.FIELD_RSHIFT_U64), right)


def named(low: FuncContext, record: RecordType) -> str:
    """The name by which another kernel's is found; SourceError."""
    if _is_unnamed(record):
        message = "this is of a type without a name, which cannot be found on another kernel"
        raise SourceError(low.b.span, message, "read a member of it by its name")
    return record.name


def settled(low: FuncContext, shared: Resources, expr: Expr) -> Value | None:
    """See `FuncContext.settled`."""
    value = int(low.constant(expr))
    if not low.options.is_portable:
        return low.b.const(value)
    origins = _Origins(low.types, shared.builtins, low.body.facts)
    if isinstance(expr, _SOURCES):
        origin = origins.of(expr)
        if origin is not None:
            shared.relocated.add(expr)
            return low.kernel_value(origin, value)
    elif isinstance(expr, Unary | Cast | Comptime) or (
        isinstance(expr, Binary) and expr.op not in ("&&", "||")
    ):
        parts = [one for one in walk(expr) if isinstance(one, _SOURCES)]
        if any(origins.of(one) is not None for one in parts):
            return None
    return low.b.const(value)


def assume_constants(typed: TypedScript, shared: Resources) -> None:
    """Rely on every constant of the kernel's that no instruction makes."""
    bodies: list[tuple[Node, Facts]] = [(one.probe, one.facts) for one in typed.probes]
    bodies += [(one.function, one.facts) for one in typed.functions.values()]
    for tree, facts in bodies:
        origins = _Origins(shared.types, shared.builtins, facts)
        for node in walk(tree):
            if not isinstance(node, _SOURCES):
                continue
            if node not in facts.constants or node in shared.relocated:
                continue
            for origin, value in origins.all_of(node):
                shared.assume(origin, value)


def kernel_enumerator(types: TypeTable, name: str) -> CoreEnumerator | None:
    """The kernel's enumerator of this name, if it means that."""
    try:
        _, type_ = types.kernel_enumerator(name)
    except KeyError:
        return None
    enum = type_.enum.name if type_.enum is not None else ""
    is_named = enum.startswith("enum ") and _UNNAMED not in enum
    return CoreEnumerator(enum if is_named else "", name)


class _Origins:
    """Where the constants of one body come from."""

    def __init__(self, types: TypeTable, builtins: Mapping[str, Builtin], facts: Facts) -> None:
        self._types = types
        self._builtins = builtins
        self._facts = facts

    def of(self, node: Expr) -> Relocation | None:
        """What all of a constant is; None for one that is the same everywhere, or only in part
        the kernel's."""
        constants: Mapping[Expr, Constant] = self._facts.constants
        match node:
            case Name() | Call():
                builtin = self._builtins.get(node.name)
                if builtin is None:
                    if isinstance(node, Call):
                        return None
                    return kernel_enumerator(self._types, node.name)
                call = node if isinstance(node, Call) else Call(node.name, (), node.span, node.span)
                return builtin.origin(call, constants) if builtin.origin is not None else None
            case Sizeof() | Offsetof():
                type_ = self._facts.measured.get(node)
                if not self._is_of_kernel(type_):
                    return None
                if isinstance(node, Sizeof):
                    return CoreType(type_.name)
                return CoreField(type_.name, ".".join(node.path))
            case _:
                return None

    def all_of(self, node: Expr) -> Iterator[tuple[Relocation, int]]:
        """What a constant depends on."""
        origin = self.of(node)
        if origin is not None:
            yield origin, int(self._facts.constants[node])
        elif isinstance(node, Name):
            yield from self._of_macro(node.name, frozenset())
        elif isinstance(node, Sizeof):
            yield from self._of_size(self._facts.measured.get(node))

    def _of_macro(self, name: str, seen: frozenset[str]) -> Iterator[tuple[Relocation, int]]:
        try:
            text = self._types.macro(name)
        except KeyError:
            return
        for word in _WORD.findall(text):
            origin = kernel_enumerator(self._types, word)
            if origin is not None:
                yield origin, self._types.kernel_enumerator(word)[0]
            elif word not in seen:
                yield from self._of_macro(word, seen | {name, word})

    def _of_size(self, type_: Type | None) -> Iterator[tuple[Relocation, int]]:
        match type_:
            case ArrayType():
                yield from self._of_size(type_.element)
            case TupleType():
                for element in type_.elements:
                    yield from self._of_size(element)
            case RecordType() if self._is_of_kernel(type_):
                yield CoreType(type_.name), type_.size
            case _:
                pass

    def _is_of_kernel(self, type_: Type | None) -> TypeGuard[RecordType]:
        if not isinstance(type_, RecordType) or is_made_here(type_) or _is_unnamed(type_):
            return False
        return self._types.is_of_kernel(type_)
