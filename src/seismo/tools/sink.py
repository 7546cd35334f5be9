"""`ToolSink`: where a tool's rows and maps go, as text or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import BinaryIO

from seismo.events.kinds import MapView
from seismo.events.value import Row
from seismo.output.text import TextSink
from seismo.tools.reports.found import Found, ReportWriter
from seismo.tools.rows import RowWriter

__all__ = ("ToolSink",)


class ToolSink(TextSink):
    """Rows as they come, and at each `flush` what the `maps` hold that were printed before it.

    `label` is what stands above each round of reports, '' for nothing; `keep` is given each round,
    too, for files that are made of it. No report has more than `top` rows (0: what it says).
    `before_write` is called before anything is written.
    """

    def __init__(
        self,
        stream: BinaryIO,
        errors: BinaryIO,
        *,
        rows: RowWriter,
        reports: Sequence[ReportWriter],
        maps: Collection[str],
        is_json: bool,
        top: int = 0,
        label: Callable[[], str] = str,
        keep: Callable[[Found], object] | None = None,
        is_quiet: bool = False,
        before_write: Callable[[], object] = bool,
    ) -> None:
        super().__init__(stream, errors, is_quiet=is_quiet)
        self._rows = rows
        self._reports = tuple(reports)
        self._is_json = is_json
        self._top = top
        self._label = label
        self._keep = keep
        self._before_write = before_write
        self._maps = frozenset(maps)
        self._found: dict[str, tuple[MapView, Sequence[Row]]] = {}

    def attached(self, count: int) -> None:
        super().attached(count)
        self._add(self._rows.heading)

    def map(self, view: MapView, rows: Sequence[Row]) -> None:
        """Only the maps that are reported."""
        if view.name in self._maps:
            self._found[view.name] = (view, rows)

    def end(self) -> None:
        """No blank lines: a tool's output is read by others, too."""

    def flush(self, *, is_last: bool = False) -> None:
        if self._found:
            self._report()
        self._before_write()
        super().flush(is_last=is_last)

    def _report(self) -> None:
        found, self._found = self._found, {}
        writes = [one.json if self._is_json else one.text for one in self._reports]
        texts = [write(found, self._top) for write in writes]
        if self._keep is not None:
            self._keep(found)
        label = "" if self._is_json else self._label()
        if label and any(texts):
            self._add(f"{label}\n")
        self._add("".join(texts) if self._is_json else "\n".join(filter(None, texts)))

    def _note(self, text: str) -> None:
        self._before_write()
        super()._note(text)
