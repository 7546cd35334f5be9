"""Words of filter expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seismo.base.dataclass import dataclass

__all__ = ("FilterToken", "tokens_of")

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted>"(?:[^"\\]|\\.)*"|'[^']*')
      | (?P<mark>==|!=|<=|>=|&&|\|\||[=<>!(),])
      | (?P<word>[^\s()<>=!,"']+)
      | (?P<wrong>.)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FilterToken:
    """`kind` is `word`, `quoted` (`text` without its quotes), `mark`, `wrong` or `end`."""

    kind: str
    text: str
    start: int
    end: int


def tokens_of(text: str) -> Iterator[FilterToken]:
    """All words and marks, and an `end`."""
    at = 0
    while match := _TOKEN.match(text, at):
        kind = match.lastgroup or "wrong"
        value = match[kind]
        if kind == "quoted":
            inner = value[1:-1]
            value = _ESCAPE.sub(r"\1", inner) if match[kind][0] == '"' else inner
        yield FilterToken(kind, value, match.start(kind), match.end(kind))
        at = match.end()
    yield FilterToken("end", "", len(text), len(text))
