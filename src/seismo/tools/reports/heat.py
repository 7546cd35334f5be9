"""A map of histograms as a heat map: a line for each, every interval."""

from __future__ import annotations

import time

from seismo.events.kinds import MapView
from seismo.events.value import Histogram
from seismo.output.heatmap import HeatMap
from seismo.tools.reports.found import Found
from seismo.tools.reports.histograms import HistogramsWriter
from seismo.tools.tool import Histograms

__all__ = ("HeatWriter",)


class HeatWriter(HistogramsWriter):
    """A line is labelled with the local time, and with what the histogram is about."""

    def __init__(self, report: Histograms, *, width: int, has_color: bool) -> None:
        super().__init__(report)
        self._width = width
        self._has_color = has_color
        self._map: HeatMap | None = None

    def text(self, found: Found, top: int) -> str:
        """An interval in which nothing was counted is a line, too, unless there are keys."""
        if self._report.map not in found:
            return ""
        heat = self._map = self._map or self._heat_map(found[self._report.map][0])
        rows = [*self.labelled(found)] or [("", Histogram(()))] * (not self._report.keys)
        now = time.strftime("%H:%M:%S")
        return "".join(heat.line(f"{now} {label}".rstrip(), one) for label, one in rows)

    def _heat_map(self, view: MapView) -> HeatMap:
        low, step = 0, 0
        if view.reduction == "lhist":
            low, _, step = map(int, view.parameters)
        return HeatMap(
            self._report.unit, self._width, low=low, step=step, has_color=self._has_color
        )
