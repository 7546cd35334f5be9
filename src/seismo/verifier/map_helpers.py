"""Which helpers take which maps, and what look-ups in them give: check_map_func_compatibility."""

from __future__ import annotations

from collections.abc import Mapping

from seismo.isa.map_types import MapType
from seismo.isa.prog_types import ProgType
from seismo.spec.types import MapSpec
from seismo.verifier.rules import Refused, Rule

__all__ = ("check_map_helper", "check_update", "inner_name", "looks_up_map")

_M = MapType
_TAKEN_BY: Mapping[MapType, str] = {
    _M.PROG_ARRAY: "tail_call",
    _M.PERF_EVENT_ARRAY: (
        "perf_event_read perf_event_output skb_output perf_event_read_value xdp_output"
    ),
    _M.RINGBUF: (
        "ringbuf_output ringbuf_reserve ringbuf_query ringbuf_reserve_dynptr "
        "ringbuf_submit_dynptr ringbuf_discard_dynptr"
    ),
    _M.USER_RINGBUF: "user_ringbuf_drain",
    _M.STACK_TRACE: "get_stackid",
    _M.CGROUP_ARRAY: "skb_under_cgroup current_task_under_cgroup",
    _M.CGROUP_STORAGE: "get_local_storage",
    _M.PERCPU_CGROUP_STORAGE: "get_local_storage",
    _M.DEVMAP: "redirect_map map_lookup_elem",
    _M.DEVMAP_HASH: "redirect_map map_lookup_elem",
    _M.CPUMAP: "redirect_map",
    _M.XSKMAP: "redirect_map map_lookup_elem",
    _M.ARRAY_OF_MAPS: "map_lookup_elem",
    _M.HASH_OF_MAPS: "map_lookup_elem",
    _M.SOCKMAP: (
        "sk_redirect_map sock_map_update map_update_elem map_delete_elem msg_redirect_map "
        "sk_select_reuseport map_lookup_elem"
    ),
    _M.SOCKHASH: (
        "sk_redirect_hash sock_hash_update map_update_elem map_delete_elem msg_redirect_hash "
        "sk_select_reuseport map_lookup_elem"
    ),
    _M.REUSEPORT_SOCKARRAY: "sk_select_reuseport",
    _M.QUEUE: "map_peek_elem map_pop_elem map_push_elem",
    _M.STACK: "map_peek_elem map_pop_elem map_push_elem",
    _M.BLOOM_FILTER: "map_peek_elem map_push_elem",
    _M.SK_STORAGE: "sk_storage_get sk_storage_delete kptr_xchg",
    _M.INODE_STORAGE: "inode_storage_get inode_storage_delete kptr_xchg",
    _M.TASK_STORAGE: "task_storage_get task_storage_delete kptr_xchg",
    _M.CGRP_STORAGE: "cgrp_storage_get cgrp_storage_delete kptr_xchg",
    _M.STRUCT_OPS: "",
    _M.ARENA: "",
}
"""What may be called with maps of these types; others go with every helper that is for any map."""
_FOR_ANY = frozenset(
    ("map_lookup_elem", "map_update_elem", "map_delete_elem", "kptr_xchg", "timer_init")
)
_PER_CPU = (_M.PERCPU_ARRAY, _M.PERCPU_HASH, _M.LRU_PERCPU_HASH)
_ITERATED = (_M.HASH, _M.LRU_HASH, _M.ARRAY, *_PER_CPU)
_TAKES: Mapping[str, tuple[MapType, ...]] = {
    "map_lookup_percpu_elem": _PER_CPU,
    "for_each_map_elem": _ITERATED,
    **{
        name: tuple(kind for kind, names in _TAKEN_BY.items() if name in names.split())
        for names in _TAKEN_BY.values()
        for name in names.split()
        if name not in _FOR_ANY
    },
}
_SOCKETS = (_M.SOCKMAP, _M.SOCKHASH)
_UPDATE_SOCKETS = (
    *(ProgType.SOCKET_FILTER, ProgType.SCHED_CLS, ProgType.SCHED_ACT, ProgType.XDP),
    *(ProgType.SK_REUSEPORT, ProgType.FLOW_DISSECTOR, ProgType.SK_LOOKUP, ProgType.TRACING),
)
_INNER = "/inner"


def check_map_helper(helper: str, kind: MapType) -> None:
    """Raises Refused for a helper that is not for maps of this type."""
    taken = _TAKEN_BY.get(kind)
    takes = _TAKES.get(helper)
    if (taken is None or helper in taken.split()) and (takes is None or kind in takes):
        return
    names = [one.name.lower() for one in takes or MapType if one is not MapType.UNSPEC]
    raise Refused(
        Rule.HELPER,
        f"cannot pass map_type {kind.value} into func bpf_{helper}",
        "it takes " + ", ".join(names)
        if takes
        else f"maps of type {kind.name.lower()} have {taken or 'no helpers'}",
    )


def check_update(program: ProgType, helper: str, kind: MapType) -> None:
    """Raises Refused for programs that may not change maps of sockets by the common helpers."""
    is_change = kind in _SOCKETS and helper in ("map_update_elem", "map_delete_elem")
    if not is_change or program in _UPDATE_SOCKETS:
        return
    if (
        program in (ProgType.SOCK_OPS, ProgType.SK_MSG, ProgType.SK_SKB)
        and helper == "map_delete_elem"
    ):
        return
    raise Refused(
        Rule.HELPER,
        "cannot update sockmap in this context",
        "programs of type sock_ops have bpf_sock_map_update",
    )


def looks_up_map(spec: MapSpec) -> bool:
    """Whether what a look-up finds is a map."""
    return spec.type in (_M.ARRAY_OF_MAPS, _M.HASH_OF_MAPS)


def inner_name(outer: str) -> str:
    """What registers call a map that was found in the map `outer`; `Setting.map` knows it."""
    return outer + _INNER
