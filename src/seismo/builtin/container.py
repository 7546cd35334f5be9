"""`container`: whose container a task is in, by the name that the runtime gave its cgroup.

The names on the way from the task's cgroup (version 2) up to the root are read when the event
happens. One that ends in hexadecimal digits, `.scope` behind them or not, is a container's if
there are 64, alone or behind a `-` or `:`, or at least 12 behind the name of a runtime: as
`--container` has it (`seismo/runtime/containers.py`). `libpod-conmon-…` is Podman's monitor.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from seismo.builtin.bytes import clamped, copy_bytes, is_literal_at
from seismo.builtin.kernel_records import at_start, has_member, read_members
from seismo.builtin.record import Address, Builtin, LoopStep, Lowering, Writer
from seismo.builtin.turn import Turn
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.lang.ast import Call
from seismo.lang.signature import Signature
from seismo.lang.types import StringType

__all__ = ("BUILTINS", "CONTAINER", "RUNTIMES")

RUNTIMES = ("docker-", "libpod-", "crio-", "cri-containerd-", "nerdctl-", "buildkit-")
"""Behind these an id may be a short one."""

_SHOWN_DIGITS, _ALL_DIGITS = 12, 64
_MOST_LEVELS = 32
_NAME_MAX = 255  # include/uapi/linux/limits.h
_NAME_BYTES = _NAME_MAX + 1
_BEFORE = 8
"""Zeros before a name, so that what stands before the digits can be read wherever they are."""
_MONITOR, _SCOPE = b"-conmon-", b".scope"
_CGROUP, _NODE = "struct cgroup", "struct kernfs_node"
_TYPE = StringType(_SHOWN_DIGITS + 1)


def _lower_container(low: Lowering, call: Call) -> Writer:
    b = low.b
    id = low.scratch(_TYPE.size)
    b.fill(id.base, id.offset, (_TYPE.size + 7) & -8)
    task = b.call("get_current_task", pure=True)
    (groups,) = read_members(low, "struct task_struct", task, "cgroups")
    (group,) = read_members(low, "struct css_set", groups, "dfl_cgrp")
    node = group if low.options.is_portable else read_members(low, _CGROUP, group, "kn")[0]

    def step(inner: Lowering, _: Value, now: Mapping[str, Value]) -> LoopStep:
        turn = Turn(inner, now)
        inner.b.when_set(now["node"], lambda: _look_at(inner, turn, id))
        return turn.end()

    low.loop(b.const(_MOST_LEVELS), {"node": node}, step)
    return copy_bytes(low, id, _TYPE.size)


def _look_at(low: Lowering, turn: Turn, id: Address) -> None:
    """Take the id from the name of a cgroup, or go on to its parent."""
    b = low.b
    above, pointer = _above_and_name(low, turn.now["node"])
    memory = low.scratch(_BEFORE + _NAME_BYTES + _SHOWN_DIGITS)
    b.store(memory.base, memory.offset, b.const(0), _BEFORE)
    name, size = memory.at(_BEFORE), b.const(_NAME_BYTES)
    used = b.call("probe_read_kernel_str", low.address(name), size, pointer)
    end = _without_scope(low, name, clamped(low, b.add(used, b.const(-1)), _NAME_MAX))
    digits = _count_digits(low, name, end)
    start = clamped(low, b.binary(BinaryKind.SUB, end, digits), _NAME_MAX)
    first = b.add(low.address(name), start)

    def take() -> None:
        to = low.here(id)
        b.copy((to.base, to.offset), (first, 0), _SHOWN_DIGITS, alignment=4)

    is_id = _is_id(low, name, start, first, digits)
    b.when_set(is_id, take, lambda: turn.go_on(node=above))


def _above_and_name(low: Lowering, at: Value) -> tuple[Value, ...]:
    """What is above a cgroup, and where its name is, by its node; on any kernel by itself."""
    if low.options.is_portable:
        at_start(low, _CGROUP, "self")
        node, above = read_members(low, _CGROUP, at, "kn", "self.parent")
        return above, *read_members(low, _NODE, node, "name")
    # Since Linux 6.15 the member, which is then only to be read under RCU, is called so.
    parent = "__parent" if has_member(low, _NODE, "__parent") else "parent"
    return read_members(low, _NODE, at, parent, "name")


def _without_scope(low: Lowering, name: Address, length: Value) -> Value:
    """Where a name ends, if `.scope`, which systemd adds to it, does not count."""
    b, end = low.b, low.fresh("end")
    b.write(end, length)

    def look() -> None:
        shorter = b.add(length, b.const(-len(_SCOPE)))
        behind = Address(b.add(low.address(name), shorter))
        b.when_set(is_literal_at(low, behind, _SCOPE), lambda: b.write(end, shorter))

    b.when(Cond.GE, length, b.const(len(_SCOPE)), look)
    return b.read(end)


def _count_digits(low: Lowering, name: Address, end: Value) -> Value:
    """How many hexadecimal digits there are before the end; one more than an id has is enough."""

    def step(inner: Lowering, _: Value, now: Mapping[str, Value]) -> LoopStep:
        b, turn = inner.b, Turn(inner, now)
        last = b.add(now["end"], b.const(-1))

        def is_digit() -> None:
            turn.go_on(end=last, digits=b.add(now["digits"], b.const(1)))

        def look() -> None:
            byte = b.load(b.add(inner.address(inner.here(name)), last), 0, 1)
            number, letter = b.add(byte, b.const(-ord("0"))), b.add(byte, b.const(-ord("a")))
            is_letter = Cond.LE, letter, b.const(5)
            b.when(Cond.LE, number, b.const(9), is_digit, lambda: b.when(*is_letter, is_digit))

        # A name without more characters gives a huge number.
        b.when(Cond.LT, last, b.const(_NAME_MAX), look)
        return turn.end()

    carried = {"end": end, "digits": low.b.const(0)}
    return low.loop(low.b.const(_ALL_DIGITS + 1), carried, step)["digits"]


def _is_id(low: Lowering, name: Address, start: Value, first: Value, digits: Value) -> Value:
    """1 where these digits, at the end of the name, are a container's id."""
    b, answer = low.b, low.fresh("is_id")
    b.write(answer, b.const(0))

    def is_one() -> None:
        b.write(answer, b.const(1))

    def is_whole() -> None:
        before = b.load(first, -1, 1)
        for separator in ("\0", "-", ":"):
            b.when(Cond.EQ, before, b.const(ord(separator)), is_no_monitor)

    def is_no_monitor() -> None:
        monitor = int.from_bytes(_MONITOR, low.byte_order)
        b.when(Cond.NE, b.load(first, -_BEFORE, _BEFORE), b.const(monitor), is_one)

    def is_short() -> None:
        for runtime in RUNTIMES:
            b.when(Cond.EQ, start, b.const(len(runtime)), partial(is_behind, runtime))

    def is_behind(runtime: str) -> None:
        b.when_set(is_literal_at(low, name, runtime.encode()), is_one)

    def is_long_enough() -> None:
        b.when(Cond.GE, digits, b.const(_SHOWN_DIGITS), is_short)

    b.when(Cond.EQ, digits, b.const(_ALL_DIGITS), is_whole, is_long_enough)
    return b.read(answer)


CONTAINER = Builtin(
    Signature(name="container", params=(), returns=_TYPE, is_variable=True),
    f"The first {_SHOWN_DIGITS} digits of the id of the container that the current process is in, "
    "as `docker ps` shows it, by the name of its cgroup (version 2) when the event happens: also "
    'of a container that is gone when the event is read. "" in none. Since Linux 5.17 '
    "(`bpf_loop`).",
    _lower_container,
    'tracepoint:sched:sched_process_exec /container != ""/ { @execs[container, comm] = count(); }',
)

BUILTINS = (CONTAINER,)
