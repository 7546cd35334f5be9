"""`LowerOptions`: what the command line and the kernel at hand put into the generated code."""

from __future__ import annotations

from seismo.base.dataclass import dataclass

__all__ = ("CGROUPS_MAP", "NO_FILTER", "TREE_MAP", "LowerOptions", "TaskFilter")

TREE_MAP, CGROUPS_MAP = "tree", "cgroups"
"""The maps that filters ask: the pids of a family, and the cgroups."""


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks are traced: those of which all is true that is asked here.

    Process `pid` alone (0: any), or with all that it forks (`and_children`); thread `tid` (0: any).
    `cgroups` are directories of cgroups (version 2), `cgroup_ids` their ids in this order: the task
    is in each or below it. `comm` is the task's name, or what it begins with where it ends in `*`
    ('' is any). `uid` is its user (None is any).
    """

    pid: int = 0
    and_children: bool = False
    tid: int = 0
    cgroups: tuple[str, ...] = ()
    cgroup_ids: tuple[int, ...] = ()
    comm: str = ""
    uid: int | None = None

    @property
    def only_pid(self) -> int:
        """The process that all is about, so that attaching may be limited to it; 0 if any."""
        return 0 if self.and_children else self.pid


NO_FILTER = TaskFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class LowerOptions:
    """Sizes in bytes; `ring_bytes` 0 leaves the size to the script's settings. `possible_cpus` is
    the kernel's, for sums over CPUs.

    `filter` is compiled into every program that runs in the context of some task, unless the script
    asks `traced` and so `filters_itself` (its `pid` and `tid` are counted as `pid_namespace` does).
    `command_pid` is what `cpid` gives. `pid_namespace` is the (device, inode) of the namespace that
    `pid` and `tid` are counted in where it is not the initial one. `started_ns` is the boot clock
    at the start, for `elapsed`; `tai_offset_ns` is how far International Atomic Time is ahead of
    that clock, for `nsecs(sw_tai)` and `tseries`. `reports_helper_errors` (-k) sends an event for
    every failed helper call.

    What `is_portable` is for any kernel from `oldest_kernel` on: what differs between kernels, and
    from run to run, is named in `ProgramSpec.relocations`. The filter stays as it is, but for a
    family without a `pid`: its founder is the command of the run (`is_founder_open`).
    """

    possible_cpus: int
    filter: TaskFilter = NO_FILTER
    filters_itself: bool = False
    command_pid: int = 0
    ring_bytes: int = 0
    control_bytes: int = 64 << 10
    pid_namespace: tuple[int, int] | None = None
    started_ns: int = 0
    tai_offset_ns: int = 0
    reports_helper_errors: bool = False
    is_portable: bool = False
    oldest_kernel: tuple[int, int] = (6, 1)

    @property
    def is_founder_open(self) -> bool:
        """Whether it is only known when the script runs whose family is traced."""
        return self.is_portable and self.filter.and_children and not self.filter.pid
