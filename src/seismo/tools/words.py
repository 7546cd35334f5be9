"""What numbers are called in a tool's columns."""

from __future__ import annotations

import errno

__all__ = ("errno_name",)


def errno_name(number: int) -> str | None:
    """`ENOENT` of 2 or -2; nothing for success."""
    return errno.errorcode.get(abs(number), str(abs(number))) if number else None
