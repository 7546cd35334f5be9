"""Time series as people read them: a line for each interval, its value as a point between the
smallest and the largest.

          1                                                   3
hh:mm:ss |___________________________________________________|
10:00:01 *                                                   | 1
10:00:02 |                                                   * 3
         v___________________________________________________v
"""

from __future__ import annotations

import time

from seismo.base.layout import Int
from seismo.events.value import TimeSeries
from seismo.output.units import Unit, duration_unit

__all__ = ("graph_text",)

_WIDTH = 53
_LEFT_LABEL = 21
_NS_PER_SECOND = 1_000_000_000


def graph_text(series: TimeSeries, type_: Int) -> str:
    """The graph of values of this type, times in the local zone; `<no data>` without values."""
    values = [value for _, value in series.points if value is not None]
    if not values:
        return "<no data>"
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 1 if low or type_.signed else 0, high + 1
    unit = duration_unit(series.interval_ns)
    heading = f"hh:mm:ss.{unit.name}" if unit.digits else "hh:mm:ss"
    margin = len("hh:mm:ss") + (1 + unit.digits if unit.digits else 0)
    ends = f"{'':{margin + 1}}{low:<{_LEFT_LABEL}}{high:>{_WIDTH - _LEFT_LABEL}}\n"
    bars = "_" * (_WIDTH - 2)
    lines = [
        f"{_time_of_day(start, unit)} {_line(value, low, high)}\n" for start, value in series.points
    ]
    return "".join(
        [
            ends,
            f"{heading:<{margin + 1}}|{bars}|\n",
            *lines,
            f"{'':{margin + 1}}v{bars}v\n",
            ends,
        ]
    )


def _line(value: int | None, low: int, high: int) -> str:
    """The point of a value, and the value; a dot marks zero where it lies between the ends."""
    cells = ["|", *" " * (_WIDTH - 2), "|"]
    if low < 0 < high and (zero := _WIDTH * -low // (high - low)):
        cells[zero] = "."
    if value is None:
        return f"{''.join(cells)} -"
    cells[(_WIDTH - 1) * (value - low) // (high - low)] = "*"
    return f"{''.join(cells)} {value}"


def _time_of_day(wall_ns: int, unit: Unit) -> str:
    seconds, ns = divmod(wall_ns, _NS_PER_SECOND)
    text = time.strftime("%H:%M:%S", time.localtime(seconds))
    return f"{text}.{ns // unit.ns:0{unit.digits}}" if unit.digits else text
