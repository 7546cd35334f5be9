"""Text to tokens.

A script has three grammars. Outside all braces stand C declarations and preprocessor lines, which
are kept as they are, and attach points, whose text is raw: it holds `:`, `/`, `*`, quotes, and
ends at a blank, a comma or a brace. Inside braces and predicates stand statements and expressions.
The lexer knows where it is, so the parser sees one token stream:

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

__all__ = ("BLANK", "COMMENT", "scan", "shebang_end", "tokenize")

# Each has but one way to match, so that nothing is lost by giving back. A possessive group would
# say so, but Python before 3.11.5 matches those wrongly (python/cpython issue 106052).
COMMENT = r"/\*[^*]*+\*++(?:[^*/][^*]*+\*++)*/"
_STRING = r'"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*"'
_BLANKS = rf"(?:\s++|//[^\n]*+|{COMMENT})*"
BLANK = re.compile(_BLANKS, re.ASCII)

_KINDS = {
    "name": TokenKind.NAME,
    "punctuation": TokenKind.PUNCTUATION,
    "variable": TokenKind.VARIABLE,
    "map": TokenKind.MAP,
    "number": TokenKind.NUMBER,
    "string": TokenKind.STRING,
    "parameter": TokenKind.PARAMETER,
}
# No group matches where no token begins: at the end, and before what is no token.
_TOKEN = re.compile(
    rf"""{_BLANKS}(?:
        (?P<name>[A-Za-z_]\w*+)
      | (?!/\*)
        (?P<punctuation>
            <<=?|>>=?|->|\+\+|--|&&|\|\||\.\.|[-+*/%&|^=!<>]=?|[~?:;,.(){{}}\[\]])
      | (?P<variable>\$[A-Za-z_]\w*+)
      | (?P<map>@(?:[A-Za-z_]\w*+)?)
      | (?P<number>\d\w*+)
      | (?P<string>{_STRING})
      | (?P<parameter>\$\d+|\$\#)
      |)""",
    re.ASCII | re.VERBOSE,
)
_ATTACH_POINT = re.compile(
    rf"""(?: [^\s,;{{}}/":]++ | "[^"\n]*+" )*
         (?: : (?: [^\s,;{{}}"\\]++ | \\[^\n] | {_STRING} )* )?""",
    re.ASCII | re.VERBOSE,
)
_DECLARATION = re.compile(
    r"(?:config|enum|fn|import|let|macro|struct|typedef|union)\b(?![:=])|config=", re.ASCII
)
_PREDICATE_END = re.compile(rf"/(?={_BLANKS}\{{)", re.ASCII)

# Few scripts hold C: these are compiled when one does.
_C_WORDS = frozenset(("enum", "struct", "typedef", "union"))
_QUOTED = rf"""{_STRING} | '[^'\\\n]*+(?:\\.[^'\\\n]*+)*' """
_DIRECTIVE = rf"(?x) \# (?: //[^\n]*+ | {COMMENT} | {_QUOTED} | \\\n | [^\n] )*"
_C_PIECE = rf"(?x) //[^\n]*+ | {COMMENT} | {_QUOTED} | [{{}};]"
_C_TAIL = rf"(?a)(?:{_BLANKS}__attribute__\s*+\(\((?:[^()]++|\([^()]*+\))*\)\))*{_BLANKS};"


def tokenize(source: Source) -> tuple[Token, ...]:
    """Every token, an END last; LexError at the first character that begins none."""
    tokens, errors = scan(source)
    if errors:
        raise errors[0]
    return tokens


def scan(source: Source) -> tuple[tuple[Token, ...], tuple[LexError, ...]]:
    """Every token, an END last, and an error for each piece of the text that is none."""
    lexer = _Lexer(source)
    lexer.run()
    return tuple(lexer.tokens), tuple(lexer.errors)


def shebang_end(text: str) -> int:
    """How long the `#!` line is with which a script may begin."""
    if not text.startswith("#!"):
        return 0
    end = text.find("\n")
    return len(text) if end < 0 else end


class _Lexer:
    """A position in the text, the tokens and the errors before it."""

    __slots__ = ("at", "errors", "source", "text", "tokens")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 0
        self.tokens: list[Token] = []
        self.errors: list[LexError] = []

    def run(self) -> None:
        self.at = shebang_end(self.text)
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
            self.code()
        elif char in ",;}":
            self.add(TokenKind.PUNCTUATION, self.at + 1)
        elif char == "/" and not self.text.startswith("/*", self.at):
            self.add(TokenKind.PREDICATE, self.at + 1)
            self.code(in_predicate=True)
        elif char == "#":
            line = re.compile(_DIRECTIVE).match(self.text, self.at)
            self.add(TokenKind.C, self.at + len(line.group().rstrip() if line else char))
        elif match := _DECLARATION.match(self.text, self.at):
            if match.group() in _C_WORDS:
                self.c_declaration()
            else:
                self.code(word=match.group())
        elif (match := _ATTACH_POINT.match(self.text, self.at)) and match.end() > self.at:
            self.add(TokenKind.ATTACH_POINT, match.end())
        else:
            self.stray()

    def code(self, word: str = "", *, in_predicate: bool = False) -> None:
        """Tokens up to the close of what begins here: a block, a predicate, a declaration."""
        text, source, append = self.text, self.source, self.tokens.append
        depth = 0
        while True:
            match = _TOKEN.match(text, self.at)
            group = match.lastgroup if match else None
            if match is None or group is None:
                self.at = match.end() if match else self.at
                if self.at >= len(text):
                    return
                self.stray()
                continue
            start, end = match.span(group)
            piece = text[start:end]
            if in_predicate and depth == 0 and piece[0] in "/{":
                self.at = start
                if piece == "{":
                    return
                if _PREDICATE_END.match(text, start):
                    self.add(TokenKind.PREDICATE, start + 1)
                    return
            self.at = end
            append(Token(_KINDS[group], piece, Span(source, start, end)))
            if piece == "{":
                depth += 1
            elif piece == "}":
                depth -= 1
                if depth <= 0:
                    return
            elif depth == 0 and (piece == ";" or _ends(word, piece)):
                return

    def c_declaration(self) -> None:
        """A `struct`, `union`, `enum` or `typedef`, up to its `;` (or the `}` without one)."""
        is_typedef = self.text.startswith("typedef", self.at)
        depth, opening = 0, self.at
        for piece in re.compile(_C_PIECE).finditer(self.text, self.at):
            match piece.group():
                case "{":
                    opening = piece.start() if depth == 0 else opening
                    depth += 1
                case "}":
                    depth -= 1
                    if depth <= 0 and not is_typedef:
                        tail = re.compile(_C_TAIL).match(self.text, piece.end())
                        self.add(TokenKind.C, tail.end() if tail else piece.end())
                        return
                case ";" if depth <= 0:
                    self.add(TokenKind.C, piece.end())
                    return
        if depth:
            self.error(opening, opening + 1, "this '{' is not closed", "end it with '};'")
        else:
            self.error(self.at, self.at + 1, "this declaration has no end", "end it with ';'")
        self.at = len(self.text)

    def error(self, start: int, end: int, message: str, hint: str = "") -> None:
        """Keep an error, and go on after it."""
        self.errors.append(LexError(Span(self.source, start, end), message, hint))
        self.at = end

    def stray(self) -> None:
        """Tell what is wrong with the text here, where no token begins."""
        at = self.at
        char = self.text[at]
        line_end = self.text.find("\n", at)
        line_end = len(self.text) if line_end < 0 else line_end
        if char == '"':
            hint = "end it with '\"' on the same line; write a line break as \\n"
            self.error(at, line_end, "a string is not closed", hint)
        elif self.text.startswith("/*", at):
            self.error(at, at + 2, "a comment is not closed", "end it with '*/'")
            self.at = len(self.text)
        elif char == "$":
            self.error(at, at + 1, "'$' needs a name", "a variable is $name")
        elif char == "'":
            closing = self.text.find("'", at + 1, line_end)
            end = at + 1 if closing < 0 else closing + 1
            hint = 'a string stands in double quotes: "…"'
            self.error(at, end, 'unexpected character "\'"', hint)
        elif char == "#":
            hint = "preprocessor lines stand before the first probe, comments begin with //"
            self.error(at, at + 1, "unexpected character '#'", hint)
            self.at = line_end
        else:
            self.error(at, at + 1, f"unexpected character {char!r}")


def _ends(word: str, piece: str) -> bool:
    """Whether a declaration that may lack its `;` can end here."""
    return (word == "let" and piece == ")") or (word == "import" and piece[0] == '"')
