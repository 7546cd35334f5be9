"""`Tool`: one record is one ready-made tool: a script, its options, its columns."""

from __future__ import annotations

import os
from collections.abc import Mapping

from seismo.base.dataclass import dataclass
from seismo.base.source import Source

__all__ = ("Tool", "ToolFlag")

_DIRECTORY = os.path.dirname(__file__)


@dataclass(frozen=True, slots=True)
class ToolFlag:
    """A switch: the script's positional parameter `$N` is 1 when it is given, else 0."""

    flag: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool in the tracing language, in `<name>.bt` beside this file.

    `columns` names what a row's printf prints, in order: a row is a printf with that many
    arguments. `flags` become the script's parameters `$1`, `$2`, …
    """

    name: str
    summary: str
    columns: tuple[str, ...]
    example: str
    flags: tuple[ToolFlag, ...] = ()

    @property
    def path(self) -> str:
        return os.path.join(_DIRECTORY, f"{self.name}.bt")

    def source(self) -> Source:
        """The script."""
        with open(self.path, encoding="utf-8") as file:
            return Source(os.path.basename(self.path), file.read())

    def parameters(self, given: Mapping[str, bool]) -> tuple[str, ...]:
        """The script's parameters for the flags that were given."""
        return tuple("1" if given.get(one.flag) else "0" for one in self.flags)
