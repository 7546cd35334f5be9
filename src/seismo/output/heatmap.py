"""Heat maps on a terminal: a line an interval, a column a bucket, the darker the more values.

              8us   16us  32us
    10:00:01 |▓▓▓▓▓▓██████░░░░░░| 1243

A line is scaled by its own largest bucket: what is to come is not known, and a scale that grew
would change what the lines above it mean. The total behind the line tells how much there was. The
scale is logarithmic, because the few slow values matter beside the many fast ones, and a bucket
with but one value is never blank. Columns are added when values need them, under a new heading.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby

from seismo.base.dataclass import dataclass
from seismo.events.value import Bucket, Histogram
from seismo.output.measures import symbol_of
from seismo.output.printable import printable, text_width

__all__ = ("HeatMap",)

_SHADES = "░▒▓█"
_COLORS = (52, 88, 124, 160, 196, 202, 208, 214, 220, 226)
"""Dark red to yellow, among the 256 colours of terminals."""

_CELL_WIDTH = 6
"""The most characters of a column: bounds of columns then stand side by side."""

_TOTAL_WIDTH = 9
_TIMES = ("ns", "us", "ms", "s")
_PREFIXES = ("K", "M", "G", "T", "P", "E")
_KILO, _KIBI = 1000, 1024


class HeatMap:
    """Lines of a heat map, about `width` characters long, with a heading every `height` lines.

    A column is named by its least value, in `unit` (see `measures`) or in what people would write
    for it. Columns are powers of two, as of `hist(n)`, and are named in units of 1024 (1024us are
    1ms); or they are the buckets of `lhist(n, low, high, step)`. If there is no room for all
    columns, neighbours share one.
    """

    def __init__(
        self,
        unit: str,
        width: int = 80,
        *,
        low: int = 0,
        step: int = 0,
        height: int = 20,
        has_color: bool = False,
    ) -> None:
        self._axis = _Axis(symbol_of(unit), low, step)
        self._width = width
        self._height = height
        self._has_color = has_color
        self._columns = range(0)
        self._label_width = 0
        self._until_heading = 0

    def line(self, label: str, histogram: Histogram) -> str:
        """The line of one interval, below a heading if one is due."""
        label = printable(label)
        counts: Counter[int] = Counter()
        for bucket in histogram.buckets:
            if bucket.count:
                counts[self._axis.column(bucket)] += bucket.count
        self._make_room(counts, text_width(label))
        blank = " " * (self._label_width - text_width(label))
        cells = self._cells(counts) if self._columns else ""
        return f"{self._heading()}{label}{blank} |{cells}| {histogram.total}\n"

    def _make_room(self, counts: Mapping[int, int], label_width: int) -> None:
        """Take in what the line needs; what is no longer where it was needs another heading."""
        before = self._columns, self._label_width
        used = [*counts, *self._columns[:1], *self._columns[-1:]]
        if used:
            self._columns = range(min(used), max(used) + 1)
        self._label_width = max(label_width, self._label_width)
        if before != (self._columns, self._label_width):
            self._until_heading = 0

    def _heading(self) -> str:
        """The names of as many columns as there is room for, if it is time for them."""
        if not self._columns:
            return ""
        is_due = self._until_heading == 0
        self._until_heading = (self._until_heading or self._height) - 1
        if not is_due:
            return ""
        shared, width = self._shape()
        text = " " * (self._label_width + 1)
        for place, column in enumerate(self._columns[::shared]):
            start = self._label_width + len(" |") + place * width
            if len(text) < start:
                text = text.ljust(start) + self._axis.name(column)
        return f"{text}\n"

    def _cells(self, counts: Counter[int]) -> str:
        shared, width = self._shape()
        starts = range(0, len(self._columns), shared)
        places = [sum(counts[one] for one in self._columns[at : at + shared]) for at in starts]
        return _painted(places, width, has_color=self._has_color)

    def _shape(self) -> tuple[int, int]:
        """How many columns share a place, and its width in characters."""
        room = max(1, self._width - self._label_width - len(" || ") - _TOTAL_WIDTH)
        shared = -(-len(self._columns) // room)
        places = -(-len(self._columns) // shared)
        return shared, min(_CELL_WIDTH, room // places)


@dataclass(frozen=True, slots=True)
class _Axis:
    """The columns by number: powers of two if `step` is 0; -1 is what is below all others."""

    symbol: str
    low: int
    step: int

    def column(self, bucket: Bucket) -> int:
        if bucket.low is None:
            return -1
        return (bucket.low - self.low) // self.step if self.step else bucket.low.bit_length()

    def name(self, column: int) -> str:
        """`64us`, `1ms`, `1.5K`, `<0`."""
        if column < 0:
            return f"<{self.name(0)}"
        value = float(self._least(column))
        is_time = self.symbol in _TIMES
        units = _TIMES[_TIMES.index(self.symbol) :] if is_time else (self.symbol, *_PREFIXES)
        kilo = _KILO if self.step and self.symbol != "B" else _KIBI
        unit = 0
        while abs(value) >= kilo and unit + 1 < len(units):
            value, unit = value / kilo, unit + 1
        return f"{value:.1f}".removesuffix(".0") + (units[unit] if value else "")

    def _least(self, column: int) -> int:
        if self.step:
            return self.low + column * self.step
        return 1 << column - 1 if column else 0


def _painted(counts: Sequence[int], width: int, *, has_color: bool) -> str:
    """Every count as `width` characters that are darker, or brighter, the larger it is."""
    levels = len(_COLORS if has_color else _SHADES)
    largest = max(counts)
    runs = groupby(counts, lambda count: _level(count, largest, levels))
    return "".join([_run(level, width * len(list(run)), has_color) for level, run in runs])


def _level(count: int, largest: int, levels: int) -> int:
    """The count's logarithm as a share of the largest one's, rounded up; in integers, so that it is
    the same on every machine."""
    if not count:
        return 0
    power = (count + 1) ** levels
    return next(one for one in range(1, levels + 1) if power <= (largest + 1) ** one)


def _run(level: int, width: int, has_color: bool) -> str:
    if level == 0:
        return " " * width
    if has_color:
        return f"\033[48;5;{_COLORS[level - 1]}m{' ' * width}\033[0m"
    return _SHADES[level - 1] * width
