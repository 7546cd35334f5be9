"""How long a run has taken: a line on the terminal, for tools that show nothing until they end."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping

__all__ = ("NO_PROGRESS", "Progress", "has_progress_line")

_WIPE = "\r\033[K"


class Progress:
    """A line on standard error, without an end, that is rewritten; nothing unless it `is_on`.

    Who writes anything else where standard error may go calls `wipe` before.
    """

    def __init__(self, *, is_on: bool) -> None:
        self.is_on = is_on
        self._text = ""

    def show(self, seconds: float, length: float) -> None:
        """Say that `seconds` of `length` have passed; infinite is a run that has no end."""
        if not self.is_on:
            return
        whole = "" if math.isinf(length) else f" of {length:g} s"
        text = f"tracing for {int(seconds)} s{whole}, Ctrl-C ends it"
        if text != self._text:
            self._text = text
            self._write(f"{_WIPE}{text}")

    def wipe(self) -> None:
        """Take the line away, if it is there."""
        if self._text:
            self._text = ""
            self._write(_WIPE)

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


NO_PROGRESS = Progress(is_on=False)


def has_progress_line(environ: Mapping[str, str]) -> bool:
    """Whether standard error is a terminal on which a line can be wiped."""
    return os.isatty(2) and environ.get("TERM") != "dumb"
