"""Maps with a bucket number behind the key: the shares of a key's buckets to its one value.

>>> view = MapView(name="@", key=None, value=U64, reduction="hist", parameters=(0,))
>>> merge_buckets(view, [((), {2: [(5,), (1,)]})], RAW)
[((), Histogram(buckets=(Bucket(low=1, high=2, count=6, label='[1]'),)))]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from seismo.base.layout import Int
from seismo.events.histogram import linear_histogram, log2_histogram
from seismo.events.kinds import MapView
from seismo.events.symbolic import Resolver
from seismo.events.tseries import latest_value, series
from seismo.events.value import Histogram, Row, Value

__all__ = ("Buckets", "merge_buckets")

_CLOCK = "sw_tai"
"""The clock whose time, divided by the interval, is a time series' epoch."""

Buckets: TypeAlias = dict[int, list[Any]]
"""The shares of the CPUs by bucket number."""

_Grouped: TypeAlias = Sequence[tuple[tuple[Value, ...], Buckets]]


def merge_buckets(view: MapView, rows: _Grouped, resolver: Resolver) -> list[Row]:
    """One value for each row's buckets; histograms come in the order of their totals."""
    if view.reduction == "tseries":
        return _time_series(view, rows, resolver)
    merged = [(key, _histogram(view, buckets)) for key, buckets in rows]
    merged.sort(key=lambda row: row[1].total)
    return list(merged)


def _histogram(view: MapView, buckets: Buckets) -> Histogram:
    counts = {number: sum(share[0] for share in shares) for number, shares in buckets.items()}
    sizes = [int(one) for one in view.parameters]
    if view.reduction == "hist":
        return log2_histogram(counts, sizes[0])
    return linear_histogram(counts, *sizes)


def _time_series(view: MapView, rows: _Grouped, resolver: Resolver) -> list[Row]:
    """Every key's values over the same intervals, which end with the latest of all keys."""
    interval_ns, count, *function = view.parameters
    named, type_ = str(function[0]) if function else "", view.printed
    assert isinstance(type_, Int), "only numbers make a time series"
    by_epoch = [
        (key, dict(latest_value(shares, named, type_) for shares in buckets.values()))
        for key, buckets in rows
    ]
    last = max((epoch for _, values in by_epoch for epoch in values), default=0)
    epochs = range(max(1, last - int(count) + 1), last + 1)
    return [
        (key, series(values, epochs, int(interval_ns), lambda ns: resolver.wall_ns(_CLOCK, ns)))
        for key, values in by_epoch
    ]
