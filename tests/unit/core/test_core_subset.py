"""Types cut out of others, and a kernel's types cut down to what an object touches."""

from __future__ import annotations

from core_cases import KernelOf
from seismo.btf.ext import CoreRelo
from seismo.btf.read import read
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    Const,
    Enum,
    Enumerator,
    Fwd,
    Int,
    Member,
    Ptr,
    Struct,
    Type,
    Typedef,
    Union,
)
from seismo.btf.write import StringTable, write
from seismo.core.minimise import minimised
from seismo.core.relocate import relocate
from seismo.core.subset import subset
from seismo.isa.insn import Insn, Reg

INT = Int("int", 4)
OTHER = Struct("other", 4, (Member("x", 1, 0),))
TASK = Struct(
    "task",
    64,
    (Member("pid", 1, 0), Member("parent", 4, 64), Member("in", 2, 128), Member("o", 6, 192)),
)
TYPES: tuple[Type, ...] = (
    INT,  # 1
    OTHER,  # 2
    TASK,  # 3
    Ptr(5),  # 4
    Const(3),  # 5
    Ptr(2),  # 6
    Typedef("task_t", 3),  # 7
    Enum("e", 4, (Enumerator("A", 1), Enumerator("B", 2))),  # 8
)


def btf(*types: Type) -> Btf:
    return Btf.from_bytes(write(types))


def test_a_subset_has_all_that_its_types_are_made_of() -> None:
    chosen = subset(btf(*TYPES), [7])
    assert chosen.ids == {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 6: 5, 7: 6}
    assert chosen.types == (
        INT,
        OTHER,
        Struct(
            "task",
            64,
            (
                Member("pid", 1, 0),
                Member("parent", 4, 64),
                Member("in", 2, 128),
                Member("o", 5, 192),
            ),
        ),
        Ptr(3),
        Ptr(2),
        Typedef("task_t", 3),
    )


def test_members_that_are_not_chosen_are_left_out() -> None:
    chosen = subset(btf(*TYPES), [3], {3: {0, 3}})
    task = Struct("task", 64, (Member("pid", 1, 0), Member("o", 3, 192)))
    assert chosen.types == (INT, task, Ptr(4), Fwd("other"))
    chosen = subset(btf(*TYPES), [3], {3: {0, 3}}, with_forwards=False)
    assert chosen.types == (INT, task, Ptr(0))
    chosen = subset(btf(*TYPES), [8, 2], {8: {1}})
    assert chosen.types == (Struct("other", 4), Enum("e", 4, (Enumerator("B", 2),)))


def test_declarations_are_of_what_they_stand_for() -> None:
    types = (
        Struct("s", 48, tuple([Member(name, id, 0) for id, name in enumerate("abcdef", 2)])),
        *(Ptr(8), Ptr(9), Ptr(10), Ptr(11), Ptr(12), Ptr(13)),
        *(Union("u", 4), Fwd("f"), Struct("", 4), Int("int", 4), Const(8), Fwd("u", is_union=True)),
    )
    chosen = subset(btf(*types), [1])
    pointers = (Ptr(8), Ptr(9), Ptr(0), Ptr(0), Ptr(8), Ptr(8))
    assert chosen.types == (types[0], *pointers, Fwd("u", is_union=True), Fwd("f"))


def test_an_open_array_stays_the_last_member_or_not() -> None:
    members = (Member("n", 1, 0), Member("a", 2, 32), Member("z", 1, 32))
    types = (INT, Array(1, 1, 0), Struct("s", 8, members))
    assert subset(btf(*types), [3], {3: {1}}).types[2] == Struct("s", 8, members[1:])


def test_types_in_a_circle() -> None:
    types = (Struct("a", 1, (Member("x", 2, 0),)), Struct("b", 1, (Member("x", 1, 0),)))
    assert subset(btf(*types), [1]).types == types


def relo(instruction: int, type: int, access: str, kind: int) -> CoreRelo:
    return CoreRelo(instruction=instruction, type=type, access=access, kind=kind)


def mov(number: int) -> Insn:
    return Insn(0xB7, Reg.R1, Reg.R0, 0, number)


def test_a_minimised_kernel_has_only_what_is_touched() -> None:
    local = btf(INT, Struct("task", 4, (Member("pid", 1, 0),)), Enum("e", 4, (Enumerator("B", 2),)))
    kernel = KernelOf(btf(*TYPES))
    relos = [relo(0, 2, "0:0", 0), relo(1, 3, "0", 11)]
    task = Struct("task", 64, (Member("pid", 1, 0),))
    blob = minimised(kernel, [(local, relos)])
    assert read(blob) == (INT, task, Enum("e", 4, (Enumerator("B", 2),)))
    insns = (mov(0), mov(2))
    few = KernelOf(Btf.from_bytes(blob))
    assert relocate(insns, relos, local, few) == relocate(insns, relos, local, kernel)


def test_several_objects_share_what_they_touch() -> None:
    pid = btf(INT, Struct("task", 4, (Member("pid", 1, 0),)))
    inside = btf(INT, OTHER, Struct("task", 4, (Member("in", 2, 0),)))
    kernel = KernelOf(btf(*TYPES))
    blob = minimised(kernel, [(pid, [relo(0, 2, "0:0", 0)]), (inside, [relo(0, 3, "0:0:0", 0)])])
    task = Struct("task", 64, (Member("pid", 1, 0), Member("in", 2, 128)))
    assert read(blob) == (INT, OTHER, task)


def test_what_modules_have_joins_the_kernel() -> None:
    vmlinux = btf(INT, OTHER)
    own: list[Type] = [Struct("first", 8, (Member("a", 1, 32),)), Struct("extra", 4)]
    more: list[Type] = [Struct("second", 12, (Member("b", 2, 32), Member("c", 3, 64)))]
    more.append(Struct("", 4))

    def module(types: list[Type]) -> Btf:
        return Btf.from_bytes(write(types, StringTable(vmlinux.string_bytes)), vmlinux)

    more[0] = Struct("second", 12, (Member("b", 2, 32), Member("c", 4, 64)))
    kernel = KernelOf(vmlinux, one=module(own), two=module(more))
    local = btf(
        INT,
        Struct("first", 4, (Member("a", 1, 0),)),
        Struct("second", 8, (Member("b", 5, 0), Member("c", 4, 0))),
        Struct("", 4),
        OTHER,
    )
    relos = [relo(0, 2, "0:0", 0), relo(1, 3, "0:0:0", 0), relo(2, 3, "0:1", 0)]
    insns = (mov(0), mov(0), mov(0))
    expected = relocate(insns, relos, local, kernel)
    assert expected.insns == (mov(4), mov(4), mov(8))
    blob = minimised(kernel, [(local, relos)])
    assert [one.name for one in read(blob)] == ["int", "other", "first", "second", ""]
    assert relocate(insns, relos, local, KernelOf(Btf.from_bytes(blob))) == expected


def test_a_kernel_of_32_bits_keeps_its_pointers() -> None:
    record = Struct("s", 8, (Member("p", 2, 32),))
    kernel = KernelOf(btf(Int("long unsigned int", 4), Ptr(0), record))
    local = btf(INT, Ptr(0), Struct("s", 8, (Member("p", 2, 0),)))
    blob = Btf.from_bytes(minimised(kernel, [(local, [relo(0, 3, "0:0", 1)])]))
    assert blob.pointer_size == 4
    assert relocate([mov(8)], [relo(0, 3, "0:0", 1)], local, KernelOf(blob)).insns == (mov(4),)
