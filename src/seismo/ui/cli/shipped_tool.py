"""How a shipped tool shows what it finds: as the tool's record says."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import BinaryIO

from seismo.output.sink import Sink
from seismo.runtime.actions import MakeRender
from seismo.tools.reports.writer import writer_of
from seismo.tools.rows import RowWriter
from seismo.tools.sink import ToolSink
from seismo.tools.table import NAMES, find_tool
from seismo.ui.cli.errors import InputError

__all__ = ("ToolShow",)


class ToolShow:
    """The rows and reports of the tool `name`, which depend on some of its `options`; InputError
    for one that there is not."""

    def __init__(self, name: str, options: Mapping[str, int]) -> None:
        if name not in NAMES:
            raise InputError(f"this is the tool '{name}', which this seismo has not")
        self._tool = find_tool(name)
        absent = dict.fromkeys(one.name for one in self._tool.options)
        self._reports = self._tool.reported({**absent, **options})

    @property
    def maps(self) -> tuple[str, ...]:
        """The maps that are reported."""
        return tuple([name for one in self._reports for name in one.maps])

    def form(
        self, *, is_json: bool, is_quiet: bool
    ) -> tuple[Callable[[BinaryIO], Sink], MakeRender]:
        """What makes the sink of a stream, and how a printf becomes a row: text or JSON."""
        columns = self._tool.rows.columns if self._tool.rows is not None else ()
        rows = RowWriter(columns, is_json=is_json)
        make_sink = partial(
            ToolSink,
            errors=sys.stderr.buffer,
            rows=rows,
            reports=[writer_of(one) for one in self._reports],
            maps=self.maps,
            is_json=is_json,
            is_quiet=is_quiet,
        )
        return make_sink, rows.render
