"""Kernel functions by every means: each call of this process counted, none else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from script_runs import Ran, run_script
from seismo.base.diagnostics import DiagnosticsError
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.errors import AttachRefused
from seismo.probes.renamed import ROWS
from seismo.views import LiveView

pytestmark = [pytest.mark.kernel, pytest.mark.guest]

CALLS = 321
BYTES = 4242
OWN = f"pid == {os.getpid()}"
GETPPID = "__x64_sys_getppid"
"""It shares its code with __do_sys_getppid, and that is the name that ftrace and BTF know."""

GETSID = "__x64_sys_getsid"


def get_parent() -> None:
    for _ in range(CALLS):
        os.getppid()


def read_zeros() -> None:
    """So many reads of a number of bytes that nobody else asks for."""
    with Path("/dev/zero").open("rb", buffering=0) as file:
        for _ in range(CALLS):
            file.read(BYTES)


def get_some_ids() -> None:
    for _ in range(CALLS):
        os.getpgid(0)
        os.getsid(0)


def counted(script: str, act: Callable[[], None] = get_parent, *, is_unsafe: bool = False) -> str:
    return run_script(script, act, is_unsafe=is_unsafe).output.strip()


@pytest.fixture
def view() -> Iterator[LiveView]:
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        yield LiveView(kernel, tracefs)


ROWS_OF_CALLS: dict[str, tuple[str, Callable[[], None], str]] = {
    "kprobe, served by fentry": (
        f"kprobe:{GETSID} /{OWN}/ {{ @ = count(); }}",
        get_some_ids,
        f"@: {CALLS}",
    ),
    "kprobe, for ftrace does not know it": (
        f"kprobe:{GETPPID} /{OWN}/ {{ @ = count(); }}",
        get_parent,
        f"@: {CALLS}",
    ),
    "kprobe, for its registers": (
        f'kprobe:{GETPPID} /{OWN} && reg("sp") != 0/ {{ @ = count(); }}',
        get_parent,
        f"@: {CALLS}",
    ),
    "kprobe of the kernel proper": (
        f"k:vmlinux:{GETPPID} /{OWN}/ {{ @[probe] = count(); }}",
        get_parent,
        f"@[kprobe:vmlinux:{GETPPID}]: {CALLS}",
    ),
    "kretprobe, served by fexit": (
        f"kretprobe:{GETSID} /{OWN}/ {{ @[retval] = count(); }}",
        get_some_ids,
        f"@[{os.getsid(0)}]: {CALLS}",
    ),
    "kretprobe, for its registers": (
        f'kr:{GETPPID} /{OWN} && reg("sp") != 0/ {{ @[retval] = count(); }}',
        get_parent,
        f"@[{os.getppid()}]: {CALLS}",
    ),
    "fentry": (
        f"fentry:{GETSID} /{OWN}/ {{ @[probe] = count(); }}",
        get_some_ids,
        f"@[fentry:vmlinux:{GETSID}]: {CALLS}",
    ),
    "fexit": (
        f"kretfunc:{GETSID} /{OWN}/ {{ @[retval] = count(); }}",
        get_some_ids,
        f"@[{os.getsid(0)}]: {CALLS}",
    ),
    "arguments by number": (
        f"kprobe:vfs_read /{OWN} && arg2 == {BYTES}/ {{ @[func] = count(); }}",
        read_zeros,
        f"@[vfs_read]: {CALLS}",
    ),
    "arguments by number, in registers": (
        f'kprobe:vfs_read /{OWN} && arg2 == {BYTES} && reg("sp") != 0/ {{ @[func] = count(); }}',
        read_zeros,
        f"@[vfs_read]: {CALLS}",
    ),
    "arguments by name": (
        f"fentry:vfs_read /{OWN} && args.count == {BYTES}/ {{ "
        f"@[str(args.file->f_path.dentry->d_name.name)] = count(); }}",
        read_zeros,
        f"@[zero]: {CALLS}",
    ),
    "arguments and result": (
        f"fexit:vfs_read /{OWN} && args.count == {BYTES}/ {{ @[retval] = count(); }}",
        read_zeros,
        f"@[{BYTES}]: {CALLS}",
    ),
    "entry and return of one function": (
        f"kprobe:{GETPPID} /{OWN}/ {{ @at[tid] = 1; }} "
        f"kretprobe:{GETPPID} /@at[tid]/ {{ @ = count(); delete(@at, tid); }}",
        get_parent,
        f"@: {CALLS}",
    ),
    "a wildcard": (
        f"kprobe:__x64_sys_get[ps]*id /{OWN}/ {{ @[func] = count(); }}",
        get_some_ids,
        f"@[__x64_sys_getpgid]: {CALLS}\n@[{GETSID}]: {CALLS}",
    ),
    "a wildcard and the places' names": (
        f"kprobe:__x64_sys_get[ps]*id /{OWN}/ {{ @[probe] = count(); }}",
        get_some_ids,
        f"@[kprobe:__x64_sys_getpgid]: {CALLS}\n@[kprobe:{GETSID}]: {CALLS}",
    ),
    "a wildcard and returns": (
        f"kretprobe:__x64_sys_gets*d /{OWN} && retval == {os.getsid(0)}/ {{ @[func] = count(); }}",
        get_some_ids,
        f"@[__x64_sys_getsid]: {CALLS}",
    ),
    "a wildcard of fentry": (
        f"fentry:__x64_sys_get[ps]*id /{OWN}/ {{ @[probe] = count(); }}",
        get_some_ids,
        f"@[fentry:vmlinux:__x64_sys_getpgid]: {CALLS}\n@[fentry:vmlinux:{GETSID}]: {CALLS}",
    ),
}


@pytest.mark.parametrize(("script", "act", "output"), ROWS_OF_CALLS.values(), ids=ROWS_OF_CALLS)
def test_calls_are_counted(script: str, act: Callable[[], None], output: str) -> None:
    assert sorted(counted(script, act).splitlines()) == sorted(output.splitlines())


def test_an_offset() -> None:
    """Behind what ftrace patches, which is 5 bytes, and 4 more before it with IBT."""
    done: list[Ran] = []
    for offset in (5, 9):
        try:
            script = f"kprobe:{GETPPID}+{offset} /{OWN}/ {{ @[probe] = count(); }}"
            done.append(run_script(script, get_parent))
        except AttachRefused as error:
            assert error.errno_name == "EILSEQ"
        else:
            assert done[0].output.strip() == f"@[kprobe:{GETPPID}+{offset}]: {CALLS}"
    assert done


def test_an_address(view: LiveView) -> None:
    address = view.symbol(GETPPID)
    script = f"kprobe:{address:#x} /{OWN}/ {{ @ = count(); }}"
    assert counted(script, is_unsafe=True) == f"@: {CALLS}"


def open_this() -> None:
    for _ in range(CALLS):
        Path(__file__).open("rb").close()


@pytest.mark.parametrize(
    ("script", "line"),
    [
        (
            f"fentry:ovl_open /{OWN} && args.inode->i_ino == {Path(__file__).stat().st_ino}/ "
            "{ @[probe] = count(); }",
            f"@[fentry:overlay:ovl_open]: {CALLS}",
        ),
        (
            f"fexit:overlay:ovl_ope[n] /{OWN}/ {{ @[probe, retval] = count(); }}",
            "@[fexit:overlay:ovl_open, 0]: ",
        ),
        (f"kprobe:ovl_open /{OWN}/ {{ @[probe] = count(); }}", "@[kprobe:ovl_open]: "),
        (f"kprobe:overlay:ovl_*n /{OWN}/ {{ @[probe] = count(); }}", "[kprobe:overlay:ovl_open]: "),
    ],
)
def test_functions_of_modules(script: str, line: str) -> None:
    """The guest's root is an overlay, whose module has types of its own."""
    lines = counted(script, open_this).splitlines()
    assert [one for one in lines if line in one]


def test_many_functions_at_once() -> None:
    script = f"kprobe:vfs_* /{OWN} && arg2 == {BYTES}/ {{ @[func] = count(); }}"
    lines = counted(script, read_zeros).splitlines()
    assert f"@[vfs_read]: {CALLS}" in lines


@pytest.mark.parametrize(
    ("point", "message", "hint"),
    [
        ("kprobe:_do_fork", "there is no function '_do_fork'", "write kprobe:kernel_clone;"),
        ("kretprobe:sys_openat", "there is no function", "write kretprobe:__x64_sys_openat;"),
        ("fentry:tcp_drop", "there is no function 'tcp_drop'", "tracepoint:skb:kfree_skb"),
        ("kprobe:vfs_raed", "there is no function 'vfs_raed'", "did you mean 'vfs_read'?"),
        (
            "kprobe:finish_task_switch",
            "there is no function 'finish_task_switch'",
            "write kprobe:finish_task_switch.isra.0; the nearest tracepoint is tracepoint:sched:",
        ),
        ("kprobe:do_int3", "the kernel lets nobody probe 'do_int3'", "probe a function that calls"),
        ("kprobe:type_show", "functions are called 'type_show'", "/proc/kallsyms has their addr"),
        ("kprobe:nosuch:vfs_read", "there is no function 'vfs_read' in nosuch", "in vmlinux"),
        ("kprobe:nosuch:*", "no kernel function matches 'nosuch:*'", "nosuch is not loaded"),
        ("fexit:do_exit", "do_exit never returns", "write fentry:do_exit"),
    ],
)
def test_what_there_is_instead(point: str, message: str, hint: str) -> None:
    with pytest.raises(DiagnosticsError) as caught:
        run_script(f"{point} {{ }}")
    (one,) = caught.value.diagnostics
    assert message in one.message
    assert hint in one.hint


def test_every_successor_is_there(view: LiveView) -> None:
    """But for one that only newer kernels have, or others than Debian's."""
    known = set(view.tracepoints())
    elsewhere = {"cap_capable", "ns_capable", "capable", "probe_kernel_read"}
    for name, functions, tracepoints, _ in ROWS:
        if name not in elsewhere:
            assert known & set(tracepoints.split()), name
        if functions and not view.function(name):
            assert any(view.function(one) for one in functions.split()), name


def test_all_functions_are_hooked_by_ftrace(view: LiveView) -> None:
    functions = view.functions()
    assert all(one.is_traceable for one in functions)
    for one in functions[::2000]:
        assert one in view.function(one.name)
    assert any(one.module == "overlay" for one in functions)
    assert "do_int3" in view.blacklist()


def test_programs_of_bpf(view: LiveView) -> None:
    """A program with a loop is loaded with types; this one runs at each of the calls."""
    victim = "tracepoint:syscalls:sys_enter_getsid { for ($i : 0..3) { @[$i] = 1; } }"
    lines: list[str] = []

    def trace() -> None:
        ((number, name),) = view.bpf_programs()
        assert "sys_enter" in name
        script = f"fentry:bpf:{name} /{OWN}/ {{ @[probe] = count(); }}"
        lines.extend(run_script(script, get_some_ids).output.split("\n"))
        assert f"@[fentry:bpf:{number}:{name}]: {CALLS}" in lines

    run_script(victim, trace)
    assert lines
