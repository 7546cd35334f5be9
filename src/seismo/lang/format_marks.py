"""What the tokens of a script mean to its layout, as its syntax tree tells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from seismo.base.dataclass import dataclass, field
from seismo.lang.ast import (
    AssignMap,
    AssignVariable,
    Block,
    BlockExpr,
    Break,
    Cast,
    ConfigEntry,
    Continue,
    ExprStatement,
    If,
    Import,
    Increment,
    MapDeclaration,
    Return,
    Script,
    Stmt,
    TypeExpr,
    Unary,
)
from seismo.lang.tokens import Token
from seismo.lang.walk import Node, walk

__all__ = ("Marks", "find_marks")

_SIMPLE = (AssignMap, AssignVariable, Break, Continue, ExprStatement, Return)


@dataclass(frozen=True, slots=True)
class Marks:
    """Offsets into the script: where statements end, and what operators and types begin.

    After an end in `simple_ends` a `;` must follow. `types` are the ends of types by their begins,
    `cast_ends` those of types in casts.
    """

    ends: set[int] = field(default_factory=set)
    simple_ends: set[int] = field(default_factory=set)
    prefixes: set[int] = field(default_factory=set)
    types: dict[int, int] = field(default_factory=dict)
    cast_ends: set[int] = field(default_factory=set)


def find_marks(script: Script, tokens: Sequence[Token]) -> Marks:
    """The marks of a script without mistakes; `tokens` are all of its own."""
    marks = Marks()
    parts: list[Import | ConfigEntry | MapDeclaration]
    parts = [*script.imports, *script.config, *script.maps]
    marks.simple_ends.update(part.span.end for part in parts)
    roots: list[Node] = [*script.probes, *script.functions, *(one.body for one in script.macros)]
    roots += (type_ for function in script.functions for type_ in _types(function.params))
    roots += (one.returns for one in script.functions if one.returns is not None)
    before = _before_braces(tokens, marks)
    for root in roots:
        for node in walk(root):
            _mark(node, before, marks)
    marks.ends.update(marks.simple_ends)
    return marks


def _types(params: Iterable[tuple[object, TypeExpr]]) -> Iterable[TypeExpr]:
    return (type_ for _, type_ in params)


def _before_braces(tokens: Sequence[Token], marks: Marks) -> dict[int, int]:
    """Where the last token before each `}` ends, by the end of the `}`; marks imports."""
    before: dict[int, int] = {}
    end = 0
    for token, following in pairwise(tokens):
        if token.text == "}":
            before[token.span.end] = end
        if token.text == "import" and following.text[:1] == '"':
            marks.simple_ends.add(following.span.end)
        if token.text != ";":
            end = token.span.end
    return before


def _mark(node: Node, before: dict[int, int], marks: Marks) -> None:
    match node:
        case Block():
            _mark_statements(node.statements[:-1], marks)
            # An expression's span leaves out the parentheses around it.
            end = before.get(node.span.end)
            if end is not None and node.statements:
                (marks.simple_ends if _is_simple(node.statements[-1]) else marks.ends).add(end)
        case BlockExpr():
            _mark_statements(node.statements, marks)
        case Unary() | Increment(prefix=True):
            marks.prefixes.add(node.span.start)
        case TypeExpr(of=None):
            marks.types[node.span.start] = node.span.end
        case Cast():
            marks.cast_ends.add(node.type.span.end)
        case _:
            pass


def _mark_statements(statements: Sequence[Stmt], marks: Marks) -> None:
    for one in statements:
        (marks.simple_ends if _is_simple(one) else marks.ends).add(one.span.end)


def _is_simple(statement: Stmt) -> bool:
    """Whether it needs a `;`: an If may have been written `c ? { a } : { b }`."""
    if isinstance(statement, If):
        return not statement.span.text.startswith("if")
    return isinstance(statement, _SIMPLE)
