"""What the API raises for mistakes in its use; what kernels refuse is raised as it is elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError

__all__ = ("BccError", "NotAttached", "NotTraceable", "UnknownFunction", "UnknownTable")


class BccError(BpfError):
    """The root of what is raised here; `hint` says what to do, if anything helps."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message + (f"\nhint: {hint}" if hint else ""))
        self.hint = hint


class UnknownFunction(BccError):
    """The program's text has no function `name` that could be loaded."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"the program has no function '{name}'", did_you_mean(name, known))
        self.name = name


class UnknownTable(BccError, KeyError):
    """The program's text has no table `name`."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"the program has no table '{name}'", did_you_mean(name, known))
        self.name = name

    __str__ = BccError.__str__


class NotTraceable(BccError):
    """Nothing can be attached at `place`; the hint names what there is instead."""

    def __init__(self, place: str, why: str, hint: str = "") -> None:
        super().__init__(f"{place}: {why}", hint)
        self.place = place


class NotAttached(BccError):
    """Something is to be detached from `place` that is not attached there."""

    def __init__(self, place: str) -> None:
        super().__init__(f"nothing of this program is attached at {place}")
        self.place = place
