"""What linking asks of a kernel, answered from files."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from elf_writer import NewSection, write_elf
from seismo.base.errors import NotSupported, SyscallError
from seismo.btf.errors import BtfError, BtfNotFound
from seismo.btf.types import Int, Ptr
from seismo.btf.write import write
from seismo.elf.errors import BinaryNotFound
from seismo.facts import LiveFacts, open_types
from seismo.kernel.live import LiveKernel
from seismo.probes.view import SymbolNotFound

RELEASE = "/proc/sys/kernel/osrelease"
VERSION = "/proc/sys/kernel/version"
SYMBOLS = b"""ffffffff81000000 T one
ffffffff81000010 t twice
ffffffff81000020 t twice
ffffffff81000030 t alias
ffffffff81000030 T __x64_sys_bpf
"""


class FilesKernel(LiveKernel):
    """A kernel that has these files and no others."""

    def __init__(self) -> None:
        super().__init__()
        self._files: dict[str, bytes] = {}

    def with_file(self, path: str, data: bytes) -> FilesKernel:
        self._files[path] = data
        return self

    def read_file(self, path: str) -> bytes:
        if path not in self._files:
            raise SyscallError(f"read {path}", errno.ENOENT)
        return self._files[path]


@pytest.mark.parametrize(
    ("release", "version", "signature", "code"),
    [
        ("6.1.5", "#1 SMP", "", 0x060105),
        ("6.18.44-xyz", "#1 SMP", "", 0x06122C),
        ("6.1.0-50-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.170-1 (2026)", "", 0x0601AA),
        ("5.4.0-12-generic", "#15-Ubuntu", "Ubuntu 5.4.0-12.15-generic 5.4.8\n", 0x050408),
        ("4.9.337", "#1 SMP", "", 0x0409FF),
        ("6.9.0-x", "#1 SMP Debian testing", "Ubuntu odd", 0x060900),
    ],
)
def test_the_version_is_that_of_the_source(
    release: str, version: str, signature: str, code: int
) -> None:
    kernel = FilesKernel().with_file(RELEASE, release.encode()).with_file(VERSION, version.encode())
    if signature:
        kernel.with_file("/proc/version_signature", signature.encode())
    assert LiveFacts(kernel).version() == code


def test_a_release_that_is_no_number() -> None:
    kernel = FilesKernel().with_file(RELEASE, b"custom\n").with_file(VERSION, b"#1\n")
    with pytest.raises(NotSupported, match="'custom' begins with no such number"):
        LiveFacts(kernel).version()


def test_symbols() -> None:
    facts = LiveFacts(FilesKernel().with_file("/proc/kallsyms", SYMBOLS))
    assert facts.symbol("one") == 0xFFFFFFFF81000000
    assert facts.symbol("alias") == 0xFFFFFFFF81000030
    assert facts.has("syscall_wrapper")
    with pytest.raises(SymbolNotFound, match="no kernel symbol 'on'"):
        facts.symbol("on")
    with pytest.raises(NotSupported, match="it is at 2 addresses"):
        facts.symbol("twice")


def test_hidden_symbols_are_not_found() -> None:
    hidden = FilesKernel().with_file("/proc/kallsyms", b"0000000000000000 T one\n")
    with pytest.raises(SymbolNotFound, match="shows zeros"):
        LiveFacts(hidden).symbol("one")
    assert not LiveFacts(hidden).has("syscall_wrapper")


def test_the_configuration() -> None:
    kernel = FilesKernel().with_file(RELEASE, b"6.1.0\n")
    with pytest.raises(NotSupported, match="configuration: it cannot be read"):
        LiveFacts(kernel).config()
    kernel.with_file("/boot/config-6.1.0", b'CONFIG_HZ=250\nCONFIG_NAME="x"\n# CONFIG_A is not set')
    assert LiveFacts(kernel).config() == {"CONFIG_HZ": "250", "CONFIG_NAME": '"x"'}


BTF = write([Int("int", 4), Ptr(1)])


def test_types_from_a_file(tmp_path: Path) -> None:
    raw, elf = tmp_path / "types.btf", tmp_path / "vmlinux"
    raw.write_bytes(BTF)
    sections = [NewSection(name=".text", type=1), NewSection(name=".BTF", type=1, data=BTF)]
    elf.write_bytes(write_elf(sections))
    for path in (raw, elf):
        facts = LiveFacts(FilesKernel(), str(path))
        assert facts.btf().find("int") == 1
        assert facts.btf() is facts.btf()
        assert list(facts.modules()) == []


def test_files_without_types(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(BinaryNotFound):
        open_types(str(path))
    path.write_bytes(write_elf([NewSection(name=".text", type=1)]))
    with pytest.raises(BtfNotFound, match=r"has no section \.BTF"):
        open_types(str(path))
    path.write_bytes(b"no types, whatever it is called")
    with pytest.raises(BtfError, match="no BTF: it begins with 6e6f"):
        open_types(str(path))
    path.write_bytes(b"")
    with pytest.raises(BtfError, match="0 bytes are no BTF"):
        open_types(str(path))
