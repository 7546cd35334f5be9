"""Statements and blocks. A mistake is reported and its statement skipped, so that the next is
read."""

from __future__ import annotations

from seismo.base.errors import SourceError
from seismo.base.source import Span
from seismo.lang.ast import (
    AssignMap,
    AssignVariable,
    Block,
    BlockExpr,
    Break,
    Continue,
    Expr,
    ExprStatement,
    ForMap,
    ForRange,
    If,
    MapAccess,
    Name,
    Return,
    Stmt,
    Unroll,
    Variable,
    While,
)
from seismo.lang.cursor import Cursor
from seismo.lang.errors import ParseError
from seismo.lang.parse_if import as_block, as_statement, gives_value, parse_condition, parse_if
from seismo.lang.parse_type import is_type_name, parse_type
from seismo.lang.tokens import Token, TokenKind

__all__ = ("parse_block", "parse_block_value")

_ASSIGNMENTS = frozenset(("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="))
_STATEMENTS = (
    *(AssignMap, AssignVariable, Block, Break, Continue, ExprStatement, ForMap, ForRange, If),
    *(Return, Unroll, While),
)


def parse_block(cursor: Cursor) -> Block:
    """`{ statement; … }`, whose last expression is a statement too."""
    return as_block(parse_block_value(cursor))


def parse_block_value(cursor: Cursor) -> BlockExpr:
    """`{ statement; … value }`."""
    hint = "the body stands in braces: { … }"
    opening = cursor.expect("{", "to open the block", hint).span
    cursor.descend()
    statements: list[Stmt] = []
    value: Expr | None = None
    while not cursor.at("}") and cursor.token.kind is not TokenKind.END:
        if cursor.accept(";"):
            continue
        depth, start = cursor.depth, cursor.token.span
        try:
            parsed = _parse_statement(cursor)
            span = cursor.span_from(start)
            _end_statement(cursor, parsed)
            if isinstance(parsed, _STATEMENTS):
                statements.append(parsed)
            elif parsed is None:
                continue
            elif cursor.at("}") and cursor.previous.text != ";" and gives_value(parsed):
                value = parsed
            else:
                statements.append(as_statement(parsed, span))
        except SourceError as error:
            cursor.report(error)
            cursor.depth = depth
            _skip_statement(cursor)
    cursor.depth -= 1
    # Of nested blocks that the script's end cuts off, only the outermost is certainly open.
    if not cursor.accept("}") and cursor.depth == 0:
        raise ParseError(opening, "this '{' is not closed", "end the block with '}'")
    return BlockExpr(tuple(statements), value, cursor.span_from(opening))


def _parse_statement(cursor: Cursor) -> Stmt | Expr | None:
    """A statement; an expression may turn out to be its block's value, an import is nothing."""
    token = cursor.token
    if token.kind is not TokenKind.NAME:
        return parse_block_value(cursor) if cursor.at("{") else _parse_simple(cursor)
    match token.text:
        case "if":
            return parse_if(cursor)
        case "let":
            return _parse_let(cursor)
        case "for":
            return _parse_for(cursor)
        case "while":
            cursor.advance()
            condition = parse_condition(cursor, "while")
            return While(condition, parse_block(cursor), cursor.span_from(token.span))
        case "unroll":
            cursor.advance()
            count = cursor.rules.expression(cursor)
            return Unroll(count, parse_block(cursor), cursor.span_from(token.span))
        case "break":
            return Break(cursor.advance().span)
        case "continue":
            return Continue(cursor.advance().span)
        case "return":
            return _parse_return(cursor)
        case "import":
            cursor.advance()
            cursor.expect_kind(TokenKind.STRING, "a path after 'import'")
            return None
        case "_" if cursor.ahead().text == "=":
            cursor.advance()
            cursor.advance()
            return ExprStatement(cursor.rules.expression(cursor), cursor.span_from(token.span))
        case "else" | "elif":
            raise _stray_else(token)
        case _:
            return _parse_simple(cursor)


def _stray_else(token: Token) -> ParseError:
    if token.text == "elif":
        return ParseError(token.span, "there is no 'elif'", "write 'else if'")
    return ParseError(token.span, "'else' without an 'if' before it")


def _parse_simple(cursor: Cursor) -> Stmt | Expr:
    """An expression or an assignment."""
    start = cursor.token.span
    target = cursor.rules.expression(cursor)
    operator = cursor.token
    if operator.text not in _ASSIGNMENTS or operator.kind is not TokenKind.PUNCTUATION:
        return target
    if not isinstance(target, (Variable, MapAccess)):
        hint = "a variable is $name, a map is @name"
        raise ParseError(target.span, "only a variable or a map can be assigned to", hint)
    cursor.advance()
    value = cursor.rules.expression(cursor)
    span = cursor.span_from(start)
    if isinstance(target, Variable):
        return AssignVariable(target, operator.text[:-1], value, span)
    return AssignMap(target, operator.text[:-1], value, span)


def _parse_let(cursor: Cursor) -> AssignVariable:
    start = cursor.advance().span
    if cursor.token.kind is TokenKind.MAP:
        hint = "write let @name = hash(10); outside of the probes"
        raise ParseError(cursor.token.span, "a map is declared outside of blocks", hint)
    target = _parse_variable(cursor, "a variable after 'let'", "write let $name = value;")
    type_ = parse_type(cursor) if cursor.accept(":") else None
    value = cursor.rules.expression(cursor) if cursor.accept("=") else None
    span = cursor.span_from(start)
    return AssignVariable(target, "", value, span, declares=True, type=type_)


def _parse_variable(cursor: Cursor, wanted: str, hint: str) -> Variable:
    token = cursor.expect_kind(TokenKind.VARIABLE, wanted, hint)
    return Variable(token.text, token.span)


def _parse_return(cursor: Cursor) -> Return:
    start = cursor.advance().span
    value = None if cursor.at(";") or cursor.at("}") else cursor.rules.expression(cursor)
    return Return(cursor.span_from(start), value)


def _parse_for(cursor: Cursor) -> Stmt:
    start = cursor.advance().span
    hint = "write for $i : 0..10 { … } or for $kv : @map { … }"
    if _is_c_loop(cursor):
        _skip_parenthesis(cursor)
        cursor.report(ParseError(cursor.span_from(start), "there are no loops as in C", hint))
        return parse_block(cursor)
    is_parenthesised = cursor.accept("(")
    variable = _parse_variable(cursor, "a variable after 'for'", hint)
    cursor.expect(":", "after the loop's variable", hint)
    first = cursor.rules.expression(cursor)
    end = cursor.rules.expression(cursor) if cursor.accept("..") else None
    if is_parenthesised:
        cursor.expect(")", "before the loop's block")
    if end is not None:
        body = parse_block(cursor)
        return ForRange(variable, first, end, body, cursor.span_from(start))
    if not isinstance(first, MapAccess) or first.keys:
        raise ParseError(first.span, "a loop walks a whole map or a range", hint)
    return ForMap(variable, first, parse_block(cursor), cursor.span_from(start))


def _is_c_loop(cursor: Cursor) -> bool:
    """Whether a `;` stands in the parenthesis that begins here."""
    count = 0
    if cursor.at("("):
        while cursor.ahead(count).kind is not TokenKind.END and cursor.ahead(count).text != "{":
            if cursor.ahead(count).text == ";":
                return True
            count += 1
    return False


def _skip_parenthesis(cursor: Cursor) -> None:
    while cursor.token.kind is not TokenKind.END and not cursor.at("{"):
        cursor.advance()


def _end_statement(cursor: Cursor, parsed: Stmt | Expr | None) -> None:
    """A statement ends in `;`, but one that ends in `}` need not, nor the last of a block."""
    if cursor.accept(";") or cursor.at("}") or cursor.previous.text == "}":
        return
    if cursor.token.kind is TokenKind.END:
        return
    end = cursor.previous.span.end
    hint = _missing_hint(cursor, parsed)
    error = ParseError(Span(cursor.source, end, end), f"expected ';' before {cursor.token}", hint)
    if hint or "\n" not in cursor.source.text[end : cursor.token.span.start]:
        raise error
    cursor.report(error)


def _missing_hint(cursor: Cursor, parsed: Stmt | Expr | None) -> str:
    """What was meant by a word and what follows it, if anything is likely."""
    token = cursor.token
    if not isinstance(parsed, Name):
        return ""
    if token.kind is TokenKind.STRING:
        return f"a call has parentheses: {parsed.name}({token.text}, …)"
    if token.kind in (TokenKind.NAME, TokenKind.VARIABLE) and is_type_name(parsed.name):
        name = token.text if token.text.startswith("$") else f"${token.text}"
        return f"write let {name} : {parsed.name};"
    return "is a '}' missing before?" if cursor.at("{") else ""


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
            if depth == 0 and cursor.ahead().text != "else":
                cursor.advance()
                return
        elif cursor.at(";") and depth == 0:
            cursor.advance()
            return
        cursor.advance()
