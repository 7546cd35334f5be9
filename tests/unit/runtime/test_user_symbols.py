"""Symbols of processes: of their files, of compilers in them, of what the kernel maps."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seismo.base.errors import SyscallError
from seismo.elf.frame_table import FrameMissing, UnwindTable
from seismo.events.stack import Frame
from seismo.kernel.abi import PerfEventAttr
from seismo.kernel.live import LiveKernel
from seismo.runtime.symbols import users as symbols_of_users
from seismo.runtime.symbols.files import Files
from seismo.runtime.symbols.generated import PerfMaps, Vdso, perf_map_path
from seismo.runtime.symbols.mappings import (
    AddressSpace,
    MappedFile,
    Mapping,
    executable_lines,
    parse_maps,
)
from seismo.runtime.symbols.users import UserSymbols

SOURCE = "int first(void) { return 1; } int second(void) { return 2; } int main(void) { return 0; }"
GONE = 5_000_000  # above any process id


def has_rule(table: UnwindTable, address: int) -> bool:
    try:
        return bool(table.rule(address).saved)
    except FrameMissing:
        return False


def own_mappings() -> list[Mapping]:
    return list(parse_maps(executable_lines(Path("/proc/self/maps").read_bytes())))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("symbols") / "program"
    command = ["gcc", "-O0", "-x", "c", "-", "-o", path]
    subprocess.run(command, input=SOURCE, text=True, check=True)
    return path


def mapping_of(path: Path) -> tuple[Mapping, dict[str, int]]:
    """The program as the kernel would map it, and where its functions are then."""
    text = subprocess.run(["readelf", "-lW", path], capture_output=True, text=True, check=True)
    (load,) = [line.split() for line in text.stdout.splitlines() if line.split()[6:8] == ["R", "E"]]
    offset, address, size = (int(load[at], 16) for at in (1, 2, 4))
    names = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
    base = 0x5555_0000_0000
    starts = {
        line.split()[-1]: base + int(line.split()[0], 16)
        for line in names.splitlines()
        if " T " in line
    }
    status = path.stat()
    file = MappedFile(str(path), status.st_dev, status.st_ino)
    start = base + address
    return Mapping(start, start + -(-size // 4096) * 4096, offset, file), starts


def test_addresses_are_named_by_the_files_symbols(program: Path) -> None:
    mapping, starts = mapping_of(program)
    files = Files()
    assert files.symbol(GONE, mapping, starts["first"]) == ("first", 0)
    assert files.symbol(GONE, mapping, starts["second"] + 4) == ("second", 4)
    assert files.symbol(GONE, mapping, mapping.end - 1) == ("", 0)


def test_another_file_in_its_place_is_not_asked(program: Path, tmp_path: Path) -> None:
    path = tmp_path / "copy"
    shutil.copy(program, path)
    mapping, starts = mapping_of(path)
    other = Mapping(
        mapping.start,
        mapping.end,
        mapping.offset,
        MappedFile(str(path), mapping.file.device, mapping.file.inode + 1),
    )
    assert Files().symbol(GONE, other, starts["first"]) == ("", 0)
    deleted = MappedFile(str(path), mapping.file.device, mapping.file.inode, is_deleted=True)
    away = Mapping(mapping.start, mapping.end, mapping.offset, deleted)
    assert Files().symbol(GONE, away, starts["first"]) == ("", 0)


def test_frames_are_told_by_the_file_wherever_it_is_mapped(program: Path) -> None:
    mapping, starts = mapping_of(program)
    files = Files()
    table, bias = files.table(GONE, mapping, starts["second"])
    assert table.rule(starts["second"] - bias).saved
    assert files.table(GONE, mapping, starts["first"] + 1) == (table, bias)
    other = Mapping(mapping.start, mapping.end, 0, MappedFile("/nowhere", 1, 1))
    with pytest.raises(LookupError):
        files.table(GONE, other, mapping.start)


def test_a_file_that_was_sighted_may_go(program: Path, tmp_path: Path) -> None:
    path = tmp_path / "copy"
    shutil.copy(program, path)
    mapping, starts = mapping_of(path)
    files = Files()
    files.sight(GONE, mapping)
    path.unlink()
    assert files.symbol(GONE, mapping, starts["first"]) == ("first", 0)


def test_a_deleted_file_is_opened_through_its_process(tmp_path: Path) -> None:
    path = tmp_path / "mapped"
    shutil.copy(sys.executable, path)
    with path.open("rb") as file:
        held = mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC)
    path.unlink()
    (mapping,) = [one for one in own_mappings() if one.file.path == str(path)]
    assert mapping.file.is_deleted
    files = Files()
    files.sight(os.getpid(), mapping)
    held.close()
    assert files.symbol(GONE, mapping, mapping.start) == ("", 0)
    assert len(files._binaries) == 1


def test_what_is_no_code_has_no_symbols(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("no program")
    file = MappedFile(str(path), path.stat().st_dev, path.stat().st_ino)
    assert Files().symbol(os.getpid(), Mapping(0x1000, 0x2000, 0, file), 0x1800) == ("", 0)


@pytest.mark.parametrize(("demangles", "name"), [(True, "a::b(int)"), (False, "_ZN1a1bEi")])
def test_demangling_is_a_choice(tmp_path: Path, demangles: bool, name: str) -> None:
    path = tmp_path / "plusplus"
    source = "namespace a { int b(int c) { return c; } } int main() { return a::b(0); }"
    command = ["gcc", "-O0", "-x", "c++", "-", "-o", path]
    subprocess.run(command, input=source, text=True, check=True)
    mapping, starts = mapping_of(path)
    assert Files(demangles=demangles).symbol(GONE, mapping, starts["_ZN1a1bEi"]) == (name, 0)


def test_the_kernels_own_library_has_symbols() -> None:
    (mapping,) = [one for one in own_mappings() if one.file.path == "[vdso]"]
    vdso = Vdso()
    names = {vdso.symbol(mapping, address)[0] for address in range(mapping.start, mapping.end, 16)}
    assert any(name.endswith("clock_gettime") for name in names)
    other = Mapping(mapping.start, mapping.end, 0, MappedFile("[vsyscall]"))
    assert vdso.symbol(other, mapping.start) == ("", 0)
    table, start = vdso.table(mapping)
    assert start == mapping.start
    assert any(has_rule(table, address) for address in range(mapping.end - mapping.start))
    with pytest.raises(LookupError):
        vdso.table(other)


@pytest.fixture
def perf_map() -> Iterator[Path]:
    path = Path(perf_map_path(os.getpid()))
    yield path
    path.unlink(missing_ok=True)


def test_compilers_tell_of_their_code(perf_map: Path) -> None:
    perf_map.write_text("1000 20 py::f:/a b.py\nbroken\n2000 zz x\n3000 10 old\n3000 8 new\n40")
    maps, pid = PerfMaps(), os.getpid()
    assert maps.symbol(pid, 0x1000) == ("py::f:/a b.py", 0)
    assert maps.symbol(pid, 0x101F) == ("py::f:/a b.py", 31)
    assert maps.symbol(pid, 0x1020) == ("", 0)
    assert maps.symbol(pid, 0x3000) == ("new", 0)
    assert maps.symbol(pid, 0x3008) == ("", 0)
    assert maps.symbol(pid, 0x500) == ("", 0)
    with perf_map.open("a") as file:
        file.write("00 10 later\n")
    assert maps.symbol(pid, 0x4008) == ("later", 8)


def test_what_was_told_stays_when_the_file_goes(perf_map: Path) -> None:
    perf_map.write_text("1000 20 f\n")
    maps = PerfMaps()
    assert maps.symbol(os.getpid(), 0x1004) == ("f", 4)
    perf_map.unlink()
    assert maps.symbol(os.getpid(), 0x1004) == ("f", 4)
    assert maps.symbol(GONE, 0x1004) == ("", 0)


class _Blind(LiveKernel):
    """A kernel that does not show its side band."""

    def perf_event_open(self, attr: PerfEventAttr, pid: int, cpu: int) -> int:
        raise SyscallError("perf_event_open", errno.EACCES)


def test_without_the_side_band_proc_is_all_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = UserSymbols(_Blind(), pid=os.getpid())
    assert (users.fds, users.lost) == ((), 0)
    assert "perf_event_open" in users.trouble
    getpid = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p).value or 0
    frame = users.symbol(getpid, os.getpid())
    assert (frame.offset, frame.name.strip("_")) == (0, "getpid")
    assert os.path.basename(frame.module).startswith("libc")
    path = tmp_path / "late.so"
    command = ["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", path]
    subprocess.run(command, input="int late(void) { return 1; }", text=True, check=True)
    late = ctypes.cast(ctypes.CDLL(str(path)).late, ctypes.c_void_p).value or 0
    monkeypatch.setattr(symbols_of_users, "_AGAIN_NS", 0)
    assert users.symbol(late + 1, os.getpid()) == Frame(late + 1, "late", 1, str(path))
    assert users.frames((getpid, late + 1, 1), GONE) == [Frame(getpid), Frame(late + 1), Frame(1)]


def test_a_caller_is_named_by_the_byte_before(program: Path) -> None:
    mapping, starts = mapping_of(program)
    users = UserSymbols(_Blind(), pid=os.getpid())
    users._processes.find(os.getpid()).begin(AddressSpace([mapping]))
    second = starts["second"]
    here, caller = users.frames((second, second), os.getpid())
    assert here == Frame(second, "second", 0, str(program))
    assert caller == Frame(second, "first", second - starts["first"], str(program))
