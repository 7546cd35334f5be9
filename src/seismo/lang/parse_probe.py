"""`parse`: a script's text to its syntax tree."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seismo.base.diagnostics import Diagnostics
from seismo.base.errors import SourceError
from seismo.base.source import Source, Span
from seismo.lang.ast import (
    AttachPointText,
    ConfigEntry,
    Function,
    Import,
    Macro,
    MapDeclaration,
    Probe,
    Script,
)
from seismo.lang.cursor import MAX_DEPTH, Cursor, Rules, too_deep
from seismo.lang.errors import ParseError
from seismo.lang.lexer import scan
from seismo.lang.parse_declaration import (
    parse_config,
    parse_function,
    parse_import,
    parse_macro,
    parse_map_declaration,
)
from seismo.lang.parse_expr import parse_expression
from seismo.lang.parse_if import parse_condition
from seismo.lang.parse_stmt import parse_block, parse_block_value
from seismo.lang.tokens import TokenKind
from seismo.lang.walk import Node, deepest

__all__ = ("parse",)

_NAMED_PROBE = re.compile(r"([A-Za-z_]\w*)=", re.ASCII)
_PARAMETER = re.compile(r"\$\d+", re.ASCII)
_RULES = Rules(parse_expression, parse_block_value)
_PREAMBLE = {
    "config": "the config block stands before the first probe",
    "import": "imports stand before the first probe",
}


def parse(source: Source, diagnostics: Diagnostics, parameters: Sequence[str] = ()) -> Script:
    """The tree of a script; its mistakes go to `diagnostics`, and the tree is then partial.

    `parameters` are what `$1`, `$2`, … stand for; a missing one is 0, in attach points nothing.
    """
    tokens, errors = scan(source)
    for error in errors:
        diagnostics.error(error.span, error.message, error.hint)
    if errors:
        return Script(source, ())
    parser = _Parser(Cursor(source, tokens, diagnostics, _RULES, parameters))
    parser.run()
    return parser.script()


class _Parser:
    """The parts of the script read so far."""

    __slots__ = (
        *("c_text", "config", "cursor", "functions", "has_config", "imports", "macros", "maps"),
        "probes",
    )

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.probes: list[Probe] = []
        self.c_text: list[Span] = []
        self.config: tuple[ConfigEntry, ...] = ()
        self.has_config = False
        self.imports: list[Import] = []
        self.macros: list[Macro] = []
        self.functions: list[Function] = []
        self.maps: list[MapDeclaration] = []

    @property
    def has_code(self) -> bool:
        """Whether the part of the script has begun in which C, config and imports are too late."""
        return bool(self.probes or self.macros or self.functions or self.maps)

    def run(self) -> None:
        """Read the script; a part with a mistake is skipped."""
        cursor = self.cursor
        while cursor.token.kind is not TokenKind.END:
            if cursor.accept(";"):
                continue
            try:
                self.part()
            except SourceError as error:
                cursor.report(error)
                _skip_part(cursor)
                cursor.depth = 0
                cursor.values = frozenset()

    def part(self) -> None:
        """One probe or declaration."""
        cursor = self.cursor
        token = cursor.token
        if token.kind is TokenKind.C:
            self.c_text.append(token.span)
            cursor.advance()
            if self.has_code:
                hint = "move it to the top of the script"
                message = "C code stands before the first probe"
                cursor.report(ParseError(token.span, message, hint))
        elif token.kind is TokenKind.NAME:
            self.declaration()
        else:
            probe = _parse_probe(cursor)
            _check_depth(probe)
            self.probes.append(probe)

    def declaration(self) -> None:
        """One that begins with a word."""
        cursor = self.cursor
        token = cursor.token
        if self.has_code and token.text in _PREAMBLE:
            hint = "move it to the top of the script"
            cursor.report(ParseError(token.span, _PREAMBLE[token.text], hint))
        match token.text:
            case "config":
                if self.has_config:
                    hint = "write all settings in one block"
                    message = "the script has two config blocks"
                    cursor.report(ParseError(token.span, message, hint))
                self.has_config = True
                self.config += parse_config(cursor)
            case "import":
                self.imports.append(parse_import(cursor))
            case "macro":
                macro = parse_macro(cursor)
                _check_depth(macro.body)
                self.macros.append(macro)
            case "fn":
                function = parse_function(cursor)
                _check_depth(function)
                self.functions.append(function)
            case _:
                self.maps.append(parse_map_declaration(cursor))

    def script(self) -> Script:
        return Script(
            self.cursor.source,
            tuple(self.probes),
            tuple(self.c_text),
            self.config,
            tuple(self.imports),
            tuple(self.macros),
            tuple(self.functions),
            tuple(self.maps),
        )


def _check_depth(node: Node) -> None:
    """ParseError for a tree that is too deep: `1 + 1 + …` grows without any recursion here."""
    depth, deep = deepest(node)
    if depth > 2 * MAX_DEPTH:
        raise too_deep(deep.span)


def _parse_probe(cursor: Cursor) -> Probe:
    start = cursor.token.span
    named = _NAMED_PROBE.match(start.text)
    points = [_parse_attach_point(cursor, named.end() if named else 0)]
    while cursor.accept(","):
        if cursor.token.kind is not TokenKind.ATTACH_POINT:
            break
        points.append(_parse_attach_point(cursor))
    predicate = None
    if cursor.token.kind is TokenKind.PREDICATE:
        cursor.advance()
        predicate = parse_condition(cursor, "/")
        if cursor.token.kind is not TokenKind.PREDICATE:
            raise cursor.unexpected("'/' and a block after the predicate")
        cursor.advance()
    if not cursor.at("{"):
        raise cursor.unexpected(
            "'{' or a /predicate/ after the attach point", _hint_of(points[-1].text)
        )
    body = parse_block(cursor)
    return Probe(tuple(points), predicate, body, cursor.span_from(start), named[1] if named else "")


def _hint_of(text: str) -> str:
    """What may be meant where an attach point has no block."""
    if "(" in text:
        return "code stands in a probe: BEGIN { … }"
    _, _, last = text.rpartition(":")
    return "a predicate needs a blank before its first '/'" if "/" in last else ""


def _parse_attach_point(cursor: Cursor, skipped: int = 0) -> AttachPointText:
    """An attach point without its first characters, which name the probe."""
    wanted = "an attach point, as in tracepoint:syscalls:sys_enter_openat"
    hint = "BEGIN { … } runs once, at the start" if cursor.at("{") else ""
    token = cursor.expect_kind(TokenKind.ATTACH_POINT, wanted, hint)
    span = Span(cursor.source, token.span.start + skipped, token.span.end)
    text = _PARAMETER.sub(lambda match: cursor.parameter(match[0], span), token.text[skipped:])
    return AttachPointText(text, span)


def _skip_part(cursor: Cursor) -> None:
    """To after what stands here: C code, a declaration's `;`, or a block."""
    depth = 0
    while cursor.token.kind is not TokenKind.END:
        token = cursor.advance()
        if token.kind is not TokenKind.PUNCTUATION:
            continue
        if token.text == "{":
            depth += 1
        elif token.text == "}":
            depth -= 1
        if depth <= 0 and token.text in ("}", ";"):
            return
