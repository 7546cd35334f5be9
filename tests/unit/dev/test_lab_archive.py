"""The lab's initramfs: the cpio writer against cpio itself, the order of kernel modules."""

from __future__ import annotations

import lzma
import shutil
import subprocess
from pathlib import Path

import pytest

from lab.cpio import Entry, archive
from lab.errors import LabError
from lab.modules import ModuleTree, depends


def test_a_member_is_laid_out_as_the_kernel_documents_it() -> None:
    data = archive([Entry.file("init", b"hello", mode=0o755)])
    header, name, content = data[:110], data[110:116], data[116:124]
    assert header[:6] == b"070701"
    fields = [int(header[at : at + 8], 16) for at in range(6, 110, 8)]
    # ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
    assert fields == [1, 0o100755, 0, 0, 1, 0, 5, 0, 0, 0, 0, 5, 0]
    assert name == b"init\0\0"
    assert content == b"hello\0\0\0"
    assert data[124 + 110 :].startswith(b"TRAILER!!!\0")
    assert len(data) % 4 == 0


def test_equal_entries_give_equal_bytes() -> None:
    entries = [Entry.directory("bin"), Entry.file("bin/sh", b"x" * 1000)]
    assert archive(entries) == archive(entries)


@pytest.mark.skipif(shutil.which("cpio") is None, reason="cpio is not installed")
def test_cpio_lists_and_unpacks_it(tmp_path: Path) -> None:
    data = archive([Entry.directory("a"), Entry.file("a/b", b"content", mode=0o600)])
    run = {"input": data, "capture_output": True, "check": True, "cwd": tmp_path}
    assert subprocess.run(["cpio", "-it"], **run).stdout == b"a\na/b\n"
    subprocess.run(["cpio", "-id"], **run)
    assert (tmp_path / "a" / "b").read_bytes() == b"content"
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o600


def _module(needs: str) -> bytes:
    return b"\x7fELF\0license=GPL\0depends=" + needs.encode() + b"\0name=x\0"


def test_depends_reads_the_module_information() -> None:
    assert depends(_module("")) == ()
    assert depends(_module("9pnet,virtio-ring")) == ("9pnet", "virtio_ring")
    assert depends(b"no such section") == ()


@pytest.fixture
def modules(tmp_path: Path) -> ModuleTree:
    (tmp_path / "net").mkdir()
    (tmp_path / "modules.builtin").write_text("kernel/drivers/virtio/virtio_pci.ko\n")
    (tmp_path / "net" / "9pnet_virtio.ko").write_bytes(_module("9pnet,virtio"))
    (tmp_path / "net" / "9pnet.ko.xz").write_bytes(lzma.compress(_module("netfs")))
    (tmp_path / "netfs.ko").write_bytes(_module(""))
    (tmp_path / "virtio.ko").write_bytes(_module(""))
    (tmp_path / "odd.ko.lz4").write_bytes(b"")
    return ModuleTree(tmp_path)


def test_closure_puts_what_is_needed_first(modules: ModuleTree) -> None:
    chosen = modules.closure(["9pnet_virtio", "netfs"])
    assert list(chosen) == ["netfs", "9pnet", "virtio", "9pnet_virtio"]
    assert chosen["9pnet"] == _module("netfs")


def test_closure_leaves_out_what_is_built_in(modules: ModuleTree) -> None:
    assert modules.closure(["virtio-pci"]) == {}


@pytest.mark.parametrize("name", ["nonesuch", "odd"])
def test_closure_refuses_what_it_cannot_read(modules: ModuleTree, name: str) -> None:
    with pytest.raises(LabError):
        modules.closure([name])
