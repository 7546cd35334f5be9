"""Points in time as people read them."""

from __future__ import annotations

import time

__all__ = ("local_time",)

_SECOND = 1_000_000_000


def local_time(ns: int) -> str:
    """Nanoseconds since 1970 as the local date and time, with its distance from UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(ns // _SECOND))
