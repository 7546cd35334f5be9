"""The syntax tree as an indented listing, for `-d ast`.

probe
  tracepoint:syscalls:sys_enter_openat
  predicate
    binary ==
      name pid
      number 1
  block
    assign $x
      field filename
        name args
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, assert_never

from seismo.lang.ast import (
    AssignMap,
    AssignVariable,
    Binary,
    Block,
    Boolean,
    Call,
    Expr,
    ExprStatement,
    Field,
    If,
    Increment,
    Index,
    MapAccess,
    Name,
    Number,
    Probe,
    Return,
    Script,
    Stmt,
    String,
    Ternary,
    TupleExpr,
    Unary,
    Variable,
)
from seismo.lang.literals import quote
from seismo.lang.walk import children

__all__ = ("Note", "format_script", "format_statements")

Note: TypeAlias = Callable[[Expr], str]


def format_script(script: Script) -> str:
    """The whole tree, two blanks a level."""
    lines: list[str] = []
    for probe in script.probes:
        lines.append("probe")
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


def _no_note(expr: Expr) -> str:
    return ""


def _list(node: Expr | Stmt, level: int, note: Note, lines: list[str]) -> None:
    indent = "  " * level
    match node:
        case ExprStatement():
            _list(node.expr, level, note, lines)
            return
        case AssignVariable() | AssignMap() | If() | Return() | Block():
            lines.append(f"{indent}{_statement_label(node)}")
        case _:
            lines.append(f"{indent}{_expr_label(node)}{note(node)}")
    if isinstance(node, If):
        _list(node.condition, level + 1, note, lines)
        _list(node.then, level + 1, note, lines)
        if node.other is not None:
            lines.append(f"{indent}else")
            _list(node.other, level + 1, note, lines)
        return
    for child in children(node):
        if not isinstance(child, Probe):
            _list(child, level + 1, note, lines)


def _statement_label(node: AssignVariable | AssignMap | If | Return | Block) -> str:
    match node:
        case AssignVariable():
            return "let" if node.declares else f"assign {node.op}="
        case AssignMap():
            return f"assign {node.op}="
        case If():
            return "if"
        case Return():
            return "return"
        case Block():
            return "block"
        case _:
            assert_never(node)


def _expr_label(node: Expr) -> str:
    match node:
        case Number():
            return f"number {node.value}{'u' if node.unsigned else ''}"
        case Boolean():
            return "true" if node.value else "false"
        case String():
            return f"string {quote(node.value)}"
        case Name():
            return f"name {node.name}"
        case Variable():
            return f"variable {node.name}"
        case MapAccess():
            return f"map {node.name}"
        case Unary():
            return f"unary {node.op}"
        case Binary():
            return f"binary {node.op}"
        case Ternary():
            return "ternary"
        case Increment():
            return f"{'prefix' if node.prefix else 'postfix'} {node.op}"
        case Call():
            return f"call {node.name}"
        case Field():
            return f"field {node.field}"
        case Index():
            return "index"
        case TupleExpr():
            return "tuple"
        case _:
            assert_never(node)
