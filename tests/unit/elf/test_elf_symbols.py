"""Names to addresses and back, as nm tells them."""

from __future__ import annotations

import lzma
import struct
from pathlib import Path

import pytest

from elf_builds import TARGET, build, nm, run
from elf_writer import NewSection, NewSymbol, strings, symbols, write_elf
from seismo.elf.errors import ElfError, SymbolMissing
from seismo.elf.file import ElfFile
from seismo.elf.symbols import Symbol, Symbols

STATIC, SHARED = 2, 11
CODE = {"main", "hidden_function", "shared_function", "alias_function", "weak_function", "resolve"}


def symbols_of(path: Path) -> Symbols:
    return Symbols(ElfFile(path.read_bytes(), path.name))


def written(new: list[NewSymbol], *, order: str = "<", is_64: bool = True) -> Symbols:
    """A file with these symbols in a `.text` from 0x1000 to 0x2000."""
    table, names = symbols(new, order=order, is_64=is_64)
    text = NewSection(name=".text", type=1, data=b"\x90" * 0x1000, flags=6, address=0x1000)
    sections = [
        *(text, NewSection(name=".symtab", type=STATIC, data=table, link=3)),
        NewSection(name=".strtab", type=3, data=names),
    ]
    return Symbols(ElfFile(write_elf(sections, order=order, is_64=is_64)))


def test_every_symbol_is_where_nm_says(program: Path) -> None:
    found = symbols_of(program)
    expected = nm(program, "--defined-only")
    assert expected.keys() > CODE
    for name, address in expected.items():
        assert found.find(name).address == address, name


def test_sizes_and_sorts(program: Path) -> None:
    found = symbols_of(program)
    sizes = [line.split() for line in run("nm", "-S", program).splitlines()]
    size = next(int(one[1], 16) for one in sizes if one[-1] == "main")
    assert found.find("main") == Symbol("main", nm(program)["main"], size, True)
    assert found.find("assembly_label").is_function and not found.find("assembly_label").size
    assert not found.find("counter").is_function and found.find("counter").size == 4
    assert found.find("chosen_function").is_indirect and not found.find("resolve").is_indirect


def test_functions_are_listed_once_and_without_labels(program: Path) -> None:
    names = list(symbols_of(program).names())
    assert CODE | {"chosen_function"} <= set(names) and len(names) == len(set(names))
    assert not {"counter", "values", "assembly_label", "__bss_start"} & set(names)


def test_listing_first_changes_no_answer(program: Path) -> None:
    fresh, listed = symbols_of(program), symbols_of(program)
    for one in listed.functions():
        assert fresh.find(one.name) == listed.find(one.name) == one


def test_the_same_in_a_library_through_its_hash_table(builds: Path) -> None:
    library = build(builds / "library.so", TARGET, "-shared", "-fPIC", "-s", "-Wl,--hash-style=gnu")
    slow = build(builds / "slow.so", TARGET, "-shared", "-fPIC", "-s", "-Wl,--hash-style=sysv")
    for path in (library, slow):
        found = symbols_of(path)
        for name, address in nm(path, "-D", "--defined-only").items():
            assert found.find(name).address == address
        with pytest.raises(SymbolMissing, match="no symbol 'hidden_function'"):
            found.find("hidden_function")


def test_a_name_that_is_missing_has_a_near_one(program: Path) -> None:
    with pytest.raises(SymbolMissing) as caught:
        symbols_of(program).find("shared_functoin")
    assert caught.value.what == "no symbol 'shared_functoin' in program"
    assert caught.value.hint == "did you mean 'shared_function'?"


def test_an_import_is_told_as_such(program: Path) -> None:
    with pytest.raises(SymbolMissing, match="hint: it is imported: name the library that has it"):
        symbols_of(program).find("printf")


def test_a_stripped_file_is_told_as_such(stripped: Path, program: Path) -> None:
    with pytest.raises(SymbolMissing, match="hint: only what it shares has a name there"):
        symbols_of(stripped).find("hidden_function")
    with pytest.raises(SymbolMissing) as caught:
        symbols_of(program).find("nothing_like_it")
    assert not caught.value.hint


def test_names_that_are_the_end_of_others(program: Path) -> None:
    found = symbols_of(program)
    for part in ("function", "ain", "hidden_functio", ""):
        with pytest.raises(SymbolMissing):
            found.find(part)


def test_every_function_is_found_by_its_addresses(program: Path) -> None:
    found = symbols_of(program)
    for one in found.functions():
        for offset in range(one.size):
            symbol, past = found.at(one.address + offset)
            assert (symbol.address, past) == (one.address, offset)
    main = found.find("main")
    assert found.at(main.address + 3) == (main, 3)


def test_of_several_names_the_best_is_shown(program: Path) -> None:
    found = symbols_of(program)
    # The alias is as good, but was defined later.
    assert found.at(found.find("shared_function").address)[0].name in (
        "shared_function",
        "alias_function",
    )
    names = written(
        [
            NewSymbol(b"weak", 0x1000, 16, 0x22),
            NewSymbol(b"local", 0x1000, 16, 0x02),
            NewSymbol(b"data", 0x1000, 16, 0x11),
            NewSymbol(b"global", 0x1000, 16, 0x12),
            NewSymbol(b"label", 0x1000, 16, 0x10),
            NewSymbol(b"weak2", 0x1100, 16, 0x22),
            NewSymbol(b"local2", 0x1100, 16, 0x02),
            NewSymbol(b"label2", 0x1100, 16, 0x10),
        ]
    )
    assert names.at(0x100F)[0].name == "global"
    assert names.at(0x1100)[0].name == "weak2"
    names = written(
        [
            NewSymbol(b"__write", 0x1000, 16, 0x12),
            NewSymbol(b"write", 0x1000, 16, 0x22),
            NewSymbol(b"__GI_write", 0x1000, 16, 0x02),
        ]
    )
    assert names.at(0x1008)[0].name == "write"


def test_the_size_ends_a_symbol() -> None:
    found = written(
        [
            NewSymbol(b"outer", 0x1000, 0x100),
            NewSymbol(b"inner", 0x1010, 0x10),
            NewSymbol(b"label", 0x1030, 0, 0x10),
            NewSymbol(b"open", 0x1400, 0, 0x10),
            NewSymbol(b"$x", 0x1440, 0, 0x00),
            NewSymbol(b"last", 0x1500, 0, 0x10),
        ]
    )
    for address, name, past in (
        *((0x100F, "outer", 0xF), (0x1010, "inner", 0), (0x101F, "inner", 0xF)),
        *((0x1020, "outer", 0x20), (0x1038, "outer", 0x38), (0x10FF, "outer", 0xFF)),
        *((0x14FF, "open", 0xFF), (0x1FFF, "last", 0xAFF)),
    ):
        symbol, offset = found.at(address)
        assert (symbol.name, offset) == (name, past)
    for address in (0, 0xFFF, 0x1100, 0x13FF, 0x2000, 1 << 63):
        with pytest.raises(SymbolMissing, match=f"no symbol at {address:#x}"):
            found.at(address)


def test_of_functions_of_one_name_the_global_counts() -> None:
    found = written(
        [
            NewSymbol(b"twice", 0x1100, 16, 0x02),
            NewSymbol(b"twice", 0x1200, 16, 0x12),
            NewSymbol(b"twice", 0x1300, 16, 0x22),
        ]
    )
    assert found.find("twice").address == 0x1200
    assert [one.address for one in found.functions()] == [0x1200]
    assert found.find("twice").address == 0x1200


@pytest.mark.parametrize("listed", [False, True])
def test_versions_in_names(listed: bool) -> None:
    found = written(
        [
            NewSymbol(b"copy@V1", 0x1100, 16),
            NewSymbol(b"copy@@V2", 0x1200, 16),
            NewSymbol(b"old@V1", 0x1300, 16),
            NewSymbol(b"@odd", 0x1400, 16),
        ]
    )
    if listed:
        assert list(found.names()) == ["copy", "old", "@odd"]
    assert found.find("copy") == Symbol("copy", 0x1200, 16, True)
    assert found.find("old").address == 0x1300
    assert found.find("@odd").address == 0x1400
    assert found.at(0x1101)[0].name == "copy"


def test_versions_in_a_table(builds: Path) -> None:
    script = builds / "versions.map"
    script.write_text("V1 { copy; };\nV2 { copy; } V1;\n")
    source = (
        "int first(void) { return 1; }\nint second(void) { return 2; }\n"
        '__asm__(".symver first, copy@V1\\n.symver second, copy@@V2");'
    )
    flags = ("-shared", "-fPIC", f"-Wl,--version-script={script}", "-nostdlib")
    path = build(builds / "versions.so", source, *flags)
    second = nm(path)["second"]
    assert symbols_of(path).find("copy").address == second
    run("strip", path)
    bare = symbols_of(path)
    assert bare.find("copy").address == second != nm(path, "-D")["first"]
    assert {one.name: one.address for one in bare.functions()}["copy"] == second


@pytest.mark.parametrize(("order", "is_64"), [("<", True), (">", True), ("<", False), (">", False)])
def test_every_layout_is_read(order: str, is_64: bool) -> None:
    new = [NewSymbol(b"one", 0x1000, 16), NewSymbol(b"two", 0x1010, 16, 0x1A)]
    found = written(new, order=order, is_64=is_64)
    assert found.find("one") == Symbol("one", 0x1000, 16, True)
    assert found.find("two").is_indirect
    assert found.at(0x1018) == (Symbol("two", 0x1010, 16, True, True), 8)


def test_what_has_no_address_is_no_symbol() -> None:
    found = written(
        [
            NewSymbol(b"thread_local", 0x10, 8, 0x16),
            NewSymbol(b"source.c", 0, 0, 0x04),
            NewSymbol(b"absolute", 0x1000, 0, 0x11, 0xFFF1),
            NewSymbol(b"imported", 0, 0, 0x12, 0),
        ]
    )
    for name in ("thread_local", "source.c", "absolute", "imported"):
        with pytest.raises(SymbolMissing):
            found.find(name)
    assert found.functions() == ()


def test_a_debug_file_is_read_only_when_it_is_needed(stripped: Path) -> None:
    asked: list[bool] = []
    debug = ElfFile(stripped.with_suffix(".debug").read_bytes())

    def debug_file() -> tuple[ElfFile, ...]:
        asked.append(True)
        return (debug,)

    found = Symbols(ElfFile(stripped.read_bytes()), debug_file)
    imported = Symbols(ElfFile(stripped.read_bytes())).find
    with pytest.raises(SymbolMissing):
        imported("hidden_function")
    assert not asked
    address = nm(stripped.with_suffix(".debug"))["hidden_function"]
    assert found.find("hidden_function").address == address
    assert found.at(address + 1)[0].name == "hidden_function"
    assert asked == [True]


def test_compressed_symbols_are_read(builds: Path, program: Path) -> None:
    path, mini, packed = (builds / name for name in ("bare", "mini", "mini.xz"))
    run("objcopy", "--strip-debug", "--keep-symbol=hidden_function", program, mini)
    packed.write_bytes(lzma.compress(mini.read_bytes()))
    run("strip", "-o", path, program)
    run("objcopy", f"--add-section=.gnu_debugdata={packed}", path)
    found = symbols_of(path)
    address = nm(program)["hidden_function"]
    assert found.find("hidden_function").address == address
    assert found.at(address + 2)[1] == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"this is no xz file", "compressed symbols: "),
        (lzma.compress(b"x" * 100)[:-20], "cut off, or too many"),
        (lzma.compress(b"\0" * (1 << 26 | 1)), "cut off, or too many"),
        (lzma.compress(b"x" * 100), "no ELF file"),
    ],
)
def test_compressed_symbols_that_are_none_are_refused(data: bytes, message: str) -> None:
    section = NewSection(name=".gnu_debugdata", type=1, data=data)
    with pytest.raises(ElfError, match=message):
        Symbols(ElfFile(write_elf([section]))).find("main")


def hashed(table: bytes, *, rows: int = 2) -> Symbols:
    """A library whose hash table is `table` and that has `rows` functions."""
    data, names = symbols([NewSymbol(b"f%d" % number, 0x1000, 4) for number in range(rows)])
    sections = [
        NewSection(name=".dynsym", type=SHARED, data=data, link=2),
        NewSection(name=".dynstr", type=3, data=names),
        NewSection(name=".gnu.hash", type=0x6FFFFFF6, data=table),
    ]
    return Symbols(ElfFile(write_elf(sections)))


HASH = 5381 * 33 * 33 + ord("f") * 33 + ord("0")
"""Of `f0`."""


def test_the_hash_table_leads_to_the_row() -> None:
    table = struct.pack("<IIIIQIII", 1, 1, 1, 0, 0, 1, HASH & ~1, HASH + 1 | 1)
    assert hashed(table).find("f0") == Symbol("f0", 0x1000, 4, True)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (b"", "a hash table that goes on beyond its section"),
        (struct.pack("<IIII", 7, 1, 1 << 30, 0), "a hash table that goes on"),
        (struct.pack("<IIIIII", 1, 1, 0, 0, 1, 2), "a hash table that goes on"),
        (struct.pack("<IIIIII", 1, 1, 0, 0, 9, 2), "a hash table that goes on"),
        (
            struct.pack("<IIIII9I", 1, 0, 0, 0, 8, *[0] * 8, HASH | 1),
            "no symbol 8, but it is hashed",
        ),
    ],
)
def test_a_hash_table_that_lies_is_refused(table: bytes, message: str) -> None:
    with pytest.raises(ElfError, match=message):
        hashed(table).find("f0")


def test_tables_that_refer_to_nothing_are_refused() -> None:
    table, names = strings(b"one")
    section = NewSection(name=".symtab", type=STATIC, data=table, link=9)
    with pytest.raises(ElfError, match=r"section '\.symtab' refers to section 9, which is none"):
        Symbols(ElfFile(write_elf([section]))).find("one")
    assert names == [1]


def test_a_name_that_is_no_text_is_shown_escaped() -> None:
    found = written([NewSymbol(b"\xff\xfe", 0x1000, 16)])
    assert found.at(0x1000)[0].name == r"\xff\xfe"
    far = written([NewSymbol(b"x" * 40_000, 0x1000, 16)])
    assert len(far.at(0x1000)[0].name) == 1 << 14
