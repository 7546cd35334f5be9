"""What a program asks of the kernel that runs it: sizes, places, and whether there is such a thing.

    bpf_core_field_exists(task->__state)      bpf_core_field_exists(struct task_struct, __state)
    bpf_core_type_exists(struct io_uring_sqe) bpf_core_enum_value_exists(enum cgroup_subsys_id, x)

Answers are constants for the kernel at hand, and relocations where the program is portable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from seismo.base.dataclass import replace
from seismo.base.source import Span
from seismo.c.kernel_paths import KernelPart, NoName, kernel_part
from seismo.c.kernel_values import bits_value
from seismo.c.parse_library import c_ast
from seismo.c.sema.errors import CheckError
from seismo.c.sema.places import PLACES, Checked
from seismo.c.sema.typer import Typer
from seismo.c.spans import span_of
from seismo.c.tree import Binary, Constant, Dereference, Expr, Place
from seismo.c.types import (
    INT,
    U64,
    UNNAMED,
    UNSIGNED_LONG,
    Array,
    CType,
    Enumeration,
    Integer,
    Pointer,
    Record,
)
from seismo.isa.relo_kinds import CoreKind
from seismo.spec.relocations import CoreEnumerator, CoreType

__all__ = ("KERNEL_FACTS", "open_offset", "open_size")

Form: TypeAlias = "Callable[[Typer, str, Sequence[c_ast.Node], Span], Checked]"

_FLAVOUR_HINT = (
    "say what it is on kernels that have it: struct name___any { type member; } "
    "__attribute__((preserve_access_index))"
)


def open_size(t: Typer, node: c_ast.Node, type_: CType, span: Span) -> Expr | None:
    """`sizeof` of what another kernel may have larger; None for what the program has made."""
    if not t.is_portable:
        return None
    if not isinstance(node, c_ast.Typename):
        found = t.checked(node)
        part = _part(t, found) if isinstance(found, PLACES) else None
        if part is not None:
            if not isinstance(part.root, Dereference):
                return None
            return _of_part(t, part, CoreKind.FIELD_BYTE_SIZE, UNSIGNED_LONG, span)
        if not isinstance(found, Dereference):
            return None
    return _type_size(t, type_, span)


def _type_size(t: Typer, type_: CType, span: Span) -> Expr | None:
    match type_:
        case Array(element, int(count)):
            size = _type_size(t, element, span)
            number = Constant(count, UNSIGNED_LONG, span)
            return size and Binary("*", size, number, UNSIGNED_LONG, span)
        case Record() if t.opens(type_) and not type_.is_flavour:
            if type_.origin == UNNAMED:
                raise CheckError(span, str(NoName(span)))
            return t.kernel_constant(CoreType(type_.origin), type_.size, UNSIGNED_LONG, span)
        case _:
            return None


def open_offset(t: Typer, place: Place, span: Span) -> Expr | None:
    """`offsetof` where the kernel that runs the program says; None where the program does."""
    part = _part(t, place, is_whole=True)
    if part is None:
        return None
    return _of_part(t, part, CoreKind.FIELD_BYTE_OFFSET, UNSIGNED_LONG, span)


def _part(t: Typer, place: Place, *, is_whole: bool = False) -> KernelPart | None:
    try:
        return kernel_part(place, t.opens, is_whole=is_whole)
    except NoName as error:
        raise CheckError(error.span, str(error)) from None


def _of_part(t: Typer, part: KernelPart, kind: CoreKind, type_: CType, span: Span) -> Expr:
    """A relocation of a member, with the value that it has for the program's own types."""
    integer = part.type.integer if isinstance(part.type, Enumeration) else part.type
    signed = isinstance(integer, Integer) and integer.is_signed
    size = part.type.size
    value = bits_value(kind, part.bit_offset, part.bit_size, size, signed=signed)
    return t.kernel_constant(replace(part.field, kind=kind), value, type_, span)


def _field(t: Typer, word: str, nodes: Sequence[c_ast.Node], span: Span) -> Checked:
    """`__builtin_core_field_…(p->member)`."""
    kind, type_ = _FIELDS[word]
    try:
        found = t.checked(nodes[0])
    except CheckError as error:
        raise CheckError(error.span, error.message, _FLAVOUR_HINT) from None
    place = found if isinstance(found, PLACES) else None
    if place is None:
        raise CheckError(span_of(nodes[0]), "a member of a struct or union is needed here")
    part = _part(t, place, is_whole=True)
    if part is not None:
        return _of_part(t, part, kind, type_, span)
    with_origin = kernel_part(place, lambda record: bool(record.origin), is_whole=True)
    if with_origin is None:
        raise CheckError(span, "this is no member of a struct or union of the kernel's")
    return _of_part(t, with_origin, kind, type_, span)


def _pointed(t: Typer, node: c_ast.Node) -> CType:
    """What the null pointer leads to that stands for a type."""
    type_ = t.value(node).type
    assert isinstance(type_, Pointer)
    return type_.target


def _type(t: Typer, word: str, nodes: Sequence[c_ast.Node], span: Span) -> Checked:
    """`__builtin_core_type_…((type *)0)`."""
    kind, type_ = _TYPES[word]
    asked = _pointed(t, nodes[0])
    value = 1 if kind is CoreKind.TYPE_EXISTS else asked.size
    match asked:
        case Record() if asked.origin != UNNAMED and (asked.origin or asked.tag):
            name = asked.origin or f"{asked.keyword} {asked.tag}"
        case Enumeration(tag=tag) if tag:
            name = f"enum {tag}"
        case _:
            raise CheckError(span, f"{asked} has no name that another kernel could know it by")
    return t.kernel_constant(CoreType(name, kind), value, type_, span)


def _enumerator(t: Typer, word: str, nodes: Sequence[c_ast.Node], span: Span) -> Checked:
    """`__builtin_core_enum_value…((enum name *)0, NAME)`."""
    kind, type_ = _ENUMERATORS[word]
    enum, name = _pointed(t, nodes[0]), nodes[1]
    if not isinstance(enum, Enumeration) or not enum.tag:
        raise CheckError(span, f"an enum with a name is needed here, and this is {enum}")
    if not isinstance(name, c_ast.ID):
        raise CheckError(span_of(name), "the name of an enumerator is needed here")
    values = dict(enum.constants)
    if name.name not in values:
        hint = f"declare it: enum {enum.tag}___any {{ {name.name} = 1 }}, and ask for that"
        raise CheckError(span_of(name), f"{enum} has no '{name.name}' here", hint)
    value = 1 if kind is CoreKind.ENUMVAL_EXISTS else values[name.name]
    relocation = CoreEnumerator(f"enum {enum.tag}", name.name, kind)
    return t.kernel_constant(relocation, value, type_, span)


_FIELDS: Mapping[str, tuple[CoreKind, CType]] = {
    "__builtin_core_field_exists": (CoreKind.FIELD_EXISTS, INT),
    "__builtin_core_field_size": (CoreKind.FIELD_BYTE_SIZE, UNSIGNED_LONG),
    "__builtin_core_field_offset": (CoreKind.FIELD_BYTE_OFFSET, UNSIGNED_LONG),
}
_TYPES: Mapping[str, tuple[CoreKind, CType]] = {
    "__builtin_core_type_exists": (CoreKind.TYPE_EXISTS, INT),
    "__builtin_core_type_size": (CoreKind.TYPE_SIZE, UNSIGNED_LONG),
}
_ENUMERATORS: Mapping[str, tuple[CoreKind, CType]] = {
    "__builtin_core_enum_value": (CoreKind.ENUMVAL_VALUE, U64),
    "__builtin_core_enum_value_exists": (CoreKind.ENUMVAL_EXISTS, INT),
}
KERNEL_FACTS: Mapping[str, tuple[Form, int]] = {
    **dict.fromkeys(_FIELDS, (_field, 1)),
    **dict.fromkeys(_TYPES, (_type, 1)),
    **dict.fromkeys(_ENUMERATORS, (_enumerator, 2)),
}
"""Built-ins by name: what checks a call, and how many arguments it has."""
