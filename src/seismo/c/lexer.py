"""Text to the words that the preprocessor works on, in lines.

>>> [[word.value for word in line] for line in lines_of(Source("<text>", "#define N 1\\nint x;"))]
[['#', 'define', ' ', 'N', ' ', '1', '\\n'], ['int', ' ', 'x', ';', '\\n']]

The kinds are those of pcpp's own lexer, whose place this one takes: `CPP_ID`, `CPP_INTEGER`,
`CPP_WS` … Comments are spaces, continued lines are one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, final

from seismo.base.source import NOWHERE, Source, Span

__all__ = ("Lexer", "Word", "lines_of", "words_of")


@final
class Word:
    """A word of the preprocessor; the names are those that pcpp asks for.

    pcpp says that what a macro stands for is in the line (`lineno`) of the macro's use. That place
    holds a span here, so that each word knows where its macro was used; `span` is where the word
    itself was written, None in the body of a macro.
    """

    __slots__ = ("expanded_from", "lineno", "source", "span", "type", "value")

    def __init__(self, type_: str, value: str, span: Span | None) -> None:
        self.type = type_
        self.value = value
        self.lineno = span or NOWHERE
        self.span = span
        self.source = ""
        self.expanded_from: list[str] = []

    def __copy__(self) -> Word:
        word = Word(self.type, self.value, self.span)
        word.lineno = self.lineno
        word.expanded_from = self.expanded_from.copy()
        return word

    @property
    def shown_at(self) -> Span:
        """Where to point at: the word itself, or the use of the macro that it comes from."""
        return self.span or self.lineno

    def __repr__(self) -> str:
        return f"Word({self.type}, {self.value!r})"


_WORD = re.compile(
    r"""(?P<space>(?:[ \t\f\v\r]|\\[ \t]*\r?\n|/\*.*?\*/|//(?:\\\r?\n|[^\n])*)+)
    |(?P<newline>\n)
    |(?P<CPP_STRING>(?:u8|[LuU])?"(?:\\.|[^"\\\n])*")
    |(?P<CPP_CHAR>[LuU]?'(?:\\.|[^'\\\n])*')
    |(?P<CPP_ID>[A-Za-z_]\w*)
    |(?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
    |(?P<CPP_BROKEN>/\*.*|["'][^\n]*)
    |(?P<mark>\.\.\.|<<=|>>=|->|\+\+|--|<<|>>|[-+*/%&|^<>=!]=|&&|\|\||\#\#|.)""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)

_MARKS = {
    "#": "CPP_POUND",
    "##": "CPP_DPOUND",
    "+": "CPP_PLUS",
    "-": "CPP_MINUS",
    "*": "CPP_STAR",
    "/": "CPP_FSLASH",
    "%": "CPP_PERCENT",
    "|": "CPP_BAR",
    "&": "CPP_AMPERSAND",
    "~": "CPP_TILDE",
    "^": "CPP_HAT",
    "<": "CPP_LESS",
    ">": "CPP_GREATER",
    "!": "CPP_EXCLAMATION",
    "?": "CPP_QUESTION",
    "(": "CPP_LPAREN",
    ")": "CPP_RPAREN",
    ",": "CPP_COMMA",
    ":": "CPP_COLON",
    "<<": "CPP_LSHIFT",
    "<=": "CPP_LESSEQUAL",
    ">>": "CPP_RSHIFT",
    ">=": "CPP_GREATEREQUAL",
    "||": "CPP_LOGICALOR",
    "&&": "CPP_LOGICALAND",
    "==": "CPP_EQUALITY",
    "!=": "CPP_INEQUALITY",
}
"""What pcpp looks for or computes with; the other marks of C mean nothing to it."""

_CONTINUED = re.compile(r"\\\r?\n")


def lines_of(source: Source) -> Iterator[list[Word]]:
    """The lines of a text, each with a newline as its last word."""
    space = Word("CPP_WS", " ", None)
    line: list[Word] = []
    for match in _WORD.finditer(source.text):
        kind = match.lastgroup
        if kind == "space":
            line.append(space)
        elif kind == "newline":
            line.append(Word("CPP_WS", "\n", None))
            yield line
            line = []
        else:
            line.append(_word(str(kind), match[0], Span(source, match.start(), match.end())))
    if line:
        line.append(Word("CPP_WS", "\n", None))
        yield line


def _word(kind: str, text: str, span: Span) -> Word:
    if kind == "mark":
        return Word(_MARKS.get(text, "CPP_MARK"), text, span)
    if kind == "number":
        is_integer = "." not in text and text.isalnum()
        return Word("CPP_INTEGER" if is_integer else "CPP_FLOAT", text, span)
    if kind in ("CPP_STRING", "CPP_CHAR") and "\n" in text:
        text = _CONTINUED.sub("", text)
    return Word(kind, text, span)


def words_of(text: str) -> list[Word]:
    """The words of one line that the user did not write: of a macro's body, of `-D`."""
    words = [word for line in lines_of(Source("", text)) for word in line[:-1]]
    for word in words:
        word.span, word.lineno = None, NOWHERE
    return words


@final
class Lexer:
    """The lexer that pcpp asks what two words pasted together are."""

    def __init__(self) -> None:
        self._words: Iterator[Word] = iter(())

    def clone(self) -> Lexer:
        return Lexer()

    def input(self, text: str) -> None:
        """Starts with another text; what would be a comment is one word that means nothing."""
        self._words = iter(words_of(text) or (Word("CPP_MARK", text, None),))

    def token(self) -> Any:
        """The next word, None at the end."""
        return next(self._words, None)
