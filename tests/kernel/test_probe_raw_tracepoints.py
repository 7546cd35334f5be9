"""Raw tracepoints: each system call of this process counted, with the types that BTF tells of."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from script_runs import run_script
from seismo.base.diagnostics import DiagnosticsError
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.probes.table import find_kind
from seismo.views import LiveView

pytestmark = pytest.mark.kernel

CALLS = 321
OWN = f"pid == {os.getpid()}"
GETPPID = {"x86_64": 110, "aarch64": 173}[os.uname().machine]


PLACE = 123_456_789


def call_often() -> None:
    """So many calls, and as many of another with a result that no other has."""
    with Path(__file__).open("rb", buffering=0) as file:
        for _ in range(CALLS):
            os.getppid()
            os.lseek(file.fileno(), PLACE, os.SEEK_SET)


@pytest.fixture
def view() -> Iterator[LiveView]:
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        yield LiveView(kernel, tracefs)


@pytest.mark.parametrize(
    ("script", "output"),
    [
        (f"rt:sys_enter /{OWN} && args.id == {GETPPID}/ {{ @ = count(); }}", f"@: {CALLS}"),
        (f"rt:sys_enter /{OWN} && arg1 == {GETPPID}/ {{ @ = count(); }}", f"@: {CALLS}"),
        (
            f"rawtracepoint:vmlinux:sys_e[n]ter /{OWN} && arg1 == {GETPPID}/ "
            "{ @[probe] = count(); }",
            f"@[rawtracepoint:vmlinux:sys_enter]: {CALLS}",
        ),
        (
            f"rt:sys_exit /{OWN} && args.ret == {PLACE}/ {{ @[probe] = count(); }}",
            f"@[rawtracepoint:vmlinux:sys_exit]: {CALLS}",
        ),
        (
            f"rt:sys_enter /{OWN} && args.regs->orig_ax == {GETPPID}/ {{ @ = count(); }}",
            f"@: {CALLS}",
        ),
    ],
)
def test_calls_are_counted(script: str, output: str) -> None:
    lines = run_script(script, call_often).output.splitlines()
    assert [one for one in lines if one] == [output]


def test_pointers_of_the_kernel() -> None:
    """A fork's child leads a group of threads; a thread's task is in that of another."""
    script = (
        f"rt:sched_process_fork /{OWN} && args.child->pid == args.child->tgid/ "
        "{ @[args.parent->tgid] = count(); }"
    )

    def fork() -> None:
        for _ in range(3):
            child = os.fork()
            if not child:
                os._exit(0)
            os.waitpid(child, 0)

    assert run_script(script, fork).output.strip() == f"@[{os.getpid()}]: 3"


def test_every_raw_tracepoint_has_named_arguments(view: LiveView) -> None:
    kind = find_kind("rawtracepoint")
    targets = kind.expand(("vmlinux", "sched_*"), view)
    assert ("vmlinux", "sched_switch") in targets
    assert list(targets) == sorted(set(targets))
    assert {f"vmlinux:{name}" for _, name in targets} == set(kind.targets("vmlinux:sched_*", view))
    assert {name for _, name in targets} == set(kind.targets("sched_*", view))


@pytest.mark.parametrize(
    ("point", "message", "hint"),
    [
        ("sched_swich", "there is no raw tracepoint 'sched_swich'", "did you mean 'sched_switch'?"),
        ("sched:sched_switch", "in module sched", "write rawtracepoint:sched_switch"),
        (
            "sys_enter_openat",
            "there is no raw tracepoint 'sys_enter_openat'",
            "write tracepoint:syscalls:sys_enter_openat, or rawtracepoint:sys_enter for all calls",
        ),
        ("nosuch_*", "no raw tracepoint matches 'nosuch_*'", ""),
    ],
)
def test_what_there_is_instead(point: str, message: str, hint: str) -> None:
    with pytest.raises(DiagnosticsError) as caught:
        run_script(f"rawtracepoint:{point} {{ }}")
    (one,) = caught.value.diagnostics
    assert message in one.message
    assert hint in one.hint


def test_a_kernel_that_cannot_probe_functions_says_why(view: LiveView) -> None:
    if view.has("kprobe"):
        pytest.skip("this kernel has kprobes")
    for point, message, hint in (
        ("kprobe:vfs_read", "CONFIG_KPROBES", "tracepoint:syscalls:sys_enter_read"),
        ("kretprobe:vfs_read", "CONFIG_KPROBES", "tracepoint:syscalls:sys_exit_read"),
        ("kprobe:_do_fork", "CONFIG_KPROBES", "kernel_clone; the nearest tracepoint is"),
        ("kprobe:vfs_rea*", "CONFIG_KPROBES", "tracepoint:syscalls:sys_enter_read"),
        ("fentry:do_nanosleep", "cannot be attached", "sys_enter_clock_nanosleep"),
    ):
        with pytest.raises(DiagnosticsError) as caught:
            run_script(f"{point} {{ }}")
        (one,) = caught.value.diagnostics
        assert message in one.message
        assert hint in one.hint
