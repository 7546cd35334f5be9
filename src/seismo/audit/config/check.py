"""Reads values out of a tree, and tells what is wrong with them: the part that knows no key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from seismo.audit.config.tree import Entry, Items, Node, Scalar, Table, shape_of
from seismo.base.diagnostics import Diagnostics, did_you_mean
from seismo.base.enum import Enum
from seismo.base.source import Span

__all__ = ("Reader",)

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

# No number here has more digits, and Python refuses to make numbers of very many.
_AMOUNT = re.compile(r"([0-9]{1,30}(?:\.[0-9]{1,30})?)\s*([A-Za-z]*)")
_NUMBER = re.compile(r"0x[0-9a-fA-F]{1,30}|0o[0-7]{1,30}|0|[1-9][0-9]{,29}")
_FLAGS = {"yes": True, "on": True, "no": False, "off": False}
_BYTE_UNITS = {
    "": 1,
    "B": 1,
    **{f"{letter}{end}": 1 << 10 * power for power, letter in ((1, "K"), (2, "M"), (3, "G"))
       for end in ("", "iB")},
    "k": 1 << 10,
}  # fmt: skip
_SECOND_UNITS = {
    "": 1.0,
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
}


class Reader:
    """Values of a tree as what they should be; what is not so is told, and its default taken."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self.diagnostics = diagnostics

    def error(self, span: Span, message: str, hint: str = "") -> None:
        """Tell a mistake."""
        self.diagnostics.error(span, message, hint)

    def wrong(self, node: Node, wanted: str, what: str, hint: str = "") -> None:
        """Tell that a value is of another kind than it should be."""
        self.error(node.span, f"{what} is {wanted}, not {_shown(node)}", hint)

    def table(
        self, node: Node, what: str, readers: Mapping[str, Callable[[Node], None]], hint: str = ""
    ) -> None:
        """Hand each key's value to its reader; keys without one are refused."""
        if not isinstance(node, Table):
            self.wrong(node, "a mapping", what, hint)
            return
        for entry in node.entries:
            if entry.name in readers:
                readers[entry.name](entry.value)
            else:
                self.unknown(entry, what, readers)

    def unknown(self, entry: Entry, what: str, known: Iterable[str]) -> None:
        """Tell that there is no such key."""
        names = ", ".join(known)
        near = did_you_mean(entry.name, names.split(", "))
        hint = f"{near}; its keys are {names}" if near else f"its keys are {names}"
        self.error(entry.key_span, f"{what} has no key '{entry.name}'", hint)

    def items(self, node: Node, what: str) -> tuple[Node, ...]:
        """A list, or a single value as a list of one."""
        if isinstance(node, Items):
            if not node.items:
                self.error(node.span, f"{what}: an empty list chooses nothing", "leave the key out")
            return node.items
        return (node,)

    def text(self, node: Node, what: str, default: str = "") -> str:
        """Text that is not empty; a number is taken as it is written."""
        if isinstance(node, Scalar) and not isinstance(node.value, bool | None):
            is_number = not isinstance(node.value, str)
            found = (is_number and node.span.text.strip()) or str(node.value)
            if found:
                return found
        self.wrong(node, "text", what)
        return default

    def texts(self, node: Node, what: str) -> tuple[str, ...]:
        """Texts of a list, or a single one."""
        return tuple(self.text(one, what) for one in self.items(node, what))

    @staticmethod
    def is_flag(node: Node) -> bool:
        """Whether it is true or false, also as yes, no, on, off: in JSON these are text."""
        return isinstance(node, Scalar) and (isinstance(node.value, bool) or node.value in _FLAGS)

    def flag(self, node: Node, what: str, default: bool = False) -> bool:
        """True or false, as `is_flag` has it."""
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value in _FLAGS:
            return _FLAGS[value]
        self.wrong(node, "true or false", what)
        return default

    def number(self, node: Node, what: str, low: int, high: int, default: int = 0) -> int:
        """A whole number between two, both included; hexadecimal and octal text will do (JSON has
        none). What begins with 0 is refused: to YAML it is decimal, to who writes it octal."""
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            value = int(value, 0)
        if not isinstance(value, int) or isinstance(value, bool):
            bare = value.lstrip("0") if isinstance(value, str) and value[:1] == "0" else ""
            hint = f"0o{bare} is octal, {bare} decimal" if _NUMBER.fullmatch(bare) else ""
            self.wrong(node, "a number", what, hint)
            return default
        return self._bounded(node, what, value, low, high, default)

    def size(self, node: Node, what: str, low: int, high: int, default: int = 0) -> int:
        """Bytes: a number, or one with a unit: `64 KiB`."""
        return self._amount(node, what, _BYTE_UNITS, (low, high), default, "a size: 65536, 64KiB")

    def nanoseconds(self, node: Node, what: str, low: int, high: int, default: int = 0) -> int:
        """A time: `5ms`; a number alone is seconds."""
        units = {unit: seconds * 1e9 for unit, seconds in _SECOND_UNITS.items()}
        return self._amount(node, what, units, (low, high), default, "a time: 0.5, 5ms, 1h")

    def _amount(
        self,
        node: Node,
        what: str,
        units: Mapping[str, float],
        bounds: tuple[int, int],
        default: int,
        wanted: str,
    ) -> int:
        value = node.value if isinstance(node, Scalar) else None
        match = _AMOUNT.fullmatch(str(value)) if value is not None else None
        if match is None or isinstance(value, bool) or match[2] not in units:
            unit = match[2] if match else ""
            hint = f"units are {', '.join(one for one in units if one)}" if unit else ""
            self.wrong(node, wanted, what, hint)
            return default
        unit = units[match[2]]
        amount = round(float(match[1]) * unit) if "." in match[1] else round(int(match[1]) * unit)
        return self._bounded(node, what, amount, *bounds, default)

    def _bounded(self, node: Node, what: str, value: int, low: int, high: int, default: int) -> int:
        if low <= value <= high:
            return value
        self.error(node.span, f"{what} is {low} to {high}, not {value}")
        return default

    def choice(self, node: Node, what: str, kind: type[E], default: E) -> E:
        """A member of an enumeration by its value."""
        names: tuple[str, ...] = tuple(str(one.value) for one in kind)
        word = self.word(node, what, names, str(default.value))
        return kind(word)

    def word(self, node: Node, what: str, names: Iterable[str], default: str) -> str:
        """One of some words."""
        known = tuple(names)
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, str) and value in known:
            return value
        near = did_you_mean(value, known) if isinstance(value, str) else ""
        self.wrong(node, f"one of {', '.join(known)}", what, near)
        return default


def _shown(node: Node) -> str:
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return f"'{node.value}'" if len(node.value) < 60 else "this text"
    if isinstance(node, Scalar) and isinstance(node.value, int | float):
        return node.span.text.strip() or str(node.value)
    return shape_of(node)
