"""The kernel's binary interface: command numbers, structures, flags; spelled as the kernel does.

Facts from `include/uapi/linux/bpf.h`, `perf_event.h` and `mount.h`. Only 64-bit user space: a
kernel `__aligned_u64` that holds an address is a `c_char_p` here, which takes bytes (and keeps them
alive as long as the structure) or the integer address of a `ctypes` buffer.

>>> MapCreateAttr(map_type=1, key_size=4, value_size=8, max_entries=16).key_size
4
"""

from __future__ import annotations

from ctypes import Structure, c_char, c_char_p, c_int32, c_uint8, c_uint16, c_uint32, c_uint64
from typing import Any, TypeAlias

from seismo.base.enum import IntEnum

__all__ = (
    "BPF_OBJ_NAME_LEN",
    "BPF_RINGBUF_BUSY_BIT",
    "BPF_RINGBUF_DISCARD_BIT",
    "BPF_RINGBUF_HDR_SZ",
    "BPF_STATS_RUN_TIME",
    "ENOTSUPP",
    "PERF_FLAG_FD_CLOEXEC",
    "BatchAttr",
    "BpfAttr",
    "BpfMapInfo",
    "BpfProgInfo",
    "BtfLoadAttr",
    "Cmd",
    "EnableStatsAttr",
    "FieldRow",
    "IdAttr",
    "IterCreateAttr",
    "LinkAttr",
    "MapCreateAttr",
    "MapElemAttr",
    "ObjAttr",
    "ObjInfoAttr",
    "PerfBit",
    "PerfEventAttr",
    "PerfIoctl",
    "PerfLinkAttr",
    "PerfMmapPage",
    "PerfRecord",
    "PerfSample",
    "PerfSoftware",
    "PerfType",
    "ProgAttachAttr",
    "ProgLoadAttr",
    "RawTracepointAttr",
    "TestRunAttr",
    "UpdateFlag",
    "address_fields",
    "u32_fields",
    "u64_fields",
)

BPF_OBJ_NAME_LEN = 16
BPF_RINGBUF_BUSY_BIT = 1 << 31
BPF_RINGBUF_DISCARD_BIT = 1 << 30
BPF_RINGBUF_HDR_SZ = 8
BPF_STATS_RUN_TIME = 0
PERF_FLAG_FD_CLOEXEC = 8
# Kernel-internal "operation is not supported", which bpf(2) lets out; errno.h has no name for it.
ENOTSUPP = 524

FieldRow: TypeAlias = tuple[str, Any]


def u32_fields(names: str) -> tuple[FieldRow, ...]:
    """One `__u32` a name."""
    return tuple((name, c_uint32) for name in names.split())


def u64_fields(names: str) -> tuple[FieldRow, ...]:
    """One `__u64` a name."""
    return tuple((name, c_uint64) for name in names.split())


def address_fields(names: str) -> tuple[FieldRow, ...]:
    """One `__aligned_u64` that holds an address a name."""
    return tuple((name, c_char_p) for name in names.split())


class Cmd(IntEnum):
    """`enum bpf_cmd`: the first argument of bpf(2)."""

    MAP_CREATE = 0
    MAP_LOOKUP_ELEM = 1
    MAP_UPDATE_ELEM = 2
    MAP_DELETE_ELEM = 3
    MAP_GET_NEXT_KEY = 4
    PROG_LOAD = 5
    OBJ_PIN = 6
    OBJ_GET = 7
    PROG_ATTACH = 8
    PROG_DETACH = 9
    PROG_TEST_RUN = 10
    PROG_GET_NEXT_ID = 11
    MAP_GET_NEXT_ID = 12
    PROG_GET_FD_BY_ID = 13
    MAP_GET_FD_BY_ID = 14
    OBJ_GET_INFO_BY_FD = 15
    RAW_TRACEPOINT_OPEN = 17
    BTF_LOAD = 18
    BTF_GET_FD_BY_ID = 19
    MAP_LOOKUP_AND_DELETE_ELEM = 21
    MAP_FREEZE = 22
    BTF_GET_NEXT_ID = 23
    MAP_LOOKUP_BATCH = 24
    MAP_LOOKUP_AND_DELETE_BATCH = 25
    MAP_UPDATE_BATCH = 26
    MAP_DELETE_BATCH = 27
    LINK_CREATE = 28
    LINK_GET_FD_BY_ID = 30
    LINK_GET_NEXT_ID = 31
    ENABLE_STATS = 32
    ITER_CREATE = 33

    @property
    def kernel_name(self) -> str:
        return f"BPF_{self.name}"


class UpdateFlag(IntEnum):
    """`flags` of BPF_MAP_UPDATE_ELEM."""

    ANY = 0
    NOEXIST = 1
    EXIST = 2


class MapCreateAttr(Structure):
    """`bpf_attr` of BPF_MAP_CREATE."""

    _fields_ = (
        *u32_fields("map_type key_size value_size max_entries map_flags inner_map_fd numa_node"),
        ("map_name", c_char * BPF_OBJ_NAME_LEN),
        *u32_fields(
            "map_ifindex btf_fd btf_key_type_id btf_value_type_id btf_vmlinux_value_type_id"
        ),
        *u64_fields("map_extra"),
    )


class MapElemAttr(Structure):
    """`bpf_attr` of the BPF_MAP_*_ELEM commands, BPF_MAP_GET_NEXT_KEY and BPF_MAP_FREEZE.

    `value` is `next_key` for BPF_MAP_GET_NEXT_KEY.
    """

    _fields_ = (*u32_fields("map_fd"), *address_fields("key value"), *u64_fields("flags"))


class BatchAttr(Structure):
    """`bpf_attr.batch` of the BPF_MAP_*_BATCH commands; `count` is also an output."""

    _fields_ = (
        *address_fields("in_batch out_batch keys values"),
        *u32_fields("count map_fd"),
        *u64_fields("elem_flags flags"),
    )


class ProgLoadAttr(Structure):
    """`bpf_attr` of BPF_PROG_LOAD, up to `fd_array`."""

    _fields_ = (
        *u32_fields("prog_type insn_cnt"),
        *address_fields("insns license"),
        *u32_fields("log_level log_size"),
        *address_fields("log_buf"),
        *u32_fields("kern_version prog_flags"),
        ("prog_name", c_char * BPF_OBJ_NAME_LEN),
        *u32_fields("prog_ifindex expected_attach_type prog_btf_fd func_info_rec_size"),
        *address_fields("func_info"),
        *u32_fields("func_info_cnt line_info_rec_size"),
        *address_fields("line_info"),
        *u32_fields("line_info_cnt attach_btf_id attach_btf_obj_fd core_relo_cnt"),
        *address_fields("fd_array"),
    )


class ObjAttr(Structure):
    """`bpf_attr` of BPF_OBJ_PIN and BPF_OBJ_GET."""

    _fields_ = (*address_fields("pathname"), *u32_fields("bpf_fd file_flags"))


class IdAttr(Structure):
    """`bpf_attr` of the BPF_*_GET_NEXT_ID and BPF_*_GET_FD_BY_ID commands."""

    _fields_ = u32_fields("start_id next_id open_flags")


class TestRunAttr(Structure):
    """`bpf_attr.test` of BPF_PROG_TEST_RUN; `retval`, `duration`, `data_size_out` are outputs."""

    _fields_ = (
        *u32_fields("prog_fd retval data_size_in data_size_out"),
        *address_fields("data_in data_out"),
        *u32_fields("repeat duration ctx_size_in ctx_size_out"),
        *address_fields("ctx_in ctx_out"),
        *u32_fields("flags cpu batch_size"),
    )


class ObjInfoAttr(Structure):
    """`bpf_attr.info` of BPF_OBJ_GET_INFO_BY_FD; `info_len` is also an output."""

    _fields_ = (*u32_fields("bpf_fd info_len"), *address_fields("info"))


class RawTracepointAttr(Structure):
    """`bpf_attr.raw_tracepoint` of BPF_RAW_TRACEPOINT_OPEN."""

    _fields_ = (*address_fields("name"), *u32_fields("prog_fd"))


class BtfLoadAttr(Structure):
    """`bpf_attr` of BPF_BTF_LOAD."""

    _fields_ = (
        *address_fields("btf btf_log_buf"),
        *u32_fields("btf_size btf_log_size btf_log_level"),
    )


class LinkAttr(Structure):
    """`bpf_attr.link_create` of BPF_LINK_CREATE: what all of its forms begin with."""

    _fields_ = u32_fields("prog_fd target_fd attach_type flags")


class PerfLinkAttr(LinkAttr):
    """`bpf_attr.link_create` in its `perf_event` form."""

    _fields_ = u64_fields("bpf_cookie")


class ProgAttachAttr(Structure):
    """`bpf_attr` of BPF_PROG_ATTACH and BPF_PROG_DETACH, up to `attach_flags`."""

    _fields_ = u32_fields("target_fd attach_bpf_fd attach_type attach_flags")


class IterCreateAttr(Structure):
    """`bpf_attr.iter_create` of BPF_ITER_CREATE."""

    _fields_ = u32_fields("link_fd flags")


class EnableStatsAttr(Structure):
    """`bpf_attr.enable_stats` of BPF_ENABLE_STATS."""

    _fields_ = u32_fields("type")


BpfAttr: TypeAlias = (
    MapCreateAttr
    | MapElemAttr
    | BatchAttr
    | ProgLoadAttr
    | ObjAttr
    | IdAttr
    | TestRunAttr
    | ObjInfoAttr
    | RawTracepointAttr
    | BtfLoadAttr
    | LinkAttr
    | ProgAttachAttr
    | IterCreateAttr
    | EnableStatsAttr
)


class BpfMapInfo(Structure):
    """`struct bpf_map_info`."""

    _fields_ = (
        *u32_fields("type id key_size value_size max_entries map_flags"),
        ("name", c_char * BPF_OBJ_NAME_LEN),
        *u32_fields("ifindex btf_vmlinux_value_type_id"),
        *u64_fields("netns_dev netns_ino"),
        *u32_fields("btf_id btf_key_type_id btf_value_type_id btf_vmlinux_id"),
        *u64_fields("map_extra"),
    )


class BpfProgInfo(Structure):
    """`struct bpf_prog_info`; from `attach_btf_obj_id` on since Linux 6.0."""

    _fields_ = (
        *u32_fields("type id"),
        ("tag", c_uint8 * 8),
        *u32_fields("jited_prog_len xlated_prog_len"),
        *u64_fields("jited_prog_insns xlated_prog_insns load_time"),
        *u32_fields("created_by_uid nr_map_ids"),
        *u64_fields("map_ids"),
        ("name", c_char * BPF_OBJ_NAME_LEN),
        *u32_fields("ifindex gpl_compatible"),
        *u64_fields("netns_dev netns_ino"),
        *u32_fields("nr_jited_ksyms nr_jited_func_lens"),
        *u64_fields("jited_ksyms jited_func_lens"),
        *u32_fields("btf_id func_info_rec_size"),
        *u64_fields("func_info"),
        *u32_fields("nr_func_info nr_line_info"),
        *u64_fields("line_info jited_line_info"),
        *u32_fields("nr_jited_line_info line_info_rec_size jited_line_info_rec_size nr_prog_tags"),
        *u64_fields("prog_tags run_time_ns run_cnt recursion_misses"),
        *u32_fields("verified_insns attach_btf_obj_id attach_btf_id pad"),
    )


class PerfType(IntEnum):
    """`perf_event_attr.type`; dynamic PMUs have theirs in /sys/bus/event_source/devices."""

    HARDWARE = 0
    SOFTWARE = 1
    TRACEPOINT = 2
    BREAKPOINT = 5


class PerfSoftware(IntEnum):
    """`perf_event_attr.config` of software events."""

    CPU_CLOCK = 0
    BPF_OUTPUT = 10


class PerfSample(IntEnum):
    """`perf_event_attr.sample_type`: what a PERF_RECORD_SAMPLE holds."""

    RAW = 1 << 10


class PerfBit(IntEnum):
    """The bit field of `struct perf_event_attr`, in its order."""

    DISABLED = 1 << 0
    INHERIT = 1 << 1
    FREQ = 1 << 10
    WATERMARK = 1 << 14
    # Since Linux 5.13.
    INHERIT_THREAD = 1 << 35


class PerfRecord(IntEnum):
    """`perf_event_header.type`."""

    LOST = 2
    SAMPLE = 9


class PerfIoctl(IntEnum):
    """Requests of ioctl(2) on a perf event fd."""

    ENABLE = 0x2400
    DISABLE = 0x2401
    SET_BPF = 0x40042408


class PerfMmapPage(IntEnum):
    """Byte offsets in `struct perf_event_mmap_page`; each is a u64."""

    DATA_HEAD = 1024
    DATA_TAIL = 1032
    DATA_OFFSET = 1040
    DATA_SIZE = 1048


class PerfEventAttr(Structure):
    """`struct perf_event_attr` as of PERF_ATTR_SIZE_VER5 (112 bytes, Linux 4.1).

    `config1` is also `kprobe_func`, `uprobe_path` and `bp_addr`; `config2` is also `kprobe_addr`,
    `probe_offset` and `bp_len`.
    """

    _fields_ = (
        *u32_fields("type size"),
        *u64_fields("config sample_period sample_type read_format bits"),
        *u32_fields("wakeup_events bp_type"),
        *address_fields("config1"),
        *u64_fields("config2 branch_sample_type sample_regs_user"),
        *u32_fields("sample_stack_user"),
        ("clockid", c_int32),
        *u64_fields("sample_regs_intr"),
        *u32_fields("aux_watermark"),
        ("sample_max_stack", c_uint16),
        ("__reserved_2", c_uint16),
    )
