"""`Hits`: what a traced task does, told as the kernel's tracepoints tell it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from seismo.engine.hit import Hit, Value
from seismo.engine.live.handlers import Handlers
from seismo.engine.live.kernel_memory import KernelMemory, task_address
from seismo.engine.live.tracee import Call, Tracee, comm_of, cpu_of, oom_score_adj, priority
from seismo.engine.live.wanted import (
    DELIVER,
    EXEC,
    EXITED,
    FORK,
    NEW_TASK,
    RAW_POINT_EXEC,
    RAW_POINT_EXITED,
    RAW_POINT_FORK,
    RENAME,
    Wanted,
)

__all__ = ("Hits",)


class Hits:
    """Fires a hit at each of the `wanted` places that a task comes by; `count` is how many.
    `memory` is what they find of the kernel's."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.handlers = Handlers()
        self.count = 0
        self.needs_cpu = True
        self.fire: Callable[[Hit], None] = _drop
        self.memory = KernelMemory({})

    def entered(self, tracee: Tracee, call: Call) -> None:
        """Before a system call."""
        wanted = self.wanted
        if wanted.raw_entries:
            raw: Mapping[str, Value] = {"id": call.number, "args": call.arguments}
            for at in wanted.raw_entries:
                self._fire(at, tracee, raw)
        # The kernel has no names for those of 32-bit programs: kernel/trace/trace_syscalls.c,
        # trace_get_syscall_nr().
        if call.is_native and (found := wanted.entries.get(call.number)):
            at, names = found
            self._fire(at, tracee, dict(zip(names, call.arguments, strict=False)))

    def left(self, tracee: Tracee, call: Call, result: int) -> None:
        """After a system call."""
        wanted = self.wanted
        if wanted.raw_exits:
            for at in wanted.raw_exits:
                self._fire(at, tracee, {"id": call.number, "ret": result})
        if call.is_native and (at := wanted.exits.get(call.number, "")):
            self._fire(at, tracee, {"ret": result})

    def made(self, parent: Tracee, child: Tracee, clone_flags: int) -> None:
        """A task has been made; in the parent, and before the child runs."""
        if NEW_TASK in self.wanted:
            told: dict[str, Value] = {"pid": child.tid, "comm": child.comm}
            told |= {"clone_flags": clone_flags, "oom_score_adj": oom_score_adj(child.tid)}
            self._fire(NEW_TASK, parent, told)
        if FORK in self.wanted:
            told = {"parent_comm": parent.comm, "parent_pid": parent.tid}
            told |= {"child_comm": child.comm, "child_pid": child.tid}
            self._fire(FORK, parent, told)
        if RAW_POINT_FORK in self.wanted:
            told = {"arg0": task_address(parent.tid), "arg1": task_address(child.tid)}
            self._fire(RAW_POINT_FORK, parent, told)

    def renamed(self, tracee: Tracee) -> None:
        """It is called otherwise, or the same again; told before its name changes."""
        if RENAME in self.wanted:
            told: dict[str, Value] = {"pid": tracee.tid, "oldcomm": tracee.comm}
            told |= {"newcomm": comm_of(tracee.tid), "oom_score_adj": oom_score_adj(tracee.tid)}
            self._fire(RENAME, tracee, told)

    def executed(self, tracee: Tracee, old_tid: int) -> None:
        """It is another program now."""
        if EXEC in self.wanted:
            told: dict[str, Value] = {"pid": tracee.tid, "old_pid": old_tid}
            self._fire(EXEC, tracee, told | {"filename": tracee.executed()})
        if RAW_POINT_EXEC in self.wanted:
            told = {"arg0": task_address(tracee.tid), "arg1": old_tid}
            self._fire(RAW_POINT_EXEC, tracee, told)

    def delivered(self, tracee: Tracee, signal: int, details: Sequence[int]) -> None:
        """A signal does what it does to this task; `details` are its si_errno and si_code."""
        if DELIVER in self.wanted:
            number, code = details
            handler, flags = self.handlers.of(tracee.pid, signal)
            told: dict[str, Value] = {"sig": signal, "errno": number, "code": code}
            self._fire(DELIVER, tracee, told | {"sa_handler": handler, "sa_flags": flags})

    def ended(self, tracee: Tracee) -> None:
        """It exits."""
        if EXITED in self.wanted:
            told: dict[str, Value] = {"comm": tracee.comm, "pid": tracee.tid}
            told |= {"prio": priority(tracee.tid), "group_dead": int(tracee.is_last)}
            self._fire(EXITED, tracee, told)
        if RAW_POINT_EXITED in self.wanted:
            told = {"arg0": task_address(tracee.tid), "arg1": int(tracee.is_last)}
            self._fire(RAW_POINT_EXITED, tracee, told)

    def _fire(self, at: str, tracee: Tracee, arguments: Mapping[str, Value]) -> None:
        self.count += 1
        self.memory.trim()
        self.fire(
            Hit(
                at=at, task=tracee.task, ns=time.monotonic_ns(),
                cpu=cpu_of(tracee.tid) if self.needs_cpu else 0,
                arguments=arguments, read_user=tracee.read_user, read_kernel=self.memory.read,
            )
        )  # fmt: skip


def _drop(hit: Hit) -> None:
    return
