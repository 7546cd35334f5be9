"""Filters as mappings: `{uid: [0, 1000-1999], path: /etc, not: {comm: "ssh*"}}`.

The keys of a mapping must all hold; of a list's values one. `any` and `all` have lists of filters,
`not` has one. A filter that is text is an expression (`filter_text.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from seismo.audit.config import filter_values as values
from seismo.audit.config.check import Reader
from seismo.audit.config.filter import (
    ALWAYS,
    AllOf,
    AnyOf,
    Filter,
    FilterField,
    Not,
    Operator,
    leaves,
)
from seismo.audit.config.filter_text import parse_filter
from seismo.audit.config.glob import is_plain
from seismo.audit.config.tree import Entry, Items, Node, Scalar, Table
from seismo.base.source import Span

__all__ = ("MOST_TESTS", "check_size", "read_filter", "read_test", "span_within")

MOST_TESTS = 256
"""Tests of a filter: each is a few instructions in each program."""

_NUMBERS = {one.value: one for one in FilterField}
_COMPARED = re.compile(r"\s*(==|!=|<=|>=|<|>)\s*(.*?)\s*")
_OPERATORS = {one.value: one for one in Operator}
_KEYS = (*values.FIELDS, "any", "all", "not")


def read_filter(node: Node, reader: Reader) -> Filter:
    """The filter of a node: an expression or a mapping."""
    found = _filter(node, reader)
    check_size(found, node.span, reader)
    return found


def check_size(one: Filter, span: Span, reader: Reader) -> None:
    """Tell of a filter that has too many tests."""
    if (count := sum(1 for _ in leaves(one))) > MOST_TESTS:
        message = f"{count} tests in one filter: {MOST_TESTS} are the most"
        reader.error(span, message, "put what is alike into handlers of its own")


def _filter(node: Node, reader: Reader) -> Filter:
    match node:
        case Scalar(value=str(text)):
            return parse_filter(text, span_within(node), reader.diagnostics)
        case Table(entries=()):
            reader.error(node.span, "an empty filter", "leave the key out to have everything")
            return ALWAYS
        case Table():
            parts = tuple(_entry(one, reader) for one in node.entries)
            return parts[0] if len(parts) == 1 else AllOf(parts)
        case Items():
            hint = "write {any: […]} for one of them, {all: […]} for all"
            reader.error(node.span, "a filter is an expression or a mapping, not a list", hint)
        case _:
            reader.wrong(node, "an expression or a mapping", "a filter", 'such as "uid == 0"')
    return ALWAYS


def span_within(node: Scalar) -> Callable[[int, int], Span]:
    """The place of characters of a text, where it stands in the source as it is; else all of it."""
    whole, text = node.span, str(node.value)
    start = whole.start + (1 if node.is_quoted else 0)
    is_literal = whole.source.text[start : start + len(text)] == text

    def place(first: int, last: int) -> Span:
        if not is_literal:
            return whole
        return Span(whole.source, start + first, start + max(last, first + 1))

    return place


def _entry(entry: Entry, reader: Reader) -> Filter:
    match entry.name:
        case "not":
            return Not(_filter(entry.value, reader))
        case "any" | "all":
            what = f"'{entry.name}'"
            if not isinstance(entry.value, Items):
                reader.wrong(entry.value, "a list of filters", what)
                return ALWAYS
            parts = tuple(_filter(one, reader) for one in reader.items(entry.value, what))
            return AnyOf(parts) if entry.name == "any" else AllOf(parts)
        case name if name in values.FIELDS:
            return read_test(name, entry.value, reader)
    reader.unknown(entry, "a filter", _KEYS)
    return ALWAYS


def read_test(name: str, node: Node, reader: Reader) -> Filter:
    """The test of a field by a value, or by one of a list."""
    nodes = reader.items(node, f"'{name}'")
    if name == "event":
        return values.event_test(tuple(reader.text(one, "an event") for one in nodes))
    parts = tuple(_single(name, one, reader) for one in nodes)
    return parts[0] if len(parts) == 1 else AnyOf(parts)


def _single(name: str, node: Node, reader: Reader) -> Filter:
    if isinstance(node, Table | Items) or node.value is None or isinstance(node.value, bool):
        reader.wrong(node, "a value or a list of values", f"'{name}'")
        return values.NEVER
    text = reader.text(node, f"'{name}'")
    rest = (text, node.span, reader.diagnostics)
    match name:
        case "comm":
            return values.comm_test(*rest) if not is_plain(text) else values.comm_name_test(*rest)
        case "path":
            return values.path_test(*rest)
        case "address":
            return values.address_test(*rest)
        case "cgroup":
            return values.cgroup_test(*rest)
        case "container":
            return values.container_test(*rest)
        case _ if name in values.ARGUMENTS:
            return values.bits_test(values.ARGUMENTS.index(name), *rest)
    compared = _COMPARED.fullmatch(text)
    operator = _OPERATORS[compared[1]] if compared else Operator.EQUAL
    text = compared[2] if compared else text
    return values.number_test(_NUMBERS[name], operator, text, node.span, reader.diagnostics)
