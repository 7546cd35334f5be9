"""`CoreError`: a relocation that cannot be decided."""

from __future__ import annotations

from seismo.base.errors import BpfError

__all__ = ("CoreError",)


class CoreError(BpfError):
    """A relocation that is malformed, ambiguous, or of no use to its instruction.

    What is merely not there in the kernel is no error: see `Poison`. `place` says in words where:
    program, instruction, what the relocation asks.
    """

    def __init__(self, what: str, place: str = "", hint: str = "") -> None:
        super().__init__(
            (f"{place}: " if place else "") + what + (f"\nhint: {hint}" if hint else "")
        )
        self.what = what
        self.place = place
        self.hint = hint
