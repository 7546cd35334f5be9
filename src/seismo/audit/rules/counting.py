"""What functions remember of a group's events in a window, in bounded space.

A `Tally` takes values one at a time, takes in another of its kind (the panes of a sliding window),
and tells its value. Beyond their limit DISTINCT and TOP say so (`is_partial`) and tell lower
bounds: they take no further values, TOP counts the events of those as `others`.
"""

from __future__ import annotations

from heapq import nsmallest
from typing import Protocol, TypeAlias

from seismo.audit.rules.fields import ABSENT, FieldValue
from seismo.audit.rules.model import FunctionKind, RuleFunction
from seismo.audit.sinks.alert import AlertValue

__all__ = ("Count", "Distinct", "Histogram", "Tally", "TallyOf", "Top", "tally_of")

_SECOND_NS = 1_000_000_000


class Tally(Protocol):
    """What is remembered of a group."""

    events: int
    is_partial: bool

    def add(self, value: FieldValue) -> None:
        """One more event, and its field's value."""

    def take_in(self, other: TallyOf) -> None:
        """All events of another."""

    def value(self) -> AlertValue:
        """What is told."""

    def measure(self) -> float:
        """The number that a threshold is compared with."""


class Count:
    """COUNT, and RATE: events, by second of a window of `seconds` unless that is 0."""

    __slots__ = ("events", "is_partial", "seconds")

    def __init__(self, seconds: float = 0, events: int = 0) -> None:
        self.events = events
        self.is_partial = False
        self.seconds = seconds

    def add(self, value: FieldValue) -> None:
        self.events += 1

    def take_in(self, other: TallyOf) -> None:
        self.events += other.events

    def value(self) -> int | float:
        return self.events / self.seconds if self.seconds else self.events

    def measure(self) -> float:
        return self.value()


class Distinct:
    """DISTINCT: the number of values; at most `limit` are remembered."""

    __slots__ = ("events", "is_partial", "limit", "values")

    def __init__(self, limit: int) -> None:
        self.events = 0
        self.is_partial = False
        self.limit = limit
        self.values: set[FieldValue] = set()

    def add(self, value: FieldValue) -> None:
        self.events += 1
        if value is not ABSENT:
            self._put(value)

    def take_in(self, other: TallyOf) -> None:
        assert isinstance(other, Distinct)
        self.events += other.events
        self.is_partial |= other.is_partial
        for value in other.values:
            self._put(value)

    def value(self) -> int:
        return len(self.values)

    def measure(self) -> float:
        return len(self.values)

    def _put(self, value: FieldValue) -> None:
        if len(self.values) < self.limit or value in self.values:
            self.values.add(value)
        else:
            self.is_partial = True


class Top:
    """TOP: how often each value was there; the `most` largest are told, ties by their names."""

    __slots__ = ("counts", "events", "is_partial", "limit", "most", "others")

    def __init__(self, most: int, limit: int) -> None:
        self.events = 0
        self.others = 0
        self.is_partial = False
        self.most = most
        self.limit = limit
        self.counts: dict[FieldValue, int] = {}

    def add(self, value: FieldValue) -> None:
        self.events += 1
        if value is not ABSENT:
            self._put(value, 1)

    def take_in(self, other: TallyOf) -> None:
        assert isinstance(other, Top)
        self.events += other.events
        self.others += other.others
        self.is_partial |= other.is_partial
        for value, count in other.counts.items():
            self._put(value, count)

    def value(self) -> tuple[tuple[str, int], ...]:
        pairs = [(str(value), count) for value, count in self.counts.items()]
        return tuple(nsmallest(self.most, pairs, key=lambda pair: (-pair[1], pair[0])))

    def measure(self) -> float:
        return max(self.counts.values(), default=0)

    def _put(self, value: FieldValue, count: int) -> None:
        if value in self.counts:
            self.counts[value] += count
        elif len(self.counts) < self.limit:
            self.counts[value] = count
        else:
            self.others += count
            self.is_partial = True


class Histogram:
    """HISTOGRAM: numbers by powers of two; bucket N holds 2^(N-1) to 2^N - 1; 0 holds 0.

    Buckets are told by their lowest value: `0`, `1`, `2`, `4`, …; negative numbers are `-`.
    """

    __slots__ = ("buckets", "events", "is_partial", "quantile")

    def __init__(self, quantile: float) -> None:
        self.events = 0
        self.is_partial = False
        self.quantile = quantile
        self.buckets: dict[int, int] = {}

    def add(self, value: FieldValue) -> None:
        self.events += 1
        if isinstance(value, int):
            self._put(-1 if value < 0 else value.bit_length(), 1)

    def take_in(self, other: TallyOf) -> None:
        assert isinstance(other, Histogram)
        self.events += other.events
        for bucket, count in other.buckets.items():
            self._put(bucket, count)

    def value(self) -> tuple[tuple[str, int], ...]:
        return tuple([(_lowest(bucket), self.buckets[bucket]) for bucket in sorted(self.buckets)])

    def measure(self) -> float:
        """The largest number that the bucket with the quantile may hold; 0 without numbers."""
        wanted = round(self.quantile * sum(self.buckets.values()), 6)  # 0.55 of 100 is 55
        seen = 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= wanted:
                return (1 << bucket) - 1 if bucket >= 0 else -1
        return 0

    def _put(self, bucket: int, count: int) -> None:
        self.buckets[bucket] = self.buckets.get(bucket, 0) + count


TallyOf: TypeAlias = Count | Distinct | Top | Histogram


def _lowest(bucket: int) -> str:
    return "-" if bucket < 0 else str(1 << bucket >> 1)


def tally_of(function: RuleFunction, *, window_ns: int, limit: int) -> TallyOf:
    """An empty tally for a function that counts by windows."""
    match function.kind:
        case FunctionKind.COUNT:
            return Count()
        case FunctionKind.RATE:
            return Count(window_ns / _SECOND_NS)
        case FunctionKind.DISTINCT:
            return Distinct(limit)
        case FunctionKind.TOP:
            return Top(function.most, limit)
        case FunctionKind.HISTOGRAM:
            return Histogram(function.quantile)
    raise AssertionError(f"{function.kind} has no windows")
