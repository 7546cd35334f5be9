"""`Wanted`: of all places those that programs are attached to, as a tracer asks for them."""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.errors import NotSupported
from seismo.engine.places import Places
from seismo.engine.syscall_table import ENTER, EXIT

__all__ = (
    *("DELIVER", "EXEC", "EXITED", "FORK", "NEW_TASK", "RAW_ENTER", "RAW_EXIT", "RAW_POINTS"),
    *("RAW_POINT_ENTER", "RAW_POINT_EXEC", "RAW_POINT_EXIT", "RAW_POINT_EXITED", "RAW_POINT_FORK"),
    *("RENAME", "Wanted"),
)

FORK = "tracepoint:sched:sched_process_fork"
EXEC = "tracepoint:sched:sched_process_exec"
EXITED = "tracepoint:sched:sched_process_exit"
NEW_TASK = "tracepoint:task:task_newtask"
RENAME = "tracepoint:task:task_rename"
DELIVER = "tracepoint:signal:signal_deliver"
RAW_ENTER = "tracepoint:raw_syscalls:sys_enter"
RAW_EXIT = "tracepoint:raw_syscalls:sys_exit"
RAW_POINT_ENTER = "rawtracepoint:sys_enter"
RAW_POINT_EXIT = "rawtracepoint:sys_exit"
RAW_POINT_FORK = "rawtracepoint:sched_process_fork"
RAW_POINT_EXEC = "rawtracepoint:sched_process_exec"
RAW_POINT_EXITED = "rawtracepoint:sched_process_exit"

RAW_POINTS = frozenset(("sched_process_fork", "sched_process_exec", "sched_process_exit"))
"""Raw tracepoints about tasks, whose records `task_memory` has."""

_GENERATE = "tracepoint:signal:signal_generate"
_ENTER, _EXIT = f"tracepoint:{ENTER}", f"tracepoint:{EXIT}"

# What only stops at system calls tell: a new name by prctl(2), the handler of a signal.
_OF_CALLS = (RAW_ENTER, RAW_EXIT, RAW_POINT_ENTER, RAW_POINT_EXIT, RENAME, DELIVER)


class Wanted:
    """`entries` are by the system call's number the attach point and the names of its arguments,
    `exits` the attach points, `raw_entries` and `raw_exits` those that are about every call.

    `at` are all of them. `has_calls`: tasks must stop at their system calls; `names_calls`: because
    some are wanted by name.
    """

    def __init__(self, at: frozenset[str], places: Places, numbers: Mapping[str, int]) -> None:
        """`numbers` are those of system calls by the names of their tracepoints. NotSupported for
        a place that tracing a process does not tell of."""
        if _GENERATE in at:
            raise NotSupported(
                "tracepoint:signal:signal_generate",
                "who is traced knows what reaches it, not what others send",
                "signal:signal_deliver tells what reaches it",
            )
        self.at = at
        self.entries: dict[int, tuple[str, tuple[str, ...]]] = {}
        self.exits: dict[int, str] = {}
        for one in at:
            if one.startswith(_ENTER):
                fields = places.tracepoints[one.removeprefix("tracepoint:")].fields
                names = tuple([field.name for field in fields[1:]])
                self.entries[numbers[one.removeprefix(_ENTER)]] = one, names
            elif one.startswith(_EXIT):
                self.exits[numbers[one.removeprefix(_EXIT)]] = one
        self.raw_entries = tuple([one for one in (RAW_POINT_ENTER, RAW_ENTER) if one in at])
        self.raw_exits = tuple([one for one in (RAW_POINT_EXIT, RAW_EXIT) if one in at])
        self.names_calls = bool(self.entries or self.exits)
        self.has_calls = self.names_calls or not at.isdisjoint(_OF_CALLS)

    def __contains__(self, at: str) -> bool:
        return at in self.at
