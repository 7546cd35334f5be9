"""Colour on the terminal: whether there shall be any, and diagnostics painted with it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

__all__ = ("has_color", "painted", "terminal_width")

_USUAL_WIDTH = 80
_CHOICES = {"always": True, "never": False}
_WORDS = r"^((?:[^\n]*?:\d+:\d+: )?)(error|warning|hint):"
_COLORS = {"error": 31, "warning": 33, "hint": 36}


def has_color(environ: Mapping[str, str]) -> bool:
    """$BPFTRACE_COLOR says `always` or `never`; else not if $NO_COLOR is set (no-color.org), else
    if standard output and standard error are terminals."""
    choice = environ.get("BPFTRACE_COLOR", "")
    if choice in _CHOICES:
        return _CHOICES[choice]
    return not environ.get("NO_COLOR") and os.isatty(1) and os.isatty(2)


def terminal_width() -> int:
    """How many characters a line of standard output has; 80 where it is no terminal."""
    return os.get_terminal_size(1).columns if os.isatty(1) else _USUAL_WIDTH


def painted(text: str) -> str:
    """Diagnostics with their severities in colour."""
    return re.sub(
        _WORDS, lambda m: f"{m[1]}\033[1;{_COLORS[m[2]]}m{m[2]}:\033[0m", text, flags=re.MULTILINE
    )
