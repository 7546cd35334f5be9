"""`task_types`: types of what is told of tasks, for where a kernel's own cannot be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise

import pytest
from engine_cases import plan_of

from seismo.base.diagnostics import DiagnosticsError
from seismo.btf.errors import BtfNotFound
from seismo.btf.layout import resolve, size_of
from seismo.btf.spec import Btf
from seismo.btf.types import Kind
from seismo.builtin.options import NO_FILTER
from seismo.engine.listed import ListedSource
from seismo.engine.live.task_records import told_members
from seismo.engine.places import system_call_places
from seismo.engine.task_types import task_types

VMLINUX = "/sys/kernel/btf/vmlinux"
OTHER = "aarch64" if os.uname().machine == "x86_64" else "x86_64"
"""A machine whose kernel is not this one, so that its types cannot be read."""


def extent(types: Btf, record: str, path: str) -> tuple[int, int]:
    """Offset and size of a member."""
    place = resolve(types, types.find(record, Kind.STRUCT), path)
    return place.offset, size_of(types, place.type)


def test_every_member_that_is_told_has_a_place_of_its_own() -> None:
    taken: dict[str, list[tuple[int, int]]] = {}
    for record, path in told_members():
        taken.setdefault(record, []).append(extent(task_types(), record, path))
    assert len(taken) > 20
    for record, places in taken.items():
        places.sort()
        for (start, size), (after, _) in pairwise(places):
            assert start + size <= after, record


@pytest.mark.skipif(not os.access(VMLINUX, os.R_OK), reason="there are no types")
def test_members_have_the_size_that_the_kernel_gives_them() -> None:
    types = Btf.open(VMLINUX)

    def sizes() -> Iterator[tuple[str, str, int, int]]:
        for record, path in told_members():
            _, ours = extent(task_types(), record, path)
            try:
                _, theirs = extent(types, record, path)
            except BtfNotFound:
                continue
            yield record, path, ours, theirs

    found = list(sizes())
    assert len(found) > 50
    assert [one for one in found if one[2] != one[3]] == []


def compiled(script: str) -> None:
    plan_of(script, ListedSource((), system_call_places(OTHER, 2)), 0, NO_FILTER)


@pytest.mark.parametrize(
    "expression",
    [
        "curtask.real_parent.tgid",
        "curtask.comm",
        "curtask.nsproxy.mnt_ns.ns.inum",
        "curtask.cred.euid.val",
        "ppid",
        "path(curtask.mm.exe_file)",
        "fd_path(args.dfd)",
        "path_at(args.dfd, str(args.filename))",
        "((struct open_how *)uptr(args.filename)).flags",
    ],
)
def test_scripts_that_read_records_compile_without_a_kernel_s_types(expression: str) -> None:
    compiled(f"tracepoint:syscalls:sys_enter_openat {{ print({expression}); }}")


def test_raw_tracepoints_about_tasks_have_their_arguments() -> None:
    types = task_types()
    for name in ("sched_process_fork", "sched_process_exec", "sched_process_exit", "sys_enter"):
        assert types.find(f"btf_trace_{name}", Kind.TYPEDEF)


def test_a_member_that_is_not_told_is_refused() -> None:
    with pytest.raises(DiagnosticsError, match="struct task_struct has no field 'se'"):
        compiled("tracepoint:syscalls:sys_enter_openat { print(curtask.se); }")
