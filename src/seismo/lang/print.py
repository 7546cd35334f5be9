"""The syntax tree as an indented listing, for `-d ast`.

probe
  tracepoint:syscalls:sys_enter_openat
  predicate
    binary ==
      name pid
      number 1
  block
    assign =
      variable $x
      field filename
        name args
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from seismo.lang.ast import (
    AssignMap,
    AssignVariable,
    Binary,
    Block,
    BlockExpr,
    Boolean,
    Break,
    Call,
    Cast,
    Comptime,
    Continue,
    Expr,
    ExprStatement,
    Field,
    ForMap,
    ForRange,
    Function,
    If,
    Increment,
    Index,
    Macro,
    MapAccess,
    Name,
    Number,
    Offsetof,
    Parameter,
    Probe,
    RecordExpr,
    Return,
    Script,
    Sizeof,
    String,
    Ternary,
    TupleExpr,
    TypeArgument,
    TypeExpr,
    Typeinfo,
    Unary,
    Unroll,
    Variable,
    While,
)
from seismo.lang.literals import quote
from seismo.lang.walk import Node, children

__all__ = ("Note", "format_script", "format_statements", "format_type")

Note: TypeAlias = Callable[[Expr], str]


def format_script(script: Script) -> str:
    """The whole tree, two blanks a level."""
    lines: list[str] = []
    for c_text in script.c_text:
        lines += ["c", *(f"  {line}".rstrip() for line in c_text.text.splitlines())]
    for imported in script.imports:
        lines.append(f"import {quote(imported.path)}")
    for entry in script.config:
        lines.append(f"config {entry.key} = {_literal(entry.value)}")
    for declared in script.maps:
        lines.append(f"map {declared.name} {declared.kind}")
        _list(declared.entries, 1, _no_note, lines)
    for macro in script.macros:
        lines += _macro_lines(macro)
    for function in script.functions:
        lines += _function_lines(function)
    for probe in script.probes:
        lines.append(f"probe {probe.name}".rstrip())
        lines += [f"  {point.text}" for point in probe.attach_points]
        lines += format_statements(probe, _no_note)
    return "\n".join(lines)


def format_statements(probe: Probe, note: Note) -> list[str]:
    """A probe's predicate and body as lines; `note` is what to write after each expression."""
    lines: list[str] = []
    if probe.predicate is not None:
        lines.append("  predicate")
        _list(probe.predicate, 2, note, lines)
    _list(probe.body, 1, note, lines)
    return lines


def format_type(type_: TypeExpr) -> str:
    """A type as scripts write it: `struct sock*`; of `typeof(…)` only the word."""
    return "typeof" if type_.of is not None else type_.base + "".join(type_.suffixes)


def _literal(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote(value) if isinstance(value, str) else str(value)


def _macro_lines(macro: Macro) -> list[str]:
    lines = [f"macro {macro.name}({', '.join(param.name for param in macro.params)})"]
    _list(macro.body, 1, _no_note, lines)
    return lines


def _function_lines(function: Function) -> list[str]:
    params = ", ".join(f"{name.name}: {format_type(type_)}" for name, type_ in function.params)
    returns = "" if function.returns is None else f": {format_type(function.returns)}"
    lines = [f"function {function.name}({params}){returns}"]
    _list(function.body, 1, _no_note, lines)
    return lines


def _no_note(_: Expr) -> str:
    return ""


def _list(node: Node, level: int, note: Note, lines: list[str]) -> None:
    """A node and what is below it; `note` is asked for expressions alone."""
    if isinstance(node, ExprStatement):
        _list(node.expr, level, note, lines)
        return
    label = _LABELS[type(node)](node)
    if not isinstance(node, _WITHOUT_NOTE):
        label += note(node)
    lines.append("  " * level + label)
    below = children(node)
    heading = _heading(node)
    last = len(below) - 1 if heading else len(below)
    for index, child in enumerate(below):
        if index == last:
            lines.append("  " * level + heading)
        _list(child, level + 1, note, lines)


def _heading(node: Node) -> str:
    """What to write before the last node below this one."""
    if isinstance(node, BlockExpr) and node.value is not None:
        return "value"
    return "else" if isinstance(node, If) and node.other is not None else ""


def _increment(node: Increment) -> str:
    return f"{'prefix' if node.prefix else 'postfix'} {node.op}"


def _offsetof(node: Offsetof) -> str:
    return f"offsetof {'.'.join(node.path)}"


_WITHOUT_NOTE = (
    *(AssignMap, AssignVariable, Block, Break, Continue, ForMap, ForRange, Function, If, Probe),
    *(Return, TypeExpr, Unroll, While),
)
_LABELS: dict[type, Callable[[Any], str]] = {
    AssignMap: lambda node: f"assign {node.op}=",
    AssignVariable: lambda node: "let" if node.declares else f"assign {node.op}=",
    Binary: lambda node: f"binary {node.op}",
    Block: lambda _: "block",
    BlockExpr: lambda _: "block",
    Boolean: lambda node: "true" if node.value else "false",
    Break: lambda _: "break",
    Call: lambda node: f"call {node.name}",
    Cast: lambda _: "cast",
    Comptime: lambda _: "comptime",
    Continue: lambda _: "continue",
    Field: lambda node: f"field {node.field}",
    ForMap: lambda _: "for map",
    ForRange: lambda _: "for range",
    If: lambda _: "if",
    Increment: _increment,
    Index: lambda _: "index",
    MapAccess: lambda node: f"map {node.name}",
    Name: lambda node: f"name {node.name}",
    Number: lambda node: f"number {node.value}{'u' if node.unsigned else ''}",
    Offsetof: _offsetof,
    Parameter: lambda node: f"parameter {quote(node.text)}",
    RecordExpr: lambda node: f"record {', '.join(node.names)}".rstrip(),
    Return: lambda _: "return",
    Sizeof: lambda _: "sizeof",
    String: lambda node: f"string {quote(node.value)}",
    Ternary: lambda node: "ternary" if node.then is not None else "ternary ?:",
    TupleExpr: lambda _: "tuple",
    TypeArgument: lambda _: "type argument",
    TypeExpr: lambda node: f"type {format_type(node)}",
    Typeinfo: lambda _: "typeinfo",
    Unary: lambda node: f"unary {node.op}",
    Unroll: lambda _: "unroll",
    Variable: lambda node: f"variable {node.name}",
    While: lambda _: "while",
}
