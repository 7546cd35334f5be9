"""Expressions but for operators and calls: names, constants, members, subscripts, casts, sizes."""

from __future__ import annotations

from seismo.base.source import Span
from seismo.c.hints import near_constant, near_name, placeholder
from seismo.c.kernel_types import TypeNotFound
from seismo.c.parse_library import c_ast
from seismo.c.sema.conversions import convert, integer, is_integer, is_wide
from seismo.c.sema.errors import CheckError, NotDeclared
from seismo.c.sema.initializers import initialize
from seismo.c.sema.literals import character_literal, integer_literal, string_literal
from seismo.c.sema.operators import added
from seismo.c.sema.packets import packet_member
from seismo.c.sema.places import Checked, dereference, loaded, member_of, record_place
from seismo.c.sema.records import constant_type
from seismo.c.sema.scope import ConstantObject, NamedConstant, TypeName
from seismo.c.sema.statements import value_block
from seismo.c.sema.typer import Typer
from seismo.c.spans import span_of
from seismo.c.tree import (
    Cast,
    CompoundLiteral,
    Constant,
    Evaluate,
    FunctionAddress,
    FunctionDecl,
    StatementExpr,
    TableDecl,
    Variable,
    VariablePlace,
)
from seismo.c.types import (
    VOID,
    Array,
    CType,
    Function,
    Pointer,
    Record,
    Void,
    is_scalar,
    same_type,
)
from seismo.spec.relocations import CoreEnumerator

__all__ = (
    "cast",
    "compound_literal",
    "constant",
    "generic",
    "member",
    "name",
    "statement_expression",
    "subscript",
)


def name(t: Typer, node: c_ast.ID) -> Checked:
    """A variable, a constant, or a function."""
    span = span_of(node)
    try:
        meaning = t.scope.find(node.name)
    except KeyError:
        return _kernel_constant(t, node.name, span)
    match meaning:
        case Variable():
            return VariablePlace(meaning, meaning.type, span)
        case NamedConstant():
            return Constant(meaning.value, meaning.type, span)
        case ConstantObject():
            return CompoundLiteral(meaning.value, meaning.type, span)
        case FunctionDecl():
            types = tuple(one.type for one in meaning.parameters)
            return FunctionAddress(meaning, Pointer(Function(meaning.result, types)), span)
        case TableDecl():
            hint = f"use its methods, as {node.name}.lookup(&key), or &{node.name} for a helper"
            raise CheckError(span, f"'{node.name}' is a table, which has no value", hint)
        case TypeName():
            raise CheckError(span, f"'{node.name}' is a type, and a value is needed here")


def _kernel_constant(t: Typer, word: str, span: Span) -> Checked:
    try:
        value, enum = t.types.enumerator(word)
    except TypeNotFound:
        near = near_name(word, set(t.scope.names())) or near_constant(word)
        hint = near or placeholder(word)
        raise NotDeclared(word, span, f"'{word}' is not declared", hint) from None
    if enum.tag and t.is_portable:
        relocation = CoreEnumerator(f"enum {enum.tag}", word)
        return t.kernel_constant(relocation, value, constant_type(value), span)
    return Constant(value, constant_type(value), span)


def constant(t: Typer, node: c_ast.Constant) -> Checked:
    """`1`, `'a'`, `"text"`."""
    span = span_of(node)
    if node.type == "string":
        return string_literal(node.value, span)
    if node.type == "char":
        return character_literal(node.value, span)
    if node.type.endswith("int"):
        return integer_literal(node.value, span)
    if node.type == "bool":
        return integer_literal(str(int(node.value == "true")), span)
    raise CheckError(
        span,
        "floating point does not exist in BPF",
        "compute in integers, scaled if need be",
    )


def member(t: Typer, node: c_ast.StructRef) -> Checked:
    """`record.name`, `pointer->name`."""
    word, span, at = node.field.name, span_of(node), span_of(node.field)
    found = t.checked(node.name)
    if node.type == "->":
        if isinstance(found.type, Record):
            raise CheckError(at, f"{found.type} is no pointer", f"write .{word}")
        pointer = loaded(found)
        if t.is_packet_header(pointer.type):
            return packet_member(t, pointer, node.field, span)
        record = dereference(pointer, span_of(node.name))
    elif isinstance(found.type, Pointer):
        raise CheckError(at, f"this is a pointer ({found.type})", f"write ->{word}")
    else:
        record = record_place(found)
    _check_known(t, record.type, span)
    return member_of(record, word, span, at)


def _check_known(t: Typer, type_: CType, span: Span) -> None:
    """Complain of a record that is declared, and defined neither here nor in the kernel."""
    if isinstance(type_, Record) and not type_.is_complete and type_.tag:
        hint = t.types.hint(type_.keyword, type_.tag) or "no type of the kernel is called so"
        raise CheckError(span, f"what {type_} holds is not known here", hint)


def subscript(t: Typer, node: c_ast.ArrayRef) -> Checked:
    """`pointer[index]`, `index[pointer]`."""
    span = span_of(node)
    left, right = t.value(node.name), t.value(node.subscript)
    for one, other in ((left, right), (right, left)):
        if isinstance(one.type, Pointer) and is_integer(other.type):
            return dereference(added("+", one, other, span), span)
    raise CheckError(span, f"{left.type} has no elements")


def cast(t: Typer, node: c_ast.Cast) -> Checked:
    """`(type)value`."""
    span = span_of(node)
    type_ = t.declarations.type_name(node.to_type)
    value = t.value(node.expr)
    if isinstance(type_, Void):
        return Cast(value, VOID, span, is_written=True)
    if isinstance(type_, (Record, Array, Function)):
        if same_type(type_, value.type):
            return value
        hint = f"write *({type_} *)&…" if isinstance(type_, Record) else ""
        raise CheckError(span, f"nothing can be cast to {type_}", hint)
    if not (is_scalar(value.type) or is_wide(value.type)):
        integer(value)
    return convert(value, type_, span)


def compound_literal(t: Typer, node: c_ast.CompoundLiteral) -> Checked:
    """`(type){…}`."""
    type_ = t.declarations.type_name(node.type)
    value = initialize(node.init, type_, "this", t)
    return CompoundLiteral(value, value.type, span_of(node))


def generic(t: Typer, node: c_ast.GenericSelection) -> Checked:
    """`_Generic(value, type: a, default: b)`."""
    type_ = t.value(node.expr).type
    default = None
    for one in node.associations:
        if one.type is None:
            default = one.expr
        elif same_type(t.declarations.type_name(one.type), type_):
            return t.checked(one.expr)
    if default is None:
        raise CheckError(span_of(node), f"no association is for {type_}")
    return t.checked(default)


def statement_expression(t: Typer, node: c_ast.Compound) -> Checked:
    """`({ … })`: the value of its last statement."""
    block = value_block(t, node)
    type_: CType = VOID
    if block.statements and isinstance(last := block.statements[-1], Evaluate):
        type_ = last.value.type
    return StatementExpr(block, type_, span_of(node))
