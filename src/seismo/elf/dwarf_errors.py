"""What debug information may not tell: no debug information at all, or no such line in it."""

from __future__ import annotations

from seismo.base.errors import BpfError

__all__ = ("DebugInfoMissing", "LineNotFound")


class DebugInfoMissing(BpfError, LookupError):
    """The debug information says nothing of `what`; `hint` says what to do about it."""

    def __init__(self, what: str, why: str, hint: str = "") -> None:
        super().__init__(f"{what}: {why}" + (f"\nhint: {hint}" if hint else ""))
        self.what = what
        self.why = why
        self.hint = hint


class LineNotFound(BpfError, LookupError):
    """No code comes from the line `where` of a source file; `hint` names what there is instead."""

    def __init__(self, where: str, why: str, hint: str = "") -> None:
        super().__init__(f"{where}: {why}" + (f"\nhint: {hint}" if hint else ""))
        self.where = where
        self.why = why
        self.hint = hint
