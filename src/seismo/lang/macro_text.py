"""The text of a C macro, `#define NAME text`, as an expression."""

from __future__ import annotations

from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source, Span
from seismo.lang.ast import Expr
from seismo.lang.cursor import MAX_DEPTH, Cursor, Rules, too_deep
from seismo.lang.lexer import tokenize
from seismo.lang.parse_expr import parse_expression
from seismo.lang.parse_stmt import parse_block_value
from seismo.lang.tokens import Token, TokenKind
from seismo.lang.walk import deepest

__all__ = ("parse_macro_text",)

_RULES = Rules(parse_expression, parse_block_value)


def parse_macro_text(name: str, text: str) -> Expr:
    """The expression; a SourceError, whose span is in the text, where it is none."""
    source = Source(f"#define {name}", text)
    # In braces, so that the lexer reads code; what they shift is shifted back.
    braced = tokenize(Source(source.name, f"{{{text}}}"))[1:-2]
    tokens = [
        Token(one.kind, one.text, Span(source, one.span.start - 1, one.span.end - 1))
        for one in braced
    ]
    end = Token(TokenKind.END, "", Span(source, len(text), len(text)))
    cursor = Cursor(source, (*tokens, end), Diagnostics(), _RULES)
    expr = parse_expression(cursor)
    if cursor.token.kind is not TokenKind.END:
        raise cursor.unexpected("the end of the macro")
    depth, node = deepest(expr)
    if depth > MAX_DEPTH:
        raise too_deep(node.span)
    return expr
