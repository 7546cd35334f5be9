"""What stands outside of probes: the config block, imports, macros, functions, maps."""

from __future__ import annotations

from seismo.base.errors import SourceError
from seismo.lang.ast import (
    ConfigEntry,
    Function,
    Import,
    Macro,
    MacroParam,
    MapDeclaration,
    TypeExpr,
    Variable,
)
from seismo.lang.cursor import Cursor
from seismo.lang.literals import integer_value, string_value
from seismo.lang.parse_primary import check_name
from seismo.lang.parse_stmt import parse_block
from seismo.lang.parse_type import parse_type
from seismo.lang.tokens import Token, TokenKind

__all__ = ("parse_config", "parse_function", "parse_import", "parse_macro", "parse_map_declaration")


def parse_config(cursor: Cursor) -> tuple[ConfigEntry, ...]:
    """`config = { key = value; … }`."""
    cursor.advance()
    cursor.expect("=", "after 'config'", "write config = { key = value; }")
    cursor.expect("{", "to open the config block")
    entries: list[ConfigEntry] = []
    while not cursor.at("}"):
        if cursor.accept(";"):
            continue
        try:
            entries.append(_parse_entry(cursor))
            if not cursor.at("}"):
                cursor.expect(";", "between settings")
        except SourceError as error:
            if cursor.token.kind is TokenKind.END:
                raise
            cursor.report(error)
            _skip_entry(cursor)
    cursor.advance()
    return tuple(entries)


def _skip_entry(cursor: Cursor) -> None:
    while cursor.token.text not in (";", "}", ""):
        cursor.advance()


def _parse_entry(cursor: Cursor) -> ConfigEntry:
    key = cursor.expect_kind(TokenKind.NAME, "a setting's name")
    cursor.expect("=", "after the setting's name", "write key = value;")
    token = cursor.token
    value: str | int | bool
    match token.kind:
        case TokenKind.STRING:
            value = string_value(cursor.advance())
        case TokenKind.NUMBER:
            value = integer_value(cursor.advance()).value
        case TokenKind.NAME:
            word = cursor.advance().text
            value = word == "true" if word in ("true", "false") else word
        case _:
            raise cursor.unexpected("a word, a string, an integer, true or false")
    return ConfigEntry(key.text, value, key.span, cursor.span_from(key.span))


def parse_import(cursor: Cursor) -> Import:
    """`import "path";`."""
    start = cursor.advance().span
    token = cursor.expect_kind(TokenKind.STRING, "a path after 'import'", 'write import "path";')
    imported = Import(string_value(token), cursor.span_from(start))
    cursor.expect(";", "after the path")
    return imported


def parse_macro(cursor: Cursor) -> Macro:
    """`macro name(a, $b, @c) { … }`; without parameters the parentheses may be left out."""
    start = cursor.advance().span
    name = _expect_name(cursor, "the macro's name after 'macro'")
    params: list[MacroParam] = []
    if cursor.accept("("):
        while not cursor.at(")"):
            params.append(_parse_macro_param(cursor))
            if not cursor.accept(","):
                break
        cursor.expect(")", "to close the macro's parameters")
    cursor.values = frozenset(param.name for param in params)
    body = cursor.rules.block(cursor)
    cursor.values = frozenset()
    return Macro(name.text, tuple(params), body, cursor.span_from(start), name.span)


def _parse_macro_param(cursor: Cursor) -> MacroParam:
    if cursor.token.kind in (TokenKind.VARIABLE, TokenKind.MAP):
        token = cursor.advance()
    else:
        token = _expect_name(cursor, "a parameter: name, $variable or @map")
    return MacroParam(token.text, token.span)


def parse_function(cursor: Cursor) -> Function:
    """`fn name($a: type, …): type { … }`."""
    start = cursor.advance().span
    name = _expect_name(cursor, "the function's name after 'fn'")
    cursor.expect("(", "to open the function's parameters")
    params: list[tuple[Variable, TypeExpr]] = []
    while not cursor.at(")"):
        token = cursor.expect_kind(TokenKind.VARIABLE, "a parameter", "write $name: type")
        cursor.expect(":", "between the parameter and its type", "write $name: type")
        params.append((Variable(token.text, token.span), parse_type(cursor)))
        if not cursor.accept(","):
            break
    cursor.expect(")", "to close the function's parameters")
    returns = parse_type(cursor) if cursor.accept(":") else None
    body = parse_block(cursor)
    span = cursor.span_from(start)
    return Function(name.text, tuple(params), returns, body, span, name.span)


def parse_map_declaration(cursor: Cursor) -> MapDeclaration:
    """`let @name = kind(entries);`."""
    start = cursor.advance().span
    hint = "write let @name = hash(10);"
    name = cursor.expect_kind(TokenKind.MAP, "a map after 'let', outside of probes", hint)
    cursor.expect("=", "after the map's name", hint)
    kind = cursor.expect_kind(TokenKind.NAME, "the map's kind", hint)
    cursor.expect("(", "before the number of entries", hint)
    entries = cursor.rules.expression(cursor)
    cursor.expect(")", "after the number of entries")
    return MapDeclaration(name.text, kind.text, entries, cursor.span_from(start))


def _expect_name(cursor: Cursor, wanted: str) -> Token:
    token = cursor.expect_kind(TokenKind.NAME, wanted)
    check_name(token)
    return token
