"""Any bytes give facts or `ElfError`, and soon; what is written is read."""

from __future__ import annotations

import lzma
import struct
from collections.abc import Callable
from contextlib import suppress
from time import process_time

from hypothesis import given, settings
from hypothesis import strategies as st

from elf_writer import NewSection, NewSymbol, strings, symbols, write_elf
from seismo.elf.archive import find_member
from seismo.elf.errors import ElfError, SymbolMissing
from seismo.elf.extents import Extents
from seismo.elf.file import ElfFile
from seismo.elf.library_cache import read_library_cache
from seismo.elf.symbols import Symbols
from seismo.elf.usdt import read_usdt
from seismo.elf.usdt_arguments import UsdtArgument, parse_arguments

MAX_SECONDS = 5.0
LOAD = ((5, 0, 0x1000, 0x1000),)


def note(owner: bytes, type_: int, description: bytes) -> bytes:
    padding = b"\0" * (-len(owner) % 4)
    return struct.pack("<III", len(owner), len(description), type_) + owner + padding + description


def sample(order: str = "<") -> bytes:
    """A file with all that is read from one."""
    new = [
        NewSymbol(b"main", 0x1000, 16),
        NewSymbol(b"copy@@V2", 0x1010, 0, 0x10),
        NewSymbol(b"data", 0x1020, 8, 0x11),
    ]
    table, names = symbols(new, order=order)
    dynamic_strings, _ = strings(b"main", b"libc")
    hashes = struct.pack(f"{order}IIIIQII", 1, 1, 1, 0, 0, 1, 1)
    site = struct.pack("<QQQ", 0x1010, 0, 0x1020) + b"app\0first\0-4@%edi 8@8(%rax,%rdx,4)\0"
    packed = lzma.compress(write_elf([NewSection(name=".symtab", type=2, data=table, link=0)]))
    id = note(b"GNU\0", 3, b"x" * 20)
    site_note = note(b"stapsdt\0", 3, site)
    sections = [
        NewSection(name=".text", type=1, data=b"\x90" * 64, flags=6, address=0x1000),
        NewSection(name=".symtab", type=2, data=table, link=3),
        NewSection(name=".strtab", type=3, data=names),
        NewSection(name=".dynsym", type=11, data=table[:48], link=5),
        NewSection(name=".dynstr", type=3, data=dynamic_strings),
        NewSection(name=".gnu.hash", type=0x6FFFFFF6, data=hashes),
        NewSection(name=".gnu.version", type=0x6FFFFFFF, data=struct.pack(f"{order}HH", 0, 2)),
        NewSection(name=".note.gnu.build-id", type=7, data=id, alignment=4),
        NewSection(name=".note.stapsdt", type=7, data=site_note, alignment=4),
        NewSection(name=".gnu_debuglink", type=1, data=b"a.debug\0\1\2\3\4"),
        NewSection(name=".gnu_debugdata", type=1, data=packed),
    ]
    return write_elf(sections, order=order, load=LOAD)


BLOB = sample()


def ask_everything(data: bytes) -> None:
    """Every question that there is; each may only fail as documented."""
    file = ElfFile(data)
    found = Symbols(file)
    questions: list[Callable[[], object]] = [
        lambda: file.segments,
        lambda: [bytes(file.content(one)) for one in file.all_sections],
        lambda: file.build_id,
        lambda: file.debug_link,
        lambda: file.interpreter,
        lambda: file.file_offset(0x1004),
        lambda: file.address_of(0x40),
        lambda: found.find("main"),
        lambda: found.find("copy"),
        lambda: found.find("mian"),
        lambda: found.functions(),
        lambda: found.at(0x1004),
        lambda: found.at(0x1014),
        lambda: read_usdt(file),
    ]
    for question in questions:
        with suppress(ElfError, SymbolMissing):
            question()


def refuse_or_answer(data: bytes) -> None:
    start = process_time()
    with suppress(ElfError):
        ask_everything(data)
    assert process_time() - start < MAX_SECONDS


POSITIONS = st.integers(0, len(BLOB) - 1)
WORDS = st.sampled_from([0, 1, 2, 3, 7, 8, 11, 0x7F, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF])


@settings(max_examples=300)
@given(st.lists(st.tuples(POSITIONS, st.integers(0, 255)), min_size=1, max_size=8))
def test_changed_bytes_give_facts_or_an_error(changes: list[tuple[int, int]]) -> None:
    data = bytearray(BLOB)
    for position, value in changes:
        data[position] = value
    refuse_or_answer(bytes(data))


@settings(max_examples=300)
@given(st.lists(st.tuples(POSITIONS, WORDS), min_size=1, max_size=4))
def test_changed_words_give_facts_or_an_error(changes: list[tuple[int, int]]) -> None:
    data = bytearray(BLOB)
    for position, word in changes:
        at = position & ~3
        data[at : at + 4] = word.to_bytes(4, "little")
    refuse_or_answer(bytes(data))


@settings(max_examples=200)
@given(st.integers(0, len(BLOB)), st.binary(max_size=32))
def test_a_cut_file_gives_facts_or_an_error(length: int, rest: bytes) -> None:
    refuse_or_answer(BLOB[:length] + rest)


@given(st.binary(max_size=200))
def test_any_bytes_behind_the_mark_are_answered(rest: bytes) -> None:
    refuse_or_answer(b"\x7fELF" + rest)


def test_the_sample_answers() -> None:
    file = ElfFile(BLOB)
    found = Symbols(file)
    assert found.find("main").address == 0x1000 and found.at(0x1012)[0].name == "copy"
    (probe,) = read_usdt(file)
    assert (probe.name, len(probe.arguments)) == ("first", 2)
    assert file.build_id == b"x" * 20 and file.debug_link.name == "a.debug"


@given(st.text("0123456789abcdefrixspwl%$@()[],#+-: f\n", max_size=40), st.sampled_from("xa"))
def test_any_argument_is_parsed(text: str, machine: str) -> None:
    found = parse_arguments(text, {"x": "x86_64", "a": "aarch64"}[machine])
    assert all(isinstance(one, UsdtArgument) and one.size in (1, 2, 4, 8) for one in found)


@given(st.binary(max_size=120), st.booleans())
def test_any_archive_or_cache_is_refused_or_read(data: bytes, is_marked: bool) -> None:
    with suppress(ElfError):
        find_member(data + (b"PK\5\6" + data[:18] if is_marked else b""), "a.so")
    with suppress(ElfError):
        read_library_cache((b"glibc-ld.so.cache1.1" if is_marked else b"") + data, "x86_64", "lib")


RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=12)


@given(RANGES, st.integers(-1, 95))
def test_extents_find_the_innermost_range(ranges: list[tuple[int, int]], address: int) -> None:
    pairs = sorted((start, start + size) for start, size in ranges)
    index = Extents([start for start, _ in pairs], [end for _, end in pairs]).find(address)
    around = [at for at, (start, end) in enumerate(pairs) if start <= address < end]
    starts = [pairs[at][0] for at in around]
    assert index == (around[starts.index(max(starts))] if around else -1)
