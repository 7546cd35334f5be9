"""The executable mappings of a process: from /proc, and as they change."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seismo.runtime.symbols.mappings import (
    ANONYMOUS,
    UNMAPPED,
    AddressSpace,
    MappedFile,
    Mapping,
    executable_lines,
    mapped_file,
    parse_maps,
)

MAPS = b"""\
00400000-00401000 r--p 00000000 fe:01 260958                             /usr/bin/a b
00401000-00405000 r-xp 00001000 fe:01 260958                             /usr/bin/a b
00600000-00601000 rwxp 00000000 00:00 0
7f0000000000-7f0000002000 r-xs 00000000 00:05 77                         /memfd:jit (deleted)
7f1000000000-7f1000001000 rw-p 00000000 fe:01 5                          /usr/lib/x86_64/libx.so
7ffc00000000-7ffc00002000 r-xp 00000000 00:00 0                          [vdso]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
"""
PROGRAM = MappedFile("/usr/bin/a b", os.makedev(0xFE, 1), 260958)


def test_only_what_is_executable_is_read() -> None:
    assert list(parse_maps(executable_lines(MAPS))) == [
        Mapping(0x401000, 0x405000, 0x1000, PROGRAM),
        Mapping(0x600000, 0x601000, 0, ANONYMOUS),
        Mapping(
            0x7F0000000000,
            0x7F0000002000,
            0,
            MappedFile("/memfd:jit", os.makedev(0, 5), 77, is_deleted=True),
        ),
        Mapping(0x7FFC00000000, 0x7FFC00002000, 0, MappedFile("[vdso]")),
        Mapping(0xFFFFFFFFFF600000, 0xFFFFFFFFFF601000, 0, MappedFile("[vsyscall]")),
    ]


def test_memory_without_a_file_has_no_path() -> None:
    assert mapped_file("//anon", 0, 0) == ANONYMOUS
    assert mapped_file("[heap]", 0, 0) == MappedFile("[heap]")


@pytest.mark.parametrize(
    ("address", "start"),
    [(0x400FFF, 0), (0x401000, 0x401000), (0x404FFF, 0x401000), (0x405000, 0), (0, 0)],
)
def test_an_address_is_in_at_most_one(address: int, start: int) -> None:
    space = AddressSpace(parse_maps(executable_lines(MAPS)))
    assert space.at(address).start == start
    assert (space.at(address) is UNMAPPED) == (start == 0)


def test_a_mapping_over_the_middle_of_another_leaves_both_ends() -> None:
    space = AddressSpace([Mapping(0x1000, 0x9000, 0x100, PROGRAM)])
    space.add(Mapping(0x3000, 0x4000, 0, ANONYMOUS))
    assert list(space) == [
        Mapping(0x1000, 0x3000, 0x100, PROGRAM),
        Mapping(0x3000, 0x4000, 0, ANONYMOUS),
        Mapping(0x4000, 0x9000, 0x3100, PROGRAM),
    ]


def test_a_fork_is_apart() -> None:
    parent = AddressSpace([Mapping(1, 2, 0, PROGRAM)])
    child = parent.forked()
    child.add(Mapping(5, 6, 0, ANONYMOUS))
    parent.add(Mapping(1, 3, 0, ANONYMOUS))
    assert list(child) == [Mapping(1, 2, 0, PROGRAM), Mapping(5, 6, 0, ANONYMOUS)]
    assert list(parent) == [Mapping(1, 3, 0, ANONYMOUS)]


_ranges = st.tuples(st.integers(0, 30), st.integers(1, 12))


@settings(deadline=None)
@given(st.lists(_ranges, max_size=8))
def test_the_last_mapping_of_an_address_counts(ranges: list[tuple[int, int]]) -> None:
    space = AddressSpace()
    model: dict[int, tuple[int, int]] = {}
    for number, (start, size) in enumerate(ranges, 1):
        space.add(Mapping(start, start + size, number * 100, MappedFile("/f", 0, number)))
        model |= {start + index: (number, number * 100 + index) for index in range(size)}
    for address in range(50):
        found = space.at(address)
        is_known = found is not UNMAPPED
        assert is_known == (address in model)
        if is_known:
            place = found.file.inode, address - found.start + found.offset
            assert place == model[address]
