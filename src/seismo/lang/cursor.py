"""`Cursor`: the token stream as the parser's functions share it."""

from __future__ import annotations

from collections.abc import Sequence

from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source, Span
from seismo.lang.errors import ParseError
from seismo.lang.tokens import Token, TokenKind

__all__ = ("MAX_DEPTH", "Cursor")

# Every stage walks the tree by recursion; this many levels leave room in Python's 1000 frames.
MAX_DEPTH = 100


class Cursor:
    """The next token, and how deep the parser is in nested brackets, blocks and operands."""

    __slots__ = ("_at", "depth", "diagnostics", "parameters", "source", "token", "tokens")

    def __init__(
        self,
        source: Source,
        tokens: tuple[Token, ...],
        diagnostics: Diagnostics,
        parameters: Sequence[str] = (),
    ) -> None:
        self.source = source
        self.parameters = parameters
        self.tokens = tokens
        self.diagnostics = diagnostics
        self.depth = 0
        self._at = 0
        self.token = tokens[0]

    @property
    def previous(self) -> Token:
        """The token before the next one."""
        return self.tokens[self._at - 1]

    @property
    def following(self) -> Token:
        """The token after the next one; the END again at the end."""
        return self.tokens[min(self._at + 1, len(self.tokens) - 1)]

    def parameter(self, text: str) -> str:
        """What `$N` stands for, '' when the command line gave no such parameter."""
        # Python refuses to read integers of very many digits.
        number = int(text[1:]) if len(text) < 8 else 0
        return self.parameters[number - 1] if 1 <= number <= len(self.parameters) else ""

    def advance(self) -> Token:
        """Take the next token; END is never passed."""
        token = self.token
        if token.kind is not TokenKind.END:
            self._at += 1
            self.token = self.tokens[self._at]
        return token

    def at(self, text: str) -> bool:
        """Whether the next token is this punctuation."""
        return self.token.text == text and self.token.kind is TokenKind.PUNCTUATION

    def accept(self, text: str) -> bool:
        """Take the next token if it is this punctuation."""
        if self.at(text):
            self.advance()
            return True
        return False

    def expect(self, text: str, why: str, hint: str = "") -> Token:
        """Take this punctuation; ParseError, which says `why` it must be here, if it is not."""
        if not self.at(text):
            raise self.unexpected(f"'{text}' {why}", hint)
        return self.advance()

    def unexpected(self, wanted: str, hint: str = "") -> ParseError:
        """The next token is not what must stand here."""
        return ParseError(self.token.span, f"expected {wanted}, found {self.token}", hint)

    def span_from(self, start: Span) -> Span:
        """From `start` to the end of the token taken last."""
        return Span(self.source, start.start, max(start.end, self.previous.span.end))

    def descend(self) -> None:
        """Go one level deeper; the caller lowers `depth` again. ParseError beyond MAX_DEPTH."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise too_deep(self.token.span)

    def report(self, error: ParseError) -> None:
        """Tell a mistake after which parsing goes on."""
        self.diagnostics.error(error.span, error.message, error.hint)


def too_deep(span: Span) -> ParseError:
    """What to say of code that no stage could walk by recursion."""
    return ParseError(span, "this is nested too deeply", "store a part of it in a variable first")
