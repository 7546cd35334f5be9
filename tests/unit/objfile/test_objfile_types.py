"""The types and infos of object files, made fit for the kernel."""

from __future__ import annotations

import pytest
from kernel_facts import CALL, EXIT, INT, LOAD, MOV, OTHER_PROTO, TYPES, linked, read
from object_builder import FUNC, GLOBAL, OBJECT, ObjectBuilder

from seismo.base.dataclass import replace
from seismo.btf.ext import BtfExt, CoreRelo, FuncInfo, LineInfo, pack_func_infos
from seismo.btf.read import Reader
from seismo.btf.types import (
    Datasec,
    Func,
    FuncLinkage,
    Member,
    Placement,
    Struct,
    Var,
    VarLinkage,
)
from seismo.isa.insn import REGS, Insn


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
