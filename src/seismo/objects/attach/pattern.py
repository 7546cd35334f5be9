"""Patterns of names as object files have them: `*` is any letters, `?` any one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ("is_pattern", "matching")


def is_pattern(text: str) -> bool:
    """Whether the text may mean another name than itself."""
    return "*" in text or "?" in text


def matching(pattern: str, names: Iterable[str]) -> tuple[str, ...]:
    """Those of `names` that match, in their order."""
    matches = _compiled(pattern).fullmatch
    return tuple([name for name in names if matches(name)])


def _compiled(pattern: str) -> re.Pattern[str]:
    first, *rest = [re.escape(part).replace(r"\?", ".") for part in pattern.split("*")]
    # A part that has matched as early as it can need not match later: so the groups are atomic,
    # and the time is linear in a name for each `*`.
    middle = "".join([f"(?>.*?{part})" for part in rest[:-1]])
    last = f".*{rest[-1]}" if rest else ""
    return re.compile(first + middle + last, re.DOTALL)
