"""Results as text: Markdown tables that read well in a terminal too, and blocks of a document.

>>> print(format_table(("what", "ns"), (("count by comm", "81"),)))
| what          |  ns |
|---------------|----:|
| count by comm |  81 |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.errors import BenchError

__all__ = ("Section", "format_section", "format_table", "replace_block")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part's results; `name` is the block of the document that holds them."""

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def format_section(section: Section) -> str:
    """The section as Markdown: its table, and its notes as a list."""
    parts = [f"**{section.title}**", format_table(section.header, section.rows)]
    if section.notes:
        parts.append("\n".join(f"- {note}" for note in section.notes))
    return "\n\n".join(parts)


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is aligned to the left, the others to the right.

    ValueError for a row that is longer or shorter than the header.
    """
    columns = list(zip(header, *rows, strict=True))
    widths = [max(3, *map(len, column)) for column in columns]
    lines = [_row(header, widths), _rule(widths), *(_row(row, widths) for row in rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    aligned = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return f"| {' | '.join(aligned)} |"


def _rule(widths: Sequence[int]) -> str:
    first, *others = ("-" * (width + 1) for width in widths)
    return f"|{first}-|{''.join(f'{dashes}:|' for dashes in others)}"


def replace_block(document: str, name: str, text: str) -> str:
    """`document` with `text` between its markers `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`.

    Raises `BenchError` when the markers are not there, once each and in this order.
    """
    start, end = f"<!-- bench:{name} -->\n", f"<!-- /bench:{name} -->"
    before, found_start, rest = document.partition(start)
    _, found_end, after = rest.partition(end)
    if not (found_start and found_end) or start in after:
        raise BenchError(f"the document must have {start.strip()} and then {end}, once each")
    return f"{before}{start}\n{text.strip()}\n\n{end}{after}"
