"""What numbers are called in a tool's columns."""

from __future__ import annotations

import errno
import signal

__all__ = ("errno_name", "errno_number", "signal_name")


def errno_name(number: int) -> str | None:
    """`ENOENT` of 2 or -2; nothing for success."""
    return errno.errorcode.get(abs(number), str(abs(number))) if number else None


def errno_number(text: str) -> int:
    """2 of `ENOENT`, in whatever case, or of `2`. Raises ValueError for what is no error."""
    number = int(text) if text.isdecimal() else getattr(errno, text.upper(), 0)
    if number not in errno.errorcode:
        raise ValueError(f"'{text}' is no error's name or number")
    return number


def signal_name(number: int) -> str:
    """`SIGKILL` of 9, `SIGRTMIN+2` of 36; the C library keeps 32 and 33 to itself."""
    if signal.SIGRTMIN < number < signal.SIGRTMAX:
        return f"SIGRTMIN+{number - signal.SIGRTMIN}"
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"
