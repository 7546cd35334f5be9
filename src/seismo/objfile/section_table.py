"""The names that a program's section may have: libbpf's, and those of older loaders.

What follows the name says where to attach, in a form that differs by kind:
https://docs.kernel.org/bpf/libbpf/program_types.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.isa.prog_types import AttachType, ProgType
from seismo.spec.object_attach import (
    KprobePatternAttach,
    NamedUprobeAttach,
    ObjectAttach,
    SyscallAttach,
    UprobePatternAttach,
    UsdtAttach,
)
from seismo.spec.types import (
    AttachSpec,
    IterAttach,
    KprobeAttach,
    RawTracepointAttach,
    TracepointAttach,
    TracingAttach,
)

__all__ = ("BPF_F_SLEEPABLE", "BPF_F_XDP_HAS_FRAGS", "OLD_NAMES", "SECTIONS", "SectionRow")

BPF_F_SLEEPABLE = 1 << 4
"""The program may wait, so it may read memory that is not there yet. Since Linux 5.10."""
BPF_F_XDP_HAS_FRAGS = 1 << 5
"""The program knows that a packet may have several buffers. Since Linux 5.18."""

_At: TypeAlias = AttachSpec | ObjectAttach | None
_Parse: TypeAlias = Callable[[str], _At]

# As long as numbers of 63 bits are.
_OFFSET = r"0[xX][0-9a-fA-F]{1,15}|0|[1-9]\d{0,17}"
_PLACE = re.compile(rf"(?P<name>[\w.@]+)(?:\+(?P<offset>{_OFFSET}))?", re.ASCII)
_PATTERN = re.compile(r"[\w.*?]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class SectionRow:
    """`SEC("name")`. What has `details` may go on with a slash and where to attach, which `parse`
    reads (None: it is for the user to say); others end there.

    With `prefix` the details name a target in the kernel's BTF, which has that before the name.
    """

    name: str
    type: ProgType
    attach_type: AttachType | None = None
    parse: _Parse | None = None
    prefix: str | None = None
    flags: int = 0

    @property
    def has_details(self) -> bool:
        return self.parse is not None


def _nowhere(details: str) -> None:
    """It is loaded, but not attached by its section alone."""


def _kprobe(details: str, *, is_return: bool = False) -> _At:
    """`function[+offset]`; returns have no offset."""
    match = _PLACE.fullmatch(details)
    if match is None or (is_return and match["offset"]):
        return None
    return KprobeAttach(match["name"], int(match["offset"] or "0", 0), is_return=is_return)


def _kprobe_multi(details: str, *, is_return: bool = False) -> _At:
    return KprobePatternAttach(details, is_return) if _PATTERN.fullmatch(details) else None


def _syscall(details: str, *, is_return: bool = False) -> _At:
    return SyscallAttach(details, is_return) if details.isidentifier() else None


def _uprobe(details: str, *, is_return: bool = False) -> _At:
    """`path:function[+offset]`."""
    binary, _, place = details.partition(":")
    match = _PLACE.fullmatch(place)
    if not binary or match is None:
        return None
    offset = int(match["offset"] or "0", 0)
    return NamedUprobeAttach(binary, match["name"], offset, is_return)


def _uprobe_multi(details: str, *, is_return: bool = False) -> _At:
    """`path:pattern`."""
    binary, _, pattern = details.partition(":")
    return UprobePatternAttach(binary, pattern, is_return) if binary and pattern else None


def _usdt(details: str) -> _At:
    """`path:provider:name`."""
    binary, _, probe = details.partition(":")
    provider, _, name = probe.partition(":")
    if not (binary and provider and name) or ":" in name:
        return None
    return UsdtAttach(binary, provider, name)


def _tracepoint(details: str) -> _At:
    """`category/name`."""
    category, _, name = details.partition("/")
    return TracepointAttach(category, name) if category and name else None


def _raw_tracepoint(details: str) -> _At:
    return RawTracepointAttach(details) if details else None


def _tracing(details: str) -> _At:
    return TracingAttach() if details else None


def _iterator(details: str) -> _At:
    return IterAttach() if details else None


_kretprobe = partial(_kprobe, is_return=True)
_kretprobe_multi = partial(_kprobe_multi, is_return=True)
_kretsyscall = partial(_syscall, is_return=True)
_uretprobe = partial(_uprobe, is_return=True)
_uretprobe_multi = partial(_uprobe_multi, is_return=True)
_P, _A, _R = ProgType, AttachType, SectionRow

SECTIONS = (
    _R("socket", _P.SOCKET_FILTER),
    _R("sk_reuseport/migrate", _P.SK_REUSEPORT, _A.SK_REUSEPORT_SELECT_OR_MIGRATE),
    _R("sk_reuseport", _P.SK_REUSEPORT, _A.SK_REUSEPORT_SELECT),
    _R("kprobe", _P.KPROBE, None, _kprobe),
    _R("uprobe", _P.KPROBE, None, _uprobe),
    _R("uprobe.s", _P.KPROBE, None, _uprobe, flags=BPF_F_SLEEPABLE),
    _R("kretprobe", _P.KPROBE, None, _kretprobe),
    _R("uretprobe", _P.KPROBE, None, _uretprobe),
    _R("uretprobe.s", _P.KPROBE, None, _uretprobe, flags=BPF_F_SLEEPABLE),
    _R("kprobe.multi", _P.KPROBE, _A.TRACE_KPROBE_MULTI, _kprobe_multi),
    _R("kretprobe.multi", _P.KPROBE, _A.TRACE_KPROBE_MULTI, _kretprobe_multi),
    _R("kprobe.session", _P.KPROBE, _A.TRACE_KPROBE_SESSION, _kprobe_multi),
    _R("uprobe.multi", _P.KPROBE, _A.TRACE_UPROBE_MULTI, _uprobe_multi),
    _R("uretprobe.multi", _P.KPROBE, _A.TRACE_UPROBE_MULTI, _uretprobe_multi),
    _R("uprobe.session", _P.KPROBE, _A.TRACE_UPROBE_SESSION, _uprobe_multi),
    _R("uprobe.multi.s", _P.KPROBE, _A.TRACE_UPROBE_MULTI, _uprobe_multi, flags=BPF_F_SLEEPABLE),
    _R(
        *("uretprobe.multi.s", _P.KPROBE, _A.TRACE_UPROBE_MULTI, _uretprobe_multi),
        flags=BPF_F_SLEEPABLE,
    ),
    _R(
        *("uprobe.session.s", _P.KPROBE, _A.TRACE_UPROBE_SESSION, _uprobe_multi),
        flags=BPF_F_SLEEPABLE,
    ),
    _R("ksyscall", _P.KPROBE, None, _syscall),
    _R("kretsyscall", _P.KPROBE, None, _kretsyscall),
    _R("usdt", _P.KPROBE, None, _usdt),
    _R("usdt.s", _P.KPROBE, None, _usdt, flags=BPF_F_SLEEPABLE),
    _R("tc/ingress", _P.SCHED_CLS, _A.TCX_INGRESS),
    _R("tc/egress", _P.SCHED_CLS, _A.TCX_EGRESS),
    _R("tcx/ingress", _P.SCHED_CLS, _A.TCX_INGRESS),
    _R("tcx/egress", _P.SCHED_CLS, _A.TCX_EGRESS),
    _R("tc", _P.SCHED_CLS),
    _R("classifier", _P.SCHED_CLS),
    _R("action", _P.SCHED_ACT),
    _R("netkit/primary", _P.SCHED_CLS, _A.NETKIT_PRIMARY),
    _R("netkit/peer", _P.SCHED_CLS, _A.NETKIT_PEER),
    _R("tracepoint", _P.TRACEPOINT, None, _tracepoint),
    _R("tp", _P.TRACEPOINT, None, _tracepoint),
    _R("raw_tracepoint", _P.RAW_TRACEPOINT, None, _raw_tracepoint),
    _R("raw_tp", _P.RAW_TRACEPOINT, None, _raw_tracepoint),
    _R("raw_tracepoint.w", _P.RAW_TRACEPOINT_WRITABLE, None, _raw_tracepoint),
    _R("raw_tp.w", _P.RAW_TRACEPOINT_WRITABLE, None, _raw_tracepoint),
    _R("tp_btf", _P.TRACING, _A.TRACE_RAW_TP, _tracing, "btf_trace_"),
    _R("fentry", _P.TRACING, _A.TRACE_FENTRY, _tracing, ""),
    _R("fmod_ret", _P.TRACING, _A.MODIFY_RETURN, _tracing, ""),
    _R("fexit", _P.TRACING, _A.TRACE_FEXIT, _tracing, ""),
    _R("fentry.s", _P.TRACING, _A.TRACE_FENTRY, _tracing, "", BPF_F_SLEEPABLE),
    _R("fmod_ret.s", _P.TRACING, _A.MODIFY_RETURN, _tracing, "", BPF_F_SLEEPABLE),
    _R("fexit.s", _P.TRACING, _A.TRACE_FEXIT, _tracing, "", BPF_F_SLEEPABLE),
    _R("freplace", _P.EXT, None, _tracing, ""),
    _R("lsm", _P.LSM, _A.LSM_MAC, _tracing, "bpf_lsm_"),
    _R("lsm.s", _P.LSM, _A.LSM_MAC, _tracing, "bpf_lsm_", BPF_F_SLEEPABLE),
    _R("lsm_cgroup", _P.LSM, _A.LSM_CGROUP, _nowhere, "bpf_lsm_"),
    _R("iter", _P.TRACING, _A.TRACE_ITER, _iterator, "bpf_iter_"),
    _R("iter.s", _P.TRACING, _A.TRACE_ITER, _iterator, "bpf_iter_", BPF_F_SLEEPABLE),
    _R("syscall", _P.SYSCALL, flags=BPF_F_SLEEPABLE),
    _R("xdp.frags/devmap", _P.XDP, _A.XDP_DEVMAP, flags=BPF_F_XDP_HAS_FRAGS),
    _R("xdp/devmap", _P.XDP, _A.XDP_DEVMAP),
    _R("xdp.frags/cpumap", _P.XDP, _A.XDP_CPUMAP, flags=BPF_F_XDP_HAS_FRAGS),
    _R("xdp/cpumap", _P.XDP, _A.XDP_CPUMAP),
    _R("xdp.frags", _P.XDP, _A.XDP, flags=BPF_F_XDP_HAS_FRAGS),
    _R("xdp", _P.XDP, _A.XDP),
    _R("perf_event", _P.PERF_EVENT),
    _R("lwt_in", _P.LWT_IN),
    _R("lwt_out", _P.LWT_OUT),
    _R("lwt_xmit", _P.LWT_XMIT),
    _R("lwt_seg6local", _P.LWT_SEG6LOCAL),
    _R("sockops", _P.SOCK_OPS, _A.CGROUP_SOCK_OPS),
    _R("sk_skb/stream_parser", _P.SK_SKB, _A.SK_SKB_STREAM_PARSER),
    _R("sk_skb/stream_verdict", _P.SK_SKB, _A.SK_SKB_STREAM_VERDICT),
    _R("sk_skb/verdict", _P.SK_SKB, _A.SK_SKB_VERDICT),
    _R("sk_skb", _P.SK_SKB),
    _R("sk_msg", _P.SK_MSG, _A.SK_MSG_VERDICT),
    _R("lirc_mode2", _P.LIRC_MODE2, _A.LIRC_MODE2),
    _R("flow_dissector", _P.FLOW_DISSECTOR, _A.FLOW_DISSECTOR),
    _R("cgroup_skb/ingress", _P.CGROUP_SKB, _A.CGROUP_INET_INGRESS),
    _R("cgroup_skb/egress", _P.CGROUP_SKB, _A.CGROUP_INET_EGRESS),
    _R("cgroup/skb", _P.CGROUP_SKB),
    _R("cgroup/sock_create", _P.CGROUP_SOCK, _A.CGROUP_INET_SOCK_CREATE),
    _R("cgroup/sock_release", _P.CGROUP_SOCK, _A.CGROUP_INET_SOCK_RELEASE),
    _R("cgroup/sock", _P.CGROUP_SOCK, _A.CGROUP_INET_SOCK_CREATE),
    _R("cgroup/post_bind4", _P.CGROUP_SOCK, _A.CGROUP_INET4_POST_BIND),
    _R("cgroup/post_bind6", _P.CGROUP_SOCK, _A.CGROUP_INET6_POST_BIND),
    _R("cgroup/bind4", _P.CGROUP_SOCK_ADDR, _A.CGROUP_INET4_BIND),
    _R("cgroup/bind6", _P.CGROUP_SOCK_ADDR, _A.CGROUP_INET6_BIND),
    _R("cgroup/connect4", _P.CGROUP_SOCK_ADDR, _A.CGROUP_INET4_CONNECT),
    _R("cgroup/connect6", _P.CGROUP_SOCK_ADDR, _A.CGROUP_INET6_CONNECT),
    _R("cgroup/connect_unix", _P.CGROUP_SOCK_ADDR, _A.CGROUP_UNIX_CONNECT),
    _R("cgroup/sendmsg4", _P.CGROUP_SOCK_ADDR, _A.CGROUP_UDP4_SENDMSG),
    _R("cgroup/sendmsg6", _P.CGROUP_SOCK_ADDR, _A.CGROUP_UDP6_SENDMSG),
    _R("cgroup/sendmsg_unix", _P.CGROUP_SOCK_ADDR, _A.CGROUP_UNIX_SENDMSG),
    _R("cgroup/recvmsg4", _P.CGROUP_SOCK_ADDR, _A.CGROUP_UDP4_RECVMSG),
    _R("cgroup/recvmsg6", _P.CGROUP_SOCK_ADDR, _A.CGROUP_UDP6_RECVMSG),
    _R("cgroup/recvmsg_unix", _P.CGROUP_SOCK_ADDR, _A.CGROUP_UNIX_RECVMSG),
    _R("cgroup/getpeername4", _P.CGROUP_SOCK_ADDR, _A.CGROUP_INET4_GETPEERNAME),
    _R("cgroup/getpeername6", _P.CGROUP_SOCK_ADDR, _A.CGROUP_INET6_GETPEERNAME),
    _R("cgroup/getpeername_unix", _P.CGROUP_SOCK_ADDR, _A.CGROUP_UNIX_GETPEERNAME),
    _R("cgroup/getsockname4", _P.CGROUP_SOCK_ADDR, _A.CGROUP_INET4_GETSOCKNAME),
    _R("cgroup/getsockname6", _P.CGROUP_SOCK_ADDR, _A.CGROUP_INET6_GETSOCKNAME),
    _R("cgroup/getsockname_unix", _P.CGROUP_SOCK_ADDR, _A.CGROUP_UNIX_GETSOCKNAME),
    _R("cgroup/sysctl", _P.CGROUP_SYSCTL, _A.CGROUP_SYSCTL),
    _R("cgroup/getsockopt", _P.CGROUP_SOCKOPT, _A.CGROUP_GETSOCKOPT),
    _R("cgroup/setsockopt", _P.CGROUP_SOCKOPT, _A.CGROUP_SETSOCKOPT),
    _R("cgroup/dev", _P.CGROUP_DEVICE, _A.CGROUP_DEVICE),
    _R("struct_ops", _P.STRUCT_OPS, None, _nowhere),
    _R("struct_ops.s", _P.STRUCT_OPS, None, _nowhere, flags=BPF_F_SLEEPABLE),
    _R("sk_lookup", _P.SK_LOOKUP, _A.SK_LOOKUP),
    _R("netfilter", _P.NETFILTER, _A.NETFILTER),
)
"""libbpf's names, 1.1's and those that came until 1.6. The attach type is the one that the program
is loaded with."""

OLD_NAMES = (
    _R("socket_filter", _P.SOCKET_FILTER),
    _R("seccomp", _P.SOCKET_FILTER),
    _R("sched_cls", _P.SCHED_CLS),
    _R("sched_act", _P.SCHED_ACT),
    _R("extension", _P.EXT, None, _tracing, ""),
    _R("cgroup_device", _P.CGROUP_DEVICE, _A.CGROUP_DEVICE),
    _R("cgroup_skb", _P.CGROUP_SKB),
    _R("cgroup_sysctl", _P.CGROUP_SYSCTL, _A.CGROUP_SYSCTL),
)
"""Names of older loaders (Cilium's, gobpf, Aya) that mean nothing else to libbpf."""
