"""`format_source`: a script in its canonical layout, comments kept.

Two blanks a level, a statement a line, an attach point a line where there are several, a predicate
on a line of its own, an empty line between probes. C code, long lines and line breaks inside
expressions stay as they are.
"""

from __future__ import annotations

import re

from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.lang.format_marks import Marks, find_marks
from seismo.lang.lexer import shebang_end, tokenize
from seismo.lang.parse_probe import parse
from seismo.lang.tokens import Token, TokenKind

__all__ = ("format_source",)

_INDENT = "  "
_GAP = re.compile(r"\n|//[^\n]*+|/\*(?s:.*?)\*/")
# Words before a parenthesis that is not a call's.
_KEYWORDS = frozenset(("comptime", "else", "for", "if", "return", "while"))
_BRACED = frozenset(("config", "fn", "macro"))
_TIGHT_AFTER = frozenset(("(", "[", ".", "->", ".."))
_TIGHT_BEFORE = frozenset((")", "[", "]", ",", ".", "->", "..", "}"))
_NOT_INDENTED = frozenset((")", "]", "{", "}", "else"))
_HEAD_KINDS = frozenset((TokenKind.ATTACH_POINT, TokenKind.PREDICATE))
_NEVER_FIRST = frozenset(("{", "else", ","))


def format_source(source: Source) -> str:
    """The script in its canonical layout, which means the same; `DiagnosticsError` at a mistake."""
    diagnostics = Diagnostics()
    script = parse(source, diagnostics)
    diagnostics.stop_on_errors()
    tokens = tokenize(source)
    writer = _Writer(source.text, find_marks(script, tokens), shebang_end(source.text))
    for token in tokens:
        if token.text != ";":
            writer.write(token)
    return "\n".join(writer.lines) + "\n"


class _Writer:
    """The lines so far, and where in the script they end."""

    __slots__ = (
        *("at", "depth", "in_predicate", "is_after_cast", "is_after_comment", "is_new"),
        *("line", "lines", "marks", "must_break", "points", "previous", "text", "type_end"),
        "was_braced",
    )

    def __init__(self, text: str, marks: Marks, at: int) -> None:
        self.text = text
        self.marks = marks
        self.at = at
        self.lines: list[str] = []
        self.line = text[:at].rstrip()
        self.depth = 0
        self.points = 0
        self.type_end = 0
        self.previous: Token | None = None
        # The next token begins a statement, or a part of the script.
        self.is_new = True
        self.was_braced = False
        self.in_predicate = False
        self.is_after_cast = False
        self.is_after_comment = False
        self.must_break = False

    def write(self, token: Token) -> None:
        """A token, and before it the comments and line breaks that stand there."""
        newlines = self.write_gap(self.text[self.at : token.span.start], self.least_gap(token))
        if token.kind is TokenKind.END:
            self.break_line()
            return
        if token.text == "}":
            self.depth -= 1
        if self.line and self.breaks_before(token, newlines):
            self.break_line(1 if token.text == "}" else newlines)
        if not self.line:
            self.line = _INDENT * self.indent(token)
        elif self.is_after_comment or self.is_spaced(token):
            self.line += " "
        self.line += token.text
        self.after(token)

    def after(self, token: Token) -> None:
        """What a token that has just been written changes."""
        end = token.span.end
        self.is_after_cast = self.previous is not None and (
            token.text == ")" and self.previous.span.end in self.marks.cast_ends
        )
        self.type_end = self.marks.types.get(token.span.start, self.type_end)
        self.is_new = end in self.marks.ends
        self.is_after_comment = self.must_break = False
        if end in self.marks.simple_ends:
            self.line += ";"
        if token.kind is TokenKind.ATTACH_POINT:
            self.points += 1
        elif token.kind is TokenKind.PREDICATE:
            self.in_predicate = not self.in_predicate
        elif token.kind is TokenKind.C:
            self.is_new = True
        elif token.text == "{":
            self.depth += 1
            self.is_new = True
        elif token.text == "}" and self.depth == 0:
            self.is_new = True
            self.points = 0
        self.was_braced = token.text == "}"
        self.previous = token
        self.at = end

    def least_gap(self, token: Token) -> int:
        """2 where an empty line must be: between a probe or the like and what is beside it."""
        if self.depth or not self.is_new or self.previous is None or token.kind is TokenKind.END:
            return 0
        is_braced = token.kind is TokenKind.ATTACH_POINT or token.text in _BRACED
        return 2 if is_braced or self.was_braced else 0

    def write_gap(self, gap: str, least: int) -> int:
        """The comments before a token; how many line breaks are due after them."""
        newlines = 0
        for piece in _GAP.findall(gap):
            if piece == "\n":
                newlines += 1
                continue
            if self.line and newlines:
                self.break_line(max(newlines, least))
                least = 1
            self.line += f" {piece}" if self.line else _INDENT * self.depth + piece
            self.line = self.line.rstrip()
            self.is_after_comment = True
            self.must_break = piece.startswith("//")
            newlines = 0
        return max(newlines, least)

    def indent(self, token: Token) -> int:
        """How many levels in a line is that begins with a token; two more inside a statement."""
        is_whole = self.is_new or token.text in _NOT_INDENTED or token.kind in _HEAD_KINDS
        return self.depth if is_whole else self.depth + 2

    def break_line(self, newlines: int = 1) -> None:
        """Begin a line, with an empty one before it if there was one, but not first in a block."""
        self.lines.append(self.line.rstrip())
        self.line = ""
        if newlines > 1 and not self.lines[-1].endswith("{"):
            self.lines.append("")

    def breaks_before(self, token: Token, newlines: int) -> bool:
        """Whether a token begins a line."""
        if self.must_break:
            return True
        if token.text == "}":
            is_empty = self.previous is not None and self.previous.text == "{"
            return newlines > 0 or not is_empty
        if self.is_new:
            return True
        if token.kind is TokenKind.ATTACH_POINT:
            return True
        if token.kind is TokenKind.PREDICATE:
            return not self.in_predicate
        if token.text == "{" and self.depth == 0 and self.points > 1:
            return self.previous is not None and self.previous.kind is not TokenKind.PREDICATE
        return newlines > 0 and token.text not in _NEVER_FIRST

    def is_spaced(self, token: Token) -> bool:
        """Whether a blank is between a token and the one before it on the line."""
        before, text = self.previous, token.text
        if before is None or before.text in _TIGHT_AFTER or self.is_after_cast:
            return False
        if before.span.start in self.marks.prefixes:
            # `- -1` is not `--1`.
            return before.text[-1] == text[0] == "-"
        if token.span.start < self.type_end:
            return text.isidentifier() or (text == "*" and before.text not in ("*", "]"))
        if token.kind is TokenKind.PREDICATE:
            return False
        if before.kind is TokenKind.PREDICATE:
            # No comment begins here.
            return text[0] in "{*/"
        if text == "(":
            return before.kind is not TokenKind.NAME or before.text in _KEYWORDS
        if text in ("++", "--") and token.span.start not in self.marks.prefixes:
            return False
        return text not in _TIGHT_BEFORE and not (text == ":" and before.text == "?")
