"""Expressions, by recursive descent and precedence climbing.

From loosest to tightest: `?:`, `||`, `&&`, `|`, `^`, `&`, `== !=`, `< > <= >=`, `<< >>`, `+ -`,
`* / %`, the prefixes `- ! ~ * ++ --`, the postfixes `. -> [] () ++ --`.
"""

from __future__ import annotations

from seismo.base.number import NumberError, parse_integer
from seismo.base.source import Span
from seismo.lang.ast import (
    Binary,
    Boolean,
    Call,
    Expr,
    Field,
    Increment,
    Index,
    MapAccess,
    Name,
    Number,
    String,
    Ternary,
    TupleExpr,
    Unary,
    Variable,
)
from seismo.lang.cursor import Cursor
from seismo.lang.errors import ParseError
from seismo.lang.literals import integer_value, string_value
from seismo.lang.tokens import Token, TokenKind
from seismo.lang.walk import map_keys

__all__ = ("not_supported", "parse_expression")

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

_LATER_WORDS = {
    "comptime": "comptime",
    "if": "an if inside an expression",
    "offsetof": "offsetof()",
    "sizeof": "sizeof()",
    "typeinfo": "typeinfo()",
    "typeof": "typeof()",
}
_TYPE_WORDS = frozenset(
    (
        *("bool", "buffer", "char", "enum", "inet", "int", "long", "pid_t", "short", "size_t"),
        *("string", "struct", "uintptr_t", "union", "unsigned", "void"),
        *(
            f"{sign}int{bits}{t}"
            for sign in ("", "u")
            for bits in (8, 16, 32, 64)
            for t in ("", "_t")
        ),
    )
)


def not_supported(span: Span, what: str, hint: str = "") -> ParseError:
    """The error for a part of the language that this release does not have."""
    return ParseError(span, f"{what} is not supported yet", hint)


def parse_expression(cursor: Cursor) -> Expr:
    """One expression, as far as it goes; ParseError where it breaks."""
    start = cursor.token.span
    cursor.descend()
    condition = _parse_binary(cursor, 0)
    if cursor.accept("?"):
        if cursor.at(":"):
            raise not_supported(cursor.previous.span.join(cursor.token.span), "'a ?: b'")
        then = parse_expression(cursor)
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
        return _parse_postfix(cursor)
    if token.text in ("-", "!", "~", "*"):
        cursor.advance()
        cursor.descend()
        operand = _parse_prefix(cursor)
        cursor.depth -= 1
        return Unary(token.text, operand, cursor.span_from(token.span))
    if token.text in ("++", "--"):
        cursor.advance()
        target = _incremented(token, _parse_postfix(cursor))
        return Increment(token.text, target, True, cursor.span_from(token.span))
    if token.text == "&":
        raise not_supported(token.span, "taking an address with '&'")
    return _parse_postfix(cursor)


def _incremented(operator: Token, expr: Expr) -> Variable | MapAccess:
    if isinstance(expr, (Variable, MapAccess)):
        return expr
    raise ParseError(expr.span, f"{operator} needs a variable or a map")


def _parse_postfix(cursor: Cursor) -> Expr:
    start = cursor.token.span
    expr = _parse_primary(cursor)
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


def _parse_primary(cursor: Cursor) -> Expr:
    token = cursor.token
    match token.kind:
        case TokenKind.NUMBER:
            integer = integer_value(cursor.advance())
            return Number(integer.value, token.span, integer.unsigned)
        case TokenKind.STRING:
            return String(string_value(cursor.advance()), token.span)
        case TokenKind.VARIABLE:
            return Variable(cursor.advance().text, token.span)
        case TokenKind.MAP:
            return _parse_map(cursor)
        case TokenKind.NAME:
            return _parse_name(cursor)
        case TokenKind.PARAMETER:
            return _parse_parameter(cursor)
        case _ if cursor.at("("):
            return _parse_parenthesis(cursor)
        case _:
            raise cursor.unexpected("an expression")


def _parse_parameter(cursor: Cursor) -> Expr:
    """`$N` is what the command line gave, a number where it is one; `$#` is how many it gave."""
    token = cursor.advance()
    if token.text == "$#":
        return Number(len(cursor.parameters), token.span)
    text = cursor.parameter(token.text)
    try:
        number = parse_integer(text.removeprefix("-") or "0")
    except NumberError:
        return String(text, token.span)
    literal = Number(number.value, token.span, number.unsigned)
    return Unary("-", literal, token.span) if text.startswith("-") else literal


def _parse_map(cursor: Cursor) -> MapAccess:
    token = cursor.advance()
    keys: tuple[Expr, ...] = ()
    if cursor.accept("["):
        keys = _parse_list(cursor, "]", "to close the map's key")
        if not keys:
            raise ParseError(
                cursor.previous.span, "a map's key is empty", "write @name or @name[k]"
            )
    return MapAccess(token.text, map_keys(keys), cursor.span_from(token.span))


def _parse_name(cursor: Cursor) -> Expr:
    token = cursor.token
    if later := _LATER_WORDS.get(token.text):
        raise not_supported(token.span, later)
    cursor.advance()
    if token.text in ("true", "false"):
        return Boolean(token.text == "true", token.span)
    if not cursor.accept("("):
        return Name(token.text, token.span)
    args = _parse_list(cursor, ")", f"to close the call of {token.text}")
    return Call(token.text, args, cursor.span_from(token.span), token.span)


def _parse_list(cursor: Cursor, close: str, why: str) -> tuple[Expr, ...]:
    """Expressions with commas between them, and the closing bracket."""
    items: list[Expr] = []
    if not cursor.at(close):
        items.append(parse_expression(cursor))
        while cursor.accept(","):
            items.append(parse_expression(cursor))
    cursor.expect(close, why)
    return tuple(items)


def _parse_parenthesis(cursor: Cursor) -> Expr:
    """`()`, `(a,)` and `(a, b)` are tuples; `(a)` is `a`."""
    start = cursor.advance().span
    if cursor.token.kind is TokenKind.NAME:
        _refuse_cast_or_record(cursor)
    elements: list[Expr] = []
    is_tuple = cursor.at(")")
    while not cursor.at(")"):
        elements.append(parse_expression(cursor))
        if not cursor.accept(","):
            break
        is_tuple = True
    cursor.expect(")", "to close the parenthesis")
    return TupleExpr(tuple(elements), cursor.span_from(start)) if is_tuple else elements[0]


def _refuse_cast_or_record(cursor: Cursor) -> None:
    word, following = cursor.token, cursor.following
    if word.text in _TYPE_WORDS:
        raise not_supported(word.span, f"a cast to {word.text}")
    if following.text == "=" and following.kind is TokenKind.PUNCTUATION:
        raise not_supported(word.span, "a record", "a tuple (a, b) has its fields as .0 and .1")
