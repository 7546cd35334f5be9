"""What ends a run: a fault of the program, a spent budget; and what a map refuses."""

from __future__ import annotations

import errno as errno_names
import os
from collections.abc import Sequence

from seismo.base.errors import BpfError
from seismo.isa.insn import Insn, slot_starts
from seismo.vm.callx import insn_text

__all__ = ("BadAccess", "BadProgram", "Errno", "Fault", "OutOfSteps", "Spent", "Stopped")


class BadProgram(BpfError):
    """A program that the machine cannot run: `index` is that of the instruction among `insns`,
    `why` what is amiss."""

    def __init__(self, why: str, insns: Sequence[Insn], index: int) -> None:
        super().__init__(f"{_place(insns, index)}: {why}")
        self.why = why
        self.index = index


class Stopped(BpfError):
    """A run that came to no end of its own; `index` is that of the instruction among `insns`."""

    def __init__(self, why: str, insns: Sequence[Insn], index: int) -> None:
        super().__init__(f"{_place(insns, index)}: {why}")
        self.why = why
        self.index = index
        self.insn = insns[index]


class Fault(Stopped):
    """What the kernel's verifier is there to prevent; `address` is None if it is no bad access."""

    def __init__(
        self, why: str, insns: Sequence[Insn], index: int, address: int | None = None
    ) -> None:
        super().__init__(why, insns, index)
        self.address = address


class OutOfSteps(Stopped):
    """The budget of steps is spent."""


class BadAccess(BpfError):
    """An access to memory, or a call, that is not allowed; the engine adds the instruction."""

    def __init__(self, why: str, address: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.address = address


class Spent(BpfError):
    """The budget is spent; the engine makes `OutOfSteps` of it."""


class Errno(BpfError):
    """What a map or a helper refuses as the kernel's would; `errno` is positive."""

    def __init__(self, errno: int) -> None:
        super().__init__(f"{os.strerror(errno)} ({errno_names.errorcode[errno]})")
        self.errno = errno


def _place(insns: Sequence[Insn], index: int) -> str:
    """Users see slots, as the kernel's log counts."""
    text = f" ({insn_text(insns[index])})" if insns else ""
    return f"instruction {slot_starts(insns)[index]}{text}"
