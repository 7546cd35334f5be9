"""What is wrong with filter expressions and with programs of classic BPF."""

from __future__ import annotations

from seismo.base.errors import BpfError, SourceError

__all__ = ("BadProgram", "FilterError", "NoTranslation", "SocketRefused")


class FilterError(SourceError):
    """A mistake in a filter expression."""


class BadProgram(BpfError):
    """A program that the kernel would refuse, and the `index` of the instruction that is why."""

    def __init__(self, index: int, why: str, hint: str = "") -> None:
        super().__init__(f"instruction {index}: {why}" + (f"\nhint: {hint}" if hint else ""))
        self.index = index
        self.why = why
        self.hint = hint


class NoTranslation(BpfError):
    """The instruction at `index` asks for what no eBPF program can ask for."""

    def __init__(self, index: int, what: str) -> None:
        super().__init__(f"instruction {index}: {what} has no counterpart in eBPF programs")
        self.index = index


class SocketRefused(BpfError):
    """The kernel did not take a filter, or did not let go of one; `errno` is its answer."""

    def __init__(self, what: str, errno: int, why: str) -> None:
        super().__init__(f"{what}: {why}")
        self.errno = errno
