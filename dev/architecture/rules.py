"""Every rule of the house, in the order in which they are reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from architecture import imports, shape, words
from architecture.project import Finding, Project

__all__ = ("RULES", "Rule")

Rule = Callable[[Project], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    shape.syntax,
    imports.layers,
    imports.cycles,
    imports.deferred_imports,
    shape.file_length,
    shape.function_length,
    shape.module_docstrings,
    shape.export_lists,
    shape.docstrings,
    words.names,
    words.ctypes_imports,
    words.effects,
    words.possessive_groups,
    words.texts,
)
