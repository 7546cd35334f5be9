"""Statements that only lead elsewhere, or are led to. Import them from `c/tree.py`."""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.base.source import Span

__all__ = ("Break", "Continue", "Goto", "Label")


@dataclass(frozen=True, slots=True)
class Label:
    """A place that `goto` may go to."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Goto:
    """`goto label`, in the same function."""

    label: str
    span: Span


@dataclass(frozen=True, slots=True)
class Break:
    """Out of the nearest loop or switch."""

    span: Span


@dataclass(frozen=True, slots=True)
class Continue:
    """To the next round of the nearest loop."""

    span: Span
