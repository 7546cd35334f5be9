"""The types and infos of object files, made fit for the kernel."""

from __future__ import annotations

import pytest
from kernel_facts import CALL, EXIT, INT, LOAD, MOV, OTHER_PROTO, TYPES, Facts, linked, read
from object_builder import FUNC, GLOBAL, OBJECT, ObjectBuilder

from seismo.base.dataclass import replace
from seismo.btf.errors import BtfError
from seismo.btf.ext import BtfExt, CoreRelo, FuncInfo, LineInfo, pack_func_infos
from seismo.btf.read import Reader
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Datasec,
    Func,
    FuncLinkage,
    Int,
    IntEncoding,
    Member,
    Placement,
    Struct,
    Var,
    VarLinkage,
)
from seismo.btf.write import write
from seismo.core.errors import CoreError
from seismo.elf.file import ElfFile
from seismo.isa.insn import REGS, Insn
from seismo.objfile.link import link
from seismo.objfile.read import read_object


def test_variables_get_their_places() -> None:
    builder = ObjectBuilder()
    data = builder.section(".data", bytes(12))
    builder.symbol("second", data, 8, 4, GLOBAL + OBJECT)
    builder.symbol("first", data, 0, 4, GLOBAL + OBJECT)
    types = [
        *TYPES,
        Var("second", INT, VarLinkage.GLOBAL),
        Var("first", INT, VarLinkage.GLOBAL),
        Var("static", INT, VarLinkage.STATIC),
        Var("elsewhere", INT, VarLinkage.STATIC),
    ]
    other = builder.section(".rodata.cst4", bytes(4))
    builder.symbol("elsewhere", other, 0, 4, OBJECT)
    at = len(TYPES) + 1
    places = [Placement(at + index, 0, 4) for index in (0, 1, 3)]
    builder.types([*types, Datasec(".data", 0, (*places[:2], Placement(at + 2, 4, 4), places[2]))])
    file = read(builder)
    assert file.btf.type(file.btf.find(".data")) == Datasec(
        ".data", 12, (Placement(at + 1, 0, 4), Placement(at + 2, 4, 4), Placement(at, 8, 4))
    )
    assert [(one.name, one.offset, one.map) for one in file.variables] == [
        ("first", 0, "test.data"),
        ("static", 4, "test.data"),
        ("second", 8, "test.data"),
        ("elsewhere", 0, ".rodata.cst4"),
    ]
    assert file.maps[0].flags == 1024


def test_two_sections_of_a_name() -> None:
    """As clang 19 has it of `const` variables and those of `SEC(".rodata")`."""
    builder = ObjectBuilder()
    constant = builder.section(".rodata", b"\1\0\0\0", (1, 2))
    written = builder.section(".rodata", b"\2" + bytes(11))
    builder.symbol("first", constant, 0, 4, GLOBAL + OBJECT)
    builder.symbol("second", written, 0, 4, GLOBAL + OBJECT)
    builder.symbol("hidden", written, 4, 8, OBJECT)
    builder.code("socket", [LOAD, EXIT], ("main", 0, 3))
    builder.relocate(3, 0, 2)
    at = len(TYPES) + 1
    names = ("first", "second")
    types = [*TYPES, *[Var(one, INT, VarLinkage.GLOBAL) for one in names]]
    placements = tuple([Placement(at + index, 0, 4) for index in range(len(names))])
    builder.types([*types, Datasec(".rodata", 0, placements)])
    file = read(builder)
    assert [(one.name, one.section, one.value_size) for one in file.maps] == [
        ("test.rodata", ".rodata", 4),
        ("test.rodata@2", ".rodata", 12),
    ]
    assert file.maps[1].contents == ((bytes(4), b"\2" + bytes(11)),)
    assert [one.is_frozen for one in file.maps] == [True, True]
    assert [(one.name, one.map, one.offset, one.type) for one in file.variables] == [
        ("first", "test.rodata", 0, INT),
        ("second", "test.rodata@2", 0, INT),
        ("hidden", "test.rodata@2", 4, 0),
    ]
    assert file.btf.type(file.btf.find(".rodata")) == Datasec(".rodata", 4, placements[:1])
    (program,) = linked(builder).programs
    assert program.map_refs == ((0, "test.rodata@2"),)


def info(instruction: int, line: int) -> LineInfo:
    return LineInfo(instruction=instruction, file="a.c", text=f"line {line};", line=line, column=3)


def with_infos(lines: dict[str, tuple[LineInfo, ...]]) -> ObjectBuilder:
    builder = ObjectBuilder()
    builder.code(".text", [MOV, EXIT, MOV, EXIT], ("unused", 0, 2), ("called", 2, 2))
    main = builder.code("socket", [LOAD, CALL, EXIT], ("main", 0, 4))
    builder.relocate(main, 16, 2, 10)
    funcs = [Func(name, OTHER_PROTO, FuncLinkage.GLOBAL) for name in ("unused", "called", "main")]
    first = len(TYPES) + 1
    ext = BtfExt(
        {
            ".text": (FuncInfo(0, first), FuncInfo(16, first + 1)),
            "socket": (FuncInfo(0, first + 2),),
        },
        lines,
    )
    builder.types([*TYPES, *funcs], ext)
    return builder


def test_infos_move_with_their_functions() -> None:
    lines = {".text": (info(0, 9), info(16, 1), info(24, 2)), "socket": (info(0, 3), info(16, 4))}
    spec = linked(with_infos(lines))
    (program,) = spec.programs
    first = len(TYPES) + 1
    assert program.func_infos == pack_func_infos([FuncInfo(0, first + 2), FuncInfo(4, first + 1)])
    reader = Reader(spec.btf)
    rows = [
        (int.from_bytes(program.line_infos[at : at + 4], "little"), at)
        for at in range(0, len(program.line_infos), 16)
    ]
    assert [slot for slot, _ in rows] == [0, 2, 4, 5]
    texts = [
        reader.string(int.from_bytes(program.line_infos[at + 8 : at + 12], "little"))
        for _, at in rows
    ]
    assert texts == ["line 3;", "line 4;", "line 1;", "line 2;"]
    columns = [int.from_bytes(program.line_infos[at + 12 : at + 16], "little") for _, at in rows]
    assert columns == [3 << 10 | 3, 4 << 10 | 3, 1 << 10 | 3, 2 << 10 | 3]


@pytest.mark.parametrize("lines", [(), (info(24, 2),)])
def test_lines_of_only_some_functions_are_left_out(lines: tuple[LineInfo, ...]) -> None:
    spec = linked(with_infos({"socket": (info(0, 3),), ".text": lines}))
    assert spec.programs[0].line_infos == b""
    assert len(spec.programs[0].func_infos) == 16


def test_hidden_functions_are_static_to_the_kernel() -> None:
    builder = ObjectBuilder()
    text = builder.code(".text", [EXIT], ("shown", 0, 1))
    builder.symbol("hidden", text, 0, 8, GLOBAL + FUNC, 2)
    funcs = [Func(name, OTHER_PROTO, FuncLinkage.GLOBAL) for name in ("shown", "hidden")]
    builder.types([*TYPES, *funcs])
    btf = read(builder).btf
    assert btf.type(btf.find("shown")) == funcs[0]
    assert btf.type(btf.find("hidden")) == replace(funcs[1], linkage=FuncLinkage.STATIC)


def test_core_relocations_are_applied_and_what_is_missing_is_told() -> None:
    """Offset of a member, in a subprogram, and one that the kernel has not."""
    builder = ObjectBuilder()
    types = [*TYPES, Struct("thing", 8, (Member("gone", INT, 32),))]
    builder.code("socket", [replace(MOV, imm=4), EXIT], ("main", 0, 2))
    relo = CoreRelo(instruction=0, type=len(types), access="0:0", kind=0)
    builder.types(types, BtfExt(core_relos={"socket": (relo,)}))
    (program,) = linked(builder).programs
    assert program.insns == (Insn(0x85, REGS[0], REGS[0], 0, 195896080), EXIT)
    ((index, why),) = program.poisons
    assert index == 0 and "struct thing: gone" in why


class TwoThings(Facts):
    """A kernel with two structs of one name."""

    def btf(self) -> Btf:
        first = Struct("thing", 8, (Member("one", 1, 0),))
        second = Struct("thing", 8, (Member("two", 1, 0), Member("one", 1, 32)))
        return Btf(write([Int("int", 4, IntEncoding.SIGNED), first, second]))


def leading(*sections: str) -> ObjectBuilder:
    """A function that nobody calls, whose relocation says which struct is meant; `sections` is the
    order of `.BTF.ext`."""
    builder = ObjectBuilder()
    types = [*TYPES, Struct("thing", 8, (Member("two", INT, 0), Member("one", INT, 32)))]
    builder.code("socket", [replace(MOV, imm=4), EXIT], ("main", 0, 2))
    builder.code(".text", [replace(MOV, imm=0), EXIT], ("lead", 0, 2))
    builder.code("xdp", [replace(MOV, imm=0), EXIT], ("other", 0, 2))
    accesses = {"socket": "0:1", ".text": "0:0", "xdp": "0:0"}
    relos = {
        one: (CoreRelo(instruction=0, type=len(types), access=accesses[one], kind=0),)
        for one in sections
    }
    builder.types(types, BtfExt(core_relos=relos))
    return builder


def test_relocations_lead_others_in_the_order_of_the_file() -> None:
    file = read(leading(".text", "socket", "xdp"))
    assert file.core_order == ("lead", "main", "other")
    (program,) = link(file, TwoThings(), ["main"]).programs
    assert program.insns[0].imm == 4
    with pytest.raises(CoreError, match="several types of this name, which disagree"):
        link(read(leading("socket", ".text")), TwoThings())
    with pytest.raises(CoreError, match="several types of this name, which disagree"):
        link(read(leading("xdp", "socket")), TwoThings(), ["main"])


@pytest.mark.parametrize("name", [".BTF", ".BTF.ext"])
def test_malformed_types_are_told_by_file_and_section(name: str) -> None:
    builder = ObjectBuilder()
    builder.types(TYPES, BtfExt())
    data = bytearray(builder.bytes())
    section = ElfFile(bytes(data), "x.o").sections[name]
    data[section.offset + 4] = 1  # of the header's length
    with pytest.raises(BtfError, match=rf"^x\.o: section '{name}': .*header") as caught:
        read_object(bytes(data), "x.o")
    assert section.offset <= caught.value.offset < section.offset + section.size
