"""What the C front end raises besides diagnostics."""

from __future__ import annotations

from seismo.base.errors import SourceError

__all__ = ("WITH_CLANG", "CSyntaxError")

WITH_CLANG = 'BPF(..., cc="clang") compiles it'
"""For the hints about constructs that a C compiler takes, and only ours does not."""


class CSyntaxError(SourceError):
    """The text is no C here; the parser goes on after it, so it becomes a diagnostic."""
