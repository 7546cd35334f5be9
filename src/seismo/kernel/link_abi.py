"""The kernel's binary interface, continued: links to many functions, and what links tell.

Kept from `abi.py` because most runs need none of it, and each structure costs start-up time.
"""

from __future__ import annotations

from ctypes import Structure, Union, c_int32

from seismo.base.enum import IntEnum
from seismo.kernel.abi import LinkAttr, address_fields, u32_fields, u64_fields

__all__ = (
    "BPF_F_MULTI_RETURN",
    "BpfBtfInfo",
    "BpfLinkInfo",
    "IterLinkAttr",
    "KprobeMultiInfo",
    "KprobeMultiLinkAttr",
    "LinkType",
    "NetfilterLinkAttr",
    "PerfKprobeInfo",
    "PerfLinkType",
    "UprobeMultiLinkAttr",
)

BPF_F_MULTI_RETURN = 1 << 0
"""`BPF_F_KPROBE_MULTI_RETURN` and `BPF_F_UPROBE_MULTI_RETURN`."""


class KprobeMultiLinkAttr(LinkAttr):
    """`bpf_attr.link_create` of BPF_LINK_CREATE, in its `kprobe_multi` form."""

    _fields_ = (*u32_fields("multi_flags cnt"), *address_fields("syms addrs cookies"))


class UprobeMultiLinkAttr(LinkAttr):
    """`bpf_attr.link_create` of BPF_LINK_CREATE, in its `uprobe_multi` form."""

    _fields_ = (
        *address_fields("path offsets ref_ctr_offsets cookies"),
        *u32_fields("cnt multi_flags pid"),
    )


class IterLinkAttr(LinkAttr):
    """`bpf_attr.link_create` of BPF_LINK_CREATE, in its `iter_info` form."""

    _fields_ = (*address_fields("iter_info"), *u32_fields("iter_info_len"))


class NetfilterLinkAttr(LinkAttr):
    """`bpf_attr.link_create` of BPF_LINK_CREATE, in its `netfilter` form."""

    _fields_ = (*u32_fields("pf hooknum"), ("priority", c_int32), *u32_fields("netfilter_flags"))


class LinkType(IntEnum):
    """`enum bpf_link_type`."""

    RAW_TRACEPOINT = 1
    TRACING = 2
    CGROUP = 3
    ITER = 4
    NETNS = 5
    XDP = 6
    PERF_EVENT = 7
    KPROBE_MULTI = 8
    STRUCT_OPS = 9
    NETFILTER = 10
    TCX = 11
    UPROBE_MULTI = 12
    NETKIT = 13
    SOCKMAP = 14


class PerfLinkType(IntEnum):
    """`enum bpf_perf_event_type`: what the perf event of such a link is. Since Linux 6.6."""

    UPROBE = 1
    URETPROBE = 2
    KPROBE = 3
    KRETPROBE = 4
    TRACEPOINT = 5
    EVENT = 6


class KprobeMultiInfo(Structure):
    """`bpf_link_info.kprobe_multi`. Since Linux 6.6, `missed` since 6.7."""

    _fields_ = (*u64_fields("addrs"), *u32_fields("count flags"), *u64_fields("missed"))


class PerfKprobeInfo(Structure):
    """`bpf_link_info.perf_event.kprobe`. Since Linux 6.6, `missed` since 6.7."""

    _fields_ = (
        *u32_fields("type pad"),
        *u64_fields("func_name"),
        *u32_fields("name_len offset"),
        *u64_fields("addr missed"),
    )


class _LinkDetails(Union):
    _fields_ = (("kprobe_multi", KprobeMultiInfo), ("perf_kprobe", PerfKprobeInfo))


class BpfLinkInfo(Structure):
    """`struct bpf_link_info`: its head, and of the union what counts misses (Linux 6.7)."""

    _fields_ = (*u32_fields("type id prog_id pad"), ("details", _LinkDetails))


class BpfBtfInfo(Structure):
    """`struct bpf_btf_info`."""

    _fields_ = (
        *address_fields("btf"),
        *u32_fields("btf_size id"),
        *address_fields("name"),
        *u32_fields("name_len kernel_btf"),
    )
