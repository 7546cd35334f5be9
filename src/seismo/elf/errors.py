"""What can be wrong with an object file (`ElfError`), and what may not be found in or as one."""

from __future__ import annotations

from seismo.base.errors import BpfError, FormatError

__all__ = ("BinaryNotFound", "ElfError", "SymbolMissing")


class ElfError(FormatError):
    """Malformed or unfit bytes: `what` is wrong at byte `offset` of the file `path`, if known."""

    def __init__(self, what: str, offset: int, path: str = "") -> None:
        super().__init__(f"{path}: {what}" if path else what, offset)
        self.path = path


class SymbolMissing(BpfError, LookupError):
    """The file has no such symbol or place; `hint` names one that it has."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what + (f"\nhint: {hint}" if hint else ""))
        self.what = what
        self.hint = hint


class BinaryNotFound(BpfError, LookupError):
    """No file is meant by `name`; `hint` says where was looked, or what else there is."""

    def __init__(self, name: str, hint: str = "") -> None:
        super().__init__(f"no binary '{name}'" + (f"\nhint: {hint}" if hint else ""))
        self.name = name
        self.hint = hint
