"""`locklatency`: how long tasks wait for locks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from seismo.tools.tool import Area, Column, Option, Report, Show, Stacks, Table, Tool, columns

__all__ = ("TOOL",)

_SPIN, _READ, _WRITE, _RT, _PERCPU, _MUTEX = 1, 2, 4, 8, 16, 32
"""include/trace/events/lock.h: LCB_F_*"""


def _lock_kind(flags: int) -> str:
    """`rwsem:W` and the like, as `perf lock contention` calls them."""
    if flags & _MUTEX:
        return "mutex"
    side = ":R" if flags & _READ else ":W" if flags & _WRITE else ""
    if flags & _RT:
        return f"rwlock-rt{side}" if side else "rt-mutex"
    if flags & _PERCPU:
        return f"pcpu-sem{side}"
    if flags & _SPIN:
        return f"rwlock{side}" if side else "spinlock"
    return f"rwsem{side}" if side else "semaphore"


def _user_kind(flags: int) -> str:
    return "mutex" if flags & _MUTEX else f"rwlock:{'R' if flags & _READ else 'W'}"


def _scripts(given: Mapping[str, Any]) -> tuple[str, ...]:
    name = "locklatency_user.bt" if given["user"] else "locklatency.bt"
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
        return (file.read(),)


def _reports(prefix: str, stack: str, kind: Show) -> tuple[Report, ...]:
    """The locks last: a terminal is read from its end."""
    values = (("total", "total_ns"), ("waits", "waits"), ("longest", "longest_ns"))
    return (
        Stacks(f"@{prefix}ns", (*columns("comm pid"), Column(stack, is_stack=True)), "ns"),
        Table(
            (Column("lock"), Column("kind", kind)),
            tuple((f"@{prefix}{name}", Column(column)) for name, column in values),
        ),
    )


TOOL = Tool(
    name="locklatency",
    area=Area.ANALYSIS,
    summary="Sum up how long tasks wait for locks that others hold, by lock and by stack.",
    about="""Locks of the kernel: spinlocks, mutexes, semaphores, read-write locks. First the stacks
that waited, the longest last, then each lock: its name or address, its kind, the time that was
waited for it in all, how often, and the longest wait. A lock that is free when it is asked for is
not seen, nor is a wait that is not over when tracing ends. With --user: the mutexes and read-write
locks of the C library, of those calls that had to sleep.""",
    kernel="Linux 5.19: the tracepoints lock:contention_begin and _end; with --user, 5.8.",
    make=_scripts,
    reports=(*_reports("", "kstack", _lock_kind), *_reports("user_", "ustack", _user_kind)),
    options=(Option("user", "locks of the C library (pthread_mutex_lock …)"),),
    example="""examples:
  seismo locklatency --duration 10     all locks of the kernel, for ten seconds
  seismo locklatency -p 1234           what process 1234 waits for
  seismo locklatency --user -c ./many  the locks of a program
  seismo locklatency --flame locks.svg
                                       a flame graph of who waits

  LOCK                KIND      TOTAL_NS  WAITS  LONGEST_NS
  0xffff8881003c63ec  mutex    104113388      2   104000117
  0xffff888627d2ba40  spinlock    412000      7      133058
""",
)
