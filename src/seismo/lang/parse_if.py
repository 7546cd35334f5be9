"""`if`, which is a statement or a value, and how a value becomes a statement."""

from __future__ import annotations

from seismo.base.source import Span
from seismo.lang.ast import (
    Binary,
    Block,
    BlockExpr,
    Comptime,
    Expr,
    ExprStatement,
    If,
    Stmt,
    Ternary,
)
from seismo.lang.cursor import Cursor
from seismo.lang.errors import ParseError
from seismo.lang.tokens import TokenKind

__all__ = ("as_block", "as_statement", "gives_value", "parse_condition", "parse_if")


def parse_if(cursor: Cursor) -> If | Ternary:
    """`if c { … }` is an If; with an `else` it is a Ternary of blocks, which may give a value."""
    start = cursor.advance().span
    cursor.descend()
    condition = parse_condition(cursor, "if")
    then = cursor.rules.block(cursor)
    other = _parse_else(cursor) if cursor.accept_word("else") else None
    cursor.depth -= 1
    span = cursor.span_from(start)
    if other is None:
        return If(condition, as_block(then), None, span)
    return Ternary(condition, then, other, span)


def parse_condition(cursor: Cursor, word: str) -> Expr:
    """What stands between `word` and its block, in parentheses or not."""
    start = cursor.token
    if cursor.at("{"):
        raise cursor.unexpected(f"a condition after '{word}'")
    if cursor.accept_word("comptime"):
        operand = _parse_test(cursor)
        return Comptime(operand, cursor.span_from(start.span))
    return _parse_test(cursor)


def _parse_test(cursor: Cursor) -> Expr:
    start = cursor.token.span
    # In other places, `(x = 1)` is a record.
    if cursor.at("(") and cursor.ahead(2).text == "=" and cursor.ahead().kind is TokenKind.NAME:
        _report_assignment(cursor, cursor.ahead(2).span)
    condition = cursor.rules.expression(cursor)
    if not cursor.at("="):
        return condition
    _report_assignment(cursor, cursor.advance().span)
    right = cursor.rules.expression(cursor)
    return Binary("==", condition, right, cursor.span_from(start))


def _report_assignment(cursor: Cursor, span: Span) -> None:
    message = "'=' assigns, and a condition cannot"
    cursor.report(ParseError(span, message, "write '==' to compare"))


def _parse_else(cursor: Cursor) -> Expr:
    if cursor.at_word("if"):
        chained = parse_if(cursor)
        if isinstance(chained, If):
            return BlockExpr((chained,), None, chained.span)
        return chained
    if not cursor.at("{"):
        raise cursor.unexpected("'{' or 'if' after 'else'", "the body stands in braces")
    return cursor.rules.block(cursor)


def gives_value(expr: Expr) -> bool:
    """Whether an expression that ends a block is the block's value."""
    match expr:
        case BlockExpr():
            return expr.value is not None
        case Ternary(then=BlockExpr() as then):
            return gives_value(then) and gives_value(expr.other)
        case _:
            return True


def as_statement(expr: Expr, span: Span) -> Stmt:
    """An expression whose value nobody wants; blocks and an `if` are statements then."""
    match expr:
        case BlockExpr():
            return as_block(expr)
        case Ternary(then=BlockExpr() as then):
            return If(expr.condition, as_block(then), as_block(expr.other), expr.span)
        case _:
            return ExprStatement(expr, span)


def as_block(expr: Expr) -> Block:
    """An arm of an `if` whose value nobody wants."""
    if not isinstance(expr, BlockExpr):
        return Block((as_statement(expr, expr.span),), expr.span)
    if expr.value is None:
        return Block(expr.statements, expr.span)
    last = as_statement(expr.value, expr.value.span)
    return Block((*expr.statements, last), expr.span)
