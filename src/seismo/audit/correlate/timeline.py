"""`Timeline`: what something was, and from when on; entries may come in any order.

>>> line = Timeline[str]()
>>> line.put(20, "sh"); line.put(10, "init"); line.at(15, "")
'init'
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Generic, TypeVar

__all__ = ("Timeline",)

T = TypeVar("T")


class Timeline(Generic[T]):
    """Values by the time (ns) from which they hold, at most `limit` of them.

    Beyond the limit the second oldest goes, because the first says how it began; `dropped` counts.
    """

    __slots__ = ("_limit", "_times", "_values", "dropped")

    def __init__(self, limit: int = 64) -> None:
        self._limit = limit
        self._times: list[int] = []
        self._values: list[T] = []
        self.dropped = 0

    def put(self, time_ns: int, value: T) -> None:
        """What holds from this time on; a second value for the same time replaces the first."""
        if not self._times or time_ns > self._times[-1]:
            self._times.append(time_ns)
            self._values.append(value)
        else:
            at = bisect_left(self._times, time_ns)
            if self._times[at] == time_ns:
                self._values[at] = value
                return
            self._times.insert(at, time_ns)
            self._values.insert(at, value)
        if len(self._times) > self._limit:
            del self._times[1], self._values[1]
            self.dropped += 1

    def at(self, time_ns: int, default: T) -> T:
        """What held at a time; `default` before the first entry."""
        at = bisect_right(self._times, time_ns)
        return self._values[at - 1] if at else default

    def has_at(self, time_ns: int) -> bool:
        """Whether an entry is as old as this, or older."""
        return bool(self._times) and self._times[0] <= time_ns

    def last(self, default: T) -> T:
        """What holds now."""
        return self._values[-1] if self._values else default

    def times(self) -> tuple[int, ...]:
        """When each entry began, in order."""
        return tuple(self._times)

    def __iter__(self) -> Iterator[tuple[int, T]]:
        return iter(zip(self._times, self._values, strict=True))

    def __len__(self) -> int:
        return len(self._times)
