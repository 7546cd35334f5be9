"""`Tracee`: what is known of a task that is followed, and what /proc says of it."""

from __future__ import annotations

import os
import time
from functools import partial

from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError
from seismo.engine.live.kernel_memory import task_address
from seismo.kernel.cgroups import cgroup_root
from seismo.kernel.live import LiveKernel
from seismo.kernel.ptrace import read_memory
from seismo.vm.environment import Task

__all__ = (
    *(
        "Call",
        "Tracee",
        "comm_of",
        "cpu_of",
        "is_fatal",
        "is_ignored",
        "oom_score_adj",
        "priority",
        "processes",
    ),
    *("related", "stat_fields", "status_lines", "tracer_of"),
)

_ROOT_CGROUP = 1
_AT_EXECFN = 31  # include/uapi/linux/auxvec.h
_PATH_MAX = 4096
_PAGE = 4096
_MAX_RT_PRIO = 100  # include/linux/sched/prio.h: /proc counts from there

# include/linux/signal.h: SIG_KERNEL_IGNORE_MASK, what is ignored by default.
_IGNORED_BY_DEFAULT = (17, 18, 23, 28)  # SIGCHLD, SIGCONT, SIGURG, SIGWINCH
# SIG_KERNEL_STOP_MASK and SIG_KERNEL_COREDUMP_MASK beside it.
_STOPPING = (19, 20, 21, 22)
_DUMPING = (3, 4, 5, 6, 7, 8, 11, 24, 25, 31)
_NOT_FATAL = (*_IGNORED_BY_DEFAULT, *_STOPPING, *_DUMPING)


@dataclass(frozen=True, slots=True)
class Call:
    """A system call in progress; `is_native`: its number is of the machine's own table."""

    number: int
    arguments: tuple[int, ...]
    is_native: bool


class Tracee:
    """A thread; `tid` is its id and `pid` its process's.

    `held` is the result of a call that may be begun again, with nobody the wiser, because only
    tracing broke it off. `started_ns` is when it was made, by CLOCK_BOOTTIME, 0 where nobody saw
    that. Of who `has_left`, `exit_code` is as wait(2) tells it, `ends_process` says that its whole
    process has ended so, and `is_last` that no other thread of it was left.
    """

    def __init__(self, tid: int, pid: int) -> None:
        self.tid = tid
        self.pid = pid
        self.uid = self.gid = 0
        self.comm = b""
        self.cgroup_id = _ROOT_CGROUP
        self.call: Call | None = None
        self.held: int | None = None
        self.signal = 0
        self.is_new = True
        self.is_waiting = False
        self.has_left = False
        self.started_ns = 0
        self.exit_code = 0
        self.ends_process = self.is_last = False
        self._task: Task | None = None
        self.read_user = partial(read_memory, tid)

    @classmethod
    def of_process(cls, pid: int) -> Tracee:
        """The only thread of a process that is there already, with what /proc says of it."""
        tracee = cls(pid, pid)
        tracee.is_new = False
        tracee.cgroup_id = _cgroup_id(pid)
        tracee.renew()
        return tracee

    def child(self, tid: int, pid: int) -> Tracee:
        """A task that this one has just made; it begins in the same system call."""
        made = Tracee(tid, pid)
        made.uid, made.gid, made.comm = self.uid, self.gid, self.comm
        made.cgroup_id = self.cgroup_id
        made.call = self.call
        made.started_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        return made

    @property
    def task(self) -> Task:
        """As a program sees it."""
        if self._task is None:
            self._task = Task(
                pid=self.pid, tid=self.tid, uid=self.uid, gid=self.gid,
                comm=self.comm, cgroup_id=self.cgroup_id, address=task_address(self.tid),
            )  # fmt: skip
        return self._task

    def renew(self) -> None:
        """Its name and its users may have changed: ask."""
        self._task = None
        try:
            self.comm, (self.uid, self.gid) = comm_of(self.tid), _ids(self.tid)
        except OSError:
            # Killed meanwhile; what was true a moment ago has to do.
            return

    def become_leader(self, pid: int) -> None:
        """It has taken over its process's id: exec by another thread than the first."""
        self.tid = self.pid = pid
        self.read_user = partial(read_memory, pid)

    def executed(self) -> bytes:
        """The path by which its program was started: AT_EXECFN, see getauxval(3)."""
        try:
            vector = memoryview(_read(self.tid, "auxv")).cast("Q")
            found = dict(zip(vector[::2], vector[1::2], strict=False))
            return self._string(found.get(_AT_EXECFN, 0))
        except OSError:
            # Of a program that may be run but not read nothing is told.
            return b""

    def word(self, address: int) -> int:
        """A u64 of its memory; 0 where there is none."""
        try:
            return int.from_bytes(self.read_user(address, 8), "little")
        except OSError:
            return 0

    def current_call(self) -> tuple[int, int]:
        """The number and the first argument of the call that it stands still in; (-1, 0) of who
        has been killed there."""
        try:
            number, first, *_ = _read(self.tid, "syscall").split()
        except (OSError, ValueError):
            return -1, 0
        return int(number), int(first, 16)

    def _string(self, address: int) -> bytes:
        found = b""
        while len(found) < _PATH_MAX:
            size = _PAGE - address % _PAGE
            text, zero, _ = self.read_user(address, size).partition(b"\0")
            found += text
            address += size
            if zero:
                break
        return found


def comm_of(tid: int) -> bytes:
    """Its name, as it is now; OSError when it is gone."""
    return _read(tid, "comm").removesuffix(b"\n")


def is_ignored(tid: int, signal: int) -> bool:
    """Whether a signal would do nothing to a process: nobody who is not traced hears of it."""
    ignored, caught = _dispositions(tid)
    return signal in ignored or (signal in _IGNORED_BY_DEFAULT and signal not in caught)


def is_fatal(tid: int, signal: int) -> bool:
    """Whether a signal ends a process that does not ignore it, without a core."""
    _, caught = _dispositions(tid)
    return signal not in caught and signal not in _NOT_FATAL


def _dispositions(tid: int) -> tuple[set[int], set[int]]:
    """The signals that its process ignores, and those that it has functions for."""
    try:
        status = status_lines(tid)
    except OSError:
        return set(), set()
    return _signals(status[b"SigIgn"]), _signals(status[b"SigCgt"])


def _signals(mask: bytes) -> set[int]:
    bits = int(mask, 16)
    return {number for number in range(1, 65) if bits >> number - 1 & 1}


def tracer_of(tid: int) -> int:
    """The thread that traces a task; 0: none, or it is gone."""
    try:
        return int(status_lines(tid)[b"TracerPid"])
    except OSError:
        return 0


def processes() -> tuple[int, ...]:
    """All that /proc shows."""
    return tuple([int(name) for name in os.listdir("/proc") if name.isdecimal()])


def related(tracee: Tracee) -> set[int]:
    """The threads of its process, and the children that it has made itself."""
    try:
        threads = os.listdir(f"/proc/{tracee.pid}/task")
        children = _read(tracee.tid, f"task/{tracee.tid}/children").split()
    except OSError:
        return set()
    return {*map(int, threads), *map(int, children)}


def priority(tid: int) -> int:
    """task_struct.prio; 0 when it is gone."""
    try:
        return int(stat_fields(tid)[15]) + _MAX_RT_PRIO
    except OSError:
        return 0


def cpu_of(tid: int) -> int:
    """Which one it runs on, or did last; 0 when it is gone."""
    try:
        return int(stat_fields(tid)[36])
    except OSError:
        return 0


def stat_fields(tid: int) -> list[bytes]:
    """What proc_pid_stat(5) has of it, from its state on; OSError when it is gone."""
    # Its name, in parentheses, may hold anything.
    return _read(tid, "stat").rpartition(b")")[2].split()


def status_lines(tid: int) -> dict[bytes, bytes]:
    """What proc_pid_status(5) has of it, by the names of the lines; OSError when it is gone."""
    lines = [line.partition(b":") for line in _read(tid, "status").splitlines()]
    return {name: value.strip() for name, _, value in lines}


def oom_score_adj(tid: int) -> int:
    """How readily it is killed when memory is short; 0 when it is gone."""
    try:
        return int(_read(tid, "oom_score_adj"))
    except OSError:
        return 0


def _cgroup_id(tid: int) -> int:
    """Of its cgroup in the hierarchy of version 2: the inode of the directory; that of the root
    where it is not mounted."""
    try:
        for line in _read(tid, "cgroup").splitlines():
            if line.startswith(b"0::"):
                return os.stat(cgroup_root(LiveKernel()) + os.fsdecode(line[3:])).st_ino
    except (OSError, BpfError):
        return _ROOT_CGROUP
    return _ROOT_CGROUP


def _ids(tid: int) -> tuple[int, int]:
    status = status_lines(tid)
    return int(status[b"Uid"].split()[0]), int(status[b"Gid"].split()[0])


def _read(tid: int, name: str) -> bytes:
    number = os.open(f"/proc/{tid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        # More than any of these files has.
        return os.read(number, 1 << 16)
    finally:
        os.close(number)
