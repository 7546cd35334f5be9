"""Reads C for tests of the preprocessor and the parser, with headers of a few macros."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.c.parse import parse
from seismo.c.parse_library import c_ast
from seismo.c.parse_nodes import Range
from seismo.c.preprocess import ReadFile, preprocess
from seismo.c.tokens import CToken

KERNEL_TYPES = frozenset({"u8", "u32", "u64", "bool", "key_t"})


class FewHeaders:
    """Headers with the macros and declarations that a test gives."""

    def __init__(
        self, macros: Mapping[str, str] | None = None, declarations: Mapping[str, str] | None = None
    ) -> None:
        self.macros: Mapping[str, str] = macros or {}
        self._declarations = declarations or {}

    def prelude_for(self, identifiers: Set[str]) -> str:
        return "\n".join(text for name, text in self._declarations.items() if name in identifiers)


NO_HEADERS = FewHeaders()


def tokens_of(
    text: str,
    headers: FewHeaders = NO_HEADERS,
    defines: Mapping[str, str] | None = None,
    read_file: ReadFile | None = None,
) -> tuple[CToken, ...]:
    """The tokens of a text without mistakes."""
    diagnostics = Diagnostics()
    tokens = preprocess(Source("<text>", text), headers, defines or {}, diagnostics, read_file)
    assert diagnostics.found == []
    return tokens


def values_of(text: str, **how: Any) -> str:
    """What the preprocessor leaves, with a space between tokens."""
    return " ".join(one.value for one in tokens_of(text, **how))


def tree_of(text: str) -> Any:
    """The declarations of a text without mistakes."""
    diagnostics = Diagnostics()
    tree = parse(tokens_of(text), KERNEL_TYPES.__contains__, diagnostics)
    assert [str(one) for one in diagnostics.found] == []
    return tree.ext


def body_of(statements: str) -> Any:
    """The statements of a function."""
    (function,) = tree_of(f"int f(int a, int b) {{ {statements} }}")
    return function.body.block_items


def expression_of(text: str) -> Any:
    """An expression, as a statement of a function."""
    (found,) = body_of(f"{text};")
    return found


def mistakes_in(text: str, read_file: ReadFile | None = None) -> list[str]:
    """The complaints about a text, each `line:column: message` and its hint in parentheses."""
    diagnostics = Diagnostics()
    tokens = preprocess(Source("<text>", text), NO_HEADERS, {}, diagnostics, read_file)
    if not diagnostics.errors:
        parse(tokens, KERNEL_TYPES.__contains__, diagnostics)
    return [
        f"{one.span.location.line}:{one.span.location.column}: {one.message}"
        + f" ({one.hint})" * bool(one.hint)
        for one in diagnostics.found
    ]


def shown(node: Any) -> str:
    """An expression with parentheses around each operation."""
    match node:
        case c_ast.Constant():
            return str(node.value)
        case c_ast.ID():
            return str(node.name)
        case c_ast.UnaryOp(op=op):
            inner = shown(node.expr)
            if op.startswith("p"):
                return f"({inner}{op[1:]})"
            return f"({op} {inner})" if op.isidentifier() else f"({op}{inner})"
        case c_ast.BinaryOp():
            return f"({shown(node.left)} {node.op} {shown(node.right)})"
        case c_ast.Assignment():
            return f"({shown(node.lvalue)} {node.op} {shown(node.rvalue)})"
        case c_ast.TernaryOp():
            then = "" if node.iftrue is None else f"{shown(node.iftrue)} "
            return f"({shown(node.cond)} ? {then}: {shown(node.iffalse)})"
        case c_ast.ArrayRef():
            return f"({shown(node.name)}[{shown(node.subscript)}])"
        case c_ast.StructRef():
            return f"({shown(node.name)}{node.type}{node.field.name})"
        case c_ast.FuncCall():
            arguments = node.args.exprs if node.args else ()
            return f"{shown(node.name)}({', '.join(shown(one) for one in arguments)})"
        case c_ast.ExprList():
            return f"({', '.join(shown(one) for one in node.exprs)})"
        case c_ast.Cast():
            return f"(({shown(node.to_type)}){shown(node.expr)})"
        case Range():
            return f"{shown(node.low)} ... {shown(node.high)}"
        case c_ast.Compound():
            return f"({{{' '.join(shown(one) for one in node.block_items)}}})"
    return shown_type(node.type)


def shown_type(node: Any) -> str:
    """A type as English has it: `pointer to array of int`."""
    match node:
        case c_ast.TypeDecl():
            return " ".join([*node.quals, shown_type(node.type)])
        case c_ast.PtrDecl():
            return " ".join([*node.quals, f"pointer to {shown_type(node.type)}"])
        case c_ast.ArrayDecl():
            count = "" if node.dim is None else f"{shown(node.dim)} "
            return f"array of {count}{shown_type(node.type)}"
        case c_ast.FuncDecl():
            given = node.args.params if node.args else ()
            parameters = ", ".join(
                "..." if isinstance(one, c_ast.EllipsisParam) else shown_type(one.type)
                for one in given
            )
            return f"function of ({parameters}) giving {shown_type(node.type)}"
        case c_ast.IdentifierType():
            return " ".join(node.names)
        case c_ast.TypeOf():
            is_type = isinstance(node.expr, c_ast.Typename)
            return f"typeof({shown_type(node.expr.type) if is_type else shown(node.expr)})"
        case c_ast.InferredType():
            return "auto"
    return f"{type(node).__name__.lower()} {node.name or '<unnamed>'}"
