"""Whatever becomes of an object file on its way, it is read and linked, or refused with an offset.

`SEISMO_MUTATIONS` says how many mutations there are; each is known by its number alone.
"""

from __future__ import annotations

import gc
import json
import os
import random
import struct
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import process_time

import pytest

from c_objects import CASES, CLANGS, build
from seismo.base.errors import BpfError, FormatError
from seismo.btf.spec import Btf
from seismo.btf.types import Int, IntEncoding
from seismo.btf.write import write
from seismo.elf.errors import ElfError
from seismo.elf.file import ElfFile, Section
from seismo.objfile.link import link
from seismo.objfile.read import read_object
from seismo.ui.cli.gen_header import header_of
from seismo.ui.cli.obj_show import listing_of, object_json, sections_of

pytestmark = pytest.mark.skipif(not CLANGS, reason="needs clang-14 or clang-19")

MUTATIONS = int(os.environ.get("SEISMO_MUTATIONS", "3000"))
BATCHES = 8
MAX_SECONDS = 2.0
MAX_TIMES_SIZE = 10
MEMORY_ALLOWANCE = 1 << 16
"""What caches and the like take, whatever the file."""
SHOWN_EVERY = 5
MEASURED_EVERY = 10
"""Measuring memory makes reading several times slower."""

NAMES = (
    "calls",
    "callbacks",
    "core_bitfields",
    "core_exists",
    "core_fields",
    "core_flavours",
    "data_globals",
    "data_strings",
    "kconfig",
    "kfuncs",
    "ksyms_typed",
    "linked",
    "maps_inner",
    "maps_kinds",
    "maps_programs",
    "old_maps",
    "old_tool",
    "plain-without-btf",
    "usdt",
)
INTERESTING = (0, 1, 2, 7, 8, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
TARGETED = (".BTF", ".BTF.ext", ".maps", ".symtab", ".strtab", ".rel", "maps")
HEADER_BYTES, SECTION_BYTES = 64, 64


class MadeUpKernel:
    """Facts of a kernel that has hardly any type and every symbol."""

    def btf(self) -> Btf:
        return TYPES

    def own_btf(self) -> Btf:
        return self.btf()

    def modules(self) -> Iterator[tuple[str, Btf]]:
        return iter(())

    def symbol(self, name: str) -> int:
        return 0xFFFF_FFFF_8100_0000 + len(name)

    def config(self) -> Mapping[str, str]:
        return {"CONFIG_HZ": "250", "CONFIG_BPF_SYSCALL": "y", "CONFIG_BPF_JIT": "y"}

    def version(self) -> int:
        return 0x060102

    def possible_cpus(self) -> int:
        return 4

    def machine(self) -> str:
        return "x86_64"

    def has(self, feature: str) -> bool:
        return True


TYPES = Btf.from_bytes(write((Int("int", 4, IntEncoding.SIGNED),)))
KERNEL = MadeUpKernel()


@pytest.fixture(scope="module")
def corpus() -> list[tuple[str, bytes]]:
    """The objects to damage, of the newest clang."""
    chosen = [one for one in CASES if one.name in NAMES]
    return [(one.name, build(one, CLANGS[-1])[0].read_bytes()) for one in chosen]


def sections(data: bytes) -> list[Section]:
    """The sections of a file that is still whole enough to have some, as far as they are in it."""
    try:
        found = ElfFile(data).all_sections
        return [one for one in found if one.size and one.offset + one.size <= len(data)]
    except ElfError:
        return []


def flip_bits(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 1, 2, 8, 64))):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def truncate(data: bytearray, dice: random.Random) -> None:
    del data[dice.randrange(len(data)) :]


def insert(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data))
    data[at:at] = dice.randbytes(dice.choice((1, 4, 8, 100)))


def cut_out(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data))
    del data[at : at + dice.choice((1, 4, 8, 100))]


def change_header(data: bytearray, dice: random.Random) -> None:
    """A field of the file's header gets a value at the edge of what it may be."""
    put(data, dice.randrange(16, HEADER_BYTES), dice)


def change_section_header(data: bytearray, dice: random.Random) -> None:
    """The same of a section's header: its type, offset, size, link, info, …"""
    (table,) = struct.unpack_from("<Q", data, 40)
    (count,) = struct.unpack_from("<H", data, 60)
    put(data, table + dice.randrange(count) * SECTION_BYTES + dice.randrange(SECTION_BYTES), dice)


def swap_sections(data: bytearray, dice: random.Random) -> None:
    """Two sections change places: each has the other's content."""
    (table,) = struct.unpack_from("<Q", data, 40)
    (count,) = struct.unpack_from("<H", data, 60)
    first, second = (table + dice.randrange(count) * SECTION_BYTES for _ in range(2))
    place = slice(first + 24, first + 40), slice(second + 24, second + 40)
    data[place[0]], data[place[1]] = data[place[1]], data[place[0]]


def damage_strings(data: bytearray, dice: random.Random) -> None:
    """Names end elsewhere, or are no text."""
    tables = [one for one in sections(bytes(data)) if one.name in (".strtab", ".BTF")]
    for one in tables[: dice.randrange(1, 3)]:
        at = one.offset + dice.randrange(one.size)
        data[at] = dice.choice((0, 0x41, 0x80, 0xFF))


def damage_target(data: bytearray, dice: random.Random) -> None:
    """A word of one of the sections that say most gets another value."""
    chosen = [one for one in sections(bytes(data)) if one.name.startswith(TARGETED)]
    if chosen:
        section = dice.choice(chosen)
        for _ in range(dice.choice((1, 1, 3))):
            put(data, section.offset + dice.randrange(section.size) // 4 * 4, dice)


def damage_code(data: bytearray, dice: random.Random) -> None:
    """An instruction gets another field."""
    chosen = [one for one in sections(bytes(data)) if one.is_executable]
    if chosen:
        section = dice.choice(chosen)
        data[section.offset + dice.randrange(section.size)] = dice.randrange(256)


def put(data: bytearray, at: int, dice: random.Random) -> None:
    """An interesting number of 1, 2, 4 or 8 bytes, as far as the file goes."""
    size = dice.choice((1, 2, 4, 8))
    value = dice.choice((*INTERESTING, len(data), len(data) - 1, dice.getrandbits(32)))
    content = (value & (1 << 8 * size) - 1).to_bytes(size, "little")
    data[at : at + size] = content[: max(0, len(data) - at)]


Mutation = Callable[[bytearray, random.Random], None]
MUTATORS: tuple[Mutation, ...] = (
    flip_bits,
    truncate,
    insert,
    cut_out,
    change_header,
    change_section_header,
    change_section_header,
    swap_sections,
    damage_strings,
    damage_target,
    damage_target,
    damage_target,
    damage_code,
)


def mutated(corpus: list[tuple[str, bytes]], number: int) -> tuple[str, bytes]:
    """The mutation of this number: of which object it is and how, and the bytes."""
    dice = random.Random(number)
    name, whole = dice.choice(corpus)
    data = bytearray(whole)
    steps = [dice.choice(MUTATORS) for _ in range(dice.choice((1, 1, 1, 2, 4)))]
    for step in steps:
        # What has lost its header, or the table of its sections, is not damaged further by them.
        if len(data) >= HEADER_BYTES and (step is flip_bits or sections(bytes(data))):
            step(data, dice)
    return f"{number}: {name}, {' '.join([one.__name__ for one in steps])}", bytes(data)


def outcome(data: bytes) -> str:
    """What reading and linking come to."""
    try:
        file = read_object(data, "damaged.bpf.o")
    except FormatError as error:
        assert error.offset >= 0
        return "refused"
    try:
        link(file, KERNEL, {one.name for one in file.programs})
    except BpfError as error:
        assert str(error)
        return "not linked"
    return "linked"


def test_what_is_whole_is_linked(corpus: list[tuple[str, bytes]]) -> None:
    assert len(corpus) == len(NAMES)
    outcomes = {name: outcome(data) for name, data in corpus}
    needs_types = {"kfuncs", "ksyms_typed"}
    assert {name for name, one in outcomes.items() if one != "linked"} == needs_types


@pytest.mark.parametrize("batch", range(BATCHES))
def test_damage_is_refused_or_harmless(corpus: list[tuple[str, bytes]], batch: int) -> None:
    seen: set[str] = set()
    for number in range(batch, MUTATIONS, BATCHES):
        what, data = mutated(corpus, number)
        start = process_time()
        try:
            seen.add(outcome(data))
        except Exception as error:
            error.add_note(f"mutation {what}")
            raise
        assert process_time() - start < MAX_SECONDS, what
    assert seen == {"refused", "not linked", "linked"}


def test_what_could_be_read_is_shown(corpus: list[tuple[str, bytes]]) -> None:
    """As tables, as JSON, as a listing, and as a header for user space."""
    for number in range(0, MUTATIONS, SHOWN_EVERY):
        what, data = mutated(corpus, number)
        try:
            file = read_object(data, "damaged.bpf.o")
        except FormatError:
            continue
        try:
            assert [*sections_of(file), *listing_of(file)], what
            assert json.dumps(object_json(file)), what
            assert header_of(file), what
        except BpfError as error:
            assert str(error), what
        except Exception as error:
            error.add_note(f"mutation {what}")
            raise


def test_damage_takes_little_memory(corpus: list[tuple[str, bytes]]) -> None:
    # What is read for the first time fills the caches, which is not the file's fault.
    for _, data in corpus:
        outcome(data)
    for number in range(0, MUTATIONS, MEASURED_EVERY):
        what, data = mutated(corpus, number)
        assert peak_bytes(data) <= MAX_TIMES_SIZE * len(data) + MEMORY_ALLOWANCE, what


def peak_bytes(data: bytes) -> int:
    """The most memory that reading and linking held at a time."""
    gc.collect(0)
    tracemalloc.start()
    try:
        outcome(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_every_beginning_of_a_file(corpus: list[tuple[str, bytes]], tmp_path: Path) -> None:
    data = dict(corpus)["plain-without-btf"]
    assert {outcome(data[:size]) for size in range(len(data) - 1)} == {"refused"}
