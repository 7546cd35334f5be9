"""The language of conditions: text to `Condition`.

    condition  = and-part { "or" and-part }
    and-part   = factor { "and" factor }
    factor     = "not" factor | "(" condition ")" | comparison
    comparison = field operator value
               | field [ "not" ] "in" "[" value { "," value } "]"
               | field "cidr" value | field "cidr" "[" value { "," value } "]"
               | field "exists" | field
    operator   = "=" | "==" | "!=" | "<" | "<=" | ">" | ">="
               | "prefix" | "suffix" | "contains" | "glob"
    value      = number | "text" | 'text' | word

Numbers are decimal, 0x…, 0o… or 0b…, and may have a unit of time (`5ms` is 5000000: ns, us, ms, s)
or of size (`4KiB`, `1MiB`). In quotes, a backslash takes the next character as it is; `\\n` and
`\\t` are what they are in C. A field alone is true when it is neither 0 nor empty.
`TraceLeft`'s `arg[0]` is `arg0`.

>>> parse_expression('event = openat and not path prefix "/usr" and ret < 0')
AllOf(parts=(Comparison(field='event', …
"""

from __future__ import annotations

import re

from seismo.audit.rules.model import AllOf, AnyOf, Comparison, Condition, Constant, Not, Operator
from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError

__all__ = ("ALONE", "ExpressionError", "parse_constant", "parse_expression")

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<sign>==|!=|<=|>=|=|<|>|\(|\)|\[|\]|,)
      | (?P<word>[^\s"'()\[\],=!<>]+(?:\[\d+\])?)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ARGUMENT = re.compile(r"arg\[(\d)\]")
_NUMBER = re.compile(r"([+-]?(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|\d+))([A-Za-z]*)")
_UNITS = {
    "": 1,
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
}
_ESCAPED = {"n": "\n", "t": "\t"}
_LARGEST = (1 << 64) - 1
_MOST_NESTED = 50
_SIGNS = {one.value: one for one in Operator} | {"==": Operator.EQUAL}
_WITH_LIST = (Operator.IN, Operator.NOT_IN, Operator.CIDR)
ALONE = (0, "")
"""What a field is not that stands alone."""

_RESERVED = ("and", "or", "not", "in", "exists")


class ExpressionError(BpfError):
    """A condition that cannot be read: `column` counts from 1."""

    def __init__(self, message: str, text: str, column: int, hint: str = "") -> None:
        picture = f"    {text}\n    {' ' * (column - 1)}^"
        super().__init__(f"{message}\n{picture}" + (f"\nhint: {hint}" if hint else ""))
        self.message = message
        self.text = text
        self.column = column
        self.hint = hint


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # text, sign, word, end
    text: str
    column: int


def parse_expression(text: str) -> Condition:
    """The condition that the text states; ExpressionError."""
    return _Parser(text).whole()


def parse_constant(text: str) -> Constant:
    """A word as a value: a number, with its unit, or else the word itself."""
    number = _NUMBER.fullmatch(text)
    if number is None or number[2] not in _UNITS:
        return text
    digits = number[1]
    plain = digits.lstrip("+-")
    base = 10 if plain.isdigit() else 0  # 007 is seven
    return int(digits, base) * _UNITS[number[2]]


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        if token is None:
            column = at + len(text[at:]) - len(text[at:].lstrip()) + 1
            is_quote = text[column - 1] in "\"'"
            what = "a text without its closing quote" if is_quote else "nothing begins so"
            raise ExpressionError(what, text, column)
        kind = str(token.lastgroup)
        found.append(_Token(kind, token[kind], token.start(kind) + 1))
        at = token.end()
    return [*found, _Token("end", "", len(text) + 1)]


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> Condition:
        condition = self._either()
        token = self._tokens[self._at]
        if token.kind != "end":
            hint = "conditions are joined by 'and' or 'or'"
            raise self._error(f"'{token.text}' was not expected here", token, hint)
        return condition

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._takes("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _both(self) -> Condition:
        parts = [self._factor()]
        while self._takes("and"):
            parts.append(self._factor())
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _factor(self) -> Condition:
        self._depth += 1
        if self._depth > _MOST_NESTED:
            token = self._tokens[self._at]
            raise self._error(f"nested more than {_MOST_NESTED} deep", token)
        try:
            if self._takes("not"):
                return Not(self._factor())
            if self._takes("("):
                inside = self._either()
                self._expect(")")
                return inside
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Condition:
        token = self._next()
        if token.kind != "word" or token.text in _RESERVED:
            raise self._error(f"a field is wanted, not '{token.text or 'the end'}'", token)
        field = _ARGUMENT.sub(r"arg\1", token.text)
        if self._takes("exists"):
            return Comparison(field, Operator.EXISTS)
        if self._tokens[self._at].text == "not" and self._tokens[self._at + 1].text == "in":
            self._at += 2
            return Comparison(field, Operator.NOT_IN, self._list())
        sign = self._tokens[self._at]
        operator = _SIGNS.get(sign.text) if sign.kind != "text" else None
        if operator is None:
            return self._alone(field, sign)
        self._at += 1
        if operator in _WITH_LIST and (operator is Operator.IN or self._peeks("[")):
            return Comparison(field, operator, self._list())
        return Comparison(field, operator, (self._value(),))

    def _alone(self, field: str, sign: _Token) -> Condition:
        """A field that nothing is compared with."""
        if sign.kind == "end" or sign.text in (")", "and", "or"):
            return Comparison(field, Operator.NOT_IN, ALONE)
        hint = did_you_mean(sign.text, _SIGNS) or f"one of {', '.join(_SIGNS)}"
        raise self._error(f"'{sign.text}' is no operator", sign, hint)

    def _list(self) -> tuple[Constant, ...]:
        self._expect("[")
        values = [self._value()]
        while self._takes(","):
            values.append(self._value())
        self._expect("]")
        return tuple(values)

    def _value(self) -> Constant:
        token = self._next()
        if token.kind == "text":
            inside = token.text[1:-1]
            return re.sub(r"\\(.)", lambda m: _ESCAPED.get(m[1], m[1]), inside, flags=re.DOTALL)
        if token.kind != "word" or token.text in _RESERVED:
            raise self._error(f"a value is wanted, not '{token.text or 'the end'}'", token)
        value = parse_constant(token.text)
        if isinstance(value, int) and not -(1 << 63) <= value <= _LARGEST:
            raise self._error(f"{token.text} has more than 64 bits", token)
        return value

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        self._at += token.kind != "end"
        return token

    def _peeks(self, text: str) -> bool:
        token = self._tokens[self._at]
        return token.text == text and token.kind != "text"

    def _takes(self, text: str) -> bool:
        is_it = self._peeks(text)
        self._at += is_it
        return is_it

    def _expect(self, text: str) -> None:
        if not self._takes(text):
            token = self._tokens[self._at]
            raise self._error(f"'{text}' is wanted, not '{token.text or 'the end'}'", token)

    def _error(self, message: str, token: _Token, hint: str = "") -> ExpressionError:
        return ExpressionError(message, self._text, token.column, hint)
