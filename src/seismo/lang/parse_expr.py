"""Expressions, by recursive descent and precedence climbing.

From loosest to tightest: `?:`, `||`, `&&`, `|`, `^`, `&`, `== !=`, `< > <= >=`, `<< >>`, `+ -`,
`* / %`, the prefixes `- ! ~ * & ++ -- (type) comptime`, the postfixes `. -> [] ++ --`.
"""

from __future__ import annotations

from seismo.base.source import Span
from seismo.lang.ast import (
    Binary,
    Cast,
    Comptime,
    Expr,
    Field,
    Increment,
    Index,
    MapAccess,
    Number,
    Ternary,
    Unary,
    Variable,
)
from seismo.lang.cursor import Cursor
from seismo.lang.errors import ParseError
from seismo.lang.parse_primary import parse_map, parse_primary
from seismo.lang.parse_type import TAGS, parse_type, type_ahead
from seismo.lang.tokens import Token, TokenKind

__all__ = ("parse_expression",)

_LEVELS = (
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!="),
    ("<", ">", "<=", ">="),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
)
_PRECEDENCE = {op: level for level, ops in enumerate(_LEVELS) for op in ops}
_OPERAND_KINDS = frozenset(
    (
        *(TokenKind.NAME, TokenKind.NUMBER, TokenKind.STRING, TokenKind.VARIABLE),
        *(TokenKind.MAP, TokenKind.PARAMETER),
    )
)


def parse_expression(cursor: Cursor) -> Expr:
    """One expression, as far as it goes; ParseError where it breaks."""
    start = cursor.token.span
    cursor.descend()
    condition = _parse_binary(cursor, 0)
    if cursor.accept("?"):
        then = None if cursor.at(":") else parse_expression(cursor)
        cursor.expect(":", "between the two values of '?'")
        other = parse_expression(cursor)
        condition = Ternary(condition, then, other, cursor.span_from(start))
    cursor.depth -= 1
    return condition


def _parse_binary(cursor: Cursor, lowest: int) -> Expr:
    """An operand and the operators after it that bind as tightly as level `lowest`."""
    start = cursor.token.span
    left = _parse_prefix(cursor)
    while cursor.token.kind is TokenKind.PUNCTUATION:
        op = cursor.token.text
        level = _PRECEDENCE.get(op, -1)
        if level < lowest:
            break
        cursor.advance()
        cursor.descend()
        right = _parse_binary(cursor, level + 1)
        cursor.depth -= 1
        left = Binary(op, left, right, cursor.span_from(start))
    return left


def _parse_prefix(cursor: Cursor) -> Expr:
    token = cursor.token
    if token.kind is not TokenKind.PUNCTUATION:
        if token.text == "comptime" and token.kind is TokenKind.NAME:
            cursor.advance()
            return Comptime(_parse_deeper(cursor), cursor.span_from(token.span))
        return _parse_postfix(cursor)
    match token.text:
        case "-" | "!" | "~" | "*":
            cursor.advance()
            return Unary(token.text, _parse_deeper(cursor), cursor.span_from(token.span))
        case "++" | "--":
            cursor.advance()
            target = _incremented(token, _parse_postfix(cursor))
            return Increment(token.text, target, True, cursor.span_from(token.span))
        case "&":
            return _parse_address(cursor)
        case "(" if _is_cast(cursor):
            return _parse_cast(cursor)
        case _:
            return _parse_postfix(cursor)


def _parse_deeper(cursor: Cursor) -> Expr:
    """The operand of a prefix, which may have prefixes itself."""
    cursor.descend()
    operand = _parse_prefix(cursor)
    cursor.depth -= 1
    return operand


def _parse_address(cursor: Cursor) -> Expr:
    before = cursor.previous
    operator = cursor.advance()
    if before.text == "&&" and before.span.end == operator.span.start:
        raise ParseError(before.span.join(operator.span), "'&&&' is no operator", "'and' is '&&'")
    token = cursor.token
    operand: Variable | MapAccess
    if token.kind is TokenKind.VARIABLE:
        operand = Variable(cursor.advance().text, token.span)
    elif token.kind is TokenKind.MAP:
        operand = parse_map(cursor)
        if operand.keys:
            raise ParseError(operand.span, "'&' takes a whole map", f"write &{operand.name}")
    else:
        hint = "write &$name or &@name"
        raise ParseError(operator.span, "'&' needs a variable or a map", hint)
    return Unary("&", operand, cursor.span_from(operator.span))


def _is_cast(cursor: Cursor) -> bool:
    """Whether the parenthesis that begins here holds a type, and a value follows it.

    `(x) - 1` subtracts, whatever x is; `(x) 1` can only be a cast.
    """
    if cursor.ahead().kind is not TokenKind.NAME:
        return False
    tokens, is_type = type_ahead(cursor, 1)
    if cursor.ahead().text in TAGS or cursor.ahead().text == "typeof":
        return is_type
    if not tokens or cursor.ahead(tokens + 1).text != ")":
        return False
    value = cursor.ahead(tokens + 2)
    if value.kind in _OPERAND_KINDS or value.text in ("(", "!", "~"):
        return True
    return is_type and value.text in ("-", "*", "&", "++", "--")


def _parse_cast(cursor: Cursor) -> Expr:
    start = cursor.advance().span
    type_ = parse_type(cursor)
    cursor.expect(")", "to close the type")
    return Cast(type_, _parse_deeper(cursor), cursor.span_from(start))


def _incremented(operator: Token, expr: Expr) -> Variable | MapAccess:
    if isinstance(expr, (Variable, MapAccess)):
        return expr
    raise ParseError(expr.span, f"{operator} needs a variable or a map")


def _parse_postfix(cursor: Cursor) -> Expr:
    start = cursor.token.span
    expr = parse_primary(cursor)
    while cursor.token.kind is TokenKind.PUNCTUATION:
        text = cursor.token.text
        if text in (".", "->"):
            expr = _parse_field(cursor, expr, start)
        elif text == "[":
            cursor.advance()
            index = parse_expression(cursor)
            cursor.expect("]", "to close the index")
            expr = Index(expr, index, cursor.span_from(start))
        elif text in ("++", "--"):
            target = _incremented(cursor.advance(), expr)
            return Increment(text, target, False, cursor.span_from(start))
        else:
            break
    return expr


def _parse_field(cursor: Cursor, base: Expr, start: Span) -> Expr:
    cursor.advance()
    name = cursor.token
    if isinstance(base, Number):
        span = cursor.span_from(start).join(name.span)
        raise ParseError(span, "a number has no fields", "there are no floating-point numbers")
    if name.kind not in (TokenKind.NAME, TokenKind.NUMBER):
        raise cursor.unexpected("a field's name")
    cursor.advance()
    return Field(base, name.text, cursor.span_from(start), name.span)
