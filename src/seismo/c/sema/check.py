"""`check`: pycparser's tree to the typed tree.

>>> unit = check(parse(tokens, is_type, diagnostics), KernelTypes(view), diagnostics)
>>> unit.functions["tracepoint__sched__sched_switch"].body
Block(…)

What is wrong goes to the diagnostics, one complaint a statement; the unit is good for nothing then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Span
from seismo.c.kernel_types import KernelTypes
from seismo.c.parse_library import c_ast
from seismo.c.parse_nodes import Asm
from seismo.c.sema.calls import call
from seismo.c.sema.errors import CheckError
from seismo.c.sema.expressions import (
    cast,
    compound_literal,
    constant,
    generic,
    member,
    name,
    statement_expression,
    subscript,
)
from seismo.c.sema.literals import string_literal
from seismo.c.sema.operators import assignment, binary, comma, conditional, unary
from seismo.c.sema.packets import is_packet_header
from seismo.c.sema.scope import TypeName
from seismo.c.sema.statements import assembly, function_body
from seismo.c.sema.tables import declare_table, is_table
from seismo.c.sema.typer import Rule, Typer
from seismo.c.spans import span_of
from seismo.c.tree import Unit
from seismo.c.types import Enumeration, Record

__all__ = ("check",)

Calls: TypeAlias = "dict[str, dict[str, Span]]"


_RULES: Mapping[type, Rule] = {
    c_ast.ArrayRef: subscript,
    c_ast.Assignment: assignment,
    c_ast.BinaryOp: binary,
    c_ast.Cast: cast,
    c_ast.Compound: statement_expression,
    c_ast.CompoundLiteral: compound_literal,
    c_ast.Constant: constant,
    c_ast.ExprList: comma,
    c_ast.FuncCall: call,
    c_ast.GenericSelection: generic,
    c_ast.ID: name,
    c_ast.StructRef: member,
    c_ast.TernaryOp: conditional,
    c_ast.UnaryOp: unary,
}
_LICENSE = "_license"


def check(
    ast: c_ast.FileAST, types: KernelTypes, diagnostics: Diagnostics, *, is_portable: bool = False
) -> Unit:
    """The whole program; mistakes go to `diagnostics`, and what could be checked is in the unit.

    With `is_portable` what depends on the kernel is left open.
    """
    t = Typer(types, diagnostics, _RULES, is_portable=is_portable)
    calls: Calls = {}
    for node in ast.ext:
        try:
            _external(t, node, calls)
        except CheckError as error:
            t.report(error, node)
    _check_calls(t, calls)
    return _unit(t)


def _external(t: Typer, node: Any, calls: Calls) -> None:
    """One declaration outside functions."""
    match node:
        case c_ast.FuncDef():
            _function(t, node, calls)
        case c_ast.Typedef():
            t.declarations.typedef(node)
        case c_ast.StaticAssert():
            t.declarations.static_assert(node)
        case c_ast.Decl():
            _declaration(t, node)
        case Asm():
            raise assembly(node)


def _declaration(t: Typer, node: c_ast.Decl) -> None:
    if isinstance(node.type, (c_ast.Struct, c_ast.Union, c_ast.Enum)):
        type_ = t.declarations.tag(node)
        if isinstance(type_, Record) and is_packet_header(node):
            t.packet_headers.add(type_)
    elif isinstance(node.type, c_ast.FuncDecl):
        function = t.declarations.function(node)
        t.functions.setdefault(function.name, function)
    elif is_table(node):
        declare_table(t, node)
    elif node.name == _LICENSE and isinstance(node.init, c_ast.Constant):
        t.license = string_literal(node.init.value, span_of(node)).data[:-1].decode()
    else:
        t.declarations.global_constant(node)


def _function(t: Typer, node: c_ast.FuncDef, calls: Calls) -> None:
    function = t.declarations.function(node.decl)
    if function.body is not None:
        raise CheckError(span_of(node.decl), f"there is a function {function.name}() already")
    t.functions[function.name] = function
    with t.function(function) as body:
        function.body = function_body(t, node.body)
    calls[function.name] = body.calls


def _check_calls(t: Typer, calls: Calls) -> None:
    """Functions become part of their callers: so each must be there, and none may call itself."""
    told: set[str] = set()
    for caller, called in calls.items():
        for word, span in called.items():
            if t.functions[word].body is None:
                message = f"{word}() is declared, but there is no body for it"
                t.diagnostics.error(span, message, "write the function into this text")
            elif word not in told and (caller == word or caller in _reached(word, calls)):
                told |= {caller} | _reached(word, calls)
                message = f"{caller}() calls itself" + f" through {word}()" * (caller != word)
                t.diagnostics.error(span, message, "BPF has no recursion: write a bounded loop")


def _reached(start: str, calls: Calls) -> set[str]:
    """The functions that `start` calls, and those that they call."""
    found: set[str] = set()
    pending = [start]
    while pending:
        for word in calls.get(pending.pop(), ()):
            if word not in found:
                found.add(word)
                pending.append(word)
    return found


def _unit(t: Typer) -> Unit:
    tags = {tag: t.scope.own_tag(tag) for tag in t.scope.tags()}
    names = {word: t.scope.own(word) for word in t.scope.names()}
    return Unit(
        functions={word: one for word, one in t.functions.items() if one.body is not None},
        tables=t.tables,
        records={tag: one for tag, one in tags.items() if isinstance(one, Record)},
        enumerations={tag: one for tag, one in tags.items() if isinstance(one, Enumeration)},
        typedefs={word: one.type for word, one in names.items() if isinstance(one, TypeName)},
        license=t.license,
        is_portable=t.is_portable,
        assumptions=tuple(t.assumptions),
    )
