"""Functions of object files: where they are, and what their instructions refer to."""

from __future__ import annotations

import pytest
from object_builder import CODE, FUNC, GLOBAL, OBJECT, SECTION, ObjectBuilder

from seismo.elf.errors import ElfError
from seismo.isa.insn import REGS, Insn
from seismo.isa.opcode import LD_IMM64
from seismo.isa.parse import parse_insn
from seismo.isa.prog_types import ProgType
from seismo.objfile.errors import ObjectError
from seismo.objfile.model import CallTarget, CodeRef, DataRef, Function, ObjectFile
from seismo.objfile.read import read_object

MOV, EXIT = Insn(0xB7, REGS[0], REGS[0], 0, 1), Insn(0x95, REGS[0], REGS[0])
LOAD = Insn(LD_IMM64, REGS[1], REGS[0])


def call(distance: int = -1) -> Insn:
    return Insn(0x85, REGS[0], REGS[1], 0, distance)


def read(builder: ObjectBuilder) -> ObjectFile:
    return read_object(builder.bytes(), "some/dir/test.bpf.o")


def function(file: ObjectFile, name: str) -> Function:
    return next(one for one in file.functions if one.name == name)


def test_program_of_one_section() -> None:
    builder = ObjectBuilder()
    builder.code("xdp", [MOV, EXIT], ("drop", 0, 2))
    builder.section("license", b"Dual BSD/GPL\0rest")
    builder.section("version", b"\5\6\0\0")
    file = read(builder)
    (program,) = file.programs
    assert (program.name, program.section, program.offset) == ("drop", "xdp", 0)
    assert program.insns == (MOV, EXIT)
    assert program.kind is not None and program.kind.type is ProgType.XDP
    assert (file.license, file.kernel_version) == ("Dual BSD/GPL", 0x0605)
    assert not file.maps and not file.variables and len(file.btf) == 1


def test_several_programs_of_a_section() -> None:
    builder = ObjectBuilder()
    builder.code("socket", [LOAD, EXIT, MOV, EXIT], ("one", 0, 3), ("two", 3, 2))
    assert [(one.name, one.offset, one.insns) for one in read(builder).functions] == [
        ("one", 0, (LOAD, EXIT)),
        ("two", 24, (MOV, EXIT)),
    ]


def test_function_without_a_size_ends_at_the_next() -> None:
    builder = ObjectBuilder()
    builder.code("socket", [MOV, EXIT, MOV, MOV, EXIT], ("one", 0, 0), ("two", 2, 0))
    assert [len(one.insns) for one in read(builder).functions] == [2, 3]


def test_section_without_functions_is_one() -> None:
    builder = ObjectBuilder()
    index = builder.section("socket1", bytes.fromhex("b7000000010000009500000000000000"), CODE)
    builder.symbol("label", index, 0, 0, GLOBAL)
    assert [(one.name, one.insns) for one in read(builder).programs] == [("label", (MOV, EXIT))]


def test_calls_within_text_need_no_relocation() -> None:
    builder = ObjectBuilder()
    insns = [call(1), EXIT, MOV, EXIT]
    builder.code(".text", insns, ("outer", 0, 2), ("inner", 2, 2))
    file = read(builder)
    assert function(file, "outer").references == ((0, CallTarget("inner")),)
    assert not file.programs


def test_calls_by_relocation() -> None:
    """A global function by its symbol, a static one by its section and the call's immediate."""
    builder = ObjectBuilder()
    text = builder.code(".text", [MOV, EXIT, MOV, EXIT], ("first", 0, 2), ("second", 2, 2))
    program = builder.code("socket", [call(), call(1), EXIT])
    builder.relocate(program, 0, 2, 10)
    builder.relocate(program, 8, builder.symbol("", text, 0, 0, SECTION), 10)
    assert function(read(builder), "socket").references == (
        (0, CallTarget("second")),
        (1, CallTarget("second")),
    )


def test_callback_by_section_and_offset() -> None:
    builder = ObjectBuilder()
    text = builder.code(".text", [MOV, EXIT, MOV, EXIT], ("first", 0, 2), ("second", 2, 2))
    load = Insn(LD_IMM64, REGS[2], REGS[4], 0, 16)
    program = builder.code("socket", [load, EXIT])
    builder.relocate(program, 0, builder.symbol("", text, 0, 0, SECTION))
    assert function(read(builder), "socket").references == ((0, CodeRef("second")),)


def test_static_functions_of_one_name() -> None:
    builder = ObjectBuilder()
    text = builder.section(".text", bytes.fromhex("9500000000000000" * 2), CODE)
    builder.symbol("helper", text, 0, 8, FUNC)
    builder.symbol("helper", text, 8, 8, FUNC)
    names = [one.name for one in read(builder).functions]
    assert names == ["helper", "helper@1+0x8"]


def test_two_names_of_one_function() -> None:
    builder = ObjectBuilder()
    builder.code("socket", [MOV, EXIT], ("one", 0, 2), ("other", 0, 2), ("unsized", 0, 0))
    functions = read(builder).functions
    assert [one.name for one in functions] == ["one", "other", "unsized"]
    assert functions[0].insns is functions[1].insns is functions[2].insns


@pytest.mark.parametrize("other", [("other", 1, 2), ("other", 0, 1), ("other", 3, 1)])
def test_functions_within_another_are_refused(other: tuple[str, int, int]) -> None:
    builder = ObjectBuilder()
    builder.code("socket", [MOV, MOV, EXIT], ("one", 0, 3), other)
    with pytest.raises(ObjectError, match="not within it, or within another"):
        read(builder)


def test_data_by_symbol_and_by_section() -> None:
    builder = ObjectBuilder()
    data = builder.section(".data", bytes(16))
    second = Insn(LD_IMM64, REGS[2], REGS[0], 0, 12)
    program = builder.code("socket", [LOAD, second, EXIT])
    builder.relocate(program, 0, builder.symbol("counter", data, 8, 4, GLOBAL + OBJECT))
    builder.relocate(program, 16, builder.symbol("", data, 0, 0, SECTION))
    file = read(builder)
    assert function(file, "socket").references == (
        (0, DataRef("test.data", 8)),
        (1, DataRef("test.data", 12)),
    )


def test_undefined_symbol() -> None:
    builder = ObjectBuilder()
    program = builder.code("socket", [call(), EXIT])
    builder.relocate(program, 0, builder.symbol("elsewhere", 0, info=GLOBAL), 10)
    with pytest.raises(ObjectError, match="'elsewhere' is not in this file") as caught:
        read(builder)
    assert caught.value.offset == 64
    assert "__ksym" in caught.value.hint


@pytest.mark.parametrize(
    ("offset", "message"),
    [(8, "middle of an instruction"), (4, "middle of an instruction"), (16, "no room for it")],
)
def test_relocation_of_no_reference(offset: int, message: str) -> None:
    builder = ObjectBuilder()
    data = builder.section(".data", bytes(8))
    program = builder.code("socket", [LOAD, EXIT])
    builder.relocate(program, offset, builder.symbol("x", data, 0, 8, GLOBAL + OBJECT))
    with pytest.raises(ObjectError, match=message):
        read(builder)


def test_reference_to_a_section_that_is_nothing() -> None:
    builder = ObjectBuilder()
    other = builder.section("my_section", bytes(8))
    program = builder.code("socket", [LOAD, EXIT])
    builder.relocate(program, 0, builder.symbol("x", other, 0, 8, GLOBAL + OBJECT))
    with pytest.raises(ObjectError, match="'x' in section 'my_section', which is no map"):
        read(builder)


def test_call_to_the_middle_of_a_function() -> None:
    builder = ObjectBuilder()
    builder.code(".text", [call(2), EXIT, MOV, EXIT], ("outer", 0, 2), ("inner", 2, 2))
    with pytest.raises(ObjectError, match="no function's beginning"):
        read(builder)


def test_map_fd_without_a_relocation_is_refused() -> None:
    builder = ObjectBuilder()
    builder.code("socket", [Insn(LD_IMM64, REGS[1], REGS[1], 0, 3), EXIT])
    with pytest.raises(ObjectError, match="load of a map that nothing names"):
        read(builder)


def test_bytes_that_are_no_code() -> None:
    builder = ObjectBuilder()
    index = builder.section("socket", bytes.fromhex("9500000000000000ff00000000000000"), CODE)
    builder.symbol("f", index, 0, 16, GLOBAL + FUNC)
    with pytest.raises(ElfError, match="function 'f'") as caught:
        read(builder)
    assert caught.value.offset == 64 + 8


@pytest.mark.parametrize("size", [1, 7, 12])
@pytest.mark.parametrize("has_symbol", [True, False])
def test_code_of_parts_of_instructions(size: int, has_symbol: bool) -> None:
    builder = ObjectBuilder()
    index = builder.section("socket", b"\x95".ljust(size, b"\0"), CODE)
    if has_symbol:
        builder.symbol("f", index, 0, size, GLOBAL + FUNC)
    with pytest.raises(ElfError, match=f"{size % 8} bytes left over"):
        read(builder)


def test_static_name_of_a_program_is_none() -> None:
    builder = ObjectBuilder()
    index = builder.code("socket", [EXIT], ("shown", 0, 1))
    builder.symbol("local", index, 0, 8, FUNC)
    assert [one.name for one in read(builder).programs] == ["shown"]


def test_unknown_section_is_a_program_all_the_same() -> None:
    builder = ObjectBuilder()
    builder.code("?nonsense/of_mine", [MOV, EXIT], ("mine", 0, 2))
    (program,) = read(builder).programs
    assert program.kind is not None
    assert (program.kind.type, program.kind.is_optional) == (ProgType.UNSPEC, True)


def test_hidden_functions_are_not_global() -> None:
    builder = ObjectBuilder()
    text = builder.section(".text", bytes.fromhex("9500000000000000" * 3), CODE)
    builder.symbol("static", text, 0, 8, FUNC)
    builder.symbol("hidden", text, 8, 8, GLOBAL + FUNC, 2)
    builder.symbol("shown", text, 16, 8, GLOBAL + FUNC)
    assert [one.is_global for one in read(builder).functions] == [False, False, True]


def test_instructions_over_several_pieces() -> None:
    """Decoding goes piece by piece; a load of two slots lies across the border."""
    many = [MOV] * 511 + [LOAD] * 600 + [EXIT]
    builder = ObjectBuilder()
    builder.code("socket", many)
    assert read(builder).functions[0].insns == tuple(many)


@pytest.mark.parametrize(
    ("machine", "kind", "ident", "message"),
    [
        (62, 1, b"\x7fELF\2\1\1", "code for x86_64, not for BPF"),
        (247, 2, b"\x7fELF\2\1\1", "no object file"),
        (0xF700, 0x0100, b"\x7fELF\2\2\1", "big-endian code"),
        (247, 1, b"\x7fELF\1\1\1", "a 32-bit file"),
        (247, 1, b"\x7fFLE\2\1\1", "no ELF file"),
    ],
)
def test_other_files_are_refused(machine: int, kind: int, ident: bytes, message: str) -> None:
    with pytest.raises((ElfError, ObjectError), match=message):
        read_object(ObjectBuilder().bytes(machine, kind, ident), "x.o")


def test_parsed_text_is_what_is_read() -> None:
    builder = ObjectBuilder()
    builder.code("socket", [parse_insn("r0 = *(u32 *)(r1 +4)"), EXIT])
    assert str(read(builder).functions[0].insns[0]) == "r0 = *(u32 *)(r1 +4)"
