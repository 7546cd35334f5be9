"""`ClangError`: there is no compiler, it cannot be run, or what it is to read cannot be."""

from __future__ import annotations

from seismo.base.errors import BpfError

__all__ = ("ClangError",)


class ClangError(BpfError):
    """Of the compiler itself; mistakes in a program's text are diagnostics."""
