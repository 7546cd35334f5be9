"""`CheckError`: what is wrong with a declaration or a statement, told where it is found."""

from __future__ import annotations

from seismo.base.errors import SourceError
from seismo.base.source import Span

__all__ = ("CheckError", "NotDeclared")


class CheckError(SourceError):
    """C or BPF has no such thing; ends the statement it is found in, and is then a diagnostic."""


class NotDeclared(CheckError):
    """Nobody declares `name`: told once, and not at all where its declaration was at fault."""

    def __init__(self, name: str, span: Span, message: str, hint: str = "") -> None:
        super().__init__(span, message, hint)
        self.name = name
