"""`parse`: a script's text to its syntax tree."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seismo.base.diagnostics import Diagnostics
from seismo.base.errors import SourceError
from seismo.base.source import Source, Span
from seismo.lang.ast import AttachPointText, Probe, Script
from seismo.lang.cursor import MAX_DEPTH, Cursor, too_deep
from seismo.lang.errors import LexError
from seismo.lang.lexer import tokenize
from seismo.lang.parse_expr import not_supported, parse_expression
from seismo.lang.parse_stmt import parse_block
from seismo.lang.tokens import Token, TokenKind
from seismo.lang.walk import deepest

__all__ = ("parse",)

_LATER = {
    "config": "a config block",
    "enum": "a C enum",
    "fn": "a function definition",
    "import": "'import'",
    "let": "declaring a map",
    "macro": "a macro",
    "struct": "a C struct",
    "typedef": "a C typedef",
    "union": "a C union",
}
_NAMED_PROBE = re.compile(r"[A-Za-z_]\w*=", re.ASCII)
_PARAMETER = re.compile(r"\$\d+", re.ASCII)


def parse(source: Source, diagnostics: Diagnostics, parameters: Sequence[str] = ()) -> Script:
    """The tree of a script; its mistakes go to `diagnostics`, and the tree is then partial.

    `parameters` are what `$1`, `$2`, … stand for; a missing one is 0, in attach points nothing.
    """
    try:
        tokens = tokenize(source)
    except LexError as error:
        diagnostics.error(error.span, error.message, error.hint)
        return Script(source, ())
    cursor = Cursor(source, tokens, diagnostics, parameters)
    probes: list[Probe] = []
    while cursor.token.kind is not TokenKind.END:
        if cursor.accept(";"):
            continue
        try:
            probes.append(_parse_probe(cursor))
        except SourceError as error:
            diagnostics.error(error.span, error.message, error.hint)
            _skip_probe(cursor)
            cursor.depth = 0
    if not probes and not diagnostics.errors:
        hint = "a probe is an attach point and a block: BEGIN { … }"
        diagnostics.error(Span(source, 0, 0), "the script has no probe", hint)
    return Script(source, tuple(probes))


def _parse_probe(cursor: Cursor) -> Probe:
    start = cursor.token.span
    points = [_parse_attach_point(cursor)]
    while cursor.accept(","):
        if cursor.token.kind is not TokenKind.ATTACH_POINT:
            break
        points.append(_parse_attach_point(cursor))
    predicate = None
    if cursor.token.kind is TokenKind.PREDICATE:
        cursor.advance()
        predicate = parse_expression(cursor)
        if cursor.token.kind is not TokenKind.PREDICATE:
            raise cursor.unexpected("'/' and a block after the predicate")
        cursor.advance()
    if not cursor.at("{"):
        raise cursor.unexpected("'{' or a /predicate/ after the attach point")
    body = parse_block(cursor)
    probe = Probe(tuple(points), predicate, body, cursor.span_from(start))
    # `1 + 1 + …` grows to the left without any recursion here.
    depth, node = deepest(probe)
    if depth > 2 * MAX_DEPTH:
        raise too_deep(node.span)
    return probe


def _parse_attach_point(cursor: Cursor) -> AttachPointText:
    token = cursor.token
    if token.kind is TokenKind.NAME and token.text in _LATER:
        raise not_supported(token.span, _LATER[token.text])
    if token.kind is TokenKind.DIRECTIVE:
        raise not_supported(token.span, "a C preprocessor line")
    if token.kind is not TokenKind.ATTACH_POINT:
        raise cursor.unexpected("an attach point, as in tracepoint:syscalls:sys_enter_openat")
    if _NAMED_PROBE.match(token.text):
        raise not_supported(token.span, "naming a probe")
    cursor.advance()
    text = _PARAMETER.sub(lambda match: cursor.parameter(match[0]), token.text)
    return AttachPointText(text, token.span)


def _skip_probe(cursor: Cursor) -> None:
    """To after what stands here: a directive, a declaration's `;`, or a block."""
    first: Token | None = None
    depth = 0
    while cursor.token.kind is not TokenKind.END:
        token = cursor.advance()
        first = first or token
        if first.kind is TokenKind.DIRECTIVE:
            return
        if token.kind is not TokenKind.PUNCTUATION:
            continue
        if token.text == "{":
            depth += 1
        elif token.text == "}":
            depth -= 1
        if depth <= 0 and token.text in ("}", ";"):
            return
