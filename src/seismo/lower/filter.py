"""Filters compiled into the programs, and what keeps a family up to date.

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
from seismo.builtin.options import CGROUPS_MAP, TREE_MAP, LowerOptions, TaskFilter
from seismo.builtin.task_filter import CurrentTask, is_of_family, sort_out
from seismo.ir.builder import Builder
from seismo.ir.func import Func
from seismo.ir.ops import Cond, Value
from seismo.isa.map_types import MapType
from seismo.lower.maps import BPF_ANY
from seismo.lower.resources import COUNTER_BYTES, FAMILY_COUNTER, LOST_MAP
from seismo.probes.format import TracepointFormat
from seismo.spec.relocations import TracepointField
from seismo.spec.types import MapSpec

__all__ = ("FAMILY", "Follower", "emit_filter", "filter_maps", "filter_presets")

_PID_BYTES = 4
_CGROUP_BYTES = 4
_MAX_TASKS = 1 << 16
_WORD_BYTES = 8
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
        b.store(key, 0, self._pid(b, field.offset, options), _PID_BYTES)

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
            b.when_set(is_of_family(b, options, CurrentTask(b, options)), add, remove)
        else:
            remove()
        b.ret(b.const(return_value))
        return b.func

    def _pid(self, b: Builder, offset: int, options: LowerOptions) -> Value:
        relocation = TracepointField(*self.place, self.field) if options.is_portable else None
        return b.load(b.context, offset, _PID_BYTES, relocation=relocation)


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
    """Return `skip_value` from here unless the current task is one of those that are traced, or the
    script filters by itself."""
    if not options.filters_itself:
        sort_out(b, options, CurrentTask(b, options), lambda: b.ret(b.const(skip_value)))


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
    is_in_map = options.pid_namespace is None and not options.is_founder_open
    if not options.filter.and_children or not is_in_map:
        return ()
    key = options.filter.pid.to_bytes(_PID_BYTES, sys.byteorder)
    return ((TREE_MAP, key, (1).to_bytes(_WORD_BYTES, sys.byteorder)),)
