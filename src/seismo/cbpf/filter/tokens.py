"""A filter expression cut into tokens, by the rules of libpcap's scanner: the longest match wins.

>>> [one.text for one in tokenize(Source("stdin", "tcp[tcpflags] & tcp-syn != 0"))]
['tcp', '[', 'tcpflags', ']', '&', 'tcp-syn', '!=', '0', '']
"""

from __future__ import annotations

import re

from seismo.base.dataclass import dataclass
from seismo.base.enum import Enum
from seismo.base.source import Source, Span
from seismo.cbpf.errors import FilterError
from seismo.cbpf.filter.names import FIELD_NUMBERS, KEYWORDS

__all__ = ("Token", "TokenKind", "tokenize")


class TokenKind(Enum):
    """What a token is; a `NAME` is of a host, port or protocol."""

    WORD = "word"
    NAME = "name"
    NUMBER = "number"
    IPV4 = "address"
    IPV6 = "IPv6 address"
    MAC = "Ethernet address"
    PUNCTUATION = "punctuation"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One token; the text of a word is its usual spelling (`and` for `&&`)."""

    kind: TokenKind
    text: str
    span: Span


_PAIR = "[0-9A-Fa-f]{1,2}"
_QUAD = "[0-9A-Fa-f]{4}"
_PATTERNS = (
    (TokenKind.PUNCTUATION, r">=|<=|!=|==|<<|>>|&&|\|\||[!<>()\[\]+\-*/%&|^=:]"),
    (
        TokenKind.MAC,
        rf"{_PAIR}(?::{_PAIR}){{5}}|{_PAIR}(?:-{_PAIR}){{5}}|{_PAIR}(?:\.{_PAIR}){{5}}"
        rf"|{_QUAD}\.{_QUAD}\.{_QUAD}|[0-9A-Fa-f]{{12}}",
    ),
    (TokenKind.NUMBER, r"0[xX][0-9A-Fa-f]+|[0-9]+"),
    (TokenKind.IPV4, r"[0-9]+(?:\.[0-9]+){1,3}"),
    (
        TokenKind.IPV6,
        r"(?:[0-9A-Fa-f]+:){7}[0-9A-Fa-f]+|(?:[0-9A-Fa-f]+(?::[0-9A-Fa-f]+)*)?::[0-9A-Fa-f:.]*",
    ),
    (TokenKind.NAME, r"[A-Za-z0-9](?:[-_.A-Za-z0-9]*[.A-Za-z0-9])?"),
    (TokenKind.NAME, r"\\[^ !()\n\t]+"),
)
_COMPILED = tuple((kind, re.compile(pattern)) for kind, pattern in _PATTERNS)
_BLANK = re.compile(r"\s*")
_SPELLINGS = {"&&": "and", "||": "or", "!": "not", "==": "="}


def tokenize(source: Source) -> tuple[Token, ...]:
    """Every token, an END last; FilterError at the first character that begins none."""
    tokens = []
    at = 0
    while True:
        blank = _BLANK.match(source.text, at)
        at = blank.end() if blank else at
        if at == len(source.text):
            break
        token = _token(source, at)
        tokens.append(token)
        at = token.span.end
    return (*tokens, Token(TokenKind.END, "", Span(source, at, at)))


def _token(source: Source, at: int) -> Token:
    """The longest token at `at`; of two that are as long, the one whose pattern is first."""
    best, end = TokenKind.END, at
    for kind, pattern in _COMPILED:
        found = pattern.match(source.text, at)
        if found and found.end() > end:
            best, end = kind, found.end()
    text = source.text[at:end]
    span = Span(source, at, end)
    if best is TokenKind.END:
        place = Span(source, at, at + 1)
        raise FilterError(place, f"a filter has no '{source.text[at]}'")
    if best is TokenKind.NAME:
        if text in FIELD_NUMBERS:
            return Token(TokenKind.NUMBER, text, span)
        if text in KEYWORDS:
            return Token(TokenKind.WORD, KEYWORDS[text], span)
        return Token(best, text.removeprefix("\\"), span)
    spelling = _SPELLINGS.get(text, text)
    if spelling in KEYWORDS:
        return Token(TokenKind.WORD, spelling, span)
    return Token(best, spelling, span)
