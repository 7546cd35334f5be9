"""`tseries`: the intervals that a map holds for a key to the line of values that it prints.

`tseries(n, interval, num, agg)` has `num` buckets, used in turn: the value of the interval number
`epoch` lies in bucket `epoch % num`, each CPU's share beside the others, and an old one stays until
it is overwritten. A share is {value, meta, epoch}: `meta` is the count for `avg`, whether there is
a value for `min` and `max`, else the time of the value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from seismo.base.layout import Int
from seismo.events.arithmetic import quotient, wrap
from seismo.events.value import TimeSeries

__all__ = ("Share", "latest_value", "series")

Share: TypeAlias = tuple[int, int, int]
"""(value, meta, epoch); epoch 0 is a share that was never written."""


def latest_value(shares: Iterable[Share], function: str, type_: Int) -> tuple[int, int]:
    """(epoch, value) of a bucket: the CPUs' shares of its latest epoch as one; (0, 0) for none."""
    written = [share for share in shares if share[2]]
    if not written:
        return 0, 0
    epoch = max(share[2] for share in written)
    return epoch, _combine([share for share in written if share[2] == epoch], function, type_)


def series(
    values: Mapping[int, int],
    epochs: range,
    interval_ns: int,
    wall_ns: Callable[[int], int],
) -> TimeSeries:
    """The values (by epoch) that lie in `epochs`, from the first that there is.

    `wall_ns` makes ns since 1970 of the clock that epochs are counted by.
    """
    first = min((epoch for epoch in values if epoch in epochs), default=epochs.stop)
    points = [
        (wall_ns(epoch * interval_ns), values.get(epoch)) for epoch in range(first, epochs.stop)
    ]
    return TimeSeries(interval_ns, tuple(points))


def _combine(shares: Sequence[Share], function: str, type_: Int) -> int:
    values = [value for value, _, _ in shares]
    match function:
        case "avg":
            count = sum(meta for _, meta, _ in shares)
            return quotient(wrap(sum(values), type_), count or 1)
        case "sum":
            return wrap(sum(values), type_)
        case "min":
            return min(values)
        case "max":
            return max(values)
        case _:
            return max(shares, key=lambda share: share[1])[0]
