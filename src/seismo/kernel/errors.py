"""`NotInKernel`: a name or an address that this kernel does not have."""

from __future__ import annotations

from seismo.base.errors import BpfError

__all__ = ("NotInKernel",)


class NotInKernel(BpfError, LookupError):
    """There is no `what` (`tracepoint`, `symbol`) called `name`; `hint` may know a near one."""

    def __init__(self, what: str, name: str, hint: str = "") -> None:
        super().__init__(f"no {what} '{name}' in this kernel" + (f"\nhint: {hint}" if hint else ""))
        self.what = what
        self.name = name
        self.hint = hint
