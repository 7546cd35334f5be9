"""Filters compiled into the programs: by process, family, cgroup, name and user.

A family is followed in the kernel: `sched:sched_process_fork` runs in the parent before the child
does (kernel/fork.c: `kernel_clone`), so no child escapes, however short-lived. It decides about the
child's pid either way, so that a pid that is used again is not taken for who had it before; that
the kernel frees a task (`sched:sched_process_free`) only makes room. A process is freed when its
parent has asked how it ended, which is after the end of all its threads: what they do to the last
is traced, whichever ends first.
"""

from __future__ import annotations

import sys

from seismo.base.dataclass import dataclass
from seismo.base.source import Span
from seismo.builtin.options import LowerOptions, TaskFilter
from seismo.ir.builder import Builder
from seismo.ir.func import Func
from seismo.ir.ops import BinaryKind, Cond, Kind, Value
from seismo.isa.map_types import MapType
from seismo.lower.maps import BPF_ANY
from seismo.lower.resources import (
    CGROUPS_MAP,
    COUNTER_BYTES,
    FAMILY_COUNTER,
    LOST_MAP,
    TREE_MAP,
)
from seismo.probes.format import TracepointFormat
from seismo.spec.types import MapSpec

__all__ = ("FAMILY", "Follower", "emit_filter", "filter_maps", "filter_presets")

_PID_BYTES = 4
_CGROUP_BYTES = 4
_MAX_TASKS = 1 << 16
_COMM_BYTES = 16  # include/linux/sched.h: TASK_COMM_LEN
_WORD_BYTES = 8
_PIDNS_INFO_BYTES, _TGID_OFFSET = 8, 4  # include/uapi/linux/bpf.h: bpf_pidns_info
_BPF_F_NO_PREALLOC = 1  # include/uapi/linux/bpf.h; a family is small, the limit is not


@dataclass(frozen=True, slots=True)
class Follower:
    """A program that keeps the family up to date: its name, its tracepoint, and the field there
    that holds a pid. The task is `added` if the current one is of the family; else it is taken
    out. `label` is how a run that the kernel misses is told of, '' if that does no harm."""

    name: str
    place: tuple[str, str]
    field: str
    added: bool = False
    label: str = ""

    def program(
        self, format: TracepointFormat, options: LowerOptions, return_value: int, span: Span
    ) -> Func:
        """The program, at a tracepoint whose record is laid out as `format`."""
        b = Builder(self.name)
        b.span = span
        field = next(one for one in format.fields if one.name == self.field)
        key = b.slot("key", _PID_BYTES)
        b.store(key, 0, b.load(b.context, field.offset, _PID_BYTES), _PID_BYTES)

        def add() -> None:
            value = b.slot("one", _WORD_BYTES)
            b.store(value, 0, b.const(1), _WORD_BYTES)
            full = b.call("map_update_elem", b.map(TREE_MAP), key, value, b.const(BPF_ANY))
            b.when(Cond.NE, full, b.const(0), forget)

        def forget() -> None:
            b.atomic_add(b.map_value(LOST_MAP), FAMILY_COUNTER * COUNTER_BYTES, b.const(1))

        def remove() -> None:
            b.call("map_delete_elem", b.map(TREE_MAP), key)

        if self.added:
            b.when_set(_in_family(b, options), add, remove)
        else:
            remove()
        b.ret(b.const(return_value))
        return b.func


FAMILY = (
    Follower(
        "follow_forks",
        ("sched", "sched_process_fork"),
        "child_pid",
        added=True,
        label="--tree (a fork)",
    ),
    Follower("forget_tasks", ("sched", "sched_process_free"), "pid"),
)
"""What is attached, before anything else, to follow a family."""


def emit_filter(b: Builder, options: LowerOptions, skip_value: int) -> None:
    """Return `skip_value` from here unless the current task is one of those that are traced."""
    wanted = options.filter

    def skip() -> None:
        b.ret(b.const(skip_value))

    if wanted.and_children:
        b.when(Cond.EQ, _in_family(b, options), b.const(0), skip)
    elif wanted.pid:
        b.when(Cond.NE, _current_pid(b, options), b.const(wanted.pid), skip)
    if wanted.uid is not None:
        uid = b.extend(b.call("get_current_uid_gid", pure=True), 32, signed=False)
        b.when(Cond.NE, uid, b.const(wanted.uid), skip)
    if wanted.comm:
        b.when(Cond.NE, _differs(b, wanted.comm), b.const(0), skip)
    for index in range(len(wanted.cgroups)):
        is_inside = b.call(
            "current_task_under_cgroup", b.map(CGROUPS_MAP), b.const(index), pure=True
        )
        b.when(Cond.NE, is_inside, b.const(1), skip)


def filter_maps(task_filter: TaskFilter) -> list[MapSpec]:
    """What the filter keeps in the kernel: the family's pids (u32 to u64), the cgroups."""
    maps: list[MapSpec] = []
    if task_filter.and_children:
        tree = MapSpec(
            name=TREE_MAP,
            type=MapType.HASH,
            key_size=_PID_BYTES,
            value_size=_WORD_BYTES,
            max_entries=_MAX_TASKS,
            flags=_BPF_F_NO_PREALLOC,
        )
        maps.append(tree)
    if task_filter.cgroups:
        cgroups = MapSpec(
            name=CGROUPS_MAP,
            type=MapType.CGROUP_ARRAY,
            key_size=4,
            value_size=_CGROUP_BYTES,
            max_entries=len(task_filter.cgroups),
        )
        maps.append(cgroups)
    return maps


def filter_presets(options: LowerOptions) -> tuple[tuple[str, bytes, bytes], ...]:
    """What the maps hold from the start, as (map, key, value): the founder of the family."""
    if not options.filter.and_children or options.pid_namespace is not None:
        return ()
    key = options.filter.pid.to_bytes(_PID_BYTES, sys.byteorder)
    return ((TREE_MAP, key, (1).to_bytes(_WORD_BYTES, sys.byteorder)),)


def _in_family(b: Builder, options: LowerOptions) -> Value:
    """Not 0 if the current process is of the family.

    Tracepoints tell pids of the initial namespace. What its founder is called there a process in
    another namespace cannot know: so the founder is known by its name, its family by the map.
    """
    key = b.slot("pid", _PID_BYTES)
    b.store(key, 0, _initial_pid(b), _PID_BYTES)
    found = b.call("map_lookup_elem", b.map(TREE_MAP), key, kind=Kind.PTR)
    if options.pid_namespace is None:
        return found
    is_founder = b.compare(Cond.EQ, _current_pid(b, options), b.const(options.filter.pid))
    return b.binary(BinaryKind.OR, b.compare(Cond.NE, found, b.const(0)), is_founder)


def _current_pid(b: Builder, options: LowerOptions) -> Value:
    """As our own namespace counts; 0 for a process that it does not have."""
    if options.pid_namespace is None:
        return _initial_pid(b)
    info, size = b.slot("pidns", _PIDNS_INFO_BYTES), b.const(_PIDNS_INFO_BYTES)
    b.fill(info, 0, _PIDNS_INFO_BYTES)
    b.call("get_ns_current_pid_tgid", *map(b.const, options.pid_namespace), info, size)
    return b.load(info, _TGID_OFFSET, _PID_BYTES)


def _initial_pid(b: Builder) -> Value:
    return b.binary(BinaryKind.SHR, b.call("get_current_pid_tgid", pure=True), b.const(32))


def _differs(b: Builder, comm: str) -> Value:
    """0 if the current task is called `comm`, or begins with what stands before its `*`."""
    is_prefix = comm.endswith("*")
    wanted = comm.removesuffix("*").encode("utf-8", "surrogateescape")
    significant = wanted if is_prefix else wanted + b"\0"
    name = b.slot("comm", _COMM_BYTES)
    b.call("get_current_comm", name, b.const(_COMM_BYTES))
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
