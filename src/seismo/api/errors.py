"""What the Python API can raise beside what loading and attaching raise."""

from __future__ import annotations

from collections.abc import Iterable

from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError

__all__ = ("UnknownName", "WrongState", "WrongType", "WrongValue")


class UnknownName(BpfError, AttributeError, KeyError):
    """There is no `what` (`map`, `program`, `variable`) of this name; `hint` has a near one.

    It is a `KeyError` and an `AttributeError`, so that `in`, `get` and `hasattr` work.
    """

    def __init__(
        self, what: str, name: str, known: Iterable[str], where: str = "", hint: str = ""
    ) -> None:
        hint = hint or did_you_mean(name, known)
        text = f"no {what} '{name}'" + (f" in {where}" if where else "")
        super().__init__(text + (f"\nhint: {hint}" if hint else ""))
        self.what = what
        self.name = name
        self.hint = hint

    def __str__(self) -> str:
        return str(self.args[0])


class WrongState(BpfError, RuntimeError):
    """It is too late or too early for this: before or after loading, or closed."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what + (f"\nhint: {hint}" if hint else ""))
        self.hint = hint


class WrongType(BpfError, TypeError):
    """A Python value that is not what the C type takes, or a map that cannot do this."""


class WrongValue(BpfError, ValueError):
    """A value of the right type that does not fit: too large, too long, too short."""
