"""Operands: what an expression is made of, from a literal to a call or a parenthesis."""

from __future__ import annotations

from collections.abc import Callable

from seismo.base.number import NumberError, parse_integer
from seismo.base.source import Span
from seismo.lang.ast import (
    Binary,
    Boolean,
    Call,
    Expr,
    If,
    MapAccess,
    Name,
    Number,
    Offsetof,
    Parameter,
    RecordExpr,
    Sizeof,
    String,
    TupleExpr,
    TypeArgument,
    TypeExpr,
    Typeinfo,
    Unary,
    Variable,
)
from seismo.lang.cursor import Cursor
from seismo.lang.errors import ParseError
from seismo.lang.literals import integer_value, string_value
from seismo.lang.parse_if import parse_if
from seismo.lang.parse_type import parse_type, parse_type_or_expression
from seismo.lang.tokens import Token, TokenKind
from seismo.lang.walk import map_keys

__all__ = ("check_name", "parse_map", "parse_primary")

_RESERVED = frozenset(
    (
        *("break", "comptime", "continue", "else", "enum", "fn", "for", "import", "let", "macro"),
        *("return", "struct", "union", "unroll", "while"),
    )
)


def parse_primary(cursor: Cursor) -> Expr:
    """An operand without what may stand before or after it."""
    token = cursor.token
    match token.kind:
        case TokenKind.NAME:
            return _parse_name(cursor)
        case TokenKind.VARIABLE:
            return Variable(cursor.advance().text, token.span)
        case TokenKind.MAP:
            return parse_map(cursor)
        case TokenKind.NUMBER:
            integer = integer_value(cursor.advance())
            return Number(integer.value, token.span, integer.unsigned)
        case TokenKind.STRING:
            return String(string_value(cursor.advance()), token.span)
        case TokenKind.PARAMETER:
            return _parse_parameter(cursor)
        case _ if cursor.at("("):
            return _parse_parenthesis(cursor)
        case _ if cursor.at("{"):
            return cursor.rules.block(cursor)
        case _:
            raise cursor.unexpected("an expression")


def parse_map(cursor: Cursor) -> MapAccess:
    """`@name` or `@name[keys]`."""
    token = cursor.advance()
    keys: tuple[Expr, ...] = ()
    if cursor.accept("["):
        keys = _parse_list(cursor, "]", "to close the map's key")
        if not keys:
            hint = "write @name or @name[k]"
            raise ParseError(cursor.previous.span, "a map's key is empty", hint)
    return MapAccess(token.text, map_keys(keys), cursor.span_from(token.span))


def check_name(token: Token) -> None:
    """ParseError for a word of the language where a name must stand."""
    if token.text in _RESERVED or token.text in _SPECIAL:
        raise ParseError(token.span, f"'{token.text}' is a reserved word")


def _parse_name(cursor: Cursor) -> Expr:
    token = cursor.token
    if special := _SPECIAL.get(token.text):
        return special(cursor)
    check_name(token)
    cursor.advance()
    if not cursor.accept("("):
        return Name(token.text, token.span)
    first: tuple[Expr, ...] = ()
    if token.text == "str" and cursor.token.kind is TokenKind.PARAMETER:
        first = (_parse_text_parameter(cursor),)
        if not cursor.at(")"):
            cursor.expect(",", "after the first argument")
    args = _parse_list(cursor, ")", f"to close the call of {token.text}")
    return Call(token.text, first + args, cursor.span_from(token.span), token.span)


def _parse_list(cursor: Cursor, close: str, why: str) -> tuple[Expr, ...]:
    """Expressions (and types) with commas between them, and the closing bracket."""
    items: list[Expr] = []
    while not cursor.at(close):
        item = parse_type_or_expression(cursor)
        items.append(TypeArgument(item, item.span) if isinstance(item, TypeExpr) else item)
        if not cursor.accept(","):
            break
    cursor.expect(close, why)
    return tuple(items)


def _parse_boolean(cursor: Cursor) -> Expr:
    token = cursor.advance()
    return Boolean(token.text == "true", token.span)


def _parse_value_if(cursor: Cursor) -> Expr:
    parsed = parse_if(cursor)
    if isinstance(parsed, If):
        hint = "write if … { a } else { b }"
        raise ParseError(parsed.span, "an 'if' that gives a value needs an 'else'", hint)
    return parsed


def _parse_sizeof(cursor: Cursor) -> Expr:
    start, operand = _parse_operand(cursor)
    return Sizeof(operand, cursor.span_from(start))


def _parse_typeinfo(cursor: Cursor) -> Expr:
    start, operand = _parse_operand(cursor)
    return Typeinfo(operand, cursor.span_from(start))


def _parse_operand(cursor: Cursor) -> tuple[Span, TypeExpr | Expr]:
    """`word(type or expression)`; the word's span and what is between the parentheses."""
    word = cursor.advance()
    cursor.expect("(", f"after {word.text}")
    operand = parse_type_or_expression(cursor)
    cursor.expect(")", f"to close {word.text}")
    return word.span, operand


def _parse_offsetof(cursor: Cursor) -> Expr:
    start = cursor.advance().span
    cursor.expect("(", "after offsetof")
    operand = parse_type_or_expression(cursor)
    cursor.expect(",", "before the field", "write offsetof(struct name, field)")
    path: list[str] = []
    while not path or cursor.accept("."):
        path.append(cursor.expect_kind(TokenKind.NAME, "a field's name").text)
    cursor.expect(")", "to close offsetof")
    return Offsetof(operand, tuple(path), cursor.span_from(start))


def _parse_typeof(cursor: Cursor) -> Expr:
    type_ = parse_type(cursor)
    return TypeArgument(type_, type_.span)


_SPECIAL: dict[str, Callable[[Cursor], Expr]] = {
    "false": _parse_boolean,
    "if": _parse_value_if,
    "offsetof": _parse_offsetof,
    "sizeof": _parse_sizeof,
    "true": _parse_boolean,
    "typeinfo": _parse_typeinfo,
    "typeof": _parse_typeof,
}


def _parse_parameter(cursor: Cursor) -> Expr:
    """`$N` is what the command line gave, a number where it is one; `$#` is how many it gave."""
    token = cursor.advance()
    if token.text == "$#":
        return Number(len(cursor.parameters), token.span)
    text = cursor.parameter(token.text, token.span)
    try:
        number = parse_integer(text.removeprefix("-") or "0")
    except NumberError:
        return String(text, token.span)
    literal = Number(number.value, token.span, number.unsigned)
    return Unary("-", literal, token.span) if text.startswith("-") else literal


def _parse_text_parameter(cursor: Cursor) -> Expr:
    """The argument of `str($1)` or `str($1 + offset)`."""
    if cursor.token.text == "$#" or cursor.ahead().text not in (")", ",", "+"):
        return cursor.rules.expression(cursor)
    token = cursor.advance()
    parameter = Parameter(cursor.parameter(token.text, token.span), token.span)
    if not cursor.accept("+"):
        return parameter
    offset = cursor.rules.expression(cursor)
    return Binary("+", parameter, offset, cursor.span_from(token.span))


def _parse_parenthesis(cursor: Cursor) -> Expr:
    """`()`, `(a,)` and `(a, b)` are tuples; `(a = 1)` is a record; `(a)` is `a`."""
    start = cursor.advance().span
    if cursor.token.kind is TokenKind.NAME and cursor.ahead().text == "=":
        return _parse_record(cursor, start)
    elements: list[Expr] = []
    is_tuple = cursor.at(")")
    while not cursor.at(")"):
        elements.append(cursor.rules.expression(cursor))
        if not cursor.accept(","):
            break
        is_tuple = True
    if cursor.at("="):
        wanted, hint = "')' to close the parenthesis", "'=' assigns; '==' compares"
        cursor.report(cursor.unexpected(wanted, hint))
        cursor.advance()
        cursor.rules.expression(cursor)
    cursor.expect(")", "to close the parenthesis")
    return TupleExpr(tuple(elements), cursor.span_from(start)) if is_tuple else elements[0]


def _parse_record(cursor: Cursor, start: Span) -> RecordExpr:
    """`name = value, …)`, the parenthesis taken."""
    names: list[str] = []
    values: list[Expr] = []
    while not cursor.at(")"):
        name = cursor.expect_kind(TokenKind.NAME, "a field's name", "write (name = value, …)")
        if name.text in names:
            cursor.report(ParseError(name.span, f"the record has two fields '{name.text}'"))
        names.append(name.text)
        cursor.expect("=", "after the field's name")
        values.append(cursor.rules.expression(cursor))
        if not cursor.accept(","):
            break
    cursor.expect(")", "to close the record")
    return RecordExpr(tuple(names), tuple(values), cursor.span_from(start))
