"""Object files that are made to be trouble: an error in time, and little memory."""

from __future__ import annotations

import struct
import tracemalloc

import pytest
from object_builder import CODE, FUNC, GLOBAL, OBJECT, ObjectBuilder

from seismo.base.errors import FormatError
from seismo.btf.ext import BtfExt, LineInfo
from seismo.btf.types import Array, Const, Datasec, Int, Placement, Type, Typedef, Var, VarLinkage
from seismo.isa.insn import REGS, Insn
from seismo.objfile.read import read_object

_TIMES = 10
EXIT = Insn(0x95, REGS[0], REGS[0])


def refused(data: bytes, message: str) -> None:
    """The file is an error, and finding that out takes no more than ten times its size."""
    with pytest.raises(FormatError, match=message):
        read_object(data, "x.o")
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=message):
            read_object(data, "x.o")
        assert tracemalloc.get_traced_memory()[1] < _TIMES * len(data) + (1 << 18)
    finally:
        tracemalloc.stop()


def test_many_sections_of_the_same_bytes() -> None:
    builder = ObjectBuilder()
    for _ in range(50):
        builder.section("socket", bytes(4096), CODE)
    data = bytearray(builder.bytes())
    (headers,) = struct.unpack_from("<Q", data, 40)
    (first,) = struct.unpack_from("<Q", data, headers + 64 + 24)
    for index in range(1, 51):
        struct.pack_into("<QQ", data, headers + index * 64 + 24, first, 100_000)
    refused(bytes(data), "more than there are")


def test_many_functions_of_the_same_code() -> None:
    builder = ObjectBuilder()
    index = builder.section("socket", bytes.fromhex("9500000000000000") * 2000, CODE)
    for at in range(500):
        builder.symbol(f"f{at}", index, at * 8, (2000 - at) * 8, GLOBAL + FUNC)
    refused(builder.bytes(), "not within it, or within another")


def test_many_lines_of_the_same_text() -> None:
    """One text, of which each line has another part."""
    builder = ObjectBuilder()
    builder.code("socket", [EXIT], ("f", 0, 1))
    lines = [info(text) for text in ("x" * 900, *[f"{at:04}" for at in range(1000)])]
    builder.types([], BtfExt(line_infos={"socket": tuple(lines)}))
    data = bytearray(builder.bytes())
    start = data.index(b"x" * 900)
    for at in range(start, data.index(b"0999", start) + 4):
        data[at] = ord("y")
    refused(bytes(data), "strings that are other strings' ends")


def info(text: str) -> LineInfo:
    return LineInfo(instruction=0, file="a", text=text, line=1, column=1)


def test_types_in_a_cycle() -> None:
    builder = ObjectBuilder()
    section = builder.section(".maps", bytes(8))
    builder.symbol("m", section, 0, 8, GLOBAL + OBJECT)
    types: list[Type] = [
        Int("int", 4),
        Const(3),
        Typedef("t", 2),
        Var("m", 2, VarLinkage.GLOBAL),
        Datasec(".maps", 0, (Placement(4, 0, 8),)),
    ]
    builder.types(types)
    refused(builder.bytes(), "never ends")


def test_one_variable_many_times() -> None:
    builder = ObjectBuilder()
    section = builder.section(".data", bytes(8))
    builder.symbol("m", section, 0, 8, GLOBAL + OBJECT)
    types: list[Type] = [Int("int", 4), Var("m", 1, VarLinkage.GLOBAL)]
    builder.types([*types, Datasec(".data", 8, tuple([Placement(2, 4, 8)] * 5000))])
    refused(builder.bytes(), "is there twice")


def test_kconfig_of_gigabytes() -> None:
    builder = ObjectBuilder()
    builder.symbol("CONFIG_X", 0, info=GLOBAL)
    types: list[Type] = [Int("char", 1), Int("int", 4)]
    huge: list[Type] = [*types, Array(1, 2, 0xFFFF_FFFF), Var("CONFIG_X", 3, VarLinkage.EXTERN)]
    builder.types([*huge, Datasec(".kconfig", 0, (Placement(4, 0, 0),))])
    refused(builder.bytes(), "bytes of __kconfig variables")


@pytest.mark.parametrize("length", [0, 1, 4, 16, 63, 64, 200, 400])
def test_files_cut_off(length: int) -> None:
    builder = ObjectBuilder()
    builder.section(".data", bytes(300))
    with pytest.raises(FormatError):
        read_object(builder.bytes()[:length], "x.o")


def test_every_bit_of_a_small_file() -> None:
    """Whatever byte is wrong, the answer is an object or an error of the one tree."""
    builder = ObjectBuilder()
    data = builder.section(".data", b"\1\2\3\4")
    builder.code(".text", [EXIT], ("unused", 0, 1))
    index = builder.section("socket", bytes.fromhex("18010000000000000000000000000000"), CODE)
    builder.symbol("main", index, 0, 16, GLOBAL + FUNC)
    builder.relocate(index, 0, builder.symbol("x", data, 0, 4, GLOBAL + OBJECT))
    types: list[Type] = [Int("int", 4), Var("x", 1, VarLinkage.GLOBAL)]
    builder.types([*types, Datasec(".data", 0, (Placement(2, 0, 4),))])
    good = builder.bytes()
    outcomes = {True: 0, False: 0}
    for at in range(len(good)):
        for bad in (good[at] ^ 1, good[at] ^ 0x80, 0xFF):
            changed = good[:at] + bytes([bad]) + good[at + 1 :]
            try:
                outcomes[bool(read_object(changed, "x.o").functions)] += 1
            except FormatError as error:
                assert error.offset >= 0
                outcomes[False] += 1
    assert min(outcomes.values()) > 100
