"""What can be wrong with a BPF object file (`ObjectError`), and with linking it (`LinkError`)."""

from __future__ import annotations

from seismo.base.errors import BpfError, FormatError

__all__ = ("LinkError", "ObjectError")


class ObjectError(FormatError):
    """The file is well-formed, but no BPF object that can be loaded: `what` says why, `offset`
    where in the file, `hint` what to do."""

    def __init__(self, what: str, offset: int, path: str = "", hint: str = "") -> None:
        super().__init__(f"{path}: {what}" if path else what, offset)
        self.path = path
        self.hint = hint

    def __str__(self) -> str:
        return super().__str__() + (f"\nhint: {self.hint}" if self.hint else "")


class LinkError(BpfError):
    """The object needs something that this kernel, or the object itself, does not have."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what + (f"\nhint: {hint}" if hint else ""))
        self.what = what
        self.hint = hint
