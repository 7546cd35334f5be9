"""The kernel functions that are known here: which programs may call them, and what they do besides
what their types say.

The flags are those of the kernel's `BTF_ID_FLAGS` (KF_ACQUIRE and so on), which its BTF leaves out;
the program types are what Linux 6.18 answers when each is tried in each.
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass
from seismo.isa.prog_types import ProgType

__all__ = ("KFUNCS", "KernelFunction")

_P = ProgType
_HOOKS = (_P.TRACING, _P.TRACEPOINT, _P.PERF_EVENT, _P.LSM)
_CGROUPS = (
    *(_P.CGROUP_DEVICE, _P.CGROUP_SKB, _P.CGROUP_SOCK, _P.CGROUP_SOCKOPT, _P.CGROUP_SOCK_ADDR),
    *(_P.CGROUP_SYSCTL, _P.SOCK_OPS),
)
_GENERIC = (*_HOOKS, *_CGROUPS, _P.SCHED_CLS, _P.XDP, _P.STRUCT_OPS, _P.SYSCALL)
_MASKS = (*_HOOKS, _P.STRUCT_OPS, _P.SYSCALL)
_SKB = (
    *_CGROUPS,
    *(_P.SOCKET_FILTER, _P.SCHED_CLS, _P.SCHED_ACT, _P.SK_SKB, _P.LWT_IN, _P.LWT_OUT, _P.LWT_XMIT),
    *(_P.LWT_SEG6LOCAL, _P.NETFILTER, *_HOOKS),
)


@dataclass(frozen=True, slots=True)
class KernelFunction:
    """`types` are the program types that may call it, empty for all; `flags` words for what it
    does:

    - `acquire`: what it gives must be released; `release`: its argument is;
    - `null`: it may give null; `trusted`, `rcu`: so must its arguments be;
    - `sleeps`: only programs that may sleep call it;
    - `new`, `next`, `destroy`: of an iterator; `read_section`: which takes an RCU read section.
    """

    types: tuple[ProgType, ...] = ()
    flags: frozenset[str] = frozenset()


_ROWS: tuple[tuple[tuple[ProgType, ...], str, str], ...] = (
    ((), "bpf_rcu_read_lock bpf_rcu_read_unlock", ""),
    ((), "bpf_preempt_disable bpf_preempt_enable", ""),
    ((), "bpf_cast_to_kern_ctx bpf_rdonly_cast", ""),
    ((), "bpf_iter_num_new bpf_iter_bits_new", "new"),
    ((), "bpf_iter_num_next bpf_iter_bits_next", "next null"),
    ((), "bpf_iter_num_destroy bpf_iter_bits_destroy", "destroy"),
    ((), "bpf_iter_task_new bpf_iter_css_new", "new trusted read_section"),
    ((), "bpf_iter_task_vma_new", "new rcu"),
    ((), "bpf_iter_task_next bpf_iter_css_next bpf_iter_task_vma_next", "next null"),
    ((), "bpf_iter_task_destroy bpf_iter_css_destroy bpf_iter_task_vma_destroy", "destroy"),
    ((), "bpf_dynptr_adjust bpf_dynptr_is_null bpf_dynptr_is_rdonly bpf_dynptr_size", ""),
    ((), "bpf_dynptr_clone bpf_dynptr_copy bpf_dynptr_memset", ""),
    ((), "bpf_dynptr_slice bpf_dynptr_slice_rdwr", "null"),
    ((), "bpf_probe_read_kernel_dynptr bpf_probe_read_kernel_str_dynptr", ""),
    ((), "bpf_probe_read_user_dynptr bpf_probe_read_user_str_dynptr", ""),
    ((), "bpf_strcasecmp bpf_strchr bpf_strchrnul bpf_strcmp bpf_strcspn bpf_strlen", ""),
    ((), "bpf_strnchr bpf_strnlen bpf_strnstr bpf_strrchr bpf_strspn bpf_strstr", ""),
    ((), "bpf_copy_from_user_str bpf_copy_from_user_task_str", "sleeps"),
    ((), "bpf_map_sum_elem_count", "trusted"),
    (_SKB, "bpf_dynptr_from_skb", ""),
    ((_P.XDP,), "bpf_dynptr_from_xdp", ""),
    (_GENERIC, "bpf_task_acquire bpf_cgroup_acquire bpf_cgroup_ancestor", "acquire rcu null"),
    (_GENERIC, "bpf_task_get_cgroup1", "acquire rcu null"),
    (_GENERIC, "bpf_task_from_pid bpf_task_from_vpid bpf_cgroup_from_id", "acquire null"),
    (_GENERIC, "bpf_task_release bpf_cgroup_release", "release"),
    (_GENERIC, "bpf_task_under_cgroup", "rcu"),
    (_GENERIC, "bpf_send_signal_task", "trusted"),
    (_GENERIC, "bpf_throw", ""),
    (_MASKS, "bpf_cpumask_create", "acquire null"),
    (_MASKS, "bpf_cpumask_acquire", "acquire trusted"),
    (_MASKS, "bpf_cpumask_release", "release"),
    (
        _MASKS,
        "bpf_cpumask_first bpf_cpumask_first_zero bpf_cpumask_first_and bpf_cpumask_set_cpu "
        "bpf_cpumask_clear_cpu bpf_cpumask_test_cpu bpf_cpumask_test_and_set_cpu "
        "bpf_cpumask_test_and_clear_cpu bpf_cpumask_setall bpf_cpumask_clear bpf_cpumask_and "
        "bpf_cpumask_or bpf_cpumask_xor bpf_cpumask_equal bpf_cpumask_intersects "
        "bpf_cpumask_subset bpf_cpumask_empty bpf_cpumask_full bpf_cpumask_copy "
        "bpf_cpumask_any_distribute bpf_cpumask_any_and_distribute bpf_cpumask_weight",
        "rcu",
    ),
    ((_P.TRACING,), "bpf_sock_destroy", "trusted"),
    ((_P.KPROBE,), "bpf_session_cookie bpf_session_is_return", ""),
)
KFUNCS: Mapping[str, KernelFunction] = {
    name: KernelFunction(types, frozenset(flags.split()))
    for types, names, flags in _ROWS
    for name in names.split()
}
"""By name. The kernel has more of them: what they do to a program's state is not known here."""
