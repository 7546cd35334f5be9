"""Texts of restricted C, read and checked for tests of what is declared in them."""

from __future__ import annotations

from collections.abc import Mapping, Set

from c_kernels import RECORDED
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.c.kernel_types import KernelTypes
from seismo.c.parse import parse
from seismo.c.preprocess import preprocess
from seismo.c.sema.check import check
from seismo.c.tree import Declare, Unit
from seismo.views import RecordedView

__all__ = ("NoHeaders", "complaints", "declared", "in_function", "unit_of")


class NoHeaders:
    """Headers with nothing in them."""

    macros: Mapping[str, str] = {}

    def prelude_for(self, identifiers: Set[str]) -> str:
        return ""


def unit_of(text: str, view: RecordedView = RECORDED) -> tuple[Unit, Diagnostics]:
    """The text checked, and what was said about it."""
    diagnostics, types = Diagnostics(), KernelTypes(view)
    tokens = preprocess(Source("t.c", text), NoHeaders(), {}, diagnostics)
    tree = parse(tokens, types.has_typedef, diagnostics)
    return check(tree, types, diagnostics), diagnostics


def declared(text: str, view: RecordedView = RECORDED) -> Unit:
    """The same of a text about which there is nothing to say."""
    unit, diagnostics = unit_of(text, view)
    assert not diagnostics.found, "\n".join(str(one) for one in diagnostics.found)
    return unit


def complaints(text: str, view: RecordedView = RECORDED) -> list[str]:
    """`line:column: message (hint)` of everything that is said."""
    found = unit_of(text, view)[1].found
    places = [one.span.location for one in found]
    return [
        f"{at.line}:{at.column}: {one.message}" + (f" ({one.hint})" if one.hint else "")
        for at, one in zip(places, found, strict=True)
    ]


def in_function(text: str, *, before: str = "") -> dict[str, Declare]:
    """The variables that the statements of a function declare, by name; `before` stands outside."""
    unit = declared(f"{before}\nint f(void *ctx)\n{{\n{text}\nreturn 0; }}")
    body = unit.functions["f"].body
    assert body is not None
    return {one.variable.name: one for one in body.statements if isinstance(one, Declare)}
