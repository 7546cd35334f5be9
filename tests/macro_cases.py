"""What tests of macros, imports and settings share: a parsed script, without any later stage."""

from __future__ import annotations

from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.lang.ast import Script
from seismo.lang.parse_probe import parse

__all__ = ("parsed", "said")


def parsed(text: str, name: str = "t") -> Script:
    """The tree of a script that the parser does not complain of."""
    diagnostics = Diagnostics()
    script = parse(Source(name, text), diagnostics)
    diagnostics.stop_on_errors()
    return script


def said(diagnostics: Diagnostics) -> list[str]:
    """`file:line:column: message (hint)` of everything found."""
    return [
        f"{one.span.location}: {one.message}" + (f" ({one.hint})" if one.hint else "")
        for one in diagnostics.found
    ]
