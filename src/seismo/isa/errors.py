"""What can be wrong with instructions and their names."""

from __future__ import annotations

from seismo.base.errors import BpfError, FormatError

__all__ = ("BadForm", "DecodeError", "EncodeError", "FlowError", "NotFound")


class BadForm(BpfError):
    """Fields that are no instruction together: `what` names the field and what it may hold."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class EncodeError(BpfError):
    """An instruction that no bytes can express: `what` names the field and its range."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class DecodeError(FormatError):
    """Bytes that are no eBPF program: says `what` and at which byte `offset`."""


class FlowError(BpfError):
    """Control leaves the program: `what` says how, `index` is the instruction that lets it."""

    def __init__(self, what: str, index: int) -> None:
        super().__init__(f"instruction {index} {what}")
        self.what = what
        self.index = index


class NotFound(BpfError, KeyError):
    """No helper has that name or number; the hint names the nearest one."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message
