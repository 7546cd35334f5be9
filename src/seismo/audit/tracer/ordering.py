"""`Ordering`: records in the order of time, by holding back for a moment what is new.

A program takes the time, builds its record and reserves room for it, and another CPU may do so in
between; so the ring is in the order of reservation, which is nearly that of time. What is younger
than `order_ns` is held back until what may be older has come. A record that comes later than that
is handed out all the same, before those that it comes with, and counted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

__all__ = ("ORDER_NS", "Ordering")

ORDER_NS = 5_000_000
"""How long, in ns, from when a record's time is taken to when it has room in the ring, as far as
the order is kept. A program is not preempted in between; a virtual CPU may be."""


class Ordering:
    """Takes records as they come, gives them as they happened."""

    def __init__(self, order_ns: int = ORDER_NS) -> None:
        self.order_ns = order_ns
        self.out_of_order = 0
        """How many have come too late to be put in their place."""
        self.newest = 0
        """The latest time of a record that has come."""
        self.reached = 0
        """Up to this time all has been given, but for what comes too late."""
        self._last_given = 0
        self._records: list[bytes] = []
        self._times: list[int] = []

    def __len__(self) -> int:
        """How many records are held back."""
        return len(self._records)

    @property
    def held(self) -> Sequence[bytes]:
        """The records that are held back."""
        return self._records

    def put(self, records: list[bytes], times: list[int]) -> None:
        """Take records with their times."""
        if times:
            self.newest = max(self.newest, max(times))
            self._records += records
            self._times += times

    def take(self, now_ns: int = 0) -> list[bytes]:
        """What is old enough, in order. `now_ns`: until then everything has been put here, so that
        what is held back need not wait for something newer to come."""
        self.reached = max(self.newest, now_ns) - self.order_ns
        return self._take(self.reached)

    def take_all(self) -> list[bytes]:
        """All of them, in order; for the end."""
        return self._take(self.newest)

    def _take(self, bound: int) -> list[bytes]:
        if not self._times:
            return []
        self._sort()
        cut = bisect_right(self._times, bound)
        if not cut:
            return []
        given = self._records[:cut]
        if self._times[0] < self._last_given:
            self.out_of_order += sum(1 for one in self._times[:cut] if one < self._last_given)
        self._last_given = max(self._last_given, self._times[cut - 1])
        del self._records[:cut], self._times[:cut]
        return given

    def _sort(self) -> None:
        """By time; what has the same time stays in the order in which it came."""
        times, records = self._times, self._records
        if times == sorted(times):
            return
        order = sorted(range(len(times)), key=times.__getitem__)
        self._times = [times[at] for at in order]
        self._records = [records[at] for at in order]
