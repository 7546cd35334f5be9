"""What the filters of the command line ask about a task, and the code that asks it.

`sort_out` says what the filters mean, for the current task (`CurrentTask`, whom helpers tell of)
and for any other (`traced.OtherTask`) alike.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol

from seismo.builtin.options import CGROUPS_MAP, TREE_MAP, LowerOptions
from seismo.builtin.portable import in_own_namespace, kernel_value
from seismo.ir.builder import Builder
from seismo.ir.ops import BinaryKind, Cond, Kind, Value
from seismo.spec.relocations import RunValue

__all__ = ("COMM_BYTES", "CurrentTask", "Task", "is_of_family", "sort_out")

COMM_BYTES = 16  # include/linux/sched.h: TASK_COMM_LEN

_PID_BYTES = 4
_WORD_BYTES = 8
_PIDNS_INFO_BYTES, _TID_OFFSET, _PID_OFFSET = 8, 0, 4  # include/uapi/linux/bpf.h: bpf_pidns_info


class Task(Protocol):
    """A task; each question is answered by code that is put where the builder is."""

    def initial_pid(self) -> Value:
        """Its process, as the initial namespace counts."""

    def pid(self) -> Value:
        """Its process, as our own namespace counts; 0 for one that it does not have."""

    def tid(self) -> Value:
        """Itself, as our own namespace counts; 0 for one that it does not have."""

    def uid(self) -> Value:
        """Its real user, as the initial user namespace counts."""

    def write_comm(self, to: Value) -> None:
        """Write its name, NUL included, to `COMM_BYTES` bytes."""

    def is_inside(self, index: int) -> Value:
        """1 if it is in the filter's cgroup of this number, or below it."""


class CurrentTask:
    """The task that runs."""

    def __init__(self, b: Builder, options: LowerOptions) -> None:
        self._b = b
        self._options = options

    def initial_pid(self) -> Value:
        return self._b.binary(BinaryKind.SHR, self._initial_ids(), self._b.const(32))

    def pid(self) -> Value:
        return self._number(self.initial_pid, _PID_OFFSET)

    def tid(self) -> Value:
        def initial() -> Value:
            return self._b.extend(self._initial_ids(), 32, signed=False)

        return self._number(initial, _TID_OFFSET)

    def _number(self, initial: Callable[[], Value], offset: int) -> Value:
        return in_own_namespace(
            self._b, self._options, initial, lambda own: self._namespace_id(own, offset)
        )

    def uid(self) -> Value:
        b = self._b
        return b.extend(b.call("get_current_uid_gid", pure=True), 32, signed=False)

    def write_comm(self, to: Value) -> None:
        self._b.call("get_current_comm", to, self._b.const(COMM_BYTES))

    def is_inside(self, index: int) -> Value:
        b = self._b
        answer = b.call("current_task_under_cgroup", b.map(CGROUPS_MAP), b.const(index), pure=True)
        return b.compare(Cond.EQ, answer, b.const(1))  # an error is negative

    def _initial_ids(self) -> Value:
        return self._b.call("get_current_pid_tgid", pure=True)

    def _namespace_id(self, own: Callable[[], tuple[Value, Value]], offset: int) -> Value:
        """0 for a task that the namespace does not have: the helper clears its answer then."""
        b = self._b
        info, size = b.slot("pidns", _PIDNS_INFO_BYTES), b.const(_PIDNS_INFO_BYTES)
        b.fill(info, 0, _PIDNS_INFO_BYTES)
        b.call("get_ns_current_pid_tgid", *own(), info, size)
        return b.load(info, offset, _PID_BYTES)


def sort_out(b: Builder, options: LowerOptions, task: Task, reject: Callable[[], None]) -> None:
    """Go on if the task is one of those that are traced; else do `reject`, which ends the block."""
    wanted = options.filter
    if wanted.and_children:
        b.when(Cond.EQ, is_of_family(b, options, task), b.const(0), reject)
    elif wanted.pid:
        b.when(Cond.NE, task.pid(), b.const(wanted.pid), reject)
    if wanted.tid:
        b.when(Cond.NE, task.tid(), b.const(wanted.tid), reject)
    if wanted.uid is not None:
        b.when(Cond.NE, task.uid(), b.const(wanted.uid), reject)
    if wanted.comm:
        b.when(Cond.NE, _differs(b, task, wanted.comm), b.const(0), reject)
    for index in range(len(wanted.cgroups)):
        b.when(Cond.EQ, task.is_inside(index), b.const(0), reject)


def is_of_family(b: Builder, options: LowerOptions, task: Task) -> Value:
    """Not 0 if the task's process is of the family.

    Tracepoints tell pids of the initial namespace. What its founder is called there a process in
    another namespace cannot know: so the founder is known by its name, its family by the map. So it
    is where the founder is only known when the script runs.
    """
    key = b.slot("pid", _PID_BYTES)
    b.store(key, 0, task.initial_pid(), _PID_BYTES)
    found = b.call("map_lookup_elem", b.map(TREE_MAP), key, kind=Kind.PTR)
    if options.is_founder_open:
        founder = kernel_value(b, options, RunValue("founder_pid"), 0)
    elif options.pid_namespace is None:
        return found
    else:
        founder = b.const(options.filter.pid)
    is_founder = b.compare(Cond.EQ, task.pid(), founder)
    return b.binary(BinaryKind.OR, b.compare(Cond.NE, found, b.const(0)), is_founder)


def _differs(b: Builder, task: Task, comm: str) -> Value:
    """0 if the task is called `comm`, or begins with what stands before its `*`."""
    is_prefix = comm.endswith("*")
    wanted = comm.removesuffix("*").encode("utf-8", "surrogateescape")
    significant = wanted if is_prefix else wanted + b"\0"
    name = b.slot("comm", COMM_BYTES)
    task.write_comm(name)
    difference = b.const(0)
    for offset in range(0, len(significant), _WORD_BYTES):
        part = significant[offset : offset + _WORD_BYTES]
        mask = _word(b"\xff" * len(part))
        word = b.load(name, offset, _WORD_BYTES)
        word = b.binary(BinaryKind.XOR, word, b.const(_word(part)))
        word = b.binary(BinaryKind.AND, word, b.const(mask))
        difference = b.binary(BinaryKind.OR, difference, word)
    return difference


def _word(text: bytes) -> int:
    """What a load of the text gives, zeros behind it."""
    return int.from_bytes(text.ljust(_WORD_BYTES, b"\0"), sys.byteorder)
