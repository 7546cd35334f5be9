"""`list` and `show` of what the kernel holds, the same for programs, maps, links and types.

Which one is meant is said as `12`, `id 12`, `name filter`, `tag 3b185187f1855c4c`, `pinned PATH`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

from seismo.base.dataclass import dataclass
from seismo.kernel.live import LiveKernel
from seismo.kernel.object_ids import Holder, Kind, holders
from seismo.kernel.protocol import Kernel
from seismo.objects.inventory import links
from seismo.output.table import Cell, table_text
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.parser import add_verb
from seismo.ui.cli.places import place_of

__all__ = ("Around", "Stock", "add_json", "add_stock_verbs", "add_which", "print_json", "selected")

Record: TypeAlias = Any
Find: TypeAlias = Callable[[Kernel, str, str], tuple[int, ...]]


class Around:
    """What records do not say of themselves, asked once: who holds them, where programs are."""

    def __init__(self, kernel: Kernel, kind: Kind) -> None:
        self._kernel = kernel
        self._kind = kind

    def held(self, number: int) -> tuple[Holder, ...]:
        """The processes that have an fd of it."""
        return self._holders.get((self._kind, number), ())

    def names(self, number: int) -> str:
        """The same as `name(pid)`, or a dash."""
        return ", ".join(f"{one.name}({one.pid})" for one in self.held(number)) or "-"

    def places(self, number: int) -> tuple[str, ...]:
        """Where links have the program of that id."""
        return tuple(self._places.get(number, ()))

    @cached_property
    def _holders(self) -> Mapping[tuple[Kind, int], tuple[Holder, ...]]:
        return holders(self._kernel)

    @cached_property
    def _places(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for one in links(self._kernel):
            found.setdefault(one.prog_id, []).append(place_of(one))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """One kind of what the kernel holds: `all` of it, or `one` by its id; `ways` are the words that
    `find` knows. A record is a `row` under the `headings`, lines of `facts`, or an object `json`.
    """

    kind: Kind
    words: str
    all: Callable[[Kernel], Iterator[Record]]
    one: Callable[[Kernel, int], Record]
    find: Find
    ways: tuple[str, ...]
    headings: tuple[str, ...]
    row: Callable[[Record, Around], tuple[Cell, ...]]
    facts: Callable[[Record, Around], Iterator[str]]
    json: Callable[[Record, Around], dict[str, Any]]


def add_stock_verbs(verbs: Any, stock: Stock) -> None:
    """Add `list` and `show` to a command's verbs."""
    listing = add_verb(
        verbs, "list", f"all {stock.words}, a line each", lambda given: _list(stock, given)
    )
    add_json(listing)
    show = add_verb(
        verbs,
        "show",
        f"all that the kernel tells of {stock.words}",
        lambda given: _show(stock, given),
    )
    add_which(show, stock.ways, is_needed=False)
    add_json(show)


def add_which(parser: argparse.ArgumentParser, ways: Sequence[str], *, is_needed: bool) -> None:
    """The words that say which one is meant."""
    forms = ", ".join(f"{way} {'PATH' if way == 'pinned' else way.upper()}" for way in ways)
    count = "+" if is_needed else "*"
    parser.add_argument("words", nargs=count, metavar="WHICH", help=f"a number, or {forms}")


def add_json(parser: argparse.ArgumentParser) -> None:
    """`--json`, which `-j` is, too."""
    parser.add_argument("-j", "--json", dest="is_json", action="store_true", help="as JSON")


def selected(kernel: Kernel, words: Sequence[str], stock: Stock) -> tuple[int, ...]:
    """The ids that the words mean, at least one; InputError for other words, else as `find`."""
    match list(words):
        case [number] if number.isdecimal():
            return stock.find(kernel, "id", number)
        case [way, value] if way in stock.ways and (way != "id" or value.isdecimal()):
            return stock.find(kernel, way, value)
        case _:
            forms = " or ".join(f"'{way} …'" for way in stock.ways)
            message = f"'{' '.join(words)}' does not say which\nhint: give a number, or {forms}"
            raise InputError(message)


def print_json(value: Any) -> None:
    """On standard output, a line."""
    # `json.dump` is several times slower: it has no encoder in C.
    sys.stdout.write(json.dumps(value) + "\n")


def _list(stock: Stock, given: argparse.Namespace) -> int:
    kernel = LiveKernel()
    found, around = list(stock.all(kernel)), Around(kernel, stock.kind)
    if given.is_json:
        print_json([stock.json(one, around) for one in found])
    else:
        rows = [stock.row(one, around) for one in found]
        sys.stdout.write(table_text(stock.headings, rows))
    return 0


def _show(stock: Stock, given: argparse.Namespace) -> int:
    kernel = LiveKernel()
    around = Around(kernel, stock.kind)
    if given.words:
        found = [stock.one(kernel, number) for number in selected(kernel, given.words, stock)]
    else:
        found = list(stock.all(kernel))
    if given.is_json:
        print_json([stock.json(one, around) for one in found])
        return 0
    for one in found:
        lines = list(stock.facts(one, around))
        if around.held(one.id):
            lines.append(f"pids {around.names(one.id)}")
        sys.stdout.write("\n\t".join(lines) + "\n")
    return 0
