"""Filters in the programs, run by the interpreter for tasks that are made up."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest

from seismo.base.dataclass import dataclass, field, replace
from seismo.base.source import NOWHERE
from seismo.builtin.options import LowerOptions, TaskFilter
from seismo.ir.builder import Builder
from seismo.ir.func import Func
from seismo.ir.interp import Memory, interpret
from seismo.ir.verify import verify
from seismo.isa.map_types import MapType
from seismo.lower.filter import FAMILY, emit_filter, filter_maps, filter_presets
from seismo.probes.format import FormatField, TracepointFormat

SKIPPED, TRACED = 1, 7
NAMESPACE = (4, 4026532000)


@dataclass(slots=True)
class Task:
    """The task that helpers tell of; `inside` are the indexes of cgroups that it is in, `own_pid`
    its pid in the namespace of the tracer (0: it is not there; else its tid is one more)."""

    pid: int = 100
    tid: int = 101
    uid: int = 0
    comm: str = "cat"
    inside: tuple[int, ...] = ()
    own_pid: int = 0
    tree: set[int] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)

    def call(self, name: str, args: Sequence[int], memory: Memory) -> int:
        """What a helper answers."""
        self.calls.append(name)
        return int(getattr(self, name)(args, memory) or 0)

    def get_current_pid_tgid(self, args: Sequence[int], memory: Memory) -> int:
        return self.pid << 32 | self.tid

    def get_current_uid_gid(self, args: Sequence[int], memory: Memory) -> int:
        return 55 << 32 | self.uid

    def get_current_comm(self, args: Sequence[int], memory: Memory) -> None:
        assert args[1] == 16
        # What stands behind the NUL is nothing to go by.
        memory.write(args[0], (self.comm.encode() + b"\0").ljust(16, b"?"))

    def current_task_under_cgroup(self, args: Sequence[int], memory: Memory) -> int:
        assert memory.map_name(args[0]) == "cgroups"
        return args[1] in self.inside

    def get_ns_current_pid_tgid(self, args: Sequence[int], memory: Memory) -> int:
        assert tuple(args[:2]) == NAMESPACE and args[3] == 8
        ids = (self.own_pid + 1, self.own_pid) if self.own_pid else (0, 0)
        memory.write(args[2], b"".join(one.to_bytes(4, sys.byteorder) for one in ids))
        return 0

    def map_lookup_elem(self, args: Sequence[int], memory: Memory) -> int:
        return memory.allocate(bytes(8)) if self.key(args, memory) in self.tree else 0

    def map_update_elem(self, args: Sequence[int], memory: Memory) -> None:
        self.tree.add(self.key(args, memory))

    def map_delete_elem(self, args: Sequence[int], memory: Memory) -> None:
        self.tree.discard(self.key(args, memory))

    def key(self, args: Sequence[int], memory: Memory) -> int:
        """The pid that a map's helper is given."""
        assert memory.map_name(args[0]) == "tree"
        return int.from_bytes(memory.read(args[1], 4), sys.byteorder)


def options(namespace: tuple[int, int] | None = None, **wanted: object) -> LowerOptions:
    return LowerOptions(possible_cpus=1, filter=TaskFilter(**wanted), pid_namespace=namespace)


def is_traced(task: Task, chosen: LowerOptions) -> bool:
    b = Builder("filtered")
    emit_filter(b, chosen, SKIPPED)
    b.ret(b.const(TRACED))
    result = run(b.func, task)
    assert result in (SKIPPED, TRACED)
    return result == TRACED


def run(func: Func, task: Task, context: bytes = bytes(8)) -> int:
    verify(func, "filter")
    return interpret(func, context=context, call=task.call)


def test_without_a_filter_nothing_is_asked() -> None:
    task = Task()
    assert is_traced(task, options()) and task.calls == []


@pytest.mark.parametrize(("pid", "is_wanted"), [(100, True), (101, False), (99, False)])
def test_process(pid: int, is_wanted: bool) -> None:
    assert is_traced(Task(), options(pid=pid)) is is_wanted


@pytest.mark.parametrize(("tid", "is_wanted"), [(101, True), (100, False), (102, False)])
def test_thread(tid: int, is_wanted: bool) -> None:
    assert is_traced(Task(), options(tid=tid)) is is_wanted
    assert is_traced(Task(), options(pid=100, tid=tid)) is is_wanted
    assert not is_traced(Task(), options(pid=99, tid=tid))


def test_a_script_that_filters_itself_is_left_alone() -> None:
    task = Task()
    chosen = replace(options(pid=99, uid=5, comm="dog"), filters_itself=True)
    assert is_traced(task, chosen) and task.calls == []


@pytest.mark.parametrize(("uid", "is_wanted"), [(0, True), (55, False), (65534, False)])
def test_user(uid: int, is_wanted: bool) -> None:
    assert is_traced(Task(), options(uid=uid)) is is_wanted


@pytest.mark.parametrize(
    ("wanted", "comm", "is_wanted"),
    [
        ("cat", "cat", True),
        ("cat", "cats", False),
        ("cat", "ca", False),
        ("cat", "dog", False),
        ("cat*", "cats", True),
        ("cat*", "cat", True),
        ("cat*", "ca", False),
        ("kworker/0:1", "kworker/0:1", True),
        ("kworker/0:1", "kworker/0:10", False),
        ("kworker/*", "kworker/u8:3-ev", True),
        ("kworker", "kworker", True),
        ("kworker/", "kworker/", True),
        ("kworker/", "kworker/0", False),
        ("fifteen_letters", "fifteen_letters", True),
        ("fifteen_letterz", "fifteen_letters", False),
        ("fifteen_letters*", "fifteen_letters", True),
    ],
)
def test_name(wanted: str, comm: str, is_wanted: bool) -> None:
    assert is_traced(Task(comm=comm), options(comm=wanted)) is is_wanted


@pytest.mark.parametrize(
    ("inside", "is_wanted"), [((0, 1), True), ((0,), False), ((1,), False), ((), False)]
)
def test_the_task_is_in_every_cgroup(inside: tuple[int, ...], is_wanted: bool) -> None:
    assert is_traced(Task(inside=inside), options(cgroups=("/a", "/b"))) is is_wanted


@pytest.mark.parametrize("wrong", ["", "pid", "tid", "uid", "comm", "cgroups"])
def test_all_must_be_true(wrong: str) -> None:
    task = Task(uid=5, inside=(0,))
    wanted: dict[str, object] = {"pid": 100, "tid": 101, "uid": 5, "comm": "cat"}
    others: dict[str, object] = {"pid": 7, "tid": 7, "uid": 6, "comm": "dog"}
    wanted["cgroups"], others["cgroups"] = ("/a",), ("/a", "/b")
    if wrong:
        wanted[wrong] = others[wrong]
    assert is_traced(task, options(**wanted)) == (not wrong)


def test_pids_are_those_of_the_tracer_s_namespace() -> None:
    chosen = options(NAMESPACE, pid=3)
    assert is_traced(Task(pid=100, own_pid=3), chosen)
    assert not is_traced(Task(pid=3, own_pid=9), chosen)
    assert not is_traced(Task(pid=3), chosen)
    assert is_traced(Task(tid=101, own_pid=3), options(NAMESPACE, pid=3, tid=4))
    assert not is_traced(Task(tid=4, own_pid=3), options(NAMESPACE, tid=3))


@pytest.mark.parametrize(("tree", "is_wanted"), [({100}, True), ({101}, False), (set(), False)])
def test_family(tree: set[int], is_wanted: bool) -> None:
    assert is_traced(Task(tree=tree), options(pid=1, and_children=True)) is is_wanted


def test_the_founder_of_a_family_in_a_namespace() -> None:
    chosen = options(NAMESPACE, pid=3, and_children=True)
    assert is_traced(Task(own_pid=3), chosen)
    assert is_traced(Task(own_pid=9, tree={100}), chosen)
    assert not is_traced(Task(own_pid=9, tree={3}), chosen)


def pid_field(name: str, offset: int) -> FormatField:
    return FormatField(name=name, c_type="pid_t", offset=offset, size=4, signed=True)


FORMATS = {
    "child_pid": TracepointFormat("sched", "sched_process_fork", (pid_field("child_pid", 20),)),
    "pid": TracepointFormat("sched", "sched_process_free", (pid_field("pid", 12),)),
}


def follow(task: Task, chosen: LowerOptions, place: str, pid: int) -> None:
    """What is done when task `pid` is forked by the current one, or is freed."""
    (one,) = [one for one in FAMILY if one.place[1] == place]
    offset = FORMATS[one.field].fields[0].offset
    context = bytes(offset) + pid.to_bytes(4, sys.byteorder)
    assert run(one.program(FORMATS[one.field], chosen, 1, NOWHERE), task, context) == 1


def test_a_family_grows_and_shrinks() -> None:
    chosen = options(pid=100, and_children=True)
    task = Task(tree={100})
    follow(task, chosen, "sched_process_fork", 200)
    assert task.tree == {100, 200}
    task.pid = 200
    follow(task, chosen, "sched_process_fork", 300)
    assert task.tree == {100, 200, 300}
    task.pid = 7
    follow(task, chosen, "sched_process_fork", 400)
    assert task.tree == {100, 200, 300}
    follow(task, chosen, "sched_process_free", 200)
    assert task.tree == {100, 300}


def test_a_pid_that_is_used_again_is_not_of_the_family() -> None:
    task = Task(pid=7, tree={100, 300})
    follow(task, options(pid=100, and_children=True), "sched_process_fork", 300)
    assert task.tree == {100}


def test_the_founder_s_child_in_a_namespace() -> None:
    task = Task(pid=5000, own_pid=3)
    follow(task, options(NAMESPACE, pid=3, and_children=True), "sched_process_fork", 5001)
    assert task.tree == {5001}


def test_maps() -> None:
    assert filter_maps(TaskFilter(pid=1, comm="x", uid=0)) == []
    (tree,) = filter_maps(TaskFilter(pid=1, and_children=True))
    assert (tree.name, tree.type) == ("tree", MapType.HASH)
    assert (tree.key_size, tree.value_size) == (4, 8)
    (cgroups,) = filter_maps(TaskFilter(cgroups=("/a", "/b")))
    assert (cgroups.type, cgroups.max_entries) == (MapType.CGROUP_ARRAY, 2)


def test_a_family_begins_with_its_founder() -> None:
    entry = ("tree", (9).to_bytes(4, sys.byteorder), (1).to_bytes(8, sys.byteorder))
    assert filter_presets(options(pid=9, and_children=True)) == (entry,)
    assert filter_presets(options(NAMESPACE, pid=9, and_children=True)) == ()
    assert filter_presets(options(pid=9)) == ()


def test_attaching_may_be_limited_to_one_process_alone() -> None:
    assert TaskFilter(pid=5).only_pid == 5
    assert TaskFilter(pid=5, and_children=True).only_pid == 0
