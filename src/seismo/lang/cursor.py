"""`Cursor`: the token stream as the parser's functions share it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import Diagnostics
from seismo.base.errors import SourceError
from seismo.base.source import Source, Span
from seismo.lang.ast import BlockExpr, Expr
from seismo.lang.errors import ParseError
from seismo.lang.tokens import Token, TokenKind

__all__ = ("MAX_DEPTH", "Cursor", "Rules", "too_deep")

# Every stage walks the tree by recursion; this many levels leave room in Python's 1000 frames.
MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Rules:
    """The two rules that lower ones come back to: expressions hold blocks, blocks expressions."""

    expression: Callable[[Cursor], Expr]
    block: Callable[[Cursor], BlockExpr]


class Cursor:
    """The next token, and how deep the parser is in nested brackets, blocks and operands.

    `values` are the names that a macro gives to its parameters: none of them is a type.
    """

    __slots__ = (
        *("_at", "depth", "diagnostics", "parameters", "rules", "source", "token", "tokens"),
        "values",
    )

    def __init__(
        self,
        source: Source,
        tokens: tuple[Token, ...],
        diagnostics: Diagnostics,
        rules: Rules,
        parameters: Sequence[str] = (),
    ) -> None:
        self.source = source
        self.parameters = parameters
        self.tokens = tokens
        self.diagnostics = diagnostics
        self.depth = 0
        self.values: frozenset[str] = frozenset()
        self._at = 0
        self.rules = rules
        self.token = tokens[0]

    @property
    def previous(self) -> Token:
        """The token before the next one."""
        return self.tokens[self._at - 1]

    def ahead(self, count: int = 1) -> Token:
        """The token `count` after the next one; the END again at the end."""
        return self.tokens[min(self._at + count, len(self.tokens) - 1)]

    def parameter(self, text: str, span: Span) -> str:
        """What `$N` stands for, '' when the command line gave no such parameter."""
        # Python refuses to read integers of very many digits.
        number = int(text[1:10])
        if number == 0:
            self.report(ParseError(span, f"there is no parameter {text}", "the first one is $1"))
            return ""
        return self.parameters[number - 1] if number <= len(self.parameters) else ""

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

    def at_word(self, text: str) -> bool:
        """Whether the next token is this word."""
        return self.token.text == text and self.token.kind is TokenKind.NAME

    def accept(self, text: str) -> bool:
        """Take the next token if it is this punctuation."""
        if self.at(text):
            self.advance()
            return True
        return False

    def accept_word(self, text: str) -> bool:
        """Take the next token if it is this word."""
        if self.at_word(text):
            self.advance()
            return True
        return False

    def expect(self, text: str, why: str, hint: str = "") -> Token:
        """Take this punctuation; ParseError, which says `why` it must be here, if it is not."""
        if not self.at(text):
            raise self.unexpected(f"'{text}' {why}", hint)
        return self.advance()

    def expect_kind(self, kind: TokenKind, wanted: str, hint: str = "") -> Token:
        """Take a token of this kind; ParseError, which names what is `wanted`, if it is not."""
        if self.token.kind is not kind:
            raise self.unexpected(wanted, hint)
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

    def report(self, error: SourceError) -> None:
        """Tell a mistake after which parsing goes on."""
        self.diagnostics.error(error.span, error.message, error.hint)


def too_deep(span: Span) -> ParseError:
    """What to say of code that no stage could walk by recursion."""
    return ParseError(span, "this is nested too deeply", "store a part of it in a variable first")
