"""Filters compiled into the programs: one process, or a process and all that it forks.

A family is followed in the kernel: `sched:sched_process_fork` runs in the parent before the child
does (kernel/fork.c: `kernel_clone`), so no child escapes, however short-lived.
"""

from __future__ import annotations

import sys

from seismo.base.source import Span
from seismo.builtin.options import TaskFilter
from seismo.ir.builder import Builder
from seismo.ir.func import Func
from seismo.ir.ops import BinaryKind, Cond, Kind, Value
from seismo.isa.map_types import MapType
from seismo.lower.maps import BPF_ANY
from seismo.lower.resources import TREE_MAP
from seismo.probes.format import TracepointFormat
from seismo.spec.types import MapSpec

__all__ = ("FORK_TRACEPOINT", "emit_filter", "family_entry", "follow_forks", "tree_map")

FORK_TRACEPOINT = ("sched", "sched_process_fork")
_PID_BYTES = 4
_MAX_PROCESSES = 1 << 16
_BPF_F_NO_PREALLOC = 1  # include/uapi/linux/bpf.h; a family is small, the limit is not


def emit_filter(b: Builder, task_filter: TaskFilter, skip_value: int) -> None:
    """Return `skip_value` from here unless the current task is one of those that are traced."""
    if not task_filter.pid:
        return
    pid = _current_pid(b)
    traced, skipped = b.new_block("traced"), b.new_block("skipped")
    if task_filter.and_children:
        b.branch_if(_find(b, pid), traced, skipped)
    else:
        b.branch(Cond.EQ, pid, b.const(task_filter.pid), traced, skipped)
    for block in (skipped, traced):
        b.seal(block)
    b.start(skipped)
    b.ret(b.const(skip_value))
    b.start(traced)


def follow_forks(name: str, fork: TracepointFormat, return_value: int, span: Span) -> Func:
    """The program at the fork tracepoint: the child of a traced process is traced."""
    b = Builder(name)
    b.span = span
    emit_filter(b, TaskFilter(pid=1, and_children=True), return_value)
    child = next(field for field in fork.fields if field.name == "child_pid")
    key, value = b.slot("child", 8), b.slot("one", 8)
    b.store(key, 0, b.load(b.context, child.offset, _PID_BYTES), _PID_BYTES)
    b.store(value, 0, b.const(1), 8)
    b.call("map_update_elem", b.map(TREE_MAP), key, value, b.const(BPF_ANY))
    b.ret(b.const(return_value))
    return b.func


def family_entry(pid: int) -> tuple[bytes, bytes]:
    """The entry (key, value) by which the family begins with process `pid`."""
    return pid.to_bytes(_PID_BYTES, sys.byteorder), (1).to_bytes(8, sys.byteorder)


def tree_map() -> MapSpec:
    """The pids of the family: u32 to u64."""
    return MapSpec(
        name=TREE_MAP,
        type=MapType.HASH,
        key_size=_PID_BYTES,
        value_size=8,
        max_entries=_MAX_PROCESSES,
        flags=_BPF_F_NO_PREALLOC,
    )


def _current_pid(b: Builder) -> Value:
    tgid_pid = b.call("get_current_pid_tgid", pure=True)
    return b.binary(BinaryKind.SHR, tgid_pid, b.const(32))


def _find(b: Builder, pid: Value) -> Value:
    key = b.slot("pid", 8)
    b.store(key, 0, pid, _PID_BYTES)
    return b.call("map_lookup_elem", b.map(TREE_MAP), key, kind=Kind.PTR)
