"""Types of debug information as types of the language, from a program that is compiled here."""

from __future__ import annotations

from pathlib import Path

import pytest

from seismo.elf.dwarf_types import FunctionPtr, Integer, Member, Parameter, Pointer, Struct, Void
from seismo.elf.dwarf_types import FunctionType as DwarfFunction
from seismo.elf.registers import register_offset
from seismo.lang.dwarf_types import DwarfTypes, parameters_type
from seismo.lang.types import (
    BOOL,
    UINT8,
    VOID,
    ArrayType,
    IntType,
    PointerType,
    RecordType,
    StringType,
)
from seismo.probes.arguments import DwarfArguments
from user_programs import TARGET, FileView, compile_program

CHAR = IntType(8, True)
INT = IntType(32, True)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_program(tmp_path_factory.mktemp("dwarf") / "target.c", TARGET)


def arguments(program: Path, name: str) -> RecordType:
    view = FileView()
    binary = view.binary(str(program))
    info = view.debug_info(binary)
    return parameters_type(DwarfArguments(info.function(name), "x86_64", info))


class Members:
    """The members of structs, by their `ident`."""

    def __init__(self, *members: Member) -> None:
        self._members = members

    def definition(self, struct: Struct) -> Struct:
        return struct

    def members(self, struct: Struct) -> tuple[Member, ...]:
        return self._members[struct.ident : struct.ident + 1]


def offset(name: str) -> int:
    return register_offset("x86_64", name)[0]


def test_integers_lie_where_their_registers_do(program: Path) -> None:
    record = arguments(program, "add_three")
    assert record.name == "add_three"
    assert [(one.name, one.type, one.offset) for one in record.fields or ()] == [
        ("one", IntType(8, True), offset("di")),
        ("two", IntType(16, False), offset("si")),
        ("three", BOOL, offset("dx")),
    ]


def test_what_is_in_no_integer_register_is_left_out(program: Path) -> None:
    fields = {one.name: one for one in arguments(program, "visit").fields or ()}
    assert list(fields) == ["first", "at", "c"]
    assert fields["at"].offset == offset("si")
    assert fields["c"].type == CHAR


def test_structs_are_spelled_out_when_asked(program: Path) -> None:
    pointer = arguments(program, "visit").field("first").type
    assert isinstance(pointer, PointerType)
    point = pointer.target
    assert isinstance(point, RecordType)
    assert (point.name, point.fields, point.size) == ("struct point", None, 48)
    assert point.source is not None
    whole = point.source.complete(point)
    types = {one.name: one.type for one in whole.fields or ()}
    assert (types["x"], types["name"]) == (INT, StringType(8))
    assert types["label"] == PointerType(CHAR, "")
    assert types["next"] == PointerType(point, "")
    assert types["at"] == RecordType("struct place", None, 4)
    # Members of an anonymous union are those of the struct.
    assert whole.field("number").offset == whole.field("letter").offset
    low, high = whole.field("low"), whole.field("high")
    assert (low.bit_offset, low.bit_size) == (0, 3)
    assert (high.bit_offset, high.bit_size, high.offset) == (3, 5, low.offset)


def made(types: DwarfTypes, *parameters: Parameter) -> RecordType:
    function = DwarfFunction("f", parameters, Void())
    return parameters_type(DwarfArguments(function, "x86_64", Members()))


def test_structs_by_address_and_in_two_registers() -> None:
    big, pair = Struct("struct", "big", 64, 1), Struct("struct", "pair", 16, 2)
    record = made(
        DwarfTypes(Members()),
        Parameter("big", big, 0, 1, is_address=True),
        Parameter("pair", pair, 1, 2),
        Parameter("", Integer("int", 4, True), 3, 1),
        Parameter("callback", FunctionPtr(), 4, 1),
    )
    big_type = PointerType(RecordType("struct big", None, 64), "")
    assert [(one.name, one.type) for one in record.fields or ()] == [
        ("big", big_type),
        ("callback", PointerType(None, "")),
    ]


def test_numbers_that_no_register_holds_are_bytes() -> None:
    types = DwarfTypes(Members())
    assert types.of(Integer("__int128", 16, True)) == ArrayType(UINT8, 16)
    assert types.of(Pointer(Void())) == PointerType(None, "")
    assert types.of(Void()) == VOID


def test_structs_of_one_name_are_told_by_size() -> None:
    small, large = Struct("struct", "node", 4, 0), Struct("struct", "node", 8, 1)
    number, pointer = Integer("int", 4, True), Pointer(Void())
    types = DwarfTypes(Members(Member("a", number, 0, 0), Member("b", pointer, 0, 0)))
    both = [types.of(one) for one in (small, large)]
    fields = [types.complete(one).fields for one in both if isinstance(one, RecordType)]
    assert [one[0].name for one in fields if one] == ["a", "b"]
    stranger = RecordType("struct stranger", None, 4)
    assert types.complete(stranger).fields == ()
