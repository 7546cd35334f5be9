"""What the front end raises; each carries the span of the mistake."""

from __future__ import annotations

from seismo.base.errors import SourceError

__all__ = ("LexError", "ParseError")


class LexError(SourceError):
    """Text that is no token: a stray character, an open string, a bad literal."""


class ParseError(SourceError):
    """Tokens in an order that the language does not have."""
