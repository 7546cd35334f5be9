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
    "BpfLinkInfo",
    "BpfMapInfo",
    "BpfProgInfo",
    "BtfLoadAttr",
    "Cmd",
    "EnableStatsAttr",
    "IdAttr",
    "KprobeMultiLinkAttr",
    "LinkCreateAttr",
    "MapCreateAttr",
    "MapElemAttr",
    "ObjAttr",
    "ObjInfoAttr",
    "PerfBit",
    "PerfEventAttr",
    "PerfIoctl",
    "PerfMmapPage",
    "PerfRecord",
    "PerfSample",
    "PerfSoftware",
    "PerfType",
    "ProgLoadAttr",
    "RawTracepointAttr",
    "TestRunAttr",
    "UpdateFlag",
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


def _u32(names: str) -> tuple[FieldRow, ...]:
    return tuple((name, c_uint32) for name in names.split())


def _u64(names: str) -> tuple[FieldRow, ...]:
    return tuple((name, c_uint64) for name in names.split())


def _address(names: str) -> tuple[FieldRow, ...]:
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
    PROG_TEST_RUN = 10
    PROG_GET_NEXT_ID = 11
    PROG_GET_FD_BY_ID = 13
    OBJ_GET_INFO_BY_FD = 15
    RAW_TRACEPOINT_OPEN = 17
    BTF_LOAD = 18
    MAP_LOOKUP_AND_DELETE_ELEM = 21
    MAP_FREEZE = 22
    MAP_LOOKUP_BATCH = 24
    MAP_LOOKUP_AND_DELETE_BATCH = 25
    MAP_UPDATE_BATCH = 26
    MAP_DELETE_BATCH = 27
    LINK_CREATE = 28
    ENABLE_STATS = 32

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
        *_u32("map_type key_size value_size max_entries map_flags inner_map_fd numa_node"),
        ("map_name", c_char * BPF_OBJ_NAME_LEN),
        *_u32("map_ifindex btf_fd btf_key_type_id btf_value_type_id btf_vmlinux_value_type_id"),
        *_u64("map_extra"),
    )


class MapElemAttr(Structure):
    """`bpf_attr` of the BPF_MAP_*_ELEM commands, BPF_MAP_GET_NEXT_KEY and BPF_MAP_FREEZE.

    `value` is `next_key` for BPF_MAP_GET_NEXT_KEY.
    """

    _fields_ = (*_u32("map_fd"), *_address("key value"), *_u64("flags"))


class BatchAttr(Structure):
    """`bpf_attr.batch` of the BPF_MAP_*_BATCH commands; `count` is also an output."""

    _fields_ = (
        *_address("in_batch out_batch keys values"),
        *_u32("count map_fd"),
        *_u64("elem_flags flags"),
    )


class ProgLoadAttr(Structure):
    """`bpf_attr` of BPF_PROG_LOAD, up to `fd_array`."""

    _fields_ = (
        *_u32("prog_type insn_cnt"),
        *_address("insns license"),
        *_u32("log_level log_size"),
        *_address("log_buf"),
        *_u32("kern_version prog_flags"),
        ("prog_name", c_char * BPF_OBJ_NAME_LEN),
        *_u32("prog_ifindex expected_attach_type prog_btf_fd func_info_rec_size"),
        *_address("func_info"),
        *_u32("func_info_cnt line_info_rec_size"),
        *_address("line_info"),
        *_u32("line_info_cnt attach_btf_id attach_btf_obj_fd core_relo_cnt"),
        *_address("fd_array"),
    )


class ObjAttr(Structure):
    """`bpf_attr` of BPF_OBJ_PIN and BPF_OBJ_GET."""

    _fields_ = (*_address("pathname"), *_u32("bpf_fd file_flags"))


class IdAttr(Structure):
    """`bpf_attr` of the BPF_*_GET_NEXT_ID and BPF_*_GET_FD_BY_ID commands."""

    _fields_ = _u32("start_id next_id open_flags")


class TestRunAttr(Structure):
    """`bpf_attr.test` of BPF_PROG_TEST_RUN; `retval`, `duration`, `data_size_out` are outputs."""

    _fields_ = (
        *_u32("prog_fd retval data_size_in data_size_out"),
        *_address("data_in data_out"),
        *_u32("repeat duration ctx_size_in ctx_size_out"),
        *_address("ctx_in ctx_out"),
        *_u32("flags cpu batch_size"),
    )


class ObjInfoAttr(Structure):
    """`bpf_attr.info` of BPF_OBJ_GET_INFO_BY_FD; `info_len` is also an output."""

    _fields_ = (*_u32("bpf_fd info_len"), *_address("info"))


class RawTracepointAttr(Structure):
    """`bpf_attr.raw_tracepoint` of BPF_RAW_TRACEPOINT_OPEN."""

    _fields_ = (*_address("name"), *_u32("prog_fd"))


class BtfLoadAttr(Structure):
    """`bpf_attr` of BPF_BTF_LOAD."""

    _fields_ = (*_address("btf btf_log_buf"), *_u32("btf_size btf_log_size btf_log_level"))


class LinkCreateAttr(Structure):
    """`bpf_attr.link_create` of BPF_LINK_CREATE, in its `perf_event` form."""

    _fields_ = (*_u32("prog_fd target_fd attach_type flags"), *_u64("bpf_cookie"))


class KprobeMultiLinkAttr(Structure):
    """`bpf_attr.link_create` of BPF_LINK_CREATE, in its `kprobe_multi` form."""

    _fields_ = (
        *_u32("prog_fd target_fd attach_type flags multi_flags cnt"),
        *_address("syms addrs cookies"),
    )


class EnableStatsAttr(Structure):
    """`bpf_attr.enable_stats` of BPF_ENABLE_STATS."""

    _fields_ = _u32("type")


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
    | LinkCreateAttr
    | KprobeMultiLinkAttr
    | EnableStatsAttr
)


class BpfMapInfo(Structure):
    """`struct bpf_map_info`."""

    _fields_ = (
        *_u32("type id key_size value_size max_entries map_flags"),
        ("name", c_char * BPF_OBJ_NAME_LEN),
        *_u32("ifindex btf_vmlinux_value_type_id"),
        *_u64("netns_dev netns_ino"),
        *_u32("btf_id btf_key_type_id btf_value_type_id btf_vmlinux_id"),
        *_u64("map_extra"),
    )


class BpfProgInfo(Structure):
    """`struct bpf_prog_info`, up to `verified_insns`."""

    _fields_ = (
        *_u32("type id"),
        ("tag", c_uint8 * 8),
        *_u32("jited_prog_len xlated_prog_len"),
        *_u64("jited_prog_insns xlated_prog_insns load_time"),
        *_u32("created_by_uid nr_map_ids"),
        *_u64("map_ids"),
        ("name", c_char * BPF_OBJ_NAME_LEN),
        *_u32("ifindex gpl_compatible"),
        *_u64("netns_dev netns_ino"),
        *_u32("nr_jited_ksyms nr_jited_func_lens"),
        *_u64("jited_ksyms jited_func_lens"),
        *_u32("btf_id func_info_rec_size"),
        *_u64("func_info"),
        *_u32("nr_func_info nr_line_info"),
        *_u64("line_info jited_line_info"),
        *_u32("nr_jited_line_info line_info_rec_size jited_line_info_rec_size nr_prog_tags"),
        *_u64("prog_tags run_time_ns run_cnt recursion_misses"),
        *_u32("verified_insns pad"),
    )


class BpfLinkInfo(Structure):
    """`struct bpf_link_info`, its common head."""

    _fields_ = (*_u32("type id prog_id"), *_u32("pad"))


class PerfType(IntEnum):
    """`perf_event_attr.type`; dynamic PMUs have theirs in /sys/bus/event_source/devices."""

    HARDWARE = 0
    SOFTWARE = 1
    TRACEPOINT = 2


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
    FREQ = 1 << 10


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
    """`struct perf_event_attr` as of PERF_ATTR_SIZE_VER5 (112 bytes, Linux 4.1)."""

    _fields_ = (
        *_u32("type size"),
        *_u64("config sample_period sample_type read_format bits"),
        *_u32("wakeup_events bp_type"),
        *_address("config1"),
        *_u64("config2 branch_sample_type sample_regs_user"),
        *_u32("sample_stack_user"),
        ("clockid", c_int32),
        *_u64("sample_regs_intr"),
        *_u32("aux_watermark"),
        ("sample_max_stack", c_uint16),
        ("__reserved_2", c_uint16),
    )
