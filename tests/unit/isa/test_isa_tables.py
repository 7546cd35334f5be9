"""The generated tables: facts checked by hand, and the generator on small inputs."""

from __future__ import annotations

import pytest

import gen_isa_tables as gen
from seismo.base.errors import BpfError
from seismo.isa.errors import NotFound
from seismo.isa.helper_table import TABLE
from seismo.isa.helpers import helper, helper_id, helper_name
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import AttachType, ProgType


def test_helpers_by_name_and_number() -> None:
    assert len(TABLE) == 212
    assert helper_id("map_lookup_elem") == 1
    assert helper_id("cgrp_storage_delete") == 211
    assert all(helper_id(helper_name(number)) == number for number in range(1, len(TABLE)))


@pytest.mark.parametrize(
    ("name", "since", "prototype"),
    [
        ("ktime_get_ns", (4, 1), "u64 bpf_ktime_get_ns(void)"),
        (
            "map_lookup_elem",
            (3, 19),
            "void *bpf_map_lookup_elem(struct bpf_map *map, const void *key)",
        ),
        ("trace_printk", (4, 1), "long bpf_trace_printk(const char *fmt, u32 fmt_size, ...)"),
        ("get_socket_cookie", (4, 12), "u64 bpf_get_socket_cookie(void *ctx)"),
        (
            "probe_read_user_str",
            (5, 5),
            "long bpf_probe_read_user_str(void *dst, u32 size, const void *unsafe_ptr)",
        ),
        (
            "ringbuf_reserve",
            (5, 8),
            "void *bpf_ringbuf_reserve(void *ringbuf, u64 size, u64 flags)",
        ),
        (
            "get_current_task_btf",
            (5, 11),
            "struct task_struct *bpf_get_current_task_btf(void)",
        ),
        ("get_func_ip", (5, 15), "u64 bpf_get_func_ip(void *ctx)"),
        ("ktime_get_tai_ns", (6, 1), "u64 bpf_ktime_get_tai_ns(void)"),
    ],
)
def test_prototypes_and_versions(name: str, since: tuple[int, int], prototype: str) -> None:
    assert str(helper(name)) == prototype
    assert helper(name).since == since


def test_a_helper_that_is_none_names_the_nearest() -> None:
    with pytest.raises(NotFound) as caught:
        helper_id("ringbuf_reserv")
    assert caught.value.hint == "did you mean 'ringbuf_reserve'?"
    assert str(caught.value) == (
        "no helper is called 'ringbuf_reserv'\nhint: did you mean 'ringbuf_reserve'?"
    )
    assert isinstance(caught.value, BpfError) and isinstance(caught.value, KeyError)


@pytest.mark.parametrize("number", [-1, 0, 212])
def test_numbers_that_are_no_helper(number: int) -> None:
    with pytest.raises(NotFound, match=f"no helper has the number {number}"):
        helper_name(number)


def test_program_types() -> None:
    assert [ProgType.KPROBE, ProgType.TRACING, ProgType.NETFILTER] == [2, 26, 32]
    assert len(ProgType) == 33
    assert ProgType.KPROBE.kernel_name == "BPF_PROG_TYPE_KPROBE"
    assert ProgType.KPROBE.context == "pt_regs"
    assert ProgType.TRACING.context == ""
    assert [ProgType.SCHED_ACT.since, ProgType.LIRC_MODE2.since] == [(4, 1), (4, 18)]
    assert ProgType.RAW_TRACEPOINT.since == (4, 17)
    assert ProgType.EXT.since == (5, 6)


def test_attach_types() -> None:
    assert len(AttachType) == 58
    assert AttachType.TRACE_FENTRY == 24
    assert AttachType.TRACE_FENTRY.kernel_name == "BPF_TRACE_FENTRY"
    assert AttachType.TRACE_FEXIT.since == (5, 5)
    assert AttachType.TRACE_UPROBE_MULTI.since == (6, 6)
    assert AttachType.TRACE_UPROBE_SESSION.since == (6, 13)


def test_map_types() -> None:
    assert len(MapType) == 34
    assert MapType.RINGBUF == 27
    assert MapType.RINGBUF.kernel_name == "BPF_MAP_TYPE_RINGBUF"
    assert MapType.LRU_PERCPU_HASH.since == (4, 10)
    assert {one for one in MapType if one.is_per_cpu} == {
        MapType.PERCPU_HASH,
        MapType.PERCPU_ARRAY,
        MapType.LRU_PERCPU_HASH,
        MapType.PERCPU_CGROUP_STORAGE,
    }


COLOURS = """
enum colour {
\tCOLOUR_NONE = 0,
\tCOLOUR_RED = 1,
\tCOLOUR_BLUE_DEPRECATED = 2,
\tCOLOUR_BLUE = 2,
\t__COLOUR_MAX = 3,
};
"""


def test_reading_an_enum() -> None:
    assert gen.read_enum(COLOURS, "colour", "COLOUR_", "4.1 NONE 5.10 BLUE") == [
        gen.Enumerator("NONE", 0, (4, 1)),
        gen.Enumerator("RED", 1, (4, 1)),
        gen.Enumerator("BLUE", 2, (5, 10)),
    ]


@pytest.mark.parametrize(
    ("source", "since", "complaint"),
    [
        ("", "", "no enum colour in the BTF dump"),
        (COLOURS, "4.1 NONE 4.2 GREEN", "enum colour has no GREEN"),
        (COLOURS.replace("RED = 1", "RED = 7"), "4.1 NONE", "enum colour has gaps"),
    ],
)
def test_an_enum_that_does_not_fit_its_table(source: str, since: str, complaint: str) -> None:
    with pytest.raises(SystemExit, match=complaint):
        gen.read_enum(source, "colour", "COLOUR_", since)
