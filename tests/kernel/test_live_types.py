"""The running kernel's types, symbols and cgroups, as compile time sees them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from seismo.base.diagnostics import Diagnostics
from seismo.base.errors import NotSupported, SyscallError
from seismo.base.source import Source, Span
from seismo.btf.layout import find_member
from seismo.btf.spec import VMLINUX
from seismo.btf.types import Kind, Struct, Union
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.lang.ast import Script
from seismo.lang.ctype import arguments_type
from seismo.lang.script_types import ScriptTypes, script_types
from seismo.lang.type_names import spelled_out
from seismo.lang.types import IntType, PointerType, RecordType, StringType
from seismo.probes.view import SymbolNotFound
from seismo.views import LiveView

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not Path(VMLINUX).exists(), reason="needs a kernel with BTF (5.4)"),
]


@pytest.fixture
def view(kernel: LiveKernel) -> Iterator[LiveView]:
    with Tracefs(kernel) as tracefs:
        yield LiveView(kernel, tracefs)


def read(view: LiveView, text: str) -> ScriptTypes:
    source, diagnostics = Source("t", text), Diagnostics()
    script = Script(source, (), (Span(source, 0, len(text)),) if text else ())
    types = script_types(script, view, lambda _, path: path, diagnostics)
    assert [str(one) for one in diagnostics.found] == []
    return types


def complete(types: ScriptTypes, name: str) -> RecordType:
    record = types.find(name)
    assert isinstance(record, RecordType)
    return types.complete(record)


def test_task_struct(view: LiveView) -> None:
    btf, task = view.btf(), complete(read(view, ""), "struct task_struct")
    id = btf.find("task_struct", Kind.STRUCT)
    assert task.size == btf.struct("task_struct").size
    for name in ("pid", "comm", "real_parent", "se", "in_iowait"):
        field, member = task.field(name), find_member(btf, id, name)
        assert field.offset * 8 + field.bit_offset == member.bit_offset
        assert field.bit_size == member.bit_size
    assert task.field("comm").type == StringType(16)
    parent = task.field("real_parent").type
    assert parent == PointerType(RecordType("struct task_struct", None, task.size), "")


@pytest.mark.slow
def test_every_record_of_the_kernel_has_fields_within_it(view: LiveView) -> None:
    types, btf = read(view, ""), view.btf()
    for kind in (Kind.STRUCT, Kind.UNION):
        for id, name in btf.names(kind):
            inner = btf.type(id)
            assert isinstance(inner, Struct | Union)
            record = types.complete(RecordType(f"{kind.words} {name}", None, inner.size))
            for one in record.fields or ():
                bits = one.bit_offset + one.bit_size
                assert one.offset * 8 + bits <= record.size * 8, f"{record}.{one.name}"
                if one.bit_size:
                    assert not isinstance(one.type, IntType) or bits <= one.type.bits


@pytest.mark.skipif(shutil.which("bpftool") is None, reason="needs bpftool")
def test_constants_have_the_values_that_bpftool_says(view: LiveView) -> None:
    dump = ["bpftool", "-j", "btf", "dump", "file", VMLINUX]
    records = json.loads(subprocess.run(dump, capture_output=True, check=True).stdout)["types"]
    theirs = next(
        {each["name"]: each["val"] for each in one["values"]}
        for one in records
        if one["name"] == "pid_type" and one["kind"] == "ENUM"
    )
    types = read(view, "")
    assert theirs["PIDTYPE_TGID"] == 1
    for name, value in theirs.items():
        found, type_ = types.enumerator(name)
        assert (found, str(type_)) == (value, "enum pid_type")


def test_a_struct_of_the_script_may_hold_the_kernels(view: LiveView) -> None:
    text = """#ifndef BPFTRACE_HAVE_BTF
    #error no BTF
    #endif
    struct mine { char c; struct list_head l; atomic_t n; gfp_t g; char name[TASK_COMM_LEN]; };"""
    mine = complete(read(view, text), "struct mine")
    assert mine.size == 48
    assert [one.offset for one in mine.fields or ()] == [0, 8, 24, 28, 32]


def test_every_tracepoints_arguments_can_be_spelled_out(view: LiveView) -> None:
    types = read(view, "")
    unknown: set[str] = set()
    for one in view.tracepoints():
        for field in arguments_type(view.tracepoint(*one.split(":"))).fields or ():
            type_ = spelled_out(field.type, types)
            target = type_.target if isinstance(type_, PointerType) else type_
            if isinstance(target, RecordType) and not types.complete(target).size:
                unknown.add(target.name)
    # A format may name what only a macro of the kernel knows.
    assert len(unknown) < 10


def test_btf_of_another_file(view: LiveView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPFTRACE_BTF", "/nonexistent/btf")
    with pytest.raises(NotSupported, match="/nonexistent/btf: No such file"):
        view.btf()
    assert list(view.module_btf()) == []


def test_modules_continue_the_kernels_types(view: LiveView) -> None:
    names = sorted(set(os.listdir("/sys/kernel/btf")) - {"vmlinux"})
    assert [os.path.basename(one.name) for one in view.module_btf()] == names


def test_symbols(view: LiveView) -> None:
    text = Path("/proc/kallsyms").read_text()
    line = next(one.split() for one in text.splitlines() if one.split()[2] == "vfs_read")
    assert view.symbol("vfs_read") == int(line[0], 16) > 0
    with pytest.raises(SymbolNotFound) as caught:
        view.symbol("vfs_raed")
    assert caught.value.hint == "did you mean 'vfs_read'?"


def test_a_cgroups_id(view: LiveView) -> None:
    mounts = [one.split() for one in Path("/proc/self/mounts").read_text().splitlines()]
    roots = [one[1] for one in mounts if one[2] == "cgroup2"]
    if not roots:
        pytest.skip("no cgroup2 mount")
    assert view.cgroup_id(roots[0]) == os.stat(roots[0]).st_ino
    with pytest.raises(SyscallError) as caught:
        view.cgroup_id("/proc")
    assert caught.value.errno_name == "EINVAL"
    with pytest.raises(SyscallError) as caught:
        view.cgroup_id(f"{roots[0]}/nosuch")
    assert caught.value.errno_name == "ENOENT"
