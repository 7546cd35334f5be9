"""Who writes which report."""

from __future__ import annotations

from typing import assert_never

from seismo.tools.reports.found import ReportWriter
from seismo.tools.reports.histograms import HistogramsWriter
from seismo.tools.reports.stacks import StacksWriter
from seismo.tools.reports.table import TableWriter
from seismo.tools.tool import Histograms, Report, Stacks, Table

__all__ = ("writer_of",)


def writer_of(report: Report) -> ReportWriter:
    """The writer of a report."""
    match report:
        case Table():
            return TableWriter(report)
        case Histograms():
            return HistogramsWriter(report)
        case Stacks():
            return StacksWriter(report)
        case _:
            assert_never(report)
