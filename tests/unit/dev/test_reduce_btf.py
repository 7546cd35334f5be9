"""Small blobs of some types."""

from __future__ import annotations

import pytest

from reduce_btf import reduced
from seismo.btf.layout import size_of
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    Enum,
    Enumerator,
    Func,
    FuncProto,
    Fwd,
    Int,
    Member,
    Param,
    Ptr,
    Struct,
    Typedef,
    Union,
)
from seismo.btf.write import write

INT = 1
WHOLE = Btf.from_bytes(
    write(
        [
            Int("int", 4),
            Struct("task", 64, (Member("a", INT, 0), Member("", 3, 64), Member("next", 4, 128))),
            Union("", 8, (Member("b", 5, 0), Member("c", INT, 0))),
            Ptr(2),
            Struct("inner", 8, (Member("other", 6, 0),)),
            Ptr(7),
            Struct("far", 4, (Member("x", INT, 0),)),
            Enum("", 4, (Enumerator("A", 1), Enumerator("B", 2))),
            FuncProto(INT, (Param("p", 6),)),
            Func("f", 9),
            Typedef("trace_f", 12),
            Ptr(9),
            Struct("calls", 8, (Member("call", 12, 0),)),
            Array(5, INT, 4),
        ]
    )
)


def kinds(wanted: dict[str, tuple[str, ...]]) -> list[str]:
    small = Btf.from_bytes(reduced(WHOLE, wanted))
    types = [small.type(id) for id in small.ids]
    return [f"{one.kind.words} {one.name}".rstrip() for one in types]


def test_a_struct_that_is_pointed_to_is_declared() -> None:
    assert kinds({"inner": ()}) == ["struct inner", "ptr", "fwd far"]
    assert kinds({"inner": (), "far": ()}) == ["int int", "struct inner", "ptr", "struct far"]


def test_members_keep_their_places() -> None:
    small = Btf.from_bytes(reduced(WHOLE, {"task": ("c", "next")}))
    assert size_of(small, small.find("task")) == 64
    task = small.struct("task")
    assert [(one.name, one.bit_offset) for one in task.members] == [("", 64), ("next", 128)]
    assert small.resolve("task: c").offset == 8
    assert small.resolve("task: next->next").offsets == (16, 16)


def test_constants_and_functions() -> None:
    assert kinds({"B": ()}) == ["enum"]
    assert kinds({"f": ()}) == ["int int", "ptr", "func proto", "func f", "fwd far"]
    assert kinds({"trace_f": ()}) == [
        "int int",
        "ptr",
        "func proto",
        "typedef trace_f",
        "ptr",
        "fwd far",
    ]
    small = Btf.from_bytes(reduced(WHOLE, {"calls": ()}))
    assert FuncProto(0) in [small.type(id) for id in small.ids]
    assert not any(isinstance(small.type(id), Fwd) for id in small.ids)


@pytest.mark.parametrize(
    ("wanted", "missing"), [({"gone": ()}, "gone"), ({"task": ("c", "d")}, "task has no d")]
)
def test_what_is_not_there(wanted: dict[str, tuple[str, ...]], missing: str) -> None:
    with pytest.raises(LookupError, match=f"^{missing}$"):
        reduced(WHOLE, wanted)
