"""What `cpudist` and `runqlat` share: histograms of times, of all tasks, or of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from seismo.tools.tool import Histograms, Report, columns

__all__ = ("by_task",)

_MAPS = (("@all", ""), ("@process", "pid comm"), ("@thread", "tid comm"))


def by_task(
    *others: tuple[str, str],
) -> Callable[[Mapping[str, Any]], tuple[Report, ...]]:
    """What says which of these maps, and of the `others` (map, keys), are shown in which unit."""

    def reports(given: Mapping[str, Any]) -> tuple[Report, ...]:
        unit = "msecs" if given["milliseconds"] else "usecs"
        return tuple(Histograms(name, unit, columns(keys)) for name, keys in (*_MAPS, *others))

    return reports
