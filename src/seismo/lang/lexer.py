"""Text to tokens.

A script has two grammars. Outside all braces stand attach points, whose text is raw: it holds `:`,
`/`, `*`, quotes, and ends at a blank, a comma or a brace. Inside braces and predicates stand
statements and expressions. The lexer knows where it is, so the parser sees one token stream:

>>> [token.text for token in tokenize(Source("stdin", "t:sched:* /pid / 2/ { @[comm] }"))]
['t:sched:*', '/', 'pid', '/', '2', '/', '{', '@', '[', 'comm', ']', '}', '']

A `/` outside braces begins a predicate when a blank is before it or no `:` has been seen yet (it
is a path's otherwise); a `/` before a `{` ends it.
"""

from __future__ import annotations

import re

from seismo.base.source import Source, Span
from seismo.lang.errors import LexError
from seismo.lang.tokens import Token, TokenKind

__all__ = ("BLANK", "tokenize")

BLANK = re.compile(r"(?:\s++|//[^\n]*+|/\*(?s:.*?)\*/)*+", re.ASCII)

_KINDS = {
    "name": TokenKind.NAME,
    "punctuation": TokenKind.PUNCTUATION,
    "variable": TokenKind.VARIABLE,
    "map": TokenKind.MAP,
    "number": TokenKind.NUMBER,
    "string": TokenKind.STRING,
    "parameter": TokenKind.PARAMETER,
}
_TOKEN = re.compile(
    r"""(?P<name>[A-Za-z_]\w*)
      | (?P<open>/\*)
      | (?P<punctuation><<=?|>>=?|->|\+\+|--|&&|\|\||[-+*/%&|^=!<>]=?|[~?:;,.(){}\[\]])
      | (?P<variable>\$[A-Za-z_]\w*)
      | (?P<map>@\w*)
      | (?P<number>\d\w*)
      | (?P<string>"(?:[^"\\\n]|\\[^\n])*+")
      | (?P<parameter>\$\d+|\$\#)""",
    re.ASCII | re.VERBOSE,
)
_ATTACH_POINT = re.compile(
    r"""(?: [^\s,;{}/":] | "[^"\n]*+" )*+
        (?: : (?: [^\s,;{}"\\] | \\[^\n] | "(?:[^"\\\n]|\\[^\n])*+" )*+ )?""",
    re.ASCII | re.VERBOSE,
)
_DECLARATION = re.compile(
    r"(?:config|enum|fn|import|let|macro|struct|typedef|union)\b(?![:=])|config=", re.ASCII
)
_DIRECTIVE = re.compile(r"\#(?:[^\\\n]|\\[^\n]|\\\n)*+\\?")
_SHEBANG = re.compile(r"\#![^\n]*")
_PREDICATE_END = re.compile(r"/(?=(?:\s++|//[^\n]*+|/\*(?s:.*?)\*/)*+\{)", re.ASCII)


def tokenize(source: Source) -> tuple[Token, ...]:
    """Every token, an END last; LexError at the first character that begins none."""
    lexer = _Lexer(source)
    lexer.run()
    return tuple(lexer.tokens)


class _Lexer:
    """A position in the text, and the tokens before it."""

    __slots__ = ("at", "source", "text", "tokens")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 0
        self.tokens: list[Token] = []

    def run(self) -> None:
        if shebang := _SHEBANG.match(self.text):
            self.at = shebang.end()
        while self.skip_blanks():
            self.head()
        self.add(TokenKind.END, self.at)

    def skip_blanks(self) -> bool:
        """Go to the next token; False at the end."""
        blank = BLANK.match(self.text, self.at)
        self.at = blank.end() if blank else self.at
        return self.at < len(self.text)

    def add(self, kind: TokenKind, end: int) -> None:
        """A token from here to `end`."""
        start, self.at = self.at, end
        self.tokens.append(Token(kind, self.text[start:end], Span(self.source, start, end)))

    def head(self) -> None:
        """One token outside braces; what it opens, up to its close."""
        char = self.text[self.at]
        if char == "{":
            self.code(TokenKind.PUNCTUATION)
        elif char in ",;}":
            self.add(TokenKind.PUNCTUATION, self.at + 1)
        elif self.text.startswith("/*", self.at):
            raise self.error("a comment is not closed", "end it with '*/'", length=2)
        elif char == "/":
            self.add(TokenKind.PREDICATE, self.at + 1)
            self.code(TokenKind.PREDICATE)
        elif match := _DIRECTIVE.match(self.text, self.at):
            self.add(TokenKind.DIRECTIVE, match.end())
        elif _DECLARATION.match(self.text, self.at):
            self.code(TokenKind.NAME)
        elif (match := _ATTACH_POINT.match(self.text, self.at)) and match.end() > self.at:
            self.add(TokenKind.ATTACH_POINT, match.end())
        else:
            raise self.stray()

    def code(self, opened_by: TokenKind) -> None:
        """Tokens up to the close of what was opened: a block, a predicate, a declaration."""
        depth = 0
        while self.skip_blanks():
            if opened_by is TokenKind.PREDICATE and depth == 0:
                if _PREDICATE_END.match(self.text, self.at):
                    self.add(TokenKind.PREDICATE, self.at + 1)
                    return
                if self.text[self.at] == "{":
                    return
            match = _TOKEN.match(self.text, self.at)
            if match is None or match.lastgroup == "open":
                raise self.stray()
            self.add(_KINDS[match.lastgroup or ""], match.end())
            text = match.group()
            if text == "{":
                depth += 1
            elif text == "}":
                depth -= 1
                if depth <= 0:
                    return
            elif text == ";" and depth == 0:
                return

    def error(self, message: str, hint: str = "", *, length: int = 1) -> LexError:
        return LexError(Span(self.source, self.at, self.at + length), message, hint)

    def stray(self) -> LexError:
        """What is wrong with the text here, where no token begins."""
        char = self.text[self.at]
        if char == '"':
            line_end = self.text.find("\n", self.at)
            end = len(self.text) if line_end < 0 else line_end
            hint = "end it with '\"' on the same line; write a line break as \\n"
            return self.error("a string is not closed", hint, length=end - self.at)
        if self.text.startswith("/*", self.at):
            return self.error("a comment is not closed", "end it with '*/'", length=2)
        if char == "$":
            return self.error("'$' needs a name", "a variable is $name")
        if char == "'":
            return self.error('unexpected character "\'"', 'a string stands in double quotes: "…"')
        return self.error(f"unexpected character {char!r}")
