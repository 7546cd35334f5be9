"""What a refusal means, and how capabilities read."""

from __future__ import annotations

import errno

import pytest

from seismo.kernel.privilege import (
    CAPABILITIES,
    decode_capabilities,
    needed_capabilities,
    refusal_hint,
)

NOTHING: frozenset[str] = frozenset()
LOAD = "bpf(BPF_PROG_LOAD)"


def test_capability_numbers_are_the_kernels() -> None:
    assert [CAPABILITIES.index(name) for name in ("CAP_SYS_ADMIN", "CAP_PERFMON", "CAP_BPF")] == [
        21,
        38,
        39,
    ]
    assert len(CAPABILITIES) == 41


def test_a_mask_decodes_to_names() -> None:
    assert decode_capabilities(0) == NOTHING
    assert decode_capabilities(1 << 39 | 1 << 21) == {"CAP_BPF", "CAP_SYS_ADMIN"}
    assert decode_capabilities(1 << 63) == {"CAP_63"}
    assert decode_capabilities((1 << 41) - 1) == set(CAPABILITIES)


def test_calls_need_what_the_kernel_asks_for() -> None:
    assert needed_capabilities("bpf(BPF_MAP_CREATE)") == ("CAP_BPF",)
    assert needed_capabilities(LOAD) == ("CAP_BPF", "CAP_PERFMON")
    assert needed_capabilities("perf_event_open") == ("CAP_PERFMON",)
    assert needed_capabilities("fsopen") == ("CAP_SYS_ADMIN",)
    assert needed_capabilities("mmap") == ()


@pytest.mark.parametrize(
    ("call", "held", "lockdown", "hint"),
    [
        (LOAD, NOTHING, "none", "lacks CAP_BPF and CAP_PERFMON"),
        (LOAD, {"CAP_BPF"}, "none", "lacks CAP_PERFMON:"),
        ("perf_event_open", NOTHING, "integrity", "lacks CAP_PERFMON:"),
        (LOAD, {"CAP_SYS_ADMIN"}, "integrity", "locked down (integrity)"),
        (LOAD, {"CAP_BPF", "CAP_PERFMON"}, "none", "a security module, a seccomp filter"),
        (LOAD, {"CAP_SYS_ADMIN"}, "", "a security module, a seccomp filter"),
        ("bpf(BPF_OBJ_PIN)", {"CAP_SYS_ADMIN"}, "integrity", "pins are made on a bpffs"),
        ("bpf(BPF_MAP_UPDATE_ELEM)", {"CAP_SYS_ADMIN"}, "integrity", "the map is frozen"),
        ("bpf(BPF_MAP_UPDATE_ELEM)", NOTHING, "none", "lacks CAP_BPF"),
    ],
)
def test_a_refusal_names_what_is_missing(
    call: str, held: set[str], lockdown: str, hint: str
) -> None:
    for number in (errno.EPERM, errno.EACCES):
        assert hint in refusal_hint(call, number, frozenset(held), lockdown)


@pytest.mark.parametrize(
    ("call", "number", "hint"),
    [
        (LOAD, errno.ENOSYS, "CONFIG_BPF_SYSCALL"),
        ("perf_event_open", errno.ENOSYS, "CONFIG_PERF_EVENTS"),
        ("perf_event_open", errno.EMFILE, "ulimit -n"),
        ("bpf(BPF_MAP_CREATE)", errno.ENOMEM, "smaller or fewer maps"),
        ("bpf(BPF_MAP_UPDATE_ELEM)", errno.E2BIG, "max_entries"),
        ("perf_event_open", errno.EINVAL, "perf_event_max_sample_rate"),
    ],
)
def test_other_failures_have_their_advice(call: str, number: int, hint: str) -> None:
    assert hint in refusal_hint(call, number, NOTHING, "")


def test_where_errno_says_it_all_there_is_no_hint() -> None:
    assert refusal_hint("bpf(BPF_MAP_LOOKUP_ELEM)", errno.ENOENT, NOTHING, "") == ""
    assert refusal_hint(LOAD, errno.EINVAL, NOTHING, "") == ""
