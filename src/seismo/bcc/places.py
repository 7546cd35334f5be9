"""What there is to attach to: functions of the kernel, tracepoints; and at how many."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from seismo.base.errors import NotSupported
from seismo.bcc.errors import BccError
from seismo.bcc.machine import machine
from seismo.bcc.names import syscall_prefix

__all__ = (
    "check_limit",
    "has_tracepoint",
    "kprobe_functions",
    "probe_limit",
    "tracepoints",
)

_LIMIT, _LIMIT_VARIABLE = 1000, "BCC_PROBE_LIMIT"
_NAMES = re.compile(r"\^?\w+\$(?:\|\^?\w+\$)*")
_CALLS = "syscalls:sys_enter_"


def probe_limit() -> int:
    """How many kprobes, or uprobes, one text may have: BCC_PROBE_LIMIT of the environment."""
    given = os.environ.get(_LIMIT_VARIABLE, "")
    return int(given) if given.isdigit() else _LIMIT


def check_limit(count: int) -> None:
    """`BccError` when so many kprobes, or uprobes, are more than `probe_limit`."""
    limit = probe_limit()
    if count > limit:
        hint = f"the environment's {_LIMIT_VARIABLE} sets another"
        raise BccError(f"{count} probes are more than the limit of {limit}", hint)


def kprobe_functions(pattern: str) -> set[str]:
    """The functions that the regular expression matches (from their beginning, as `re.match` does)
    and that `KernelProbes.attach` can be at.

    Where there are no kprobes these are the functions of system calls.
    """
    view = machine().view
    found: Iterable[str]
    if _NAMES.fullmatch(pattern):
        names = [one.strip("^$") for one in pattern.split("|")]
        found = [one for one in names if view.function(one)]
    elif machine().has_kprobes:
        found = [one.name for one in view.functions()]
    else:
        found = _call_functions()
    matches = re.compile(pattern).match
    hidden = view.blacklist() if machine().has_kprobes else frozenset()
    chosen = {one for one in found if one not in hidden and matches(one)}
    return chosen if machine().has_kprobes else chosen & _call_functions()


def _call_functions() -> set[str]:
    prefix = syscall_prefix()
    calls = [one for one in machine().view.tracepoints() if one.startswith(_CALLS)]
    return {prefix + one.removeprefix(_CALLS) for one in calls}


def tracepoints(pattern: str) -> list[str]:
    """The tracepoints whose `category:name` the regular expression matches from its beginning."""
    matches = re.compile(pattern).match
    return [one for one in machine().view.tracepoints() if matches(one)]


def has_tracepoint(category: str, event: str) -> bool:
    """Whether there is such a tracepoint; false where that cannot be found out."""
    try:
        return f"{category}:{event}" in machine().view.tracepoints()
    except NotSupported:
        return False
