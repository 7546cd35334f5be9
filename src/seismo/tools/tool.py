"""`Tool`: one record is one ready-made tool: its scripts, its options, what it shows.

A tool's script takes the options by `getopt("name", default, "help")`, where its defaults stand,
and says what happened in one of two ways:

`Rows`  A printf with as many arguments as there are columns is a row. Its format says how wide
        the columns are; the heading above them is made of it.
Maps    `Table`, `Histograms` and `Stacks` say what its maps hold: they are shown at the end, or
        every `--interval`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from seismo.base.dataclass import dataclass, field
from seismo.base.enum import Enum
from seismo.base.source import Source

__all__ = (
    "Area",
    "Column",
    "Histograms",
    "Option",
    "Report",
    "Rows",
    "Show",
    "Stacks",
    "Table",
    "Tool",
    "columns",
    "natural",
)

Show: TypeAlias = Callable[[Any], "str | None"]
"""What a value means, in a word; None where there is nothing to say: `-` as text, null as JSON."""


def natural(text: str) -> int:
    """A whole number of the command line that is not negative."""
    if not text.isdecimal() or int(text) >= 1 << 63:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0 on")
    return int(text)


class Area(Enum):
    """What a tool is about: the folder that it is in."""

    NETWORK = "network"
    SECURITY = "security"
    SYSTEM = "system"
    FILES = "files"
    CPU = "cpu"
    PROCESSES = "processes"
    ANALYSIS = "analysis"


@dataclass(frozen=True, slots=True)
class Option:
    """An option `--name`, perhaps with a `short` form, and what `getopt("name")` gives the script.

    Without a `metavar` it is a switch. `type` is what the command line's text must be; one that
    `is_positional` has no dashes, and must be there if it `is_required`. One that `is_many` may be
    given several times.
    """

    name: str
    help: str
    short: str = ""
    metavar: str = ""
    type: Callable[[str], object] = str
    choices: tuple[str, ...] = ()
    is_positional: bool = False
    is_required: bool = False
    is_many: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A part of a row: its name, what its value is called, and whether it is a stack. What the
    last one `is_rest` of is the whole rest of the printf, as text."""

    name: str
    show: Show | None = None
    is_stack: bool = False
    is_rest: bool = False


def columns(names: str) -> tuple[Column, ...]:
    """Columns that show their values as they are."""
    return tuple(Column(name) for name in names.split())


@dataclass(frozen=True, slots=True)
class Rows:
    """What happened, a row each. `is_current`: the task of the row is the one that prints it, so
    that more can be asked about it (`--with`)."""

    columns: tuple[Column, ...]
    is_current: bool = True

    @property
    def least(self) -> int:
        """How many arguments a row's printf has, or has at least where there is a rest."""
        return len(self.columns) - self.columns[-1].is_rest


@dataclass(frozen=True, slots=True)
class Table:
    """Maps with the same keys side by side: `values` are (map, column). The largest first value
    comes first, and no more than `top` rows are shown (0: all)."""

    keys: tuple[Column, ...]
    values: tuple[tuple[str, Column], ...]
    top: int = 0

    @property
    def maps(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.values)


@dataclass(frozen=True, slots=True)
class Histograms:
    """A map of `hist()` or `lhist()`: one histogram for each key, of values in `unit`."""

    map: str
    unit: str
    keys: tuple[Column, ...] = ()

    @property
    def maps(self) -> tuple[str, ...]:
        return (self.map,)


@dataclass(frozen=True, slots=True)
class Stacks:
    """A map with stacks among its keys, and how much of `unit` each was found with: what flame
    graphs are made of. Of two stacks the kernel's is on top of the user's."""

    map: str
    keys: tuple[Column, ...]
    unit: str

    @property
    def maps(self) -> tuple[str, ...]:
        return (self.map,)


Report: TypeAlias = "Table | Histograms | Stacks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A ready-made tool.

    `scripts` name the files `<script>.bt` of the tool's folder in the order that they are tried in:
    the first whose probes the kernel has is taken, and every one of them gives the same rows.
    `make` makes the scripts instead, of the options that were given; `usual` are options that are
    enough for it. `reports_of` says what the maps hold where that depends on the options.
    `about` is for the manual: what is shown, and what is not. `kernel` says what is
    needed of the kernel; what `user_engine` says can be told of a command without it, too.
    """

    name: str
    area: Area
    summary: str
    about: str
    kernel: str
    example: str
    rows: Rows | None = None
    reports: tuple[Report, ...] = ()
    options: tuple[Option, ...] = ()
    scripts: tuple[str, ...] = ()
    make: Callable[[Mapping[str, Any]], tuple[str, ...]] | None = None
    reports_of: Callable[[Mapping[str, Any]], tuple[Report, ...]] | None = None
    usual: Mapping[str, Any] = field(default_factory=dict)
    is_unsafe: bool = False
    user_engine: bool = False

    def sources(self, given: Mapping[str, Any]) -> tuple[Source, ...]:
        """The scripts in the order of preference, for these options."""
        if self.make is not None:
            return tuple(Source(self.name, text) for text in self.make(given))
        return tuple(Source(f"{name}.bt", _text(self.path(name))) for name in self.scripts)

    def reported(self, given: Mapping[str, Any]) -> tuple[Report, ...]:
        """What its maps hold, with these options."""
        return self.reports_of(given) if self.reports_of is not None else self.reports

    def path(self, script: str) -> str:
        """The file of one of its scripts."""
        return os.path.join(os.path.dirname(__file__), self.area.value, f"{script}.bt")

    def parameters(self, given: Mapping[str, Any]) -> dict[str, str]:
        """What `getopt` finds: the options that were given; the others have the script's values."""
        if self.make is not None:
            return {}
        found = {one.name: given.get(one.name) for one in self.options}
        return {
            name: "true" if value is True else str(value)
            for name, value in found.items()
            if value is not None and value is not False
        }


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
