"""`ProgramTypes`: types and constants that a traced program's debug information tells.

>>> str(ProgramTypes(view, "/usr/bin/server").find("struct request"))
'struct request'

Nothing is opened before a script names something that its own C does not declare.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from seismo.base.errors import NotSupported
from seismo.elf.dwarf_errors import DebugInfoMissing
from seismo.elf.errors import ElfError
from seismo.lang.types import IntType, Type
from seismo.probes.kind import TargetError
from seismo.probes.user_file import one_binary
from seismo.probes.view import KernelView

if TYPE_CHECKING:
    from seismo.elf.dwarf import DebugInfo
    from seismo.lang.dwarf_types import DwarfTypes

__all__ = ("ProgramTypes",)

T = TypeVar("T")


class ProgramTypes:
    """What the program at `path` was compiled of; it knows nothing where that is not told."""

    def __init__(self, view: KernelView, path: str) -> None:
        self._view = view
        self._path = path

    def find(self, name: str) -> Type:
        """As `TypeTable.find`."""
        return self._types.of(self._ask(name, lambda told: told.type(name)))

    def enumerator(self, name: str) -> tuple[int, IntType]:
        """As `TypeTable.enumerator`."""
        value, enum = self._ask(name, lambda told: told.constant(name))
        type_ = self._types.of(enum)
        if not isinstance(type_, IntType):
            raise KeyError(name)
        return value, type_

    def _ask(self, name: str, question: Callable[[DebugInfo], T]) -> T:
        try:
            return question(self._debug_info)
        except (DebugInfoMissing, ElfError, NotSupported, TargetError):
            raise KeyError(name) from None

    @cached_property
    def _debug_info(self) -> DebugInfo:
        return self._view.debug_info(one_binary(self._path, self._view))

    @cached_property
    def _types(self) -> DwarfTypes:
        from seismo.lang.dwarf_types import DwarfTypes  # noqa: PLC0415 (lazy: docs/architecture.md)

        return DwarfTypes(self._debug_info)
