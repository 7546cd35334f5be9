"""Types as scripts write them, `struct task_struct *` or `int32[4]*`, and how to know one."""

from __future__ import annotations

from seismo.lang.ast import Expr, TypeExpr
from seismo.lang.cursor import Cursor
from seismo.lang.errors import ParseError
from seismo.lang.literals import integer_value
from seismo.lang.tokens import TokenKind

__all__ = (
    "TAGS",
    "is_type_name",
    "parse_type",
    "parse_type_or_expression",
    "type_ahead",
)

TAGS = frozenset(("enum", "struct", "union"))
"""The words that make the next one a type."""

_C_WORDS = frozenset(("char", "int", "long", "short", "signed", "unsigned"))
_TYPE_NAMES = frozenset(
    (
        *("bool", "buffer", "cgroup_path_t", "inet", "macaddr_t", "string", "timestamp", "void"),
        *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
        # Kernel typedefs whose names do not end in _t.
        *(f"{sign}{bits}" for sign in ("u", "s", "__u", "__s") for bits in (8, 16, 32, 64)),
        *(f"__{order}{bits}" for order in ("be", "le") for bits in (16, 32, 64)),
    )
)
_VALUES = frozenset(
    (
        *("args", "cgroup", "comm", "config", "cpid", "cpu", "ctx", "curtask", "dw_ustack"),
        *("elapsed", "false", "func", "gid", "has_cpid", "jiffies", "kstack", "leader_comm"),
        *("leader_tid", "ncpus", "nsecs", "numaid", "pcomm", "pid", "ppid", "probe", "probetype"),
        *("rand", "retval", "tid", "true", "uid", "usermode", "username", "ustack"),
    )
)


def type_ahead(cursor: Cursor, first: int = 0) -> tuple[int, bool]:
    """How many tokens, from the `first` after the next on, can be a type, and if they must be.

    0 when they can be none. What must not be a type may be an expression: `x`, `x[1]`.
    """
    word = cursor.ahead(first)
    if word.kind is not TokenKind.NAME or _is_value(cursor, word.text):
        return 0, False
    end, is_type = first + 1, is_type_name(word.text)
    if word.text in TAGS:
        end, is_type = end + 1, True
    elif word.text in _C_WORDS:
        while cursor.ahead(end).text in _C_WORDS:
            end += 1
    elif word.text == "typeof":
        return 1, cursor.ahead(end).text == "("
    while True:
        text = cursor.ahead(end).text
        if text == "*":
            end, is_type = end + 1, True
        elif text == "[" and cursor.ahead(end + 1).text == "]":
            end += 2
        elif text == "[" and _is_size(cursor, end):
            end += 3
        else:
            return end - first, is_type


def parse_type(cursor: Cursor) -> TypeExpr:
    """A type; ParseError where none stands."""
    start = cursor.token
    if cursor.accept_word("typeof"):
        return _parse_typeof(cursor)
    if start.kind is not TokenKind.NAME:
        raise cursor.unexpected("a type", "types are int64, string[16], struct name *, …")
    base = cursor.advance().text
    if base in TAGS:
        base += f" {cursor.expect_kind(TokenKind.NAME, f'the name of the {base}').text}"
    elif base in _C_WORDS:
        while cursor.token.text in _C_WORDS:
            base += f" {cursor.advance().text}"
    suffixes: list[str] = []
    while True:
        if cursor.accept("*"):
            suffixes.append("*")
        elif cursor.accept("["):
            suffixes.append(_parse_size(cursor))
        else:
            return TypeExpr(base, tuple(suffixes), cursor.span_from(start.span))


def parse_type_or_expression(cursor: Cursor) -> TypeExpr | Expr:
    """The operand of `sizeof` and its like, which a `)` or a `,` ends."""
    tokens, is_type = type_ahead(cursor)
    is_said = cursor.token.text in TAGS or cursor.token.text == "typeof"
    if is_type and (is_said or cursor.ahead(tokens).text in (")", ",")):
        return parse_type(cursor)
    cursor.descend()
    expr = cursor.rules.expression(cursor)
    cursor.depth -= 1
    return expr


def is_type_name(word: str) -> bool:
    """Whether a word is certainly a type."""
    return word in _TYPE_NAMES or word in _C_WORDS or word.endswith("_t")


def _is_value(cursor: Cursor, word: str) -> bool:
    if word in _VALUES or word in cursor.values:
        return True
    return word.startswith(("arg", "sarg")) and word.removeprefix("s")[3:].isdigit()


def _is_size(cursor: Cursor, end: int) -> bool:
    return cursor.ahead(end + 1).kind is TokenKind.NUMBER and cursor.ahead(end + 2).text == "]"


def _parse_typeof(cursor: Cursor) -> TypeExpr:
    """`typeof(type or expression)`, its word taken."""
    start = cursor.previous.span
    cursor.expect("(", "after typeof")
    cursor.descend()
    operand = parse_type_or_expression(cursor)
    cursor.depth -= 1
    cursor.expect(")", "to close typeof")
    return TypeExpr("", (), cursor.span_from(start), operand)


def _parse_size(cursor: Cursor) -> str:
    """`4]` or `]`, the `[` taken."""
    if cursor.accept("]"):
        return "[]"
    token = cursor.token
    if token.kind is not TokenKind.NUMBER:
        raise cursor.unexpected("the number of elements", "write int32[4]")
    size = integer_value(cursor.advance()).value
    if size == 0:
        raise ParseError(token.span, "an array has at least one element")
    cursor.expect("]", "after the number of elements")
    return f"[{size}]"
