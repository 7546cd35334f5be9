"""Which helper a program may call: by its type, where it attaches, its license, and its sleep.

The table is what Linux 6.18 answers when each helper is tried in each type of program. What that
kernel was built without, or denies under lockdown, is added from its source.
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.isa.prog_types import AttachType, ProgType
from seismo.spec.types import ProgramSpec
from seismo.verifier.options import BPF_F_SLEEPABLE
from seismo.verifier.prototypes import Prototype, parse_prototype, prototype_of
from seismo.verifier.rules import Refused, Rule

__all__ = (
    "MOVE_PACKET",
    "READ_PACKET",
    "check_helper",
    "variant_of",
)

_P = ProgType
_A = AttachType

_FOR_ALL = (
    "map_lookup_elem map_update_elem map_delete_elem ktime_get_ns trace_printk get_prandom_u32 "
    "get_smp_processor_id tail_call get_current_pid_tgid get_current_uid_gid get_current_comm "
    "get_cgroup_classid perf_event_read get_current_task current_task_under_cgroup "
    "get_numa_node_id perf_event_read_value get_current_cgroup_id map_push_elem map_pop_elem "
    "map_peek_elem spin_lock spin_unlock strtol strtoul send_signal probe_read_user "
    "probe_read_kernel probe_read_user_str probe_read_kernel_str send_signal_thread jiffies64 "
    "get_ns_current_pid_tgid get_current_ancestor_cgroup_id ktime_get_boot_ns ringbuf_output "
    "ringbuf_reserve ringbuf_submit ringbuf_discard ringbuf_query get_task_stack copy_from_user "
    "snprintf_btf per_cpu_ptr this_cpu_ptr task_storage_get task_storage_delete "
    "get_current_task_btf for_each_map_elem snprintf timer_init timer_set_callback timer_start "
    "timer_cancel task_pt_regs get_branch_snapshot trace_vprintk find_vma loop strncmp "
    "copy_from_user_task kptr_xchg map_lookup_percpu_elem dynptr_from_mem ringbuf_reserve_dynptr "
    "ringbuf_submit_dynptr ringbuf_discard_dynptr dynptr_read dynptr_write dynptr_data "
    "ktime_get_tai_ns user_ringbuf_drain cgrp_storage_get cgrp_storage_delete"
)
_CLS = (_P.SCHED_CLS, _P.SCHED_ACT)
_LWT = (_P.LWT_IN, _P.LWT_OUT, _P.LWT_SEG6LOCAL, _P.LWT_XMIT)
_PROBES = (_P.KPROBE, _P.TRACEPOINT, _P.PERF_EVENT, _P.RAW_TRACEPOINT, _P.RAW_TRACEPOINT_WRITABLE)
_HOOKS = (_P.TRACING, _P.LSM)
_CGROUP_CALLS = (_P.CGROUP_SOCK, _P.CGROUP_SOCK_ADDR, _P.CGROUP_SOCKOPT)
_SKB = (*_CLS, _P.CGROUP_SKB)
_LOOKS_UP = (*_SKB, _P.CGROUP_SOCK_ADDR, _P.SK_SKB, _P.XDP)
_STORES = (*_SKB, _P.CGROUP_SOCKOPT, _P.CGROUP_SOCK_ADDR, _P.SK_MSG, _P.SOCK_OPS, _P.STRUCT_OPS)
_TYPES = (*(one for one in ProgType if one not in (_P.UNSPEC, _P.LIRC_MODE2, _P.EXT)),)


def _all_but(*types: ProgType) -> tuple[ProgType, ...]:
    return tuple(one for one in _TYPES if one not in types)


_GROUPS: tuple[tuple[str, tuple[ProgType, ...]], ...] = (
    (_FOR_ALL, _TYPES),
    (
        "perf_event_output",
        _all_but(_P.FLOW_DISSECTOR, _P.NETFILTER, _P.SK_REUSEPORT, _P.STRUCT_OPS),
    ),
    (
        "ktime_get_coarse_ns",
        _all_but(*_PROBES, *_HOOKS, _P.CGROUP_DEVICE, _P.CGROUP_SOCKOPT, _P.NETFILTER, _P.SYSCALL),
    ),
    (
        "skc_to_tcp6_sock skc_to_tcp_sock skc_to_tcp_timewait_sock skc_to_tcp_request_sock "
        "skc_to_udp6_sock skc_to_unix_sock skc_to_mptcp_sock",
        _all_but(
            *_PROBES,
            _P.CGROUP_DEVICE,
            _P.CGROUP_SOCK,
            _P.CGROUP_SOCKOPT,
            _P.CGROUP_SYSCTL,
            _P.NETFILTER,
            _P.SK_REUSEPORT,
            _P.STRUCT_OPS,
        ),
    ),
    (
        "skb_load_bytes",
        (*_SKB, *_LWT, _P.FLOW_DISSECTOR, _P.SK_REUSEPORT, _P.SK_SKB, _P.SOCKET_FILTER),
    ),
    (
        "get_socket_cookie",
        (
            *(*_SKB, *_HOOKS, _P.CGROUP_SOCK, _P.CGROUP_SOCK_ADDR, _P.SK_REUSEPORT, _P.SK_SKB),
            *(_P.SOCKET_FILTER, _P.SOCK_OPS, _P.SYSCALL),
        ),
    ),
    ("sk_storage_get", (*_STORES, *_HOOKS, _P.CGROUP_SOCK, _P.SYSCALL)),
    ("sk_storage_delete", (*_STORES, *_HOOKS, _P.SYSCALL)),
    ("get_netns_cookie", (*_SKB, *_CGROUP_CALLS, _P.SK_MSG, _P.SOCKET_FILTER, _P.SOCK_OPS)),
    (
        "probe_read get_stackid probe_read_str get_stack get_func_ip probe_write_user",
        (*_PROBES, *_HOOKS, _P.SYSCALL),
    ),
    ("csum_diff", (*_LWT, *_CLS, _P.XDP)),
    ("skb_pull_data", (*_LWT, *_CLS, _P.SK_SKB)),
    (
        "get_local_storage",
        (*_CGROUP_CALLS, _P.CGROUP_DEVICE, _P.CGROUP_SKB, _P.CGROUP_SYSCTL, _P.SOCK_OPS),
    ),
    ("sk_release", (*_LOOKS_UP, _P.SK_LOOKUP)),
    ("sk_lookup_tcp sk_lookup_udp skc_lookup_tcp", _LOOKS_UP),
    ("get_route_realm skb_under_cgroup get_hash_recalc", (*_LWT, *_CLS)),
    ("get_attach_cookie", (*_PROBES, *_HOOKS)),
    ("get_socket_uid", (*_SKB, _P.SK_SKB, _P.SOCKET_FILTER)),
    ("skb_load_bytes_relative", (*_SKB, _P.SK_REUSEPORT, _P.SOCKET_FILTER)),
    ("tcp_sock", (*_SKB, _P.CGROUP_SOCKOPT, _P.SOCK_OPS)),
    ("skb_store_bytes skb_change_tail skb_change_head", (*_CLS, _P.LWT_XMIT, _P.SK_SKB)),
    ("redirect", (*_CLS, _P.LWT_XMIT, _P.XDP)),
    (
        "setsockopt getsockopt",
        (_P.CGROUP_SOCKOPT, _P.CGROUP_SOCK_ADDR, _P.SOCK_OPS, _P.STRUCT_OPS),
    ),
    (
        "l3_csum_replace l4_csum_replace clone_redirect skb_get_tunnel_key skb_set_tunnel_key "
        "skb_get_tunnel_opt skb_set_tunnel_opt csum_update set_hash_invalid csum_level",
        (*_CLS, _P.LWT_XMIT),
    ),
    ("skb_adjust_room", (*_CLS, _P.SK_SKB)),
    (
        "fib_lookup tcp_check_syncookie tcp_gen_syncookie check_mtu tcp_raw_gen_syncookie_ipv4 "
        "tcp_raw_gen_syncookie_ipv6 tcp_raw_check_syncookie_ipv4 tcp_raw_check_syncookie_ipv6",
        (*_CLS, _P.XDP),
    ),
    ("skb_cgroup_id skb_ancestor_cgroup_id sk_fullsock skb_ecn_set_ce get_listener_sock", _SKB),
    ("sk_assign", (*_CLS, _P.SK_LOOKUP)),
    ("get_retval set_retval", _CGROUP_CALLS),
    ("xdp_get_buff_len", (*_HOOKS, _P.SYSCALL, _P.XDP)),
    (
        "skb_vlan_push skb_vlan_pop skb_change_proto skb_change_type set_hash skb_get_xfrm_state "
        "skb_cgroup_classid redirect_neigh redirect_peer skb_set_tstamp",
        _CLS,
    ),
    ("lwt_push_encap", (_P.LWT_IN, _P.LWT_XMIT)),
    ("skb_output xdp_output d_path sock_from_file", (*_HOOKS, _P.SYSCALL)),
    ("xdp_adjust_head redirect_map xdp_adjust_meta xdp_adjust_tail", (_P.XDP,)),
    ("xdp_load_bytes xdp_store_bytes", (_P.XDP,)),
    ("sk_redirect_map sk_redirect_hash", (_P.SK_SKB,)),
    (
        "sock_map_update sock_ops_cb_flags_set sock_hash_update load_hdr_opt store_hdr_opt "
        "reserve_hdr_opt",
        (_P.SOCK_OPS,),
    ),
    ("perf_prog_read_value read_branch_records", (_P.PERF_EVENT,)),
    (
        "msg_redirect_map msg_apply_bytes msg_cork_bytes msg_pull_data msg_redirect_hash "
        "msg_push_data msg_pop_data",
        (_P.SK_MSG,),
    ),
    ("bind", (_P.CGROUP_SOCK_ADDR,)),
    ("lwt_seg6_store_bytes lwt_seg6_adjust_srh lwt_seg6_action", (_P.LWT_SEG6LOCAL,)),
    ("sk_select_reuseport", (_P.SK_REUSEPORT,)),
    (
        "sysctl_get_name sysctl_get_current_value sysctl_get_new_value sysctl_set_new_value",
        (_P.CGROUP_SYSCTL,),
    ),
    ("tcp_send_ack", (_P.STRUCT_OPS,)),
    ("seq_printf seq_write seq_printf_btf", (_P.TRACING,)),
    ("sk_cgroup_id sk_ancestor_cgroup_id", (_P.CGROUP_SKB,)),
    ("sys_bpf btf_find_by_name_kind sys_close kallsyms_lookup_name", (_P.SYSCALL,)),
    ("override_return", (_P.KPROBE,)),
    ("get_func_arg get_func_ret get_func_arg_cnt", _HOOKS),
    (
        "inode_storage_get inode_storage_delete bprm_opts_set ima_inode_hash ima_file_hash",
        (_P.LSM,),
    ),
)
_ALLOWED: Mapping[str, tuple[ProgType, ...]] = {
    name: types for names, types in _GROUPS for name in names.split()
}

_TRAMPOLINES = (_A.TRACE_FENTRY, _A.TRACE_FEXIT, _A.MODIFY_RETURN)
_NAME_ASKED = (
    *(_A.CGROUP_INET4_GETPEERNAME, _A.CGROUP_INET6_GETPEERNAME, _A.CGROUP_INET4_GETSOCKNAME),
    *(_A.CGROUP_INET6_GETSOCKNAME, _A.CGROUP_UDP4_RECVMSG, _A.CGROUP_UDP6_RECVMSG),
    *(_A.CGROUP_UNIX_GETPEERNAME, _A.CGROUP_UNIX_GETSOCKNAME, _A.CGROUP_UNIX_RECVMSG),
)
_ONLY_AT: Mapping[tuple[ProgType, str], tuple[AttachType, ...]] = {
    (_P.CGROUP_SOCK_ADDR, "bind"): (_A.CGROUP_INET4_CONNECT, _A.CGROUP_INET6_CONNECT),
    (_P.CGROUP_SOCKOPT, "setsockopt"): (_A.CGROUP_SETSOCKOPT,),
    (_P.CGROUP_SOCKOPT, "getsockopt"): (_A.CGROUP_SETSOCKOPT,),
    (_P.TRACING, "seq_printf"): (_A.TRACE_ITER,),
    (_P.TRACING, "seq_write"): (_A.TRACE_ITER,),
    (_P.TRACING, "seq_printf_btf"): (_A.TRACE_ITER,),
    (_P.TRACING, "get_func_arg"): _TRAMPOLINES,
    (_P.TRACING, "get_func_arg_cnt"): _TRAMPOLINES,
    (_P.TRACING, "get_func_ret"): (_A.TRACE_FEXIT, _A.MODIFY_RETURN),
    (_P.TRACING, "get_func_ip"): _TRAMPOLINES,
    (_P.TRACING, "get_attach_cookie"): (*_TRAMPOLINES, _A.TRACE_RAW_TP),
}
_NOT_AT: Mapping[tuple[ProgType, str], tuple[AttachType, ...]] = {
    (_P.CGROUP_SOCK_ADDR, "get_retval"): _NAME_ASKED,
    (_P.CGROUP_SOCK_ADDR, "set_retval"): _NAME_ASKED,
}
_NO_FUNCTION_ADDRESS = (*(one for one in _PROBES if one is not _P.KPROBE), _P.SYSCALL)

_GPL_ONLY = (
    "trace_printk perf_event_read perf_event_output get_current_task perf_event_read_value "
    "probe_read_user probe_read_kernel probe_read_user_str probe_read_kernel_str "
    "get_current_task_btf snprintf timer_init timer_set_callback timer_start timer_cancel "
    "task_pt_regs get_branch_snapshot trace_vprintk copy_from_user_task probe_read "
    "get_stackid probe_read_str get_stack get_func_ip fib_lookup tcp_check_syncookie "
    "tcp_gen_syncookie check_mtu tcp_raw_gen_syncookie_ipv4 tcp_raw_gen_syncookie_ipv6 "
    "tcp_raw_check_syncookie_ipv4 tcp_raw_check_syncookie_ipv6 perf_prog_read_value "
    "read_branch_records skb_output xdp_output seq_printf seq_write seq_printf_btf "
    "probe_write_user override_return"
)
_MOVE_PACKET = (
    "skb_store_bytes skb_vlan_push skb_vlan_pop skb_change_proto skb_change_tail "
    "skb_change_head skb_pull_data skb_adjust_room l3_csum_replace l4_csum_replace "
    "clone_redirect xdp_adjust_head xdp_adjust_meta xdp_adjust_tail msg_pull_data "
    "msg_push_data msg_pop_data lwt_push_encap lwt_seg6_store_bytes lwt_seg6_adjust_srh "
    "lwt_seg6_action store_hdr_opt tail_call"
)
_READ_PACKET = (
    "map_lookup_elem map_update_elem map_delete_elem map_push_elem map_lookup_percpu_elem "
    "csum_diff sk_lookup_tcp sk_lookup_udp skc_lookup_tcp tcp_check_syncookie "
    "tcp_gen_syncookie tcp_raw_gen_syncookie_ipv4 tcp_raw_gen_syncookie_ipv6 "
    "tcp_raw_check_syncookie_ipv4 tcp_raw_check_syncookie_ipv6"
)
_NEEDS_GPL = frozenset(_GPL_ONLY.split())
_GPL = frozenset(
    ("GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL")
)
"""`license_is_gpl_compatible` of include/linux/license.h."""
_MIGHT_SLEEP = frozenset(
    ("copy_from_user", "copy_from_user_task", "ima_inode_hash", "ima_file_hash")
)

MOVE_PACKET = frozenset(_MOVE_PACKET.split())
"""After these, pointers into the packet are numbers (`bpf_helper_changes_pkt_data`)."""
READ_PACKET = frozenset(_READ_PACKET.split())
"""Helpers whose memory may be in the packet (`bpf_func_proto.pkt_access`)."""

_VARIANTS: Mapping[str, tuple[tuple[tuple[ProgType, ...], str], ...]] = {
    "get_cgroup_classid": (((*_CLS, *_LWT), "ctx"),),
    "get_socket_cookie": (((*_HOOKS, _P.SYSCALL, _P.SK_REUSEPORT), "anysock?"),),
    "setsockopt": (((_P.CGROUP_SOCKOPT, _P.STRUCT_OPS), "anysock any any mem size"),),
    "getsockopt": (((_P.CGROUP_SOCKOPT, _P.STRUCT_OPS), "anysock any any out size"),),
    "xdp_get_buff_len": (((*_HOOKS, _P.SYSCALL), "ptr:xdp_buff"),),
    "sk_assign": (((_P.SK_LOOKUP,), "ctx sock? any"),),
    "sk_storage_get": (
        ((_P.CGROUP_SOCK,), "map ctx value? any -> value?"),
        ((*_HOOKS, _P.SYSCALL), "map ptr:sock? value? any -> value?"),
    ),
    "sk_storage_delete": (((*_HOOKS, _P.SYSCALL), "map ptr:sock?"),),
}
"""Helpers that some program types have with another prototype."""


def variant_of(spec: ProgramSpec, name: str) -> Prototype:
    """The helper's prototype in programs of this type."""
    for types, text in _VARIANTS.get(name, ()):
        if spec.type in types:
            return parse_prototype(text)
    return prototype_of(name)


def check_helper(spec: ProgramSpec, name: str, number: int) -> None:
    """Raises Refused if such a program may not call the helper, wherever the call stands."""
    title = f"bpf_{name}#{number}"
    types = _ALLOWED.get(name, ())
    if spec.type not in types:
        allowed = ", ".join(one.name.lower() for one in types)
        raise Refused(
            Rule.HELPER,
            f"program of this type cannot use helper {title}",
            f"it is for programs of type {allowed}",
        )
    place = spec.type, name
    only = _ONLY_AT.get(place)
    is_elsewhere = only is not None and spec.expected_attach_type not in only
    if name == "get_func_ip" and (is_elsewhere or spec.type in _NO_FUNCTION_ADDRESS):
        raise Refused(
            Rule.HELPER,
            f"func {title} not supported for program type {spec.type.value}",
            "it is for programs at functions",
        )
    if is_elsewhere or spec.expected_attach_type in _NOT_AT.get(place, ()):
        where = " or ".join(one.name.lower() for one in only or ()) or "other places"
        raise Refused(
            Rule.HELPER,
            f"program of this type cannot use helper {title}",
            f"it is for programs attached to {where}",
        )
    if name in _NEEDS_GPL and spec.license not in _GPL:
        raise Refused(
            Rule.HELPER,
            "cannot call GPL-restricted function from non-GPL compatible program",
            f"bpf_{name} is for programs with a license such as GPL or Dual MIT/GPL",
        )
    if name in _MIGHT_SLEEP and not spec.flags & BPF_F_SLEEPABLE:
        raise Refused(
            Rule.HELPER,
            "helper call might sleep in a non-sleepable prog",
            "load the program with BPF_F_SLEEPABLE",
        )
