"""Rows in aligned columns, for a terminal.

>>> table_text(("PID", "FILE"), [(7, "/a"), (1234, "/b")])
' PID  FILE\\n   7  /a\\n1234  /b\\n'
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from seismo.output.printable import printable, text_width

__all__ = ("Cell", "table_text")

Cell: TypeAlias = str | int | float

_GAP = "  "


def table_text(headings: Sequence[str], rows: Iterable[Sequence[Cell]], *, align: str = "") -> str:
    """A line of headings and one for each row; what is not printable is escaped.

    `align` is `<` or `>` for each column; without it columns of numbers alone go to the right. A
    row that is shorter or longer than the headings is a ValueError.
    """
    columns = list(zip(headings, *rows, strict=True))
    sides = align or "".join(map(_side, columns))
    texts = [
        _column([printable(str(cell)) for cell in column], side)
        for column, side in zip(columns, sides, strict=True)
    ]
    lines = zip(*texts, strict=True)
    return "".join([f"{_GAP.join(line).rstrip(' ')}\n" for line in lines])


def _side(column: Sequence[Cell]) -> str:
    values = column[1:]
    return ">" if values and all(isinstance(one, (int, float)) for one in values) else "<"


def _column(texts: Sequence[str], side: str) -> list[str]:
    """The texts, all of the same width."""
    widths = list(map(text_width, texts))
    blanks = [" " * (max(widths) - width) for width in widths]
    padded = zip(texts, blanks, strict=True)
    return [blank + text if side == ">" else text + blank for text, blank in padded]
