"""The running kernel as compile time sees it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import record_view
from script_runs import run_script
from seismo.base.errors import SyscallError
from seismo.elf.errors import BinaryNotFound
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.lang.ctype import arguments_type
from seismo.lang.types import IntType, PointerType
from seismo.probes.view import FEATURE_NAMES, TracepointNotFound
from seismo.views import LiveView, RecordedView

pytestmark = pytest.mark.kernel


@pytest.fixture
def view(kernel: LiveKernel) -> Iterator[LiveView]:
    with Tracefs(kernel) as tracefs:
        yield LiveView(kernel, tracefs)


def test_every_tracepoint_has_typed_arguments(view: LiveView) -> None:
    names = view.tracepoints()
    assert list(names) == sorted(names)
    assert len(names) > 500
    for one in names:
        format_ = view.tracepoint(*one.split(":"))
        record = arguments_type(format_)
        for field in record.fields:
            size = next(each.size for each in format_.fields if each.name == field.name)
            assert field.offset + size <= record.size
            if isinstance(field.type, IntType):
                assert field.type.bits <= size * 8


def test_a_system_call(view: LiveView) -> None:
    record = arguments_type(view.tracepoint("syscalls", "sys_enter_openat"))
    assert str(record.field("dfd").type) == "int32"
    assert record.field("dfd").offset == 16
    assert record.field("filename").type == PointerType(IntType(8, True), "user")


def test_no_such_tracepoint(view: LiveView) -> None:
    with pytest.raises(TracepointNotFound) as caught:
        view.tracepoint("syscalls", "sys_enter_opennat")
    assert caught.value.hint == "did you mean 'syscalls:sys_enter_openat'?"


def test_a_recording_answers_as_the_kernel_does(view: LiveView, tmp_path: Path) -> None:
    names = ["sched:sched_switch", "syscalls:sys_enter_execve"]
    (tmp_path / "types").write_text("# processes\ntask_struct pid comm # two\nlist_head\n")
    record_view.record(tmp_path, names)
    recorded = RecordedView(tmp_path)
    assert list(recorded.tracepoints()) == names
    assert recorded.possible_cpus() == view.possible_cpus()
    for one in names:
        category, name = one.split(":")
        assert recorded.tracepoint(category, name) == view.tracepoint(category, name)
    assert recorded.machine() == view.machine()
    small, whole = recorded.btf(), view.btf()
    assert len(small) < 20
    for path in ("task_struct: pid", "task_struct: comm", "list_head: prev->next"):
        assert small.resolve(path).offsets == whole.resolve(path).offsets


def test_every_feature_is_there_or_refused_with_a_reason(view: LiveView) -> None:
    for name in FEATURE_NAMES:
        why, hint = view.refusal(name)
        assert view.has(name) == (why == "")
        assert not why or hint, name
    assert view.has("raw_tracepoint") and view.has("cookie") and view.has("uprobe")


def test_functions_of_the_kernel(view: LiveView) -> None:
    functions = view.functions()
    assert len(functions) > 30_000
    names = [(one.name, one.module) for one in functions]
    assert names == sorted(set(names))
    assert not [one.name for one in functions if ".cold" in one.name or "__pfx_" in one.name]
    (vfs_read,) = view.function("vfs_read")
    assert (vfs_read.module, vfs_read.is_traceable) == ("", True)
    assert vfs_read in functions
    assert view.function("no_such_function") == view.function("avenrun") == ()


def test_a_list_of_functions_of_the_users(kernel: LiveKernel, tmp_path: Path) -> None:
    (tmp_path / "list").write_text("vfs_read\nsome_function [some_module]\n")
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs, f"{tmp_path}/list")
        assert [one.name for one in view.functions()] == ["some_function", "vfs_read"]
        assert view.function("some_function")[0].module == "some_module"
        # What the list lacks may still be probed, but not by ftrace.
        (vfs_write,) = view.function("vfs_write")
        assert not vfs_write.is_traceable


def test_types_of_one_module(view: LiveView) -> None:
    modules = [one.name for one in view.module_btf()]
    for path in modules[:1]:
        assert [one.name for one in view.module_btf(Path(path).name)] == [path]
    assert list(view.module_btf("no_such_module")) == []


def test_programs_that_are_loaded(kernel: LiveKernel, view: LiveView) -> None:
    """Those of this test alone have types: a program with a subprogram is loaded with BTF."""
    before = dict(view.bpf_programs())
    found: list[str] = []

    def look() -> None:
        found.extend(name for id, name in view.bpf_programs() if id not in before)

    run_script("interval:s:1000 { for ($i : 0..3) { @[$i] = 1; } }", look)
    assert found == ["_0_1000"]


def test_binaries(view: LiveView) -> None:
    assert view.binary("libc").path.endswith("/libc.so.6")
    assert view.binary("libc") is view.binary("libc")
    own = view.binary(f"/proc/{os.getpid()}/root{os.path.realpath('/bin/true')}")
    assert own.usdt == view.binary("/bin/true").usdt
    mapped = view.process_binaries(os.getpid())
    assert os.path.realpath(view.binary("libc").path) in map(os.path.realpath, mapped)
    assert set(mapped) <= set(view.process_binaries(0))
    with pytest.raises(BinaryNotFound):
        view.binary("no-such-command")
    with pytest.raises(SyscallError):
        view.process_binaries(2**22 + 1)
