"""Methods that are one helper of the kernel: stacks, tail calls, counters, queues, redirection.

Each is a row: the helper, and what of the call it takes in which order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from seismo.c.lower.call import LowerCall
from seismo.c.lower.int_answers import answer_of
from seismo.c.lower.value import DIRECT, Operand
from seismo.c.methods.method import Lower, Method, Parameter, ParameterKind
from seismo.c.methods.signature import (
    CONTEXT,
    DATA,
    FLAGS,
    INDEX,
    KEY_POINTER,
    LEAF_POINTER,
    OPTIONAL_FLAGS,
    REDIRECTING,
    SIZE,
    context,
    leaf_pointer,
    long,
    u64,
    void,
)
from seismo.c.types import Pointer, Void
from seismo.ir.ops import Kind, Value

__all__ = ("KERNEL_METHODS",)

_Part: TypeAlias = Callable[[LowerCall], Value]

_PERF_ARRAY = frozenset(("perf_array", "perf_output"))
_QUEUES = frozenset(("queue", "stack"))
_CGROUP_STORAGE = frozenset(("cgroup_storage", "percpu_cgroup_storage"))
_INITIAL = Parameter("&leaf", ParameterKind.POINTER)
_PACKET_INDEX = Parameter("index", ParameterKind.INTEGER)


def _map(call: LowerCall) -> Value:
    return call.map


def _argument(index: int) -> _Part:
    """As it is; 0 where it was left out."""
    return lambda call: call.value(index) if index < len(call.args) else call.b.const(0)


def _key(index: int) -> _Part:
    return lambda call: call.readable(index, call.decl.key.size)


def _leaf(index: int) -> _Part:
    return lambda call: call.readable(index, call.decl.leaf.size)


def _calls(helper: str, *parts: _Part) -> Lower:
    """What calls the helper with these."""

    def lower(call: LowerCall) -> Operand | None:
        args = [part(call) for part in parts]
        if isinstance(call.type, Pointer):
            return Operand(call.b.call(helper, *args, kind=Kind.PTR), call.type, DIRECT, 8)
        answer = answer_of(call.b, helper, *args)
        return None if isinstance(call.type, Void) else call.result(answer)

    return lower


def _of(*kinds: str) -> frozenset[str]:
    return frozenset(kinds)


def _storage(kind: str) -> tuple[Method, Method]:
    """Values that are kept with an object of the kernel (a socket, an inode, a task)."""
    of = _of(f"{kind}_storage")
    get = _calls(f"{kind}_storage_get", _map, _argument(0), _argument(1), _argument(2))
    delete = _calls(f"{kind}_storage_delete", _map, _argument(0))
    return (
        Method(f"{kind}_storage_get", of, (DATA, _INITIAL, OPTIONAL_FLAGS), leaf_pointer, get),
        Method(f"{kind}_storage_delete", of, (DATA,), long, delete),
    )


def _redirections(kind: str) -> tuple[Method, Method]:
    """Packets and messages to a socket of a table: `map` by its index, `hash` by its key."""
    of = _of(f"sock{kind}")
    key, part = (KEY_POINTER, _key(1)) if kind == "hash" else (_PACKET_INDEX, _argument(1))

    def method(what: str) -> Method:
        helper = f"{what}_redirect_{kind}"
        lower = _calls(helper, context, _map, part, _argument(2))
        return Method(helper, of, (CONTEXT, key, OPTIONAL_FLAGS), long, lower)

    return method("sk"), method("msg")


KERNEL_METHODS = (
    Method(
        "get_stackid",
        _of("stack_trace"),
        (CONTEXT, OPTIONAL_FLAGS),
        long,
        _calls("get_stackid", context, _map, _argument(1)),
    ),
    Method(
        "call",
        _of("prog"),
        (CONTEXT, INDEX),
        void,
        _calls("tail_call", context, _map, _argument(1)),
    ),
    Method(
        "perf_read",
        _PERF_ARRAY,
        (FLAGS,),
        u64,
        _calls("perf_event_read", _map, _argument(0)),
    ),
    Method(
        "perf_counter_value",
        _PERF_ARRAY,
        (FLAGS, DATA, SIZE),
        long,
        _calls("perf_event_read_value", _map, *map(_argument, range(3))),
    ),
    Method(
        "check_current_task",
        _of("cgroup_array"),
        (INDEX,),
        long,
        _calls("current_task_under_cgroup", _map, _argument(0)),
    ),
    Method(
        "push",
        _QUEUES,
        (LEAF_POINTER, OPTIONAL_FLAGS),
        long,
        _calls("map_push_elem", _map, _leaf(0), _argument(1)),
    ),
    Method("pop", _QUEUES, (LEAF_POINTER,), long, _calls("map_pop_elem", _map, _argument(0))),
    Method("peek", _QUEUES, (LEAF_POINTER,), long, _calls("map_peek_elem", _map, _argument(0))),
    Method(
        "redirect_map",
        REDIRECTING,
        (INDEX, OPTIONAL_FLAGS),
        long,
        _calls("redirect_map", _map, _argument(0), _argument(1)),
    ),
    Method(
        "sock_map_update",
        _of("sockmap"),
        (CONTEXT, KEY_POINTER, OPTIONAL_FLAGS),
        long,
        _calls("sock_map_update", context, _map, _key(1), _argument(2)),
    ),
    Method(
        "sock_hash_update",
        _of("sockhash"),
        (CONTEXT, KEY_POINTER, OPTIONAL_FLAGS),
        long,
        _calls("sock_hash_update", context, _map, _key(1), _argument(2)),
    ),
    *_redirections("map"),
    *_redirections("hash"),
    *_storage("sk"),
    *_storage("inode"),
    *_storage("task"),
    Method(
        "get_local_storage",
        _CGROUP_STORAGE,
        (FLAGS,),
        leaf_pointer,
        _calls("get_local_storage", _map, _argument(0)),
    ),
)
