"""Tokens to a syntax tree.

    expression   term { and|or (value | term) }        `and` and `or` bind alike, from the left
    term         not term | ( expression ) | relation | qualifiers value | a word by itself
    value        ADDRESS [/ NUMBER | mask ADDRESS] | NUMBER | NAME
                 | not value | ( value { and|or value } )

A value without qualifiers has those of the term before it: `tcp port 80 or 443`.
"""

from __future__ import annotations

from seismo.base.source import Source, Span
from seismo.cbpf.errors import FilterError
from seismo.cbpf.filter import ast
from seismo.cbpf.filter.arithmetic import ArithmeticParser, number_of
from seismo.cbpf.filter.ast import Expression, Qualifiers
from seismo.cbpf.filter.names import PROTOCOL_WORDS
from seismo.cbpf.filter.tokens import Token, TokenKind, tokenize

__all__ = ("parse_filter",)

Term = tuple[Expression, Qualifiers | None]

_VALUES = (TokenKind.NUMBER, TokenKind.NAME, TokenKind.IPV4, TokenKind.IPV6, TokenKind.MAC)
_KINDS = ("host", "net", "port", "portrange", "proto", "protochain", "gateway")
_UNDIRECTED = ("proto", "protochain")
_ENCAPSULATIONS = ("vlan", "mpls", "pppoed", "pppoes")
_UNKNOWN = {
    "byte": "write `ether[N] & M != 0`",
    "gateway": "write `ether host MAC and not host ADDRESS`",
    "geneve": "write `udp port 6081`",
}


def parse_filter(source: Source) -> Expression | None:
    """The expression's tree, None for an empty one (it takes every packet); FilterError."""
    tokens = tokenize(source)
    if tokens[0].kind is TokenKind.END:
        return None
    return _Parser(tokens).whole()


class _Parser(ArithmeticParser):
    """Where it stands in the tokens, and how deep."""

    def whole(self) -> Expression:
        expression, _ = self.expression()
        if self.token.kind is not TokenKind.END:
            raise self.unexpected("`and` or `or` goes between two conditions")
        return expression

    def expression(self) -> Term:
        left, known = self.term()
        while self.token.text in ("and", "or") and self.token.kind is TokenKind.WORD:
            op = self.take().text
            if self.is_value():
                if known is None:
                    raise self.unexpected("say what it is: `host`, `net`, `port`, `proto`")
                right: Expression = self.value(known)
            else:
                right, known = self.term()
            left = ast.Combined(left.span.join(right.span), op, left, right)
        return left, known

    def is_value(self) -> bool:
        """Whether a value begins here, behind any `not` and `(`."""
        ahead = 0
        while self.peek(ahead).text in ("not", "("):
            ahead += 1
        return self.peek(ahead).kind in _VALUES and not self.is_arithmetic(ahead)

    def value(self, known: Qualifiers) -> Expression:
        """A value, or several in parentheses, of what the qualifiers say."""
        start = self.token.span
        if self.accept("not"):
            with self.deeper:
                inner = self.value(known)
            return ast.Inverse(start.join(inner.span), inner)
        if self.accept("("):
            with self.deeper:
                left = self.value(known)
                while self.token.text in ("and", "or"):
                    op = self.take().text
                    right = self.value(known)
                    left = ast.Combined(left.span.join(right.span), op, left, right)
            self.expect(")")
            return left
        if self.token.kind not in _VALUES:
            raise self.unexpected(f"a value follows `{known.kind or known.direction}`")
        value = self.take()
        mask = self.mask(value)
        return ast.Primitive(start.join(self.last), known, value, mask)

    def mask(self, value: Token) -> Token | None:
        if value.kind not in (TokenKind.IPV4, TokenKind.IPV6):
            return None
        if self.accept("/"):
            return self.take_kind(TokenKind.NUMBER, "the length of a prefix")
        if value.kind is TokenKind.IPV4 and self.accept("mask"):
            return self.take_kind(TokenKind.IPV4, "a mask such as 255.255.0.0")
        return None

    def term(self) -> Term:
        start = self.token.span
        if self.is_arithmetic(0):
            return self.relation(), None
        if self.accept("not"):
            with self.deeper:
                inner, known = self.term()
            return ast.Inverse(start.join(inner.span), inner), known
        if self.accept("("):
            with self.deeper:
                inner, known = self.expression()
            self.expect(")")
            return inner, known
        if self.token.kind is not TokenKind.WORD:
            raise self.unexpected("a condition is e.g. `host 10.0.0.1`, `tcp port 80`, `arp`")
        if (alone := self.word()) is not None:
            return alone, None
        return self.primitive()

    def word(self) -> Expression | None:
        """A condition that begins with a word that is no qualifier."""
        word, start = self.token.text, self.token.span
        if word in _UNKNOWN:
            raise FilterError(start, f"there is no '{word}' in these filters", _UNKNOWN[word])
        if word in ("less", "greater"):
            self.take()
            number = self.take_kind(TokenKind.NUMBER, "a length in bytes")
            span = start.join(number.span)
            op = "<=" if word == "less" else ">="
            bound = ast.Number(number.span, number_of(number))
            return ast.Relation(span, op, ast.Length(start), bound)
        if word in _ENCAPSULATIONS:
            self.take()
            takes_one = word != "pppoed" and self.token.kind is TokenKind.NUMBER
            number_token = self.take() if takes_one and not self.is_arithmetic(0) else None
            return ast.Encapsulation(start.join(self.last), word, number_token)
        if word in ("inbound", "outbound"):
            self.take()
            return ast.Way(start, word == "outbound")
        if word in ("broadcast", "multicast"):
            self.take()
            return ast.Cast(start, "", word)
        return None

    def primitive(self) -> Term:
        """Qualifiers and a value, or a protocol alone."""
        start = self.token.span
        protocol = self.take().text if self.token.text in PROTOCOL_WORDS else ""
        if protocol and self.token.text in ("broadcast", "multicast"):
            kind = self.take().text
            return ast.Cast(start.join(self.last), protocol, kind), None
        direction = self.direction()
        is_kind = self.token.text in _KINDS and self.token.kind is TokenKind.WORD
        kind = self.take().text if is_kind else ""
        if kind in _UNDIRECTED and direction:
            raise FilterError(self.last, f"'{kind}' has no direction", f"take out `{direction}`")
        if not direction and not kind:
            if not protocol:
                raise self.unexpected("this word does not begin a condition")
            return ast.Abbreviation(start, protocol), None
        known = Qualifiers(protocol, direction, kind)
        value = self.value(known)
        return _widened(value, start), known

    def direction(self) -> str:
        """`src`, `dst`, `src or dst`, `src and dst`, or nothing."""
        if self.token.text not in ("src", "dst"):
            return ""
        first = self.take().text
        other = "dst" if first == "src" else "src"
        if self.token.text in ("and", "or") and self.peek(1).text == other:
            op = self.take().text
            self.take()
            return f"src {op} dst"
        return first


def _widened(value: Expression, start: Span) -> Expression:
    """A primitive's span from its first qualifier on."""
    if isinstance(value, ast.Primitive):
        return ast.Primitive(start.join(value.span), value.qualifiers, value.value, value.mask)
    return value
