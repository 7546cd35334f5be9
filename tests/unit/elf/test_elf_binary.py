"""Binaries as they are opened: file offsets, debug files, archives, and what stays open."""

from __future__ import annotations

import gc
import os
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from elf_builds import TARGET, build, nm, run
from seismo.base.errors import SyscallError
from seismo.elf.archive import Member, find_member
from seismo.elf.errors import BinaryNotFound, ElfError, SymbolMissing
from seismo.elf.open import open_binary


def code_offset(path: Path, name: str) -> int:
    """The file offset of a function, from readelf's sections and nm's addresses."""
    pattern = r" \.text +PROGBITS +(\w+) (\w+) "
    found = re.search(pattern, run("readelf", "-WS", path))
    assert found
    return nm(path)[name] - int(found[1], 16) + int(found[2], 16)


def test_offsets_of_functions(program: Path, builds: Path) -> None:
    fixed = build(builds / "not_pie", TARGET, "-no-pie")
    for path in (program, fixed):
        binary = open_binary(str(path))
        assert binary.is_fixed is (path is fixed)
        assert binary.path == str(path) and binary.base_offset == 0
        for name in ("main", "hidden_function", "weak_function", "assembly_label"):
            expected = code_offset(path, name)
            assert binary.offset_of(name) == expected
            assert binary.offset_of(name, plus=1) == expected + 1
            assert binary.address_of(expected) == nm(path)[name]
            assert binary.file_offset(nm(path)[name]) == expected


def test_what_is_no_place_in_a_function_is_refused(program: Path) -> None:
    binary = open_binary(str(program))
    size = binary.symbols.find("main").size
    assert binary.offset_of("main", plus=size - 1)
    with pytest.raises(SymbolMissing, match=f"hint: it has {size} bytes"):
        binary.offset_of("main", plus=size)
    with pytest.raises(SymbolMissing):
        binary.offset_of("main", plus=-1)
    with pytest.raises(SymbolMissing, match=r"'counter' in .* is data, not a function"):
        binary.offset_of("counter")
    with pytest.raises(SymbolMissing, match="did you mean 'main'"):
        binary.offset_of("mian")


def test_a_debug_link_leads_to_the_names(stripped: Path, builds: Path) -> None:
    expected = nm(stripped.with_suffix(".debug"))["hidden_function"]
    assert open_binary(str(stripped)).symbols.find("hidden_function").address == expected
    link = builds / "elsewhere" / "link"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(stripped)
    assert open_binary(str(link)).symbols.find("hidden_function").address == expected


@pytest.mark.parametrize("folder", ["", ".debug", "usr/lib/debug/opt"])
def test_where_a_debug_link_is_looked_for(stripped: Path, tmp_path: Path, folder: str) -> None:
    root = tmp_path
    binary = root / "opt" / "program"
    binary.parent.mkdir()
    shutil.copy(stripped, binary)
    place = (root if folder.startswith("usr") else binary.parent) / folder / "stripped.debug"
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(stripped.with_suffix(".debug"), place)
    assert open_binary("/opt/program", str(root)).offset_of("hidden_function")
    assert open_binary("/opt/program", f"{root}/").offset_of("hidden_function")


def test_a_debug_file_of_another_build_is_left_alone(stripped: Path, tmp_path: Path) -> None:
    binary = tmp_path / "program"
    shutil.copy(stripped, binary)
    debug = tmp_path / "stripped.debug"
    debug.write_bytes(stripped.with_suffix(".debug").read_bytes() + b"\0")
    for _ in range(2):
        with pytest.raises(SymbolMissing):
            open_binary(str(binary)).offset_of("hidden_function")
        debug.write_bytes(b"no object file")


def test_a_build_id_leads_to_the_names(program: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    run("strip", "-o", tmp_path / "bin" / "program", program)
    binary = open_binary("/bin/program", str(tmp_path))
    id = binary.file.build_id.hex()
    place = tmp_path / "usr/lib/debug/.build-id" / id[:2] / f"{id[2:]}.debug"
    place.parent.mkdir(parents=True)
    run("objcopy", "--only-keep-debug", program, place)
    assert binary.offset_of("hidden_function") == code_offset(program, "hidden_function")
    other = build(tmp_path / "other", TARGET.replace("7", "8"), "-Wl,--build-id")
    shutil.copy(other, place)
    with pytest.raises(SymbolMissing):
        open_binary("/bin/program", str(tmp_path)).offset_of("hidden_function")


def archive_of(path: Path, program: Path, *, method: int = zipfile.ZIP_STORED) -> Path:
    """An archive whose member `lib/p.so` begins at a page, as packagers make it."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("first.txt", "x" * 100)
        info = zipfile.ZipInfo("lib/p.so")
        info.compress_type = method
        position = archive.fp.tell() + 30 + len(info.filename)  # type: ignore[union-attr]
        info.extra = b"\0" * (-position % 4096)
        archive.writestr(info, program.read_bytes())
        archive.writestr("odd.so", program.read_bytes())
        archive.comment = b"a comment"
    return path


def test_members_of_archives(probes: Path, tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "app.apk", probes)
    binary, plain = open_binary(f"{archive}!/lib/p.so"), open_binary(str(probes))
    data = archive.read_bytes()
    assert binary.path == str(archive) and binary.base_offset % 4096 == 0
    assert data[binary.base_offset :].startswith(probes.read_bytes())
    offset = binary.offset_of("main")
    assert offset == plain.offset_of("main") + binary.base_offset
    assert binary.address_of(offset) == plain.symbols.find("main").address
    for inner, one in zip(binary.usdt, plain.usdt, strict=True):
        assert data[inner.offset] == 0x90 and inner.address == one.address
        assert bool(inner.semaphore_offset) is bool(one.semaphore_offset)
    assert binary.usdt[1].semaphore_offset == plain.usdt[1].semaphore_offset + binary.base_offset
    rooted = open_binary("/app.apk!/lib/p.so", str(tmp_path))
    assert (rooted.path, rooted.offset_of("main")) == (str(archive), offset)


def test_members_that_cannot_be_mapped_are_refused(probes: Path, tmp_path: Path) -> None:
    stored = archive_of(tmp_path / "stored.apk", probes)
    packed = archive_of(tmp_path / "packed.apk", probes, method=zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(stored) as archive:
        sizes = {one.filename: one.file_size for one in archive.infolist()}
    assert find_member(stored.read_bytes(), "lib/p.so").size == sizes["lib/p.so"]
    for path, name, message in (
        (stored, "none.so", "no member 'none.so' in the archive"),
        (stored, "odd.so", "'odd.so' does not begin at a page"),
        (packed, "lib/p.so", "'lib/p.so' is compressed"),
        (probes, "lib/p.so", "no zip archive, or a damaged one"),
    ):
        with pytest.raises(ElfError, match=message):
            open_binary(f"{path}!/{name}")


def test_damaged_archives_are_refused(probes: Path, tmp_path: Path) -> None:
    data = archive_of(tmp_path / "app.apk", probes).read_bytes()
    with pytest.raises(ElfError):
        find_member(data[:-40], "lib/p.so")
    with pytest.raises(ElfError):
        find_member(b"", "lib/p.so")
    member = find_member(data, "lib/p.so")
    assert member == Member(member.offset, len(probes.read_bytes()))
    at = data.rindex(b"PK\5\6")
    far = data[: at + 16] + b"\xff\xff\xff\xff" + data[at + 20 :]
    with pytest.raises(ElfError, match="zip64"):
        find_member(far, "lib/p.so")


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("hello")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(BinaryNotFound, match="there is no such file"):
        open_binary(str(tmp_path / "none"))
    with pytest.raises(BinaryNotFound, match="there is no such file"):
        open_binary(str(tmp_path / "text" / "none"))
    for name in ("fifo", "."):
        with pytest.raises(BinaryNotFound, match="it is no regular file"):
            open_binary(str(tmp_path / name))
    with pytest.raises(ElfError, match=r"empty: .*it is empty"):
        open_binary(str(tmp_path / "empty"))
    with pytest.raises(ElfError, match=r"text: no ELF file: it begins with 68656c6c"):
        open_binary(str(tmp_path / "text"))
    with pytest.raises(SyscallError, match="ENAMETOOLONG"):
        open_binary("/" + "x" * 300)


def test_nothing_stays_open(program: Path, stripped: Path) -> None:
    gc.disable()
    try:
        before = set(os.listdir("/proc/self/fd"))
        for path in (program, stripped):
            binary = open_binary(str(path))
            assert binary.symbols.at(binary.symbols.find("hidden_function").address)
            assert str(path) in Path("/proc/self/maps").read_text()
            del binary
            assert str(path) not in Path("/proc/self/maps").read_text()
        assert set(os.listdir("/proc/self/fd")) == before
    finally:
        gc.enable()
