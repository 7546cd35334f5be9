"""Names of addresses as BCC prints them, of this process; which functions probes can be at."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator

import pytest

from seismo.bcc.errors import BccError
from seismo.bcc.machine_api import MachineApi
from seismo.bcc.places import check_limit, probe_limit
from seismo.bcc.symbols import SymbolCache
from seismo.elf.open import open_binary
from seismo.kernel.live import LiveKernel


@pytest.fixture
def symbols() -> Iterator[SymbolCache]:
    with SymbolCache(LiveKernel()) as made:
        yield made


def _address(name: str) -> int:
    return ctypes.cast(getattr(ctypes.CDLL(None), name), ctypes.c_void_p).value or 0


def test_of_this_process(symbols: SymbolCache) -> None:
    address, pid = _address("getppid"), os.getpid()
    assert symbols.user(address, pid) in (b"getppid", b"__getppid")
    assert symbols.user(address, pid, with_module=True).endswith(b"getppid [libc.so.6]")
    assert symbols.user(address, pid, with_offset=True).endswith(b"getppid+0x0")
    both = symbols.user(address + 1, pid, with_module=True, with_offset=True)
    assert both.endswith(b"getppid+0x1 [libc.so.6]")


def test_without_a_name(symbols: SymbolCache) -> None:
    assert symbols.user(1, os.getpid(), with_module=True, with_offset=True) == b"[unknown]"
    assert symbols.user(_address("getppid"), 4194304) == b"[unknown]"
    assert symbols.kernel(1, with_module=True, with_offset=True) == b"[unknown]"


def test_by_build_id(symbols: SymbolCache) -> None:
    class Place(ctypes.Structure):
        _fields_ = (("build_id", ctypes.c_ubyte * 20), ("offset", ctypes.c_uint64))

    library = os.fsdecode(MachineApi.find_library("c") or b"")
    binary = open_binary(library)
    address = binary.symbols.find("getppid").address
    build_id = binary.file.build_id
    place = Place((ctypes.c_ubyte * 20)(*build_id), binary.file_offset(address) + 1)
    assert symbols.built(place, with_module=True) == b"[unknown]"
    symbols.add_file(library)
    shown = symbols.built(place, with_module=True, with_offset=True)
    assert shown in (b"getppid+0x1 [libc.so.6]", b"__getppid+0x1 [libc.so.6]")


def test_of_the_kernel(symbols: SymbolCache) -> None:
    assert MachineApi.ksymname("no_such_symbol") == -1
    address = MachineApi.ksymname(b"vfs_read")
    if not address:
        pytest.skip("the kernel hides its addresses")
    assert symbols.kernel(address) == b"vfs_read"
    assert symbols.kernel(address + 4, with_offset=True) == b"vfs_read+0x4"
    assert symbols.kernel(address, with_module=True) == b"vfs_read [kernel]"
    both = symbols.kernel(address + 17, with_module=True, with_offset=True)
    assert both == b"vfs_read+0x11 [kernel]"


def test_limit_of_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BCC_PROBE_LIMIT", raising=False)
    assert probe_limit() == 1000
    check_limit(1000)
    with pytest.raises(BccError, match="1001 probes are more than the limit of 1000"):
        check_limit(1001)
    monkeypatch.setenv("BCC_PROBE_LIMIT", "2")
    with pytest.raises(BccError, match="3 probes"):
        check_limit(3)


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("pattern", "functions"),
    [
        (r"^no_such_function$", set()),
        (r"^__(x64|arm64)_sys_getppid$", {"getppid"}),
        (r"^__x64_sys_getppid$|^__arm64_sys_getppid$", {"getppid"}),
        (r"__(x64|arm64)_sys_getpp", {"getppid"}),
    ],
)
def test_functions_of_system_calls(pattern: str, functions: set[str]) -> None:
    names = MachineApi.get_kprobe_functions(pattern)
    found = {one.decode().rpartition("sys_")[2] for one in names}
    assert found == functions
