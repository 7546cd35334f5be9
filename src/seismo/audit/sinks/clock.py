"""`WallClock`: CLOCK_MONOTONIC, which events have, as the time of day.

The difference is measured once, when the clock is made: a step of the system's clock later on (NTP,
an administrator) does not put the times of one run out of order.
"""

from __future__ import annotations

import time

from seismo.base.dataclass import dataclass

__all__ = ("WallClock", "wall_clock")

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class WallClock:
    """`offset_ns` is what is added to CLOCK_MONOTONIC to get nanoseconds since 1970, UTC."""

    offset_ns: int

    def wall_ns(self, time_ns: int) -> int:
        """Nanoseconds since 1970 (UTC)."""
        return time_ns + self.offset_ns

    def local(self, time_ns: int) -> str:
        """`12:34:56.123456`, local time."""
        seconds, rest = divmod(self.wall_ns(time_ns), _SECOND_NS)
        return f"{time.strftime('%H:%M:%S', time.localtime(seconds))}.{rest // 1000:06}"

    def utc(self, time_ns: int) -> str:
        """`2018-06-11T12:34:56.123456789Z` (RFC 3339)."""
        return f"{self._utc_seconds(time_ns)}.{self.wall_ns(time_ns) % _SECOND_NS:09}Z"

    def utc_microseconds(self, time_ns: int) -> str:
        """`2018-06-11T12:34:56.123456Z`: RFC 5424 has no more digits."""
        part = self.wall_ns(time_ns) % _SECOND_NS // 1000
        return f"{self._utc_seconds(time_ns)}.{part:06}Z"

    def _utc_seconds(self, time_ns: int) -> str:
        seconds = self.wall_ns(time_ns) // _SECOND_NS
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def wall_clock() -> WallClock:
    """The clock of this machine, as its clocks stand now."""
    before = time.monotonic_ns()
    wall = time.time_ns()
    after = time.monotonic_ns()
    return WallClock(wall - (before + after) // 2)
