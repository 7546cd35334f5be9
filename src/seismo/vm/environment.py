"""What helpers see of the world around a run: clocks, the current task, processors, memory."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from random import Random

from seismo.base.dataclass import dataclass, field

__all__ = ("Environment", "Task", "current_task", "no_memory")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The task that an event is about: `tid` is what the kernel calls pid, `pid` its tgid."""

    pid: int = 0
    tid: int = 0
    uid: int = 0
    gid: int = 0
    comm: bytes = b""
    cgroup_id: int = 0
    address: int = 0


def current_task() -> Task:
    """The thread that asks."""
    with open("/proc/thread-self/comm", "rb") as file:
        comm = file.read().rstrip(b"\n")
    tid = threading.get_native_id()
    return Task(pid=os.getpid(), tid=tid, uid=os.getuid(), gid=os.getgid(), comm=comm)


def no_memory(address: int, size: int) -> bytes:
    """Of what is not in the machine's memory nothing can be read."""
    raise OSError(address, size)


@dataclass(slots=True, kw_only=True, eq=False)
class Environment:
    """What may be changed between runs.

    `read_kernel` and `read_user` (address, size) give bytes outside of the machine's memory, for
    `probe_read_*`, or raise OSError. `monotonic` and `boottime` are clocks in nanoseconds. `stack`
    is the kernel's and `user_stack` the process's stack, innermost first. `printed` are the lines
    of `trace_printk`, `signals` those of `send_signal`.
    """

    task: Task = field(default_factory=Task)
    cpu: int = 0
    numa_node: int = 0
    cookie: int = 0
    function_ip: int = 0
    stack: tuple[int, ...] = ()
    user_stack: tuple[int, ...] = ()
    monotonic: Callable[[], int] = time.monotonic_ns
    boottime: Callable[[], int] = lambda: time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    tai: Callable[[], int] = lambda: time.clock_gettime_ns(time.CLOCK_TAI)
    read_kernel: Callable[[int, int], bytes] = no_memory
    read_user: Callable[[int, int], bytes] = no_memory
    random: Random = field(default_factory=lambda: Random(0))
    printed: list[bytes] = field(default_factory=list)
    signals: list[int] = field(default_factory=list)
