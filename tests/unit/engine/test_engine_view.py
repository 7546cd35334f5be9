"""What compile time is told about the places of a source."""

from __future__ import annotations

import os

import pytest

from seismo.base.diagnostics import DiagnosticsError
from seismo.base.errors import SyscallError
from seismo.base.source import Source
from seismo.builtin.options import LowerOptions
from seismo.compiler import compile_script
from seismo.elf.errors import BinaryNotFound
from seismo.engine.places import Places, system_call_places
from seismo.engine.task_types import task_types
from seismo.engine.view import EngineView
from seismo.plan import Plan
from seismo.probes.view import (
    FEATURE_NAMES,
    KernelFunction,
    SymbolNotFound,
    TracepointNotFound,
)
from seismo.spec.types import KprobeAttach, RawTracepointAttach, TracepointAttach

HERE = os.uname().machine
CALLS = system_call_places("x86_64", cpus=2)
FEW = Places(
    tracepoints={
        "sched:sched_process_exit": CALLS.tracepoints["sched:sched_process_exit"],
        "task:task_rename": CALLS.tracepoints["task:task_rename"],
    },
    functions=frozenset(("vfs_write", "vfs_read")),
    machine="x86_64",
    absence="it was not recorded",
)


def plan(script: str, places: Places) -> Plan:
    return compile_script(
        Source("test", script), EngineView(places), LowerOptions(possible_cpus=places.cpus)
    ).plan


def refusal(script: str, places: Places = CALLS) -> str:
    with pytest.raises(DiagnosticsError) as caught:
        plan(script, places)
    return str(caught.value)


def test_tracepoints_are_those_of_the_places() -> None:
    view = EngineView(FEW)
    assert view.tracepoints() == ("sched:sched_process_exit", "task:task_rename")
    assert view.tracepoint("task", "task_rename") == FEW.tracepoints["task:task_rename"]
    assert (EngineView(CALLS).possible_cpus(), view.machine()) == (2, "x86_64")


@pytest.mark.parametrize(
    ("category", "name", "hint"),
    [
        ("task", "task_renamed", "did you mean 'task:task_rename'?"),
        ("block", "block_rq_issue", "it was not recorded"),
    ],
)
def test_a_tracepoint_that_is_no_place(category: str, name: str, hint: str) -> None:
    with pytest.raises(TracepointNotFound) as caught:
        EngineView(FEW).tracepoint(category, name)
    assert (caught.value.name, caught.value.hint) == (f"{category}:{name}", hint)


def test_absence_says_what_there_is() -> None:
    text = refusal("tracepoint:block:block_rq_issue { print(1) }")
    assert "there is no tracepoint 'block:block_rq_issue'" in text
    assert "hint: without BPF there are a command's system calls" in text


def test_wildcards_mean_the_places() -> None:
    found = plan("tracepoint:syscalls:sys_enter_open* { print(args.__syscall_nr) }", CALLS)
    assert [one.at for one in found.attachments] == [
        TracepointAttach("syscalls", f"sys_enter_{name}")
        for name in (
            "open",
            "open_by_handle_at",
            "open_tree",
            "open_tree_attr",
            "openat",
            "openat2",
        )
    ]


def test_functions_are_those_of_the_places() -> None:
    view = EngineView(FEW)
    assert view.functions() == (
        KernelFunction("vfs_read", is_traceable=True),
        KernelFunction("vfs_write", is_traceable=True),
    )
    assert view.function("vfs_read") == (KernelFunction("vfs_read", is_traceable=True),)
    assert view.function("vfs_open") == ()
    assert view.blacklist() == frozenset()


def test_functions_are_traced_by_kprobes() -> None:
    (one,) = plan("kprobe:vfs_read { print(arg0) }", FEW).attachments
    assert one.at == KprobeAttach("vfs_read")


def test_without_functions_kprobes_are_refused() -> None:
    text = refusal("kprobe:vfs_read { print(arg0) }")
    assert "there is no function 'vfs_read' in this kernel, and none can be probed" in text


def test_raw_tracepoints_are_attached_to() -> None:
    (one,) = plan("rawtracepoint:sys_enter { print(arg1) }", CALLS).attachments
    assert one.at == RawTracepointAttach("sys_enter")
    for text in ("rawtracepoint:sys_enter", "rawtracepoint:sys_*"):
        told = refusal(f"{text} {{ print(arg1) }}", FEW)
        assert "raw tracepoint" in told
        assert told.endswith("hint: it was not recorded")


def test_wildcards_that_mean_nothing_say_what_it_takes() -> None:
    for text in ("tracepoint:block:*", "kprobe:tcp_*"):
        told = refusal(f"{text} {{ }}", FEW)
        assert " matches " in told
        assert told.endswith("hint: it was not recorded")


def test_features() -> None:
    views = {"calls": EngineView(CALLS), "few": EngineView(FEW)}
    has = {name: {one for one in FEATURE_NAMES if view.has(one)} for name, view in views.items()}
    assert has == {
        "calls": {"cookie", "raw_tracepoint"},
        "few": {"cookie", "kprobe", "kprobe_multi"},
    }
    assert views["few"].refusal("uprobe_multi") == (
        "the user engine has no uprobe multi",
        "it takes a kernel that permits BPF",
    )
    assert views["few"].refusal("raw_tracepoint")[1] == "it was not recorded"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("uprobe:libc:malloc { print(1) }", "the user engine has no uprobe"),
        ("hardware:cycles:1000 { print(1) }", "the user engine has no hardware"),
        ("iter:task { print(1) }", "the user engine has no iterator"),
        ("fentry:vfs_read { print(1) }", "none can be probed: the user engine has no kprobe"),
    ],
)
def test_what_needs_a_kernel_is_refused(script: str, said: str) -> None:
    assert said in refusal(script)


def test_no_symbols_programs_or_modules() -> None:
    view = EngineView(CALLS)
    with pytest.raises(SymbolNotFound, match="the user engine knows no address of the kernel"):
        view.symbol("jiffies")
    assert list(view.module_btf()) == []
    assert list(view.bpf_programs()) == []
    assert list(view.process_binaries(0)) == []


def test_types_of_another_machine_are_not_taken() -> None:
    other = "aarch64" if HERE == "x86_64" else "x86_64"
    assert EngineView(system_call_places(other)).btf() is task_types()


@pytest.mark.skipif(not os.access("/sys/kernel/btf/vmlinux", os.R_OK), reason="no kernel types")
def test_types_of_this_machine() -> None:
    view = EngineView(system_call_places(HERE))
    assert view.btf() is view.btf()


def test_binaries_are_found() -> None:
    view = EngineView(CALLS)
    found = view.binary("/bin/sh")
    assert found is view.binary("/bin/sh")
    with pytest.raises(BinaryNotFound):
        view.binary("/nowhere/at/all")


def test_what_is_no_cgroup() -> None:
    view = EngineView(CALLS)
    with pytest.raises(SyscallError, match="ENOENT"):
        view.cgroup_id("/nowhere/at/all")
    with pytest.raises(SyscallError, match="it must be a directory of a cgroup version 2"):
        view.cgroup_id("/etc")
