"""What a function's name says of the program that it becomes."""

from __future__ import annotations

import pytest

from seismo.c.flavour import (
    KPROBE,
    RAW_TRACEPOINT,
    TRACEPOINT,
    ContextKind,
    flavour_of,
    split_name,
    tracing,
)
from seismo.isa.prog_types import AttachType, ProgType
from seismo.spec.types import ProgramTarget


@pytest.mark.parametrize(
    ("name", "flavour"),
    [
        ("kprobe__tcp_v4_connect", KPROBE),
        ("kretprobe__tcp_v4_connect", KPROBE),
        ("tracepoint__sched__sched_switch", TRACEPOINT),
        ("raw_tracepoint__sched_switch", RAW_TRACEPOINT),
        ("syscall__execve", KPROBE),
        ("do_count", KPROBE),
    ],
)
def test_a_prefix_tells_the_type(name: str, flavour: object) -> None:
    assert flavour_of(name) == flavour


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("kprobe____x64_sys_clone", ("kprobe__", "__x64_sys_clone")),
        ("kretprobe__f", ("kretprobe__", "f")),
        ("tracepoint__sched__sched_switch", ("tracepoint__", "sched__sched_switch")),
        ("kfunc__vmlinux__vfs_read", ("kfunc__", "vfs_read")),
        ("kprobe__vmlinux__f", ("kprobe__", "vmlinux__f")),
        ("lsm__bpf", ("lsm__", "bpf")),
        ("syscall__execve", ("", "syscall__execve")),
    ],
)
def test_names_are_split(name: str, parts: tuple[str, str]) -> None:
    assert split_name(name) == parts


def test_functions_of_the_kernel() -> None:
    entry = flavour_of("kfunc__vfs_read")
    assert entry == tracing(AttachType.TRACE_FENTRY, "vfs_read")
    assert entry.type is ProgType.TRACING
    assert entry.context is ContextKind.ARGUMENTS
    assert entry.target == ProgramTarget("vfs_read")
    assert entry.returns_zero


def test_functions_of_modules() -> None:
    assert flavour_of("kretfunc__nfs__nfs_read").target == ProgramTarget("nfs_read", "nfs")
    assert flavour_of("kfunc____x64_sys_read").target == ProgramTarget("__x64_sys_read")
    assert flavour_of("kfunc__vmlinux____x64_sys_read").target == ProgramTarget("__x64_sys_read")
    assert flavour_of("kfunc__vmlinux__a__b").target == ProgramTarget("a__b")


def test_hooks_and_iterators_have_names_of_their_own() -> None:
    hook = flavour_of("lsm__file_open")
    assert (hook.type, hook.target) == (ProgType.LSM, ProgramTarget("bpf_lsm_file_open"))
    assert not hook.returns_zero
    walk = flavour_of("bpf_iter__task")
    assert (walk.context, walk.target) == (ContextKind.OWN, ProgramTarget("bpf_iter_task"))
