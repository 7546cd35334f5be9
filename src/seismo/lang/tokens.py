"""`Token` and its kinds, and their listing for `-d tokens`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from seismo.base.enum import Enum
from seismo.base.source import Span

__all__ = ("Token", "TokenKind", "format_tokens")


class TokenKind(Enum):
    """What a token is; the value is how messages and listings call it."""

    ATTACH_POINT = "attach point"
    C = "c code"
    NUMBER = "number"
    STRING = "string"
    NAME = "name"
    VARIABLE = "variable"
    PARAMETER = "parameter"
    MAP = "map"
    PUNCTUATION = "punctuation"
    PREDICATE = "predicate"
    END = "end"


class Token(NamedTuple):
    """A piece of the script; `text` is it as written, quotes and escapes included.

    A tuple and not a dataclass: the lexer makes thousands, and a tuple is made three times faster.
    """

    kind: TokenKind
    text: str
    span: Span

    def __str__(self) -> str:
        """As messages name it: `'{'`, `end of script`."""
        return "end of script" if self.kind is TokenKind.END else f"'{self.text}'"


def format_tokens(tokens: Iterable[Token]) -> str:
    """One line a token: where, kind, text."""
    lines: list[str] = []
    for token in tokens:
        where = token.span.location
        place = f"{where.line}:{where.column}"
        lines.append(f"{place:<8}{token.kind.value:<14}{token.text}".rstrip())
    return "\n".join(lines)
