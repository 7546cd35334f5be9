"""Calls of BPF helpers: mostly as they stand, with what is known of memory and of answers.

>>> lower_helper(call)                   # bpf_ktime_get_ns()
Operand(value=%3, type=u64, space=kernel)
"""

from __future__ import annotations

from seismo.c.lower.call import LowerCall
from seismo.c.lower.int_answers import answer_of
from seismo.c.lower.printk import lower_printk
from seismo.c.lower.value import DIRECT, KERNEL, Operand
from seismo.c.tree import TableAddress
from seismo.c.types import Pointer, Void
from seismo.ir.ops import Kind, Value

__all__ = ("lower_helper",)

_PURE = frozenset(
    (
        *("get_current_pid_tgid", "get_current_uid_gid", "get_current_task"),
        *("get_smp_processor_id", "get_numa_node_id", "get_current_cgroup_id"),
        *("get_current_ancestor_cgroup_id", "get_attach_cookie", "get_func_ip"),
    )
)
"""Helpers whose answer cannot change while a program runs, and that change nothing."""

_DIRECT = frozenset(
    (
        *("map_lookup_elem", "map_lookup_percpu_elem", "ringbuf_reserve", "get_local_storage"),
        *("sk_storage_get", "inode_storage_get", "task_storage_get", "cgrp_storage_get"),
        *("sk_fullsock", "tcp_sock", "get_listener_sock", "sk_lookup_tcp", "sk_lookup_udp"),
        *("skc_lookup_tcp", "dynptr_data", "per_cpu_ptr", "this_cpu_ptr", "kptr_xchg"),
        "get_current_task_btf",
    )
)
"""Helpers that give memory which the program may use itself."""

_TABLE_PARTS: dict[str, tuple[str, ...]] = {
    "map_lookup_elem": ("", "key"),
    "map_update_elem": ("", "key", "leaf"),
    "map_delete_elem": ("", "key"),
    "map_push_elem": ("", "leaf"),
}
"""What arguments of helpers point to, where the first is a table: they may be in any memory."""


def lower_helper(call: LowerCall) -> Operand | None:
    """The helper's answer, as the kernel gives it; None for one without."""
    if call.name == "trace_printk":
        return lower_printk(call)
    args = [_argument(call, index) for index in range(len(call.args))]
    if isinstance(call.type, Pointer):
        value = call.b.call(call.name, *args, kind=Kind.PTR, pure=call.name in _PURE)
        return call.result(value, DIRECT if call.name in _DIRECT else KERNEL)
    value = answer_of(call.b, call.name, *args, pure=call.name in _PURE)
    return None if isinstance(call.type, Void) else call.result(value)


def _argument(call: LowerCall, index: int) -> Value:
    table = call.args[0]
    parts = _TABLE_PARTS.get(call.name, ())
    if isinstance(table, TableAddress) and parts[index : index + 1] not in ((), ("",)):
        part = table.table.key if parts[index] == "key" else table.table.leaf
        return call.readable(index, part.size)
    return call.value(index)
