"""Declarations of tables: what the macros of the dialect become (`c/headers/dialect.py`).

>>> # BPF_HASH(start, u32)
>>> __attribute__((seismo_table("hash"))) struct { u32 key; u64 leaf; } start
...     __attribute__((seismo_entries(10240), seismo_flags(0)));
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.c.parse_library import c_ast
from seismo.c.parse_nodes import Attribute, attributes_of
from seismo.c.sema.errors import CheckError
from seismo.c.sema.literals import string_literal
from seismo.c.sema.typer import Typer
from seismo.c.spans import span_of
from seismo.c.tree import StringPlace, TableDecl
from seismo.c.types import VOID, CType, Record

__all__ = ("declare_table", "is_table")

_KIND = "seismo_table"
_EXTERN = "extern"


def is_table(node: c_ast.Decl) -> bool:
    """Whether a declaration is one of a table."""
    return any(one.name == _KIND for one in attributes_of(node))


def declare_table(t: Typer, node: c_ast.Decl) -> TableDecl:
    """The table, declared in the scope of the file."""
    span, word = span_of(node), node.name
    given = {one.name: one for one in attributes_of(node)}
    record = t.declarations.type_of(node)
    if word in t.tables:
        at = t.tables[word].span.location.line
        raise CheckError(span, f"there is a table '{word}' already, in line {at}")
    kind = _text(given[_KIND])
    table = TableDecl(
        name=word,
        # What another program's table is of is known only when it is found.
        kind="hash" if kind == _EXTERN else kind,
        key=_part(record, "key"),
        leaf=_part(record, "leaf"),
        entries=_number(t, given, "seismo_entries", f"the size of '{word}'"),
        flags=_number(t, given, "seismo_flags", f"the flags of '{word}'"),
        span=span,
        pin=_text(given["seismo_pin"]) if "seismo_pin" in given else "",
        inner=_text(given["seismo_inner"]) if "seismo_inner" in given else "",
        is_extern=kind == _EXTERN,
        is_shared="seismo_shared" in given,
        is_public="seismo_public" in given,
    )
    t.scope.declare(word, table)
    t.tables[word] = table
    return table


def _part(record: CType, name: str) -> CType:
    """The type of the key or of the leaf; queues have no key."""
    assert isinstance(record, Record)
    try:
        return record.find(name).type
    except KeyError:
        return VOID


def _number(t: Typer, given: Mapping[str, Attribute], name: str, what: str) -> int:
    if name not in given:
        return 0
    if not given[name].arguments:
        raise CheckError(given[name].span, f"{what} is missing")
    return t.constant(given[name].arguments[0], what)


def _text(attribute: Attribute) -> str:
    """A string, or a name as it stands."""
    match attribute.arguments:
        case [c_ast.Constant(type="string", value=value)]:
            literal: StringPlace = string_literal(value, attribute.span)
            return literal.data[:-1].decode(errors="replace")
        case [c_ast.ID(name=word)]:
            return str(word)
    raise CheckError(attribute.span, f"{attribute.name} needs a name")
