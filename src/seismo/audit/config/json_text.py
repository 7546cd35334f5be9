"""JSON to a tree with places; what is allowed is RFC 8259 and nothing more.

>>> plain(read_json(Source("c.json", '{"a": [1, null]}'), Diagnostics()))
{'a': [1, None]}
"""

from __future__ import annotations

import json
import re

from seismo.audit.config.tree import (
    DEEPEST,
    ConfigSyntaxError,
    Entry,
    Items,
    Node,
    Scalar,
    ScalarValue,
    Table,
    is_text,
)
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source, Span

__all__ = ("read_json",)

_BLANK = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z_]+")
_WORDS: dict[str, ScalarValue] = {"true": True, "false": False, "null": None}
_MOST_DIGITS = 400


def read_json(source: Source, diagnostics: Diagnostics) -> Node:
    """The value of a text. ConfigSyntaxError for what is no JSON."""
    reader = _Reader(source, diagnostics)
    node = reader.value(0)
    reader.blank()
    if reader.at < len(source.text):
        raise reader.error("something stands behind the end")
    return node


class _Reader:
    """Reads from `at` on."""

    def __init__(self, source: Source, diagnostics: Diagnostics) -> None:
        self._source = source
        self._text = source.text
        self._diagnostics = diagnostics
        self.at = 1 if self._text.startswith("\ufeff") else 0

    def error(self, message: str) -> ConfigSyntaxError:
        return ConfigSyntaxError(Span(self._source, self.at, self.at + 1), f"not JSON: {message}")

    def blank(self) -> None:
        found = _BLANK.match(self._text, self.at)
        self.at = found.end() if found else self.at

    def value(self, depth: int) -> Node:
        self.blank()
        if depth > DEEPEST:
            raise self.error(f"nested deeper than {DEEPEST} levels")
        match self._text[self.at : self.at + 1]:
            case "{":
                return self._table(depth)
            case "[":
                return self._items(depth)
            case '"':
                text, span = self._string()
                return Scalar(text, span, is_quoted=True)
            case "":
                raise self.error("the text ends here, where a value should be")
        return self._word()

    def _word(self) -> Scalar:
        start = self.at
        number = _NUMBER.match(self._text, start)
        if number and len(number[0]) <= _MOST_DIGITS:
            self.at = number.end()
            is_whole = number[1] is None and number[2] is None
            return Scalar(int(number[0]) if is_whole else float(number[0]), self._since(start))
        word = _WORD.match(self._text, start)
        if word is None or word[0] not in _WORDS:
            hint = ": text stands in double quotes" if word else ""
            raise self.error(f"not a value{hint}")
        self.at = word.end()
        return Scalar(_WORDS[word[0]], self._since(start))

    def _string(self) -> tuple[str, Span]:
        start = self.at
        found = _STRING.match(self._text, start)
        if found is None:
            raise self.error("text that does not end, or has a control character in it")
        try:
            value = json.loads(found[0])
        except json.JSONDecodeError as error:
            self.at += error.pos
            raise self.error(error.msg) from error
        if not is_text(value):
            raise self.error("a character that UTF-8 does not have")
        self.at = found.end()
        return value, self._since(start)

    def _since(self, start: int) -> Span:
        return Span(self._source, start, self.at)

    def _is_next(self, mark: str) -> bool:
        self.blank()
        if self._text.startswith(mark, self.at):
            self.at += 1
            return True
        return False

    def _items(self, depth: int) -> Items:
        start = self.at
        self.at += 1
        items: list[Node] = []
        if not self._is_next("]"):
            items.append(self.value(depth + 1))
            while self._is_next(","):
                items.append(self.value(depth + 1))
            if not self._is_next("]"):
                raise self.error("a ',' or ']' should be here")
        return Items(tuple(items), self._since(start))

    def _table(self, depth: int) -> Table:
        start = self.at
        self.at += 1
        entries: dict[str, Entry] = {}
        if not self._is_next("}"):
            self._entry(entries, depth)
            while self._is_next(","):
                self._entry(entries, depth)
            if not self._is_next("}"):
                raise self.error("a ',' or '}' should be here")
        return Table(tuple(entries.values()), self._since(start))

    def _entry(self, entries: dict[str, Entry], depth: int) -> None:
        self.blank()
        if not self._text.startswith('"', self.at):
            raise self.error("a key in double quotes should be here")
        name, span = self._string()
        if not self._is_next(":"):
            raise self.error("a ':' should be here")
        value = self.value(depth + 1)
        if name in entries:
            line = entries[name].key_span.location.line
            message = f"the key '{name}' stands here a second time"
            self._diagnostics.error(span, message, f"the first is in line {line}")
            return
        entries[name] = Entry(name, span, value)
