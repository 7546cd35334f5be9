"""`TypeTable`: names of types, constants and macros that the kernel or the script gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from seismo.lang.types import IntType, RecordType, Type

if TYPE_CHECKING:
    from seismo.lang.program_types import ProgramTypes

__all__ = ("NO_TYPES", "NoTypes", "TypeTable")


class TypeTable(Protocol):
    """What the script's C declarations say, and behind them the kernel's BTF; asked lazily.

    Between them comes what a program is compiled of, where that is traced.
    """

    def of_program(self, program: ProgramTypes) -> TypeTable:
        """The table for probes in that program."""

    def find(self, name: str) -> Type:
        """The type called `struct x`, `union x`, `enum x` or by a typedef's name; KeyError.

        A struct comes with its size but without its fields (`fields` is None).
        """

    def complete(self, record: RecordType) -> RecordType:
        """The record with its fields; those that are structs themselves stay without theirs.

        A record that no type is found for has the empty tuple.
        """

    def is_of_kernel(self, record: RecordType) -> bool:
        """Whether the kernel's types, and nothing before them, say what is in the record."""

    def enumerator(self, name: str) -> tuple[int, IntType]:
        """The value of an enum's constant and the enum's type; KeyError."""

    def kernel_enumerator(self, name: str) -> tuple[int, IntType]:
        """The same where only the kernel's types tell it; KeyError."""

    def macro(self, name: str) -> str:
        """The text that `#define name text` gives; KeyError."""

    def near(self, name: str) -> Iterable[str]:
        """Names that `name` may be a misspelling of."""


class NoTypes:
    """A table of nothing."""

    def of_program(self, program: ProgramTypes) -> TypeTable:
        return self

    def find(self, name: str) -> Type:
        raise KeyError(name)

    def complete(self, record: RecordType) -> RecordType:
        return record

    def is_of_kernel(self, record: RecordType) -> bool:
        return False

    def enumerator(self, name: str) -> tuple[int, IntType]:
        raise KeyError(name)

    def kernel_enumerator(self, name: str) -> tuple[int, IntType]:
        raise KeyError(name)

    def macro(self, name: str) -> str:
        raise KeyError(name)

    def near(self, name: str) -> Iterable[str]:
        return ()


NO_TYPES = NoTypes()
