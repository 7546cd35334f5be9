"""What a unit's name measures: tools write `usecs` where others write `us`."""

from __future__ import annotations

__all__ = ("symbol_of",)

_SYMBOLS = {
    **dict.fromkeys(("ns", "nsecs", "nanoseconds"), "ns"),
    **dict.fromkeys(("us", "usecs", "microseconds"), "us"),
    **dict.fromkeys(("ms", "msecs", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "secs", "seconds"), "s"),
    **dict.fromkeys(("B", "bytes"), "B"),
}


def symbol_of(unit: str) -> str:
    """`ns`, `us`, `ms`, `s`, `B`, or "" for what is only counted."""
    return _SYMBOLS.get(unit, "")
