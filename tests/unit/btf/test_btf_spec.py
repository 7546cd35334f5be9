"""`Btf`: look-up by id and name, split BTF, hints."""

from __future__ import annotations

from pathlib import Path

import pytest

from seismo.btf.errors import BtfError, BtfNotFound
from seismo.btf.layout import Place
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Enum,
    Enum64,
    Enumerator,
    Func,
    FuncProto,
    Fwd,
    Int,
    Kind,
    Member,
    Ptr,
    Struct,
    Type,
    Typedef,
    Void,
)
from seismo.btf.write import StringTable, write

INT, TASK, PID_T = 1, 3, 4

TYPES: list[Type] = [
    Int("int", 4),
    Fwd("task"),
    Struct("task", 16, (Member("pid", 4, 0), Member("parent", 5, 64))),
    Typedef("pid_t", 1),
    Ptr(3),
    Func("task", 7),
    FuncProto(0),
    Enum("state", 4, (Enumerator("RUNNING", 0), Enumerator("DEAD", -1)), signed=True),
    Enum64("flags", 8, (Enumerator("HIGH", 1 << 40),)),
]


@pytest.fixture
def btf() -> Btf:
    return Btf.from_bytes(write(TYPES))


def module(base: Btf, types: list[Type]) -> Btf:
    strings = StringTable(start=base.string_bytes)
    return Btf.from_bytes(write(types, strings), base)


def test_ids_count_void_and_all_types(btf: Btf) -> None:
    assert len(btf) == 10
    assert btf.ids == range(1, 10)
    assert [btf.type(id) for id in btf.ids] == TYPES
    assert btf.type(0) == Void()
    assert btf.type(TASK) is btf.type(TASK)


def test_a_definition_is_found_before_a_declaration(btf: Btf) -> None:
    assert btf.find_all("task") == (2, 3, 6)
    assert btf.find("task") == TASK
    assert btf.find("task", Kind.FUNC) == 6
    assert btf.find("task", Kind.FWD) == 2


def test_only_a_declaration_is_found_too() -> None:
    assert Btf.from_bytes(write([Fwd("sock")])).find("sock") == 1


def test_struct_gives_the_type_itself(btf: Btf) -> None:
    assert btf.struct("task") is btf.type(TASK)
    with pytest.raises(BtfNotFound, match="no struct 'pid_t'"):
        btf.struct("pid_t")


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("tsk", None, "no type 'tsk' in this BTF\nhint: did you mean 'task'?"),
        ("pid_t", Kind.STRUCT, "no struct 'pid_t' in this BTF\nhint: there is 'typedef pid_t'"),
        ("zzzzzz", None, "no type 'zzzzzz' in this BTF"),
        ("", None, "no type '' in this BTF"),
        ("\ud800", None, "no type '\ud800' in this BTF"),
    ],
)
def test_not_found_says_what_there_is(btf: Btf, name: str, kind: Kind | None, message: str) -> None:
    with pytest.raises(BtfNotFound) as caught:
        btf.find(name, kind)
    assert str(caught.value) == message


def test_enumerators_have_values(btf: Btf) -> None:
    assert btf.enum_value("DEAD") == -1
    assert btf.enum_value("HIGH") == 1 << 40
    assert btf.find_enumerators("RUNNING") == ((8, 0),)
    assert btf.find_enumerators("task") == ()
    with pytest.raises(BtfNotFound, match="no enumerator 'DEA'"):
        btf.enum_value("DEA")


def test_names_lists_the_named_types(btf: Btf) -> None:
    assert list(btf.names(Kind.STRUCT)) == [(3, "task")]
    assert [name for _, name in btf.names()] == [
        "int", "task", "task", "pid_t", "task", "state", "flags",
    ]  # fmt: skip


def test_resolve_starts_at_a_type_of_any_kind(btf: Btf) -> None:
    assert btf.resolve("task: parent->pid") == Place(offsets=(8, 0), type=PID_T)
    assert btf.resolve("task:parent") == Place(offsets=(8,), type=5)
    with pytest.raises(BtfNotFound, match="'parent' names no type"):
        btf.resolve("parent")
    with pytest.raises(BtfNotFound, match="no type 'tak'"):
        btf.resolve("tak: parent")


def test_split_btf_finds_its_bases_types_first(btf: Btf) -> None:
    split = module(btf, [Struct("task", 4), Struct("own", 4), Enum("e", 4, (Enumerator("O", 3),))])
    assert split.ids == range(10, 13)
    assert split.find("task") == TASK
    assert split.find_all("task", Kind.STRUCT) == (TASK, 10)
    assert split.find("own") == 11
    assert (split.enum_value("DEAD"), split.enum_value("O")) == (-1, 3)
    assert split.pointer_size == 8
    with pytest.raises(BtfNotFound, match="did you mean 'task'"):
        split.find("tassk")
    with pytest.raises(BtfNotFound):
        btf.find("own")


@pytest.mark.parametrize(
    ("types", "size"),
    [
        ([], 8),
        ([Int("long unsigned int", 4)], 4),
        ([Int("unsigned long", 4)], 4),
        ([Int("long int", 8)], 8),
        ([Int("long", 2)], 8),
        ([Struct("long", 4)], 8),
    ],
)
def test_a_pointer_is_as_long_as_long(types: list[Type], size: int) -> None:
    assert Btf.from_bytes(write(types)).pointer_size == size


def test_open_reads_a_file_and_shows_its_name(tmp_path: Path) -> None:
    path = tmp_path / "btf"
    path.write_bytes(write(TYPES))
    btf = Btf.open(str(path))
    assert repr(btf) == f"Btf('{path}', 9 types)"
    with pytest.raises(BtfNotFound, match=f"no type 'x' in {path}"):
        btf.find("x")
    with pytest.raises(FileNotFoundError):
        Btf.open(str(tmp_path / "none"))


def test_a_bad_name_is_found_at_once() -> None:
    data = bytearray(write(TYPES))
    data[24] = 0xFF
    with pytest.raises(BtfError, match="no string at 0xff"):
        Btf.from_bytes(bytes(data))
