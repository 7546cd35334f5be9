"""Object files as they are written, read back by our reader and, where it is there, readelf."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from seismo.elf.file import ElfFile, ElfKind, SectionType
from seismo.elf.symbol_table import SymbolTable
from seismo.elf.write import (
    BPF_MACHINE,
    NewFlags,
    NewRelocation,
    NewSection,
    NewSymbol,
    NewType,
    SymbolKind,
    write_elf,
)

CODE = NewSection(name="xdp", data=bytes(range(24)), flags=NewFlags.CODE, alignment=8)
DATA = NewSection(name=".maps", data=b"abc", flags=NewFlags.DATA, alignment=16)
MAIN = NewSymbol(name="main", section="xdp", size=16, kind=SymbolKind.FUNCTION)
LOCAL = NewSymbol(
    name="sub", section="xdp", size=8, offset=16, kind=SymbolKind.FUNCTION, is_global=False
)
COUNTS = NewSymbol(name="counts", section=".maps", size=3, kind=SymbolKind.OBJECT)
WHOLE = NewSymbol(name="xdp", section="xdp", size=0, kind=SymbolKind.SECTION)
SYMBOLS = (MAIN, LOCAL, COUNTS, WHOLE)
RELOCATIONS = (NewRelocation("xdp", 8, "counts", 1), NewRelocation("xdp", 16, "xdp", 10))
FILE = write_elf(
    machine=BPF_MACHINE, sections=(CODE, DATA), symbols=SYMBOLS, relocations=RELOCATIONS
)


def rows(data: bytes, name: str, layout: str) -> list[tuple[int, ...]]:
    """The rows of a table in the file."""
    file = ElfFile(data)
    return list(struct.iter_unpack(layout, file.content(file.sections[name])))


def test_header_and_sections_are_what_was_given() -> None:
    file = ElfFile(FILE)
    assert (file.kind, file.machine, file.is_64, file.byte_order) == (
        ElfKind.REL, "bpf", True, "<",
    )  # fmt: skip
    assert [one.name for one in file.all_sections] == [
        "", "xdp", ".maps", ".relxdp", ".symtab", ".strtab",
    ]  # fmt: skip
    code, data = file.sections["xdp"], file.sections[".maps"]
    assert bytes(file.content(code)) == CODE.data and bytes(file.content(data)) == b"abc"
    assert (code.flags, data.flags, data.offset % 16) == (6, 3, 0)
    assert code.is_executable and not data.is_executable


def test_local_symbols_come_first() -> None:
    file = ElfFile(FILE)
    table = file.sections[".symtab"]
    assert table.type == SectionType.SYMTAB and table.entry_size == 24
    assert file.linked(table).name == ".strtab"
    found = rows(FILE, ".symtab", "<IBBHQQ")
    assert [info for _, info, *_ in found] == [0, 0x02, 0x03, 0x12, 0x11]
    assert table.info == 3
    assert [row[3:] for row in found] == [(0, 0, 0), (1, 16, 8), (1, 0, 0), (1, 0, 16), (2, 0, 3)]


def test_sections_own_symbols_have_no_name() -> None:
    names = [name for name, *_ in rows(FILE, ".symtab", "<IBBHQQ")]
    assert [bool(one) for one in names] == [False, True, False, True, True]


def test_names_are_found() -> None:
    file = ElfFile(FILE)
    strings = bytes(file.content(file.sections[".strtab"]))
    for name, info, *_ in rows(FILE, ".symtab", "<IBBHQQ"):
        text = strings[name:].partition(b"\0")[0].decode()
        assert text in ({0x02: "sub", 0x12: "main", 0x11: "counts"}.get(info, ""),)
    assert SymbolTable(file, file.sections[".symtab"]) is not None


def test_relocations_refer_to_symbols_by_index() -> None:
    file = ElfFile(FILE)
    section = file.sections[".relxdp"]
    assert (section.type, section.info) == (NewType.REL, 1)
    assert file.linked(section).name == ".symtab"
    assert rows(FILE, ".relxdp", "<QQ") == [(8, 4 << 32 | 1), (16, 2 << 32 | 10)]


def test_same_input_same_bytes() -> None:
    again = write_elf(
        machine=BPF_MACHINE, sections=[CODE, DATA], symbols=iter(SYMBOLS), relocations=RELOCATIONS
    )
    assert again == FILE


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        write_elf(
            machine=BPF_MACHINE,
            sections=(CODE,),
            relocations=(NewRelocation("nowhere", 0, "main", 1),),
        )
    with pytest.raises(KeyError, match="counts"):
        write_elf(machine=BPF_MACHINE, sections=(CODE,), relocations=RELOCATIONS[:1])


@pytest.mark.skipif(not shutil.which("readelf"), reason="needs readelf")
def test_readelf_has_nothing_to_complain_of(tmp_path: Path) -> None:
    path = tmp_path / "file.o"
    path.write_bytes(FILE)
    done = subprocess.run(
        ["readelf", "-aW", "--lint", str(path)], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "REL (Relocatable file)" in done.stdout and "Linux BPF" in done.stdout
