"""The arithmetic of filter expressions: `tcp[12] & 0xf0 >> 2`, and relations of it.

From the loosest: `|`, then `&`, `<< >>`, `+ -`, `* /`. libpcap gives `%` and `^` no precedence:
each has as its left operand what stands next to it, and as its right one all that follows; so here.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from seismo.base.source import Span
from seismo.cbpf.errors import FilterError
from seismo.cbpf.filter import ast
from seismo.cbpf.filter.ast import Arithmetic
from seismo.cbpf.filter.names import FIELD_NUMBERS, PROTOCOL_WORDS
from seismo.cbpf.filter.tokens import Token, TokenKind

__all__ = ("ArithmeticParser", "number_of")

_RELATIONS = ("=", "!=", ">", ">=", "<", "<=")
_LEVELS = {"|": 1, "&": 2, "<<": 3, ">>": 3, "+": 4, "-": 4, "*": 5, "/": 5}
_GREEDY = ("%", "^")
_OPERATORS = (*_RELATIONS, *_LEVELS, *_GREEDY)
_SIZES = (1, 2, 4)
_U32_END = 1 << 32
_DEEPEST = 64


def number_of(token: Token) -> int:
    """The value of a number as C writes it, or of a word that is one; FilterError beyond u32."""
    if token.text in FIELD_NUMBERS:
        return FIELD_NUMBERS[token.text]
    text = token.text
    is_octal = text[0] == "0" and text.isdigit()
    if is_octal and not set(text) <= set("01234567"):
        raise FilterError(token.span, f"{text} is no octal number", "take out the leading 0")
    value = int(text, 8 if is_octal else 0)
    if value >= _U32_END:
        raise FilterError(token.span, f"{text} does not fit 32 bits")
    return value


class _Depth:
    """How many parentheses are open; deeper than that, an expression is a mistake."""

    def __init__(self, parser: ArithmeticParser) -> None:
        self.parser = parser
        self.depth = 0

    def __enter__(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise FilterError(self.parser.last, f"more than {_DEEPEST} levels deep")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.depth -= 1


class ArithmeticParser:
    """A place among tokens, and the part of the grammar whose results are numbers."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.deeper = _Depth(self)

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    @property
    def last(self) -> Span:
        """Where the token before this one is."""
        return self.tokens[max(0, self.at - 1)].span

    def peek(self, ahead: int) -> Token:
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def take(self) -> Token:
        """The next token, which is behind us then; the END stays."""
        token = self.token
        if token.kind is not TokenKind.END:
            self.at += 1
        return token

    def accept(self, text: str) -> bool:
        """Whether the next token is this word or sign; it is taken then."""
        is_it = self.token.text == text and self.token.kind is not TokenKind.NAME
        self.at += is_it
        return is_it

    def expect(self, text: str) -> None:
        """Take this sign, which must be next."""
        if not self.accept(text):
            raise self.unexpected(f"'{text}' is missing here")

    def take_kind(self, kind: TokenKind, what: str) -> Token:
        """The next token, which must be of this kind; `what` names it for people."""
        if self.token.kind is not kind:
            raise self.unexpected(f"{what} goes here")
        return self.take()

    def unexpected(self, hint: str) -> FilterError:
        """The error of a token that does not fit in."""
        if self.token.kind is TokenKind.END:
            return FilterError(self.token.span, "the expression ends too early", hint)
        return FilterError(self.token.span, f"unexpected '{self.token.span.text}'", hint)

    def is_arithmetic(self, ahead: int) -> bool:
        """Whether the tokens from there on begin a relation, not a value or a condition."""
        token = self.peek(ahead)
        if token.kind is TokenKind.WORD:
            has_index = token.text in PROTOCOL_WORDS and self.peek(ahead + 1).text == "["
            return token.text == "len" or has_index
        if token.text == "(":
            return self.peek(self.closing(ahead) + 1).text in _OPERATORS
        if token.kind is not TokenKind.NUMBER:
            return token.text == "-"
        after = ahead + 1
        # Numbers in parentheses: those that were opened before this one are closed here.
        while self.peek(after).text == ")" and after > ahead and self.opened(ahead):
            after += 1
        return self.peek(after).text in _OPERATORS

    def opened(self, ahead: int) -> bool:
        """Whether a `(` stands right before."""
        return self.at + ahead > 0 and self.tokens[self.at + ahead - 1].text == "("

    def closing(self, ahead: int) -> int:
        """How far ahead the `)` is that closes the `(` there."""
        depth = 0
        while self.peek(ahead).kind is not TokenKind.END:
            depth += {"(": 1, ")": -1}.get(self.peek(ahead).text, 0)
            if depth == 0:
                return ahead
            ahead += 1
        return ahead

    def relation(self) -> ast.Relation:
        """Two numbers and a comparison between them."""
        left = self.arithmetic()
        if self.token.text not in _RELATIONS:
            raise self.unexpected("a number is compared by one of = != > >= < <=")
        op = self.take().text
        right = self.arithmetic()
        return ast.Relation(left.span.join(right.span), op, left, right)

    def arithmetic(self, level: int = 1) -> Arithmetic:
        """All operators that bind at least as `level` does."""
        left = self.operand()
        while (op := self.token.text) in _GREEDY or _LEVELS.get(op, 0) >= level:
            self.take()
            with self.deeper:
                right = self.arithmetic(1 if op in _GREEDY else _LEVELS[op] + 1)
            left = ast.Binary(left.span.join(right.span), op, left, right)
        return left

    def operand(self) -> Arithmetic:
        """What stands between operators."""
        start = self.token.span
        if self.accept("("):
            with self.deeper:
                inner = self.arithmetic()
            self.expect(")")
            return inner
        if self.accept("-"):
            with self.deeper:
                inner = self.operand()
            return ast.Negation(start.join(inner.span), inner)
        if self.accept("len"):
            return ast.Length(start)
        if self.token.text in PROTOCOL_WORDS and self.token.kind is TokenKind.WORD:
            return self.access()
        number = self.take_kind(TokenKind.NUMBER, "a number, `len` or `PROTOCOL[INDEX]`")
        return ast.Number(start, number_of(number))

    def access(self) -> ast.Access:
        """`PROTOCOL[INDEX]` or `PROTOCOL[INDEX:SIZE]`."""
        protocol = self.take()
        self.expect("[")
        with self.deeper:
            index = self.arithmetic()
        size = 1
        if self.accept(":"):
            token = self.take_kind(TokenKind.NUMBER, "a size")
            size = number_of(token)
            if size not in _SIZES:
                raise FilterError(token.span, f"no access of {size} bytes", "it is 1, 2 or 4")
        self.expect("]")
        return ast.Access(protocol.span.join(self.last), protocol.text, index, size)
