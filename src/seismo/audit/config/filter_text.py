"""Filter expressions: `uid == 0 and (path under "/etc" or failed)` to a `Filter`.

    any     = all { "or" all }
    all     = one { "and" one }
    one     = "not" one | "(" any ")" | "all" | "failed" | "succeeded" | "writing" | test
    test    = FIELD ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) VALUE
            | FIELD [ "not" ] ( "in" | "under" | "like" | "has" ) values
    values  = VALUE | "(" VALUE { "," VALUE } ")"

Numbers (uid gid pid ppid ret port) take the comparisons, and `in` with ranges (1000..1999). `comm`
takes `==`, `in` (names) and `like` (patterns); `path` and `cgroup` take `under`; `address` takes
`in` (networks), `container` and `event` take `==` and `in`; arguments of system calls, `arg0` to
`arg5`, take `has` (bits, one of which must be set).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from seismo.audit.config import filter_values as values
from seismo.audit.config.filter import (
    ALWAYS,
    AllOf,
    AnyOf,
    Filter,
    FilterField,
    Not,
    Operator,
    Writing,
)
from seismo.audit.config.filter_tokens import FilterToken, tokens_of
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Span

__all__ = ("parse_filter",)

_DEEPEST = 40
_NUMBERS = {one.value: one for one in FilterField}
_COMPARISONS = {one.value: one for one in Operator} | {"=": Operator.EQUAL}
_WORD_OPERATORS = ("in", "under", "like", "has")
_OPERATORS = {
    **dict.fromkeys(values.ARGUMENTS, ("has",)),
    "comm": ("==", "!=", "in", "like"),
    "path": ("under",),
    "cgroup": ("under",),
    "address": ("==", "!=", "in"),
    "container": ("==", "!=", "in"),
    "event": ("==", "!=", "in"),
}
_NUMBER_OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "in")


def parse_filter(text: str, place: Callable[[int, int], Span], diagnostics: Diagnostics) -> Filter:
    """The filter of an expression; `place` gives the span of characters of the text.

    What is wrong is told to `diagnostics`; the filter that is returned then means nothing.
    """
    parser = _Parser(text, place, diagnostics)
    try:
        found = parser.any(0)
        parser.expect_end()
    except _Stop:
        return ALWAYS
    return found


class _Stop(Exception):
    """Something was said from which reading cannot go on."""


class _Parser:
    """Descends from `or` to single tests."""

    def __init__(
        self, text: str, place: Callable[[int, int], Span], diagnostics: Diagnostics
    ) -> None:
        self._tokens = list(tokens_of(text))
        self._at = 0
        self._place = place
        self._diagnostics = diagnostics

    @property
    def _next(self) -> FilterToken:
        return self._tokens[self._at]

    def _take(self) -> FilterToken:
        token = self._next
        self._at += token.kind != "end"
        return token

    def _is_next(self, *words: str) -> bool:
        return self._next.kind in ("word", "mark") and self._next.text in words

    def _span(self, token: FilterToken) -> Span:
        return self._place(token.start, token.end)

    def _stop(self, token: FilterToken, message: str, hint: str = "") -> NoReturn:
        self._diagnostics.error(self._span(token), message, hint)
        raise _Stop

    def _shown(self, token: FilterToken) -> str:
        return "the end" if token.kind == "end" else f"'{token.text}'"

    def expect_end(self) -> None:
        """Nothing may follow."""
        token = self._next
        if token.kind == "end":
            return
        better = {"&&": "and", "||": "or", "&": "and", "|": "or"}.get(token.text)
        hint = f"write '{better}'" if better else "tests are joined by 'and' or 'or'"
        self._stop(token, f"{self._shown(token)} cannot follow a test", hint)

    def any(self, depth: int) -> Filter:
        """Parts between `or`."""
        parts = [self._all(depth)]
        while self._is_next("or"):
            self._take()
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all(self, depth: int) -> Filter:
        parts = [self._one(depth)]
        while self._is_next("and"):
            self._take()
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _one(self, depth: int) -> Filter:
        token = self._take()
        if depth > _DEEPEST:
            self._stop(token, f"nested deeper than {_DEEPEST} levels")
        if token.kind == "mark" and token.text == "(":
            inner = self.any(depth + 1)
            if not self._is_next(")"):
                hint = "write ')'"
                self._stop(self._next, f"a '(' is still open at {self._shown(self._next)}", hint)
            self._take()
            return inner
        if token.kind == "mark" and token.text == "!":
            self._stop(token, "'!' is no word of filters", "write 'not'")
        if token.kind != "word":
            hint = "a test is a field, how to compare it, and a value: uid == 0"
            self._stop(token, f"a test should stand here, not {self._shown(token)}", hint)
        match token.text:
            case "not":
                return Not(self._one(depth + 1))
            case "all":
                return ALWAYS
            case "failed":
                return values.FAILED
            case "succeeded":
                return values.SUCCEEDED
            case "writing":
                return Writing()
        return self._test(token)

    def _test(self, name: FilterToken) -> Filter:
        if name.text not in values.FIELDS:
            values.unknown_field(name.text, self._span(name), self._diagnostics)
            raise _Stop
        allowed = _OPERATORS.get(name.text, _NUMBER_OPERATORS)
        operator = self._take()
        is_negated = operator.kind == "word" and operator.text == "not"
        if is_negated:
            operator = self._take()
        sign = "==" if operator.text == "=" else operator.text
        if operator.kind not in ("word", "mark") or sign not in allowed:
            hint = f"'{name.text}' can be compared by {', '.join(allowed)}"
            shown = self._shown(operator)
            self._stop(operator, f"{shown} does not compare '{name.text}' with anything", hint)
        if is_negated and sign not in _WORD_OPERATORS:
            self._stop(operator, f"'not' before '{sign}'", "write 'not' before the whole test")
        many = self._list() if sign in _WORD_OPERATORS else [self._value()]
        found = self._tests(name.text, sign, many)
        return Not(found) if is_negated else found

    def _list(self) -> list[FilterToken]:
        if not self._is_next("("):
            return [self._value()]
        self._take()
        found = [self._value()]
        while self._is_next(","):
            self._take()
            found.append(self._value())
        if not self._is_next(")"):
            self._stop(self._next, f"a ',' or ')' should be here, not {self._shown(self._next)}")
        self._take()
        return found

    def _value(self) -> FilterToken:
        token = self._take()
        if token.kind not in ("word", "quoted"):
            self._stop(token, f"a value should stand here, not {self._shown(token)}")
        return token

    def _tests(self, field: str, sign: str, many: list[FilterToken]) -> Filter:
        if field == "event":
            found = values.event_test(tuple(one.text for one in many))
            return Not(found) if sign == "!=" else found
        if field in _NUMBERS and sign in _COMPARISONS:
            value = many[0]
            return values.number_test(
                *(_NUMBERS[field], _COMPARISONS[sign], value.text, self._span(value)),
                self._diagnostics,
            )
        parts = tuple(self._single(field, sign, one) for one in many)
        found = parts[0] if len(parts) == 1 else AnyOf(parts)
        return Not(found) if sign == "!=" else found

    def _single(self, field: str, sign: str, token: FilterToken) -> Filter:
        rest = (token.text, self._span(token), self._diagnostics)
        match field:
            case "comm" if sign == "like":
                return values.comm_test(*rest)
            case "comm":
                return values.comm_name_test(*rest)
            case "path":
                return values.path_test(*rest)
            case "address":
                return values.address_test(*rest)
            case "cgroup":
                return values.cgroup_test(*rest)
            case _ if sign == "has":
                return values.bits_test(int(field[-1]), *rest)
            case "container":
                return values.container_test(*rest)
        return values.number_test(_NUMBERS[field], Operator.EQUAL, *rest)
