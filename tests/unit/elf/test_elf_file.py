"""Headers, sections, segments and notes, as readelf tells them; and bytes that lie."""

from __future__ import annotations

import re
import struct
from binascii import crc32
from pathlib import Path

import pytest

from elf_builds import TARGET, build, run
from elf_writer import NewSection, write_elf
from seismo.elf.errors import ElfError
from seismo.elf.file import DebugLink, ElfFile, ElfKind

TEXT = NewSection(name=".text", type=1, data=b"\x90" * 32, flags=6, address=0x1000)
LAID_OUT = [("<", True), (">", True), ("<", False), (">", False)]


def test_the_header_tells_kind_and_machine(program: Path, builds: Path) -> None:
    pie = ElfFile(program.read_bytes())
    assert (pie.kind, pie.machine, pie.is_64, pie.byte_order) == (ElfKind.DYN, "x86_64", True, "<")
    fixed = ElfFile(build(builds / "fixed", TARGET, "-no-pie").read_bytes())
    assert fixed.kind is ElfKind.EXEC
    part = ElfFile(build(builds / "part.o", TARGET, "-c").read_bytes())
    assert part.kind is ElfKind.REL and part.segments == ()


def test_sections_are_those_of_readelf(program: Path) -> None:
    file = ElfFile(program.read_bytes())
    pattern = r"^ +\[ *(\d+)\] (\S+) +\S+ +([0-9a-f]{16}) ([0-9a-f]+) ([0-9a-f]+) [0-9a-f]+ "
    rows = re.findall(pattern, run("readelf", "-WS", program), re.MULTILINE)
    assert len(rows) == len(file.all_sections) - 1 > 20
    for index, name, address, offset, size in rows:
        section = file.all_sections[int(index)]
        assert (section.name, section.address) == (name, int(address, 16))
        assert (section.offset, section.size) == (int(offset, 16), int(size, 16))
        assert file.sections[name] == section
    assert file.sections[".text"].is_executable and not file.sections[".data"].is_executable
    assert file.sections[".data"].is_loaded and not file.sections[".comment"].is_loaded


def test_segments_are_those_of_readelf(program: Path) -> None:
    file = ElfFile(program.read_bytes())
    pattern = r"^  LOAD +0x(\w+) 0x(\w+) 0x\w+ 0x(\w+) 0x(\w+) (R?)\s*(W?)\s*(E?) +0x1000$"
    rows = re.findall(pattern, run("readelf", "-Wl", program), re.MULTILINE)
    loads = [one for one in file.segments if one.type == 1]
    assert len(rows) == len(loads) >= 4
    for row, load in zip(rows, loads, strict=True):
        numbers = [int(text, 16) for text in row[:4]]
        assert numbers == [load.offset, load.address, load.file_size, load.memory_size]
        assert bool(row[6]) is load.is_executable


def test_addresses_and_offsets_lead_to_each_other(program: Path) -> None:
    file = ElfFile(program.read_bytes())
    for name in (".text", ".data", ".rodata", ".dynsym"):
        section = file.sections[name]
        last = section.size - 1
        assert file.file_offset(section.address + last) == section.offset + last
        assert file.address_of(section.offset + last) == section.address + last


def test_what_is_not_in_the_file_has_no_offset(program: Path) -> None:
    file = ElfFile(program.read_bytes(), "program")
    bss = file.sections[".bss"]
    for address in (1 << 40, bss.address + bss.size - 1):
        with pytest.raises(ElfError, match=rf"^program: .* address {address:#x} "):
            file.file_offset(address)
    with pytest.raises(ElfError, match="in no segment"):
        file.address_of(file.sections[".shstrtab"].offset)


def test_a_byte_that_two_segments_have_is_code() -> None:
    data = write_elf([TEXT], load=((4, 0, 0x1000, 256), (5, 0, 0x8000, 256)))
    assert ElfFile(data).address_of(0x80) == 0x8080


def test_build_id_interpreter_and_debug_link(program: Path, stripped: Path) -> None:
    notes = run("readelf", "-n", program)
    found = re.search(r"Build ID: (\w+)", notes)
    file = ElfFile(stripped.read_bytes())
    assert found and file.build_id.hex() == found[1]
    assert ElfFile(program.read_bytes()).interpreter == "/lib64/ld-linux-x86-64.so.2"
    crc = crc32(stripped.with_suffix(".debug").read_bytes())
    assert file.debug_link == DebugLink("stripped.debug", crc)
    assert ElfFile(program.read_bytes()).debug_link == DebugLink("", 0)


def test_the_build_id_is_found_without_sections(program: Path) -> None:
    data = bytearray(program.read_bytes())
    file = ElfFile(bytes(data))
    struct.pack_into("<Q", data, 0x28, 0)
    struct.pack_into("<HH", data, 0x3C, 0, 0)
    bare = ElfFile(data)
    assert bare.sections == {} and len(file.build_id) == 20
    assert bare.build_id == file.build_id


def test_a_program_may_have_none_of_them(builds: Path) -> None:
    library = build(builds / "plain.so", "int f;", "-shared", "-nostdlib", "-Wl,--build-id=none")
    file = ElfFile(library.read_bytes())
    assert (file.build_id, file.interpreter, file.debug_link.name) == (b"", "", "")


@pytest.mark.parametrize(("order", "is_64"), LAID_OUT)
def test_every_layout_is_read(order: str, is_64: bool) -> None:
    load = ((5, 0x40, 0x1000, 0x100),)
    file = ElfFile(write_elf([TEXT], order=order, is_64=is_64, load=load))
    assert (file.byte_order, file.is_64) == (order, is_64)
    assert bytes(file.content(file.sections[".text"])) == TEXT.data
    assert file.sections[".text"].address == 0x1000
    assert file.file_offset(0x1010) == 0x50 and file.address_of(0x50) == 0x1010


def test_other_machines_are_numbered() -> None:
    assert ElfFile(write_elf([TEXT], machine=183)).machine == "aarch64"
    assert ElfFile(write_elf([TEXT], machine=243)).machine == "machine 243"


def test_counts_that_do_not_fit_stand_in_the_first_section() -> None:
    data = bytearray(write_elf([TEXT], load=((5, 0, 0, 64),)))
    (sections_at,) = struct.unpack_from("<Q", data, 0x28)
    struct.pack_into("<H", data, 0x38, 0xFFFF)
    struct.pack_into("<HH", data, 0x3C, 0, 0xFFFF)
    struct.pack_into("<Q", data, sections_at + 32, 3)
    struct.pack_into("<II", data, sections_at + 40, 2, 1)
    file = ElfFile(data)
    assert [one.name for one in file.all_sections] == ["", ".text", ".shstrtab"]
    assert len(file.segments) == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it begins with nothing"),
        (b"#!/bin/sh\n", "it begins with 23212f62"),
        (b"\x7fELF\x02\x01", "neither 32 nor 64 bits"),
        (b"\x7fELF\x03\x01".ljust(64, b"\0"), "neither 32 nor 64 bits"),
        (b"\x7fELF\x02\x01".ljust(40, b"\0"), "a header of 48 bytes, beyond the file's 40"),
        (b"\x7fELF\x02\x01".ljust(64, b"\0"), "a file of type 0"),
    ],
)
def test_what_is_no_elf_file_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ElfError, match=message):
        ElfFile(data)


def test_tables_beyond_the_end_are_refused() -> None:
    data = write_elf([TEXT], load=((5, 0, 0, 64),))
    with pytest.raises(ElfError, match="section headers of 192 bytes, beyond"):
        _ = ElfFile(data[:-1]).sections
    long = bytearray(data)
    struct.pack_into("<H", long, 0x38, 0xFFFE)
    with pytest.raises(ElfError, match="program headers of 3669904 bytes, beyond"):
        _ = ElfFile(long).segments
    odd = bytearray(data)
    struct.pack_into("<H", odd, 0x3A, 32)
    with pytest.raises(ElfError, match="section headers of 32 bytes each; they have 64"):
        _ = ElfFile(odd).sections


def test_a_section_beyond_the_end_is_refused_when_it_is_read() -> None:
    file = ElfFile(write_elf([NewSection(name=".text", type=1, size=1 << 60)]))
    with pytest.raises(ElfError, match=r"section '\.text' of \d+ bytes, beyond") as caught:
        file.content(file.sections[".text"])
    assert caught.value.offset == file.sections[".text"].offset
    nothing = NewSection(name=".bss", type=8, size=1 << 60)
    file = ElfFile(write_elf([nothing]))
    assert bytes(file.content(file.sections[".bss"])) == b""


def test_a_note_beyond_its_section_is_refused() -> None:
    note = struct.pack("<III", 4, 1000, 3) + b"GNU\0"
    file = ElfFile(write_elf([NewSection(name=".note.gnu.build-id", type=7, data=note)]))
    with pytest.raises(ElfError, match="a note that goes on beyond its section"):
        _ = file.build_id


def test_a_debug_link_needs_a_checksum() -> None:
    file = ElfFile(write_elf([NewSection(name=".gnu_debuglink", type=1, data=b"a.debug\0")]))
    with pytest.raises(ElfError, match="without a checksum"):
        _ = file.debug_link
