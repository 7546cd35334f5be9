"""Object files linked for a kernel: the order of functions, addresses, programs, maps."""

from __future__ import annotations

from mmap import PAGESIZE

import pytest
from kernel_facts import CALL, EXIT, LOAD, MOV, Facts, linked, read
from object_builder import GLOBAL, OBJECT, SECTION, ObjectBuilder

from seismo.base.dataclass import replace
from seismo.base.errors import NotSupported
from seismo.btf.spec import Btf
from seismo.isa.insn import REGS, slot_starts
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import ProgType
from seismo.objfile.errors import LinkError
from seismo.objfile.link import link
from seismo.objfile.sections import UnknownSection
from seismo.spec.types import MapSpec, ProgramSpec


def distances(program: ProgramSpec) -> list[tuple[int, int]]:
    """(slot, slot that is called) of each call."""
    starts = slot_starts(program.insns)
    return [
        (starts[index], insn.target(starts[index]))
        for index, insn in enumerate(program.insns)
        if insn.has_distance
    ]


def test_called_functions_follow_in_the_order_of_calls() -> None:
    """main calls third and first; third calls second, which is put behind it at once."""
    builder = ObjectBuilder()
    text = builder.code(
        ".text",
        [MOV, EXIT, MOV, MOV, EXIT, LOAD, CALL, EXIT],
        ("first", 0, 2),
        ("second", 2, 3),
        ("third", 5, 4),
    )
    main = builder.code("socket", [CALL, CALL, CALL, EXIT], ("main", 0, 4))
    for section, offset, symbol in ((main, 0, 3), (main, 8, 1), (main, 16, 3), (text, 56, 2)):
        builder.relocate(section, offset, symbol, 10)
    (program,) = linked(builder).programs
    third, second, first = [LOAD, CALL, EXIT], [MOV, MOV, EXIT], [MOV, EXIT]
    plain = [replace(one, imm=-1) if one.is_call else one for one in program.insns]
    assert plain == [CALL, CALL, CALL, EXIT, *third, *second, *first]
    assert distances(program) == [(0, 4), (1, 11), (2, 4), (6, 8)]


def test_callbacks_and_recursion() -> None:
    builder = ObjectBuilder()
    builder.code(".text", [replace(CALL, imm=-1), EXIT], ("again", 0, 2))
    main = builder.code("socket", [MOV, replace(LOAD, src=REGS[4]), EXIT], ("main", 0, 4))
    builder.relocate(main, 8, builder.symbol("", 1, 0, 0, SECTION))
    (program,) = linked(builder).programs
    assert program.insns[1].src == REGS[4]
    assert distances(program) == [(1, 4), (4, 4)]


def test_what_is_not_called_is_not_linked() -> None:
    builder = ObjectBuilder()
    builder.code(".text", [MOV, EXIT], ("unused", 0, 2))
    builder.code("socket", [EXIT], ("main", 0, 1))
    assert [one.insns for one in linked(builder).programs] == [(EXIT,)]


def test_addresses_of_data() -> None:
    builder = ObjectBuilder()
    data = builder.section(".data", b"\1" * 16)
    second = replace(LOAD, imm=4)
    main = builder.code("socket", [LOAD, second, EXIT], ("main", 0, 5))
    builder.relocate(main, 0, builder.symbol("x", data, 8, 4, GLOBAL + OBJECT))
    builder.relocate(main, 16, builder.symbol("", data, 0, 0, SECTION))
    (program,) = linked(builder).programs
    assert program.insns[:2] == (
        replace(LOAD, src=REGS[2], imm=8 << 32),
        replace(LOAD, src=REGS[2], imm=4 << 32),
    )
    assert program.map_refs == ((0, "test.data"), (1, "test.data"))


def test_programs_by_name() -> None:
    builder = ObjectBuilder()
    for section, name in (("socket", "one"), ("?xdp", "two"), ("nonsense", "three")):
        builder.code(section, [EXIT], (name, 0, 1))
    file = read(builder)
    assert [one.name for one in link(file, Facts(), ["two", "one"]).programs] == ["one", "two"]
    with pytest.raises(UnknownSection, match="nonsense"):
        link(file, Facts())
    with pytest.raises(LinkError, match="no program 'tow'") as caught:
        link(file, Facts(), ["tow"])
    assert caught.value.hint == "did you mean 'two'?"


def test_kernel_without_types() -> None:
    """It will do for an object that has no relocations by type."""
    builder = ObjectBuilder()
    builder.code("socket", [EXIT], ("main", 0, 1))
    assert len(linked(builder, Typeless()).programs) == 1


class Typeless(Facts):
    """A kernel that was built without BTF."""

    def btf(self) -> Btf:
        raise NotSupported("the kernel's types", "CONFIG_DEBUG_INFO_BTF is not set")


def test_what_a_program_is_loaded_as() -> None:
    builder = ObjectBuilder()
    builder.code("kprobe/vfs_read", [EXIT], ("main", 0, 1))
    builder.section("license", b"GPL\0")
    builder.section("version", b"\xfe\xff\xff\xff")
    (program,) = linked(builder).programs
    assert (program.type, program.license) == (ProgType.KPROBE, "GPL")
    assert program.kernel_version == 0x060105


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, 0),
        (1, PAGESIZE),
        (PAGESIZE, PAGESIZE),
        (PAGESIZE + 1, 2 * PAGESIZE),
        (3 * PAGESIZE, 4 * PAGESIZE),
        (4 * PAGESIZE, 4 * PAGESIZE),
        (0xFFFF_FFFF, 0xFFFF_FFFF),
    ],
)
def test_sizes_of_rings(size: int, expected: int) -> None:
    ring = MapSpec(name="r", type=MapType.RINGBUF, key_size=0, value_size=0, max_entries=size)
    file = replace(read(ObjectBuilder()), maps=(ring,))
    assert link(file, Facts()).maps[0].max_entries == expected


def test_maps_as_the_kernel_wants_them() -> None:
    """A perf array has an entry a CPU, and no types, nor has a map with only one of the two."""
    perf = MapSpec(
        name="p",
        type=MapType.PERF_EVENT_ARRAY,
        key_size=4,
        value_size=4,
        max_entries=0,
        key_type=1,
        value_type=1,
    )
    half = replace(perf, name="h", type=MapType.HASH, max_entries=9, value_type=0)
    jumps = replace(perf, name="j", type=MapType.PROG_ARRAY, program_slots=((1, "a"), (2, "b")))
    builder = ObjectBuilder()
    builder.code("socket", [EXIT], ("a", 0, 1))
    builder.code("?socket", [EXIT], ("b", 0, 1))
    maps = link(replace(read(builder), maps=(perf, half, jumps)), Facts()).maps
    assert [(one.max_entries, one.key_type, one.value_type) for one in maps[:2]] == [
        (6, 0, 0),
        (9, 0, 0),
    ]
    assert maps[2].program_slots == ((1, "a"),)


def test_program_longer_than_the_kernel_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seismo.objfile.link._MAX_SLOTS", 5)
    builder = ObjectBuilder()
    builder.code(".text", [MOV, MOV, MOV, EXIT], ("called", 0, 4))
    main = builder.code("socket", [CALL, EXIT], ("main", 0, 2))
    builder.relocate(main, 0, 1, 10)
    with pytest.raises(LinkError, match="'main' has more than 5 instructions"):
        linked(builder)
