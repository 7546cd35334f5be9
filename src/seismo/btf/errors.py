"""What can be wrong with BTF (`BtfError`) and with a question about it (`BtfNotFound`)."""

from __future__ import annotations

from seismo.base.errors import BpfError, FormatError

__all__ = ("BtfError", "BtfNotFound")


class BtfError(FormatError):
    """Malformed BTF: `what` is wrong with the record at byte `offset` of the blob or, where there
    is a `path`, of that file."""

    def __init__(self, what: str, offset: int, path: str = "") -> None:
        super().__init__(f"{path}: {what}" if path else what, offset)
        self.path = path


class BtfNotFound(BpfError):
    """This BTF has no such type, member or enumerator; `hint` names what it does have."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what + (f"\nhint: {hint}" if hint else ""))
        self.what = what
        self.hint = hint
