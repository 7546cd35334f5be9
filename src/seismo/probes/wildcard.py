"""Wildcards in attach points: `*` is any characters, `[a-c]` one of a set, `[!a-c]` none of it."""

from __future__ import annotations

import re

from seismo.probes.kind import TargetError

__all__ = ("has_wildcard", "wildcard")

_SET = re.compile(r"\[([!^]?)([^\]]+)\]")


def has_wildcard(text: str) -> bool:
    """Whether the text means more than itself."""
    return "*" in text or _SET.search(text) is not None


def wildcard(text: str) -> re.Pattern[str]:
    """The pattern whose `fullmatch` is the wildcard's; TargetError for a set such as `[z-a]`."""
    # Once a part has matched as early as it can, a later match of it helps nothing: the groups
    # are atomic, and so the time is linear in the text for each `*`.
    first, *rest = [_literal(part) for part in re.split(r"\*+", text)]
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1])
    last = f".*{rest[-1]}" if rest else ""
    try:
        return re.compile(first + middle + last)
    except re.error as error:
        raise TargetError(f"'{text}' has a set that is none: {error.msg}") from None


def _literal(text: str) -> str:
    parts: list[str] = []
    end = 0
    for match in _SET.finditer(text):
        negated, members = match.groups()
        parts.append(re.escape(text[end : match.start()]))
        parts.append(f"[{'^' if negated else ''}{_members(members)}]")
        end = match.end()
    return "".join((*parts, re.escape(text[end:])))


def _members(members: str) -> str:
    return "".join(char if char == "-" else re.escape(char) for char in members)
