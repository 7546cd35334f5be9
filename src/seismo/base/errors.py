"""The roots of the one error tree; the leaves are defined in the layer that raises them.

Every message says what is wrong, where, and (in `hint`) what to do about it.
"""

from __future__ import annotations

import errno as errno_names
import os

from seismo.base.source import Span

__all__ = (
    "AsmError",
    "BpfError",
    "CompilerBug",
    "FormatError",
    "NotSupported",
    "SourceError",
    "SyscallError",
)


class BpfError(Exception):
    """The root: everything that seismo raises on purpose derives from it."""


class SourceError(BpfError):
    """A mistake in a script: `str()` is `file:line:col: error: …` with the line, carets, hint."""

    def __init__(self, span: Span, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.span = span
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        hint = f"\nhint: {self.hint}" if self.hint else ""
        return f"{self.span.location}: error: {self.message}\n{self.span.picture()}{hint}"


class FormatError(BpfError):
    """Malformed bytes or text from outside: says `what` is wrong and at which byte `offset`."""

    def __init__(self, what: str, offset: int) -> None:
        super().__init__(f"{what} (at offset {offset:#x})")
        self.what = what
        self.offset = offset


class AsmError(BpfError):
    """A line of assembly that is not an instruction; `column` counts from 1."""

    def __init__(self, message: str, line: str, column: int = 1) -> None:
        super().__init__(f"{message}\n    {line}\n    {' ' * (column - 1)}^")
        self.message = message
        self.line = line
        self.column = column


class NotSupported(BpfError):
    """This kernel (or this process's privilege) cannot do `feature`; `hint` says what to do."""

    def __init__(self, feature: str, why: str, hint: str = "") -> None:
        super().__init__(f"{feature}: {why}" + (f"\nhint: {hint}" if hint else ""))
        self.feature = feature
        self.why = why
        self.hint = hint


class SyscallError(BpfError, OSError):
    """A system call that failed: `call` names it, `errno` is the kernel's answer."""

    def __init__(self, call: str, errno: int, hint: str = "") -> None:
        OSError.__init__(self, errno, os.strerror(errno))
        self.call = call
        self.hint = hint

    @property
    def errno_name(self) -> str:
        return errno_names.errorcode.get(self.errno or 0, f"errno {self.errno}")

    def __str__(self) -> str:
        hint = f"\nhint: {self.hint}" if self.hint else ""
        return f"{self.call}: {self.strerror} ({self.errno_name}){hint}"


class CompilerBug(BpfError):
    """Our fault, never the user's: names the stage and how to print what it was given."""

    def __init__(self, stage: str, message: str) -> None:
        super().__init__(
            f"internal error in {stage}: {message}\n"
            f"hint: this is a bug in seismo; `seismo -d {stage}` prints what the stage was given"
        )
        self.stage = stage
