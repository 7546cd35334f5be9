"""The recorded view, and that a kernel is asked for one file a tracepoint."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lang_cases import VIEW
from seismo.base.errors import NotSupported, SyscallError
from seismo.elf.errors import BinaryNotFound
from seismo.probes.view import (
    FEATURE_NAMES,
    KernelFunction,
    SymbolNotFound,
    TracepointNotFound,
)
from seismo.views import RecordedView


def test_recorded_tracepoints_are_sorted() -> None:
    names = VIEW.tracepoints()
    assert list(names) == sorted(names)
    assert "syscalls:sys_enter_openat" in names
    assert "sched:sched_switch" in names


def test_every_recorded_format_is_read() -> None:
    for one in VIEW.tracepoints():
        category, name = one.split(":")
        format_ = VIEW.tracepoint(category, name)
        assert (format_.category, format_.name) == (category, name)
        assert not [field for field in format_.fields if field.name.startswith("common_")]


@pytest.mark.parametrize(
    ("category", "name", "hint"),
    [
        ("sched", "shed_switch", "did you mean 'sched:sched_switch'?"),
        ("nothing", "like_it_at_all_anywhere", ""),
        ("..", "events", ""),
    ],
)
def test_what_was_not_recorded(category: str, name: str, hint: str) -> None:
    with pytest.raises(TracepointNotFound) as caught:
        VIEW.tracepoint(category, name)
    assert caught.value.name == f"{category}:{name}"
    assert caught.value.hint == hint


def test_recorded_cpus(tmp_path: Path) -> None:
    assert VIEW.possible_cpus() == 2
    (tmp_path / "possible_cpus").write_text("0-3,8\n")
    assert RecordedView(tmp_path).possible_cpus() == 5


def test_recorded_types() -> None:
    btf = VIEW.btf()
    assert btf is VIEW.btf()
    assert len(btf) < 1000
    assert [one.name for one in btf.struct("path").members] == ["mnt", "dentry"]
    assert list(VIEW.module_btf()) == []
    assert VIEW.machine() == "x86_64"


def test_a_recording_without_types(tmp_path: Path) -> None:
    with pytest.raises(NotSupported, match="CONFIG_DEBUG_INFO_BTF"):
        RecordedView(tmp_path).btf()


def test_recorded_symbols(tmp_path: Path) -> None:
    assert VIEW.symbol("_text") == 0xFFFF_FFFF_8100_0000
    with pytest.raises(SymbolNotFound) as caught:
        VIEW.symbol("avenrum")
    assert (caught.value.name, caught.value.hint) == ("avenrum", "did you mean 'avenrun'?")
    with pytest.raises(SymbolNotFound):
        RecordedView(tmp_path).symbol("_text")


def test_recorded_cgroups(tmp_path: Path) -> None:
    assert VIEW.cgroup_id("/sys/fs/cgroup/unified/seismo.slice") == 4242
    with pytest.raises(SyscallError) as caught:
        VIEW.cgroup_id("/sys/fs/cgroup/nosuch")
    assert caught.value.errno_name == "ENOENT"
    (tmp_path / "cgroups").write_text("7 /a path\n")
    assert RecordedView(tmp_path).cgroup_id("/a path") == 7


def test_recorded_functions(tmp_path: Path) -> None:
    view = RecordedView(tmp_path)
    assert view.functions() == view.function("vfs_read") == ()
    assert view.blacklist() == frozenset()
    (tmp_path / "functions").write_text("vfs_read\nnetfs_read [netfs]\n")
    (tmp_path / "blacklist").write_text("do_int3\n")
    netfs_read = KernelFunction("netfs_read", "netfs", is_traceable=True)
    vfs_read = KernelFunction("vfs_read", is_traceable=True)
    assert view.functions() == (netfs_read, vfs_read)
    assert view.function("netfs_read") == (netfs_read,)
    assert view.blacklist() == {"do_int3"}
    assert view.bpf_programs() == ()


def test_recorded_features(tmp_path: Path) -> None:
    view = RecordedView(tmp_path)
    assert not any(view.has(one) for one in FEATURE_NAMES)
    (tmp_path / "features").write_text("fentry\nkprobe_multi\n")
    assert [one for one in FEATURE_NAMES if view.has(one)] == ["kprobe_multi", "fentry"]
    assert view.refusal("raw_tracepoint")[0] == "the kernel has no raw tracepoint"


def test_recorded_binaries(tmp_path: Path) -> None:
    view = RecordedView(tmp_path)
    assert view.process_binaries(1) == ()
    with pytest.raises(BinaryNotFound, match="no binary 'server'\nhint: it was not recorded"):
        view.binary("server")
    (tmp_path / "binaries").mkdir()
    shutil.copy("/bin/true", tmp_path / "binaries" / "true")
    assert view.process_binaries(0) == ("true",)
    assert view.binary("/usr/bin/true").path == f"{tmp_path}/binaries/true"
