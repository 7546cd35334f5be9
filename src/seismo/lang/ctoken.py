"""Tokens of C text, line by line, and a cursor over them.

>>> [spelled(line) for line in c_lines(Source("t", "#define N 2 /* two */\\nint  x;"))]
['#define N 2', 'int x;']

Lines are logical: a `\\` before a line's end and comments join them. A character that no token
begins with is a token of its own, for it may stand where nobody looks: in `#error don't`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from seismo.base.source import Source, Span
from seismo.lang.errors import ParseError
from seismo.lang.lexer import COMMENT

__all__ = ("CCursor", "CToken", "c_lines", "spelled")

_TOKEN = re.compile(
    rf"""(?P<blank>(?:[ \t\r\f\v]++|\\\r?\n|//[^\n]*+|{COMMENT})+)
      | (?P<newline>\n)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<number>\.?\d(?:\w|\.)*)
      | (?P<char>'(?:[^'\\\n]|\\.)+')
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<punctuation>\#\#|\.\.\.|<<=?|>>=?|->|\+\+|--|&&|\|\||/\*|[-+*/%&|^=!<>]=?|.)""",
    re.ASCII | re.VERBOSE,
)

_MAX_DEPTH = 40
"""Brackets, braces and declarations nested deeper are refused; Python's stack would end."""


class CToken(NamedTuple):
    """`kind` is name, number, char, string, punctuation or end; `span` is where to point.

    What a macro stands for has the span of the macro's use.
    """

    kind: str
    text: str
    span: Span


def c_lines(source: Source, start: int = 0, end: int | None = None) -> Iterator[list[CToken]]:
    """The tokens of each line that has some."""
    line: list[CToken] = []
    for match in _TOKEN.finditer(source.text, start, len(source.text) if end is None else end):
        kind = match.lastgroup or ""
        if kind == "newline":
            if line:
                yield line
            line = []
        elif kind != "blank":
            line.append(CToken(kind, match.group(), Span(source, match.start(), match.end())))
    if line:
        yield line


def spelled(tokens: Sequence[CToken]) -> str:
    """The tokens of one line as text, comments left out."""
    text = ""
    for index, token in enumerate(tokens):
        is_apart = index > 0 and tokens[index - 1].span.end < token.span.start
        text += " " * is_apart + token.text
    return text


class CCursor:
    """A position among tokens; `stop` is the span of their end."""

    def __init__(self, tokens: Sequence[CToken], stop: Span) -> None:
        self._tokens = tokens
        self._end = CToken("end", "", stop)
        self._depth = 0
        self.index = 0

    @property
    def token(self) -> CToken:
        """The next token, of kind `end` after the last."""
        return self.ahead(0)

    def ahead(self, count: int) -> CToken:
        """The token `count` after the next."""
        index = self.index + count
        return self._tokens[index] if index < len(self._tokens) else self._end

    def advance(self) -> CToken:
        """The next token, taken."""
        token = self.token
        self.index += 1
        return token

    def at(self, *texts: str) -> bool:
        """Whether the next token is one of these words or signs."""
        return self.token.kind in ("name", "punctuation") and self.token.text in texts

    def accept(self, text: str) -> bool:
        """Take the next token if it is `text`."""
        if not self.at(text):
            return False
        self.index += 1
        return True

    def expect(self, text: str, where: str) -> CToken:
        """Take the next token, which must be `text`; `where` goes on: "after the size"."""
        if not self.at(text):
            raise self.unexpected(f"'{text}' {where}")
        return self.advance()

    def unexpected(self, wanted: str) -> ParseError:
        """A complaint about the next token."""
        if self.token.kind == "end":
            return ParseError(self.token.span, f"expected {wanted}, but the C text ends")
        if self.token.text == "/*":
            return ParseError(self.token.span, "a comment is not closed", "end it with '*/'")
        return ParseError(self.token.span, f"expected {wanted}, not '{self.token.text}'")

    def descend(self) -> None:
        """One level deeper; ParseError when that is too deep. `ascend` leaves it."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            message = f"C text is nested more than {_MAX_DEPTH} deep"
            raise ParseError(self.token.span, message)

    def ascend(self) -> None:
        """One level up."""
        self._depth -= 1

    def restart(self, index: int) -> None:
        """Go back to a token outside of everything."""
        self.index = index
        self._depth = 0

    def skip_balanced(self, opening: str, closing: str) -> None:
        """Go behind what closes the bracket that the cursor is at."""
        depth = 0
        start = self.token
        while self.token.kind != "end":
            text = self.advance().text
            depth += (text == opening) - (text == closing)
            if depth == 0:
                return
        raise ParseError(start.span, f"'{opening}' is not closed")
