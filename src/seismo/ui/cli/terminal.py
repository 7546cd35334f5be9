"""Colour on the terminal: whether there shall be any, and diagnostics painted with it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

__all__ = ("has_color", "painted")

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


def painted(text: str) -> str:
    """Diagnostics with their severities in colour."""
    return re.sub(
        _WORDS, lambda m: f"{m[1]}\033[1;{_COLORS[m[2]]}m{m[2]}:\033[0m", text, flags=re.MULTILINE
    )
