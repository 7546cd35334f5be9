"""Hints at what a name may have been meant as that nobody declares."""

from __future__ import annotations

from collections.abc import Iterable

from seismo.base.diagnostics import did_you_mean
from seismo.c.headers.constants import CONSTANTS
from seismo.c.headers.macros import MACROS

__all__ = ("PLACEHOLDER", "near_constant", "near_name", "placeholder")

PLACEHOLDER = "is this a placeholder that the Python text did not replace?"

_SHORTEST = 3
"""Anything is near to a shorter name."""


def near_name(name: str, known: Iterable[str]) -> str:
    """The nearest of the names that the program declares."""
    if len(name) < _SHORTEST:
        return ""
    return did_you_mean(name, [one for one in known if abs(len(one) - len(name)) < _SHORTEST - 1])


def near_constant(name: str) -> str:
    """The nearest of the names that headers define, one with the same first word."""
    first, is_long, _ = name.partition("_")
    if not is_long:
        return ""
    return did_you_mean(name, [one for one in (*CONSTANTS, *MACROS) if one.startswith(first)])


def placeholder(name: str) -> str:
    """What programs fill in from Python is written in capitals: `FILTER_PID`."""
    return PLACEHOLDER if name.isupper() and len(name) >= _SHORTEST else ""
