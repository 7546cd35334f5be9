"""C declarations to types: `struct`, `union`, `enum`, `typedef`, as scripts and headers write them.

>>> declare(script.c_text, declared, kernel, read, diagnostics)
>>> declared.types["struct point"].size
8

Variables, prototypes and functions are passed over. Names that are not declared are the kernel's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seismo.base.dataclass import replace
from seismo.base.diagnostics import Diagnostics
from seismo.base.errors import SourceError
from seismo.base.source import Span
from seismo.lang.clayout import Declarations
from seismo.lang.cparts import Attributes, Declarator, is_unnamed
from seismo.lang.cpp import Predefined, preprocess
from seismo.lang.creader import TAGS, CReader, OutsideTypes
from seismo.lang.ctoken import CCursor
from seismo.lang.errors import ParseError
from seismo.lang.types import IntType, RecordType

__all__ = ("declare",)


def declare(
    c_text: Sequence[Span],
    declared: Declarations,
    outside: OutsideTypes,
    read: Callable[[Span, str], str],
    diagnostics: Diagnostics,
) -> None:
    """Put what pieces of C declare into `declared`; see `preprocess` for `read`.

    After a mistake the next declaration is read.
    """
    predefined = Predefined(
        {
            f"__{outside.machine}__": "1",
            "__BPF_TRACING__": "1",
            "__KERNEL__": "1",
            "KBUILD_MODNAME": '"seismo"',
        },
        outside.are_there,
    )
    done = preprocess(c_text, predefined, read, diagnostics)
    for macro in done.macros.values():
        if not macro.has_parameters:
            declared.macros[macro.name] = macro.text
    last = c_text[-1]
    cursor = CCursor(done.tokens, Span(last.source, last.end, last.end))
    reader = CReader(cursor, declared, outside)
    while cursor.token.kind != "end":
        start = cursor.index
        try:
            _declaration(reader)
        except SourceError as error:
            diagnostics.error(error.span, error.message, error.hint)
            reader.restart(start)
            _skip(cursor)


def _skip(cursor: CCursor) -> None:
    """Go behind the `;` that ends a declaration, or behind its body where none follows."""
    depth = 0
    while cursor.token.kind != "end":
        text = cursor.advance().text
        depth += (text == "{") - (text == "}")
        if depth <= 0 and (text == ";" or (text == "}" and cursor.at(*TAGS, "typedef"))):
            return


def _declaration(reader: CReader) -> None:
    """One, up to its `;`, which may be left out behind the body of a struct."""
    cursor = reader.cursor
    if cursor.accept(";"):
        return
    if cursor.at("_Static_assert", "static_assert"):
        _skip(cursor)
        return
    specifiers = reader.specifiers()
    is_over = cursor.token.kind == "end" or cursor.at(*TAGS, "typedef")
    if cursor.accept(";") or (specifiers.has_body and is_over):
        return
    while True:
        declarator = reader.declarator(specifiers.type, is_user=specifiers.is_user)
        attributes = reader.attributes(specifiers.attributes)
        if specifiers.is_typedef:
            _typedef(reader.declared, declarator, attributes)
        elif declarator.is_function and cursor.at("{"):
            cursor.skip_balanced("{", "}")
            return
        elif cursor.accept("="):
            _skip_initializer(cursor)
        if not cursor.accept(","):
            break
    cursor.expect(";", "to end the declaration")


def _skip_initializer(cursor: CCursor) -> None:
    while cursor.token.kind != "end" and not cursor.at(",", ";"):
        if cursor.at("{"):
            cursor.skip_balanced("{", "}")
        elif cursor.at("("):
            cursor.skip_balanced("(", ")")
        else:
            cursor.advance()


def _typedef(declared: Declarations, declarator: Declarator, attributes: Attributes) -> None:
    """A new name for a type; the only one of a record or an enum without a tag."""
    name, type_ = declarator.name, declarator.type
    if not name:
        raise ParseError(declarator.span, "a typedef without a name")
    inner = type_.type
    if isinstance(inner, RecordType) and is_unnamed(inner):
        type_ = replace(type_, type=replace(inner, name=name))
    elif isinstance(inner, IntType) and inner.enum and is_unnamed(inner.enum):
        named = replace(inner, enum=replace(inner.enum, name=name))
        type_ = replace(type_, type=named)
        for constant, value in inner.enum.constants:
            declared.enumerators[constant] = (value, named)
    if attributes.align:
        type_ = replace(type_, align=attributes.align)
    declared.types[name] = type_
