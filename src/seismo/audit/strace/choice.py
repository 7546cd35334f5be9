"""What `-e trace=` means: names, classes (`%file`), patterns (`/^open`), `!` before all of it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from seismo.audit.catalog.model import EventType
from seismo.audit.catalog.table import Catalog, UnknownEvent
from seismo.base.errors import BpfError

__all__ = ("BadChoice", "calls_of", "signals_of")

_OLD_CLASSES = ("desc", "file", "ipc", "memory", "network", "process", "signal")
"""Classes that strace also takes without their percent sign."""

_SIGNALS = 64


class BadChoice(BpfError):
    """A word behind `-e` that means nothing."""


def calls_of(text: str, catalog: Catalog) -> frozenset[int]:
    """The ids of the system calls that `trace=TEXT` names; `BadChoice`, `UnknownEvent`."""
    every = frozenset(one.id for one in catalog.types if one.is_syscall)
    is_inverse, text = text.startswith("!"), text.removeprefix("!")
    found: set[int] = set()
    for word in filter(None, text.split(",")):
        found |= _calls(word, catalog) & every
    return every - found if is_inverse else frozenset(found)


def _calls(word: str, catalog: Catalog) -> frozenset[int]:
    try:
        return _named(word.removeprefix("?"), catalog)
    except (BadChoice, UnknownEvent):
        if word.startswith("?"):
            return frozenset()
        raise


def _named(word: str, catalog: Catalog) -> frozenset[int]:
    if word == "none":
        return frozenset()
    if word == "all":
        return frozenset(one.id for one in catalog.types)
    if word.startswith("/"):
        return _matching(word[1:], catalog)
    is_class = word.startswith("%") or word in _OLD_CLASSES
    # A call alone: `read` is not the family that pread64 is in, too.
    named = f"%{word.removeprefix('%')}" if is_class else f"={word}"
    return _system_calls(catalog.select([named]), word)


def _matching(pattern: str, catalog: Catalog) -> frozenset[int]:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise BadChoice(f"-e trace=/{pattern}: no regular expression: {error}") from error
    return _system_calls(
        [one for one in catalog.types if expression.search(one.name)], f"/{pattern}"
    )


def _system_calls(types: Iterable[EventType], word: str) -> frozenset[int]:
    found = frozenset(one.id for one in types if one.is_syscall)
    if not found:
        raise BadChoice(f"-e trace={word}: that is no system call")
    return found


def signals_of(text: str, numbers: dict[str, int]) -> frozenset[int]:
    """The signals that `signal=TEXT` names, by `numbers` of names such as SIGCHLD; `BadChoice`."""
    every = frozenset(range(1, _SIGNALS + 1))
    is_inverse, text = text.startswith("!"), text.removeprefix("!")
    found: set[int] = set()
    for word in filter(None, text.split(",")):
        if word == "all":
            found |= every
        elif word != "none":
            found.add(_signal(word, numbers))
    return every - found if is_inverse else frozenset(found)


def _signal(word: str, numbers: dict[str, int]) -> int:
    if word.isdecimal() and 1 <= int(word) <= _SIGNALS:
        return int(word)
    name = word.upper().removeprefix("SIG")
    if name not in numbers:
        raise BadChoice(
            f"-e signal={word}: there is no such signal\nhint: a name (CHLD, SIGTERM) or a number"
        )
    return numbers[name]
