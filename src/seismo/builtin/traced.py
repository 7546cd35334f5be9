"""`traced`: whether a task is one of those that the command line asks to trace.

An event may be about another task than the one that runs (a wake-up, a switch, a signal), or about
the task that ran when something began. There the filter that is compiled into every program would
sort out the wrong ones, so a script that asks `traced` anywhere does all the filtering itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seismo.builtin.kernel_records import at_start, offset_of, read_members, record_size
from seismo.builtin.options import NO_FILTER
from seismo.builtin.portable import in_own_namespace, namespace_inode
from seismo.builtin.record import Address, Builtin, LoopStep, Lowering
from seismo.builtin.task_filter import COMM_BYTES, CurrentTask, sort_out
from seismo.ir.ops import Cond, Value
from seismo.lang.ast import Call
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.types import BOOL, PointerType, RecordType, Type

__all__ = ("BUILTINS", "TRACED")

_TASK, _PID, _NUMBER = "struct task_struct", "struct pid", "struct upid"
_CGROUP = "struct cgroup"


def _check_traced(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    for argument, type_ in zip(call.args, types, strict=True):
        target = type_.target if isinstance(type_, PointerType) else None
        if not isinstance(target, RecordType) or target.name != _TASK:
            hint = f"such as curtask.real_parent, or a cast: ({_TASK} *)…"
            context.error(argument.span, f"traced() takes a {_TASK} *, not {type_}", hint)
    return BOOL


def _lower_traced(low: Lowering, call: Call) -> Value:
    b = low.b
    if low.options.filter == NO_FILTER:
        return b.const(1)
    answer, done = low.fresh("traced"), b.new_block("traced")

    def reject() -> None:
        b.jump(done)

    b.write(answer, b.const(0))
    if call.args:
        task = low.scalar(call.args[0])
        b.when(Cond.EQ, task, b.const(0), reject)
        sort_out(b, low.options, _OtherTask(low, task), reject)
    else:
        sort_out(b, low.options, CurrentTask(b, low.options), reject)
    b.write(answer, b.const(1))
    b.jump(done)
    b.seal(done)
    b.start(done)
    return b.read(answer)


class _OtherTask:
    """The task that a pointer points to, read field by field; implements `task_filter.Task`."""

    def __init__(self, low: Lowering, task: Value) -> None:
        self._low = low
        self._task = task

    def initial_pid(self) -> Value:
        return self._read("tgid")

    def pid(self) -> Value:
        return self._number(
            self.initial_pid, lambda: self._namespace_id(self._read("group_leader"))
        )

    def tid(self) -> Value:
        return self._number(lambda: self._read("pid"), lambda: self._namespace_id(self._task))

    def _number(self, initial: Callable[[], Value], apart: Callable[[], Value]) -> Value:
        low = self._low
        return in_own_namespace(low.b, low.options, initial, lambda _: apart())

    def uid(self) -> Value:
        (uid,) = read_members(self._low, "struct cred", self._read("cred"), "uid.val")
        return uid

    def write_comm(self, to: Value) -> None:
        low = self._low
        comm = low.b.add(self._task, offset_of(low, _TASK, "comm"))
        low.read_memory(Address(to), low.b.const(COMM_BYTES), comm, "kernel")

    def is_inside(self, index: int) -> Value:
        """Whether its cgroup, or one on the way from there to the root, has the id."""
        low, wanted = self._low, self._low.options.filter.cgroup_ids[index]
        at_start(low, _CGROUP, "self")
        (group,) = read_members(low, "struct css_set", self._read("cgroups"), "dfl_cgrp")
        (level,) = read_members(low, _CGROUP, group, "level")

        def step(inner: Lowering, _: Value, carried: Mapping[str, Value]) -> LoopStep:
            # A parent is known by its member `self`, which is the first one.
            node, parent = read_members(inner, _CGROUP, carried["group"], "kn", "self.parent")
            (id,) = read_members(inner, "struct kernfs_node", node, "id")
            found = inner.b.compare(Cond.EQ, id, inner.b.const(wanted))
            return LoopStep({"group": parent, "found": found}, found)

        rounds = low.b.add(level, low.b.const(1))
        return low.loop(rounds, {"group": group, "found": low.b.const(0)}, step)["found"]

    def _namespace_id(self, task: Value) -> Value:
        """What our own namespace calls a task; 0 for one that it does not have, or that has ended.

        A task has a number in its own namespace and in each above that, up to the initial one.
        """
        low, b, id = self._low, self._low.b, self._low.fresh("id")
        (pid,) = read_members(low, _TASK, task, "thread_pid")

        def step(inner: Lowering, _: Value, carried: Mapping[str, Value]) -> LoopStep:
            number, namespace = read_members(inner, _NUMBER, carried["at"], "nr", "ns")
            (found_inode,) = read_members(inner, "struct pid_namespace", namespace, "ns.inum")
            found = inner.b.compare(Cond.EQ, found_inode, namespace_inode(inner.b, inner.options))
            following = inner.b.add(carried["at"], record_size(inner, _NUMBER))
            return LoopStep({"at": following, "id": number, "found": found}, found)

        def search() -> None:
            (level,) = read_members(low, _PID, pid, "level")
            first, none = b.add(pid, offset_of(low, _PID, "numbers")), b.const(0)
            rounds = b.add(level, b.const(1))
            last = low.loop(rounds, {"at": first, "id": none, "found": none}, step)
            b.when_set(last["found"], lambda: b.write(id, last["id"]))

        b.write(id, b.const(0))
        b.when_set(pid, search)
        return b.read(id)

    def _read(self, member: str) -> Value:
        (value,) = read_members(self._low, _TASK, self._task, member)
        return value


TRACED = Builtin(
    Signature(
        name="traced",
        returns=BOOL,
        params=(Param("task", ("pointer",), optional=True),),
        check=_check_traced,
        is_variable=True,
    ),
    "Whether the current task is one of those that the command line asks to trace (`-p`, `-t`, "
    "`--tree`, `--cgroup`, `--container`, `--comm`, `--uid`): true where it asks for none. "
    "`traced(task)` tells it of the task that a `struct task_struct *` points to; false of null. A "
    "script that asks it anywhere filters by itself: no filter of the command line is put into any "
    "of its probes, nor are they attached to the process of `-p` alone. With `--cgroup`, "
    "`--container`, or in a PID namespace of its own, `traced(task)` needs Linux 5.17.",
    _lower_traced,
    "tracepoint:syscalls:sys_enter_openat /traced(curtask.real_parent)/ { @[comm] = count(); }",
)

BUILTINS = (TRACED,)
