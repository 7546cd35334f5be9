"""Maps with the same keys as one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seismo.events.value import Value, texter
from seismo.output.table import Cell, table_text
from seismo.tools.reports.found import Found, json_line, key_members, key_texts, rows_of
from seismo.tools.rows import column_json, shown
from seismo.tools.tool import Column, Table

__all__ = ("TableWriter",)


class TableWriter:
    """The row with the largest first value comes first."""

    def __init__(self, report: Table) -> None:
        self._report = report

    def text(self, found: Found, top: int) -> str:
        """Aligned columns under a heading."""
        report, rows = self._report, self._rows(found, top)
        if not rows:
            return ""
        texts = [
            *key_texts(found, report.maps, report.keys),
            *(_value_text(found, name, column) for name, column in report.values),
        ]
        names = [one.name.upper() for one in (*report.keys, *(one for _, one in report.values))]
        lines = [[_cell(text, part) for text, part in zip(texts, row, strict=True)] for row in rows]
        return table_text(names, lines)

    def json(self, found: Found, top: int) -> str:
        report, rows = self._report, self._rows(found, top)
        if not rows:
            return ""
        members = key_members(found, report.maps, report.keys)
        for name, column in report.values:
            write = column_json(column, found[name][0].printed) if name in found else str
            members.append((column.name, write))
        return "".join(json_line(members, row) for row in rows)

    def _rows(self, found: Found, top: int) -> list[tuple[Value, ...]]:
        """The maps joined by their keys; what one of them has not is 0."""
        report = self._report
        maps = [dict(rows_of(found, name)) for name in report.maps]
        keys = dict.fromkeys(key for one in maps for key in one)
        rows = [(*key, *(one.get(key, 0) for one in maps)) for key in keys]
        rows.sort(key=lambda row: _place(row, len(report.keys)))
        top = top or report.top
        return rows[:top] if top else rows


def _place(row: tuple[Value, ...], keys: int) -> tuple[int, list[tuple[bool, Any]]]:
    """By the first value, falling; then by the keys: numbers before texts."""
    value = row[keys]
    parts = [(isinstance(part, str), part) for part in row[:keys] if isinstance(part, (int, str))]
    return -value if isinstance(value, int) else 0, parts


def _cell(text: Callable[[Any], str], part: Value) -> Cell:
    """A number that is shown as such stays one, so that it stands to the right."""
    word = text(part)
    return part if isinstance(part, int) and word == str(part) else word


def _value_text(found: Found, name: str, column: Column) -> Callable[[Any], str]:
    if column.show is not None:
        return shown(column.show)
    return texter(found[name][0].printed) if name in found else str
