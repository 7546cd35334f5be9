"""Statements and blocks. A mistake is reported and its statement skipped, so that the next is
read."""

from __future__ import annotations

from seismo.base.errors import SourceError
from seismo.base.source import Span
from seismo.lang.ast import (
    AssignMap,
    AssignVariable,
    Block,
    ExprStatement,
    If,
    MapAccess,
    Return,
    Stmt,
    Variable,
)
from seismo.lang.cursor import Cursor
from seismo.lang.errors import ParseError
from seismo.lang.parse_expr import not_supported, parse_expression
from seismo.lang.tokens import TokenKind

__all__ = ("parse_block",)

_ASSIGNMENTS = frozenset(("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="))
_LATER_WORDS = {
    "break": "'break'",
    "continue": "'continue'",
    "for": "a 'for' loop",
    "import": "'import'",
    "unroll": "'unroll'",
    "while": "a 'while' loop",
}


def parse_block(cursor: Cursor) -> Block:
    """`{ statement; … }`."""
    opening = cursor.expect("{", "to open the block").span
    cursor.descend()
    statements: list[Stmt] = []
    while not cursor.at("}") and cursor.token.kind is not TokenKind.END:
        if cursor.accept(";"):
            continue
        depth = cursor.depth
        try:
            statements.append(_parse_statement(cursor))
            _end_statement(cursor)
        except SourceError as error:
            cursor.diagnostics.error(error.span, error.message, error.hint)
            cursor.depth = depth
            _skip_statement(cursor)
    cursor.depth -= 1
    # Of nested blocks that the script's end cuts off, only the outermost is certainly open.
    if not cursor.accept("}") and cursor.depth == 0:
        raise ParseError(opening, "this '{' is not closed", "end the block with '}'")
    return Block(tuple(statements), cursor.span_from(opening))


def _parse_statement(cursor: Cursor) -> Stmt:
    token = cursor.token
    if cursor.at("{"):
        return parse_block(cursor)
    if token.kind is not TokenKind.NAME:
        return _parse_simple(cursor)
    match token.text:
        case "if":
            return _parse_if(cursor)
        case "let":
            return _parse_let(cursor)
        case "return":
            return _parse_return(cursor)
        case "_" if cursor.following.text == "=":
            cursor.advance()
            cursor.advance()
            return ExprStatement(parse_expression(cursor), cursor.span_from(token.span))
        case word if word in _LATER_WORDS:
            raise not_supported(token.span, _LATER_WORDS[word])
        case "else":
            raise ParseError(token.span, "'else' without an 'if' before it")
        case _:
            return _parse_simple(cursor)


def _parse_simple(cursor: Cursor) -> Stmt:
    """An expression or an assignment."""
    target = parse_expression(cursor)
    if cursor.token.text not in _ASSIGNMENTS or cursor.token.kind is not TokenKind.PUNCTUATION:
        return ExprStatement(target, target.span)
    operator = cursor.token
    if not isinstance(target, (Variable, MapAccess)):
        hint = "a variable is $name, a map is @name"
        raise ParseError(target.span, "only a variable or a map can be assigned to", hint)
    cursor.advance()
    value = parse_expression(cursor)
    span = cursor.span_from(target.span)
    if isinstance(target, Variable):
        return AssignVariable(target, operator.text[:-1], value, span)
    return AssignMap(target, operator.text[:-1], value, span)


def _parse_let(cursor: Cursor) -> AssignVariable:
    start = cursor.advance().span
    name = cursor.token
    if name.kind is TokenKind.MAP:
        raise not_supported(name.span, "declaring a map")
    if name.kind is not TokenKind.VARIABLE:
        raise cursor.unexpected("a variable after 'let'", "write let $name = value;")
    cursor.advance()
    if cursor.at(":"):
        raise not_supported(cursor.token.span, "a type in 'let'", "leave it out: it is inferred")
    value = parse_expression(cursor) if cursor.accept("=") else None
    target = Variable(name.text, name.span)
    return AssignVariable(target, "", value, cursor.span_from(start), declares=True)


def _parse_return(cursor: Cursor) -> Return:
    start = cursor.advance().span
    if not cursor.at(";") and not cursor.at("}"):
        raise not_supported(cursor.token.span, "a value after 'return'", "write return;")
    return Return(start)


def _parse_if(cursor: Cursor) -> If:
    start = cursor.advance().span
    cursor.descend()
    if cursor.token.text == "comptime":
        raise not_supported(cursor.token.span, "'if comptime'")
    condition = parse_expression(cursor)
    then = parse_block(cursor)
    other: Block | None = None
    if cursor.token.text == "else" and cursor.token.kind is TokenKind.NAME:
        cursor.advance()
        other = _parse_else(cursor)
    cursor.depth -= 1
    return If(condition, then, other, cursor.span_from(start))


def _parse_else(cursor: Cursor) -> Block:
    if cursor.token.text == "if" and cursor.token.kind is TokenKind.NAME:
        chained = _parse_if(cursor)
        return Block((chained,), chained.span)
    return parse_block(cursor)


def _end_statement(cursor: Cursor) -> None:
    """A statement ends in `;`, but one that ends in `}` need not, nor the last of a block."""
    if cursor.accept(";") or cursor.at("}") or cursor.previous.text == "}":
        return
    if cursor.token.kind is TokenKind.END:
        return
    end = cursor.previous.span.end
    error = ParseError(Span(cursor.source, end, end), f"expected ';' before {cursor.token}")
    if "\n" not in cursor.source.text[end : cursor.token.span.start]:
        raise error
    cursor.report(error)


def _skip_statement(cursor: Cursor) -> None:
    """To after the next `;`, or to the `}` that closes the block, over nested braces."""
    depth = 0
    while cursor.token.kind is not TokenKind.END:
        if cursor.at("{"):
            depth += 1
        elif cursor.at("}"):
            if depth == 0:
                return
            depth -= 1
            if depth == 0 and cursor.following.text != "else":
                cursor.advance()
                return
        elif cursor.at(";") and depth == 0:
            cursor.advance()
            return
        cursor.advance()
