"""What tests of the parser share: one call, which needs no later stage."""

from __future__ import annotations

from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.lang.ast import Script
from seismo.lang.parse_probe import parse

__all__ = ("parsed",)


def parsed(text: str) -> tuple[Script, Diagnostics]:
    """The tree of a script called `t`, and what the parser says."""
    diagnostics = Diagnostics()
    return parse(Source("t", text), diagnostics), diagnostics
