"""Structs of functions: read from an object, put where the kernel has their members."""

from __future__ import annotations

import struct

import pytest
from kernel_facts import EXIT, MOV, Facts, read
from object_builder import FUNC, GLOBAL, OBJECT, ObjectBuilder

from seismo.btf.errors import BtfError
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Datasec,
    FuncProto,
    Int,
    Member,
    Placement,
    Ptr,
    Struct,
    Type,
    Var,
    VarLinkage,
)
from seismo.btf.write import write
from seismo.isa.map_types import MapType
from seismo.objfile.errors import LinkError, ObjectError
from seismo.objfile.link import link
from seismo.spec.types import MapSpec, ObjectSpec, ProgramTarget

INT, PTR, LONG, OPS = 1, 3, 4, 5
OURS = (Member("later", PTR, 0), Member("flags", INT, 64), Member("first", PTR, 128))
BEGINNING: list[Type] = [Int("int", 4), FuncProto(0), Ptr(2), Int("long", 8)]
KERNEL = Btf(
    write(
        [
            *BEGINNING,
            Struct(
                "ops",
                32,
                (
                    Member("first", PTR, 0),
                    Member("extra", PTR, 64),
                    Member("later", PTR, 128),
                    Member("flags", INT, 192),
                    Member("bits", INT, 224, 3),
                ),
            ),
            Struct("bpf_struct_ops_ops", 48, (Member("common", LONG, 0), Member("data", OPS, 128))),
            Struct("lonely", 8, (Member("first", PTR, 0),)),
        ]
    )
)


class Kernel(Facts):
    """One that lets the functions of `struct ops` be replaced."""

    def own_btf(self) -> Btf:
        return KERNEL


def built(
    members: tuple[Member, ...] = OURS,
    name: str = "ops",
    section: str = ".struct_ops",
    size: int = 24,
    slots: tuple[tuple[int, str], ...] = ((0, "grow"), (16, "half")),
    placed: int = 24,
) -> ObjectBuilder:
    """A variable `mine`, its `flags` 7, with two programs."""
    builder = ObjectBuilder()
    symbols: dict[str, int] = {}
    for one in ("grow", "half", "unused"):
        builder.code(f"struct_ops/{one}", [MOV, EXIT], (one, 0, 2))
        symbols[one] = len(symbols) + 1
    at = builder.section(section, struct.pack("<QIIQ", 0, 7, 0, 0))
    symbols["mine"] = builder.symbol("mine", at, 0, placed, GLOBAL + OBJECT)
    for offset, function in slots:
        builder.relocate(at, offset, symbols[function], 2)
    types = [*BEGINNING, Struct(name, size, members), Var("mine", OPS, VarLinkage.GLOBAL)]
    builder.types([*types, Datasec(section, 0, (Placement(6, 0, placed),))])
    return builder


def linked(builder: ObjectBuilder) -> ObjectSpec:
    return link(read(builder), Kernel(), ["grow", "half"])


def the_map(spec: ObjectSpec) -> MapSpec:
    (found,) = spec.maps
    return found


def test_as_the_object_has_it() -> None:
    (found,) = read(built()).maps
    assert found.type is MapType.STRUCT_OPS
    assert (found.name, found.value_size, found.value_type, found.flags) == ("mine", 24, OPS, 0)
    assert found.contents == ((bytes(4), struct.pack("<QIIQ", 0, 7, 0, 0)),)
    assert found.program_slots == ((0, "grow"), (16, "half"))
    (other,) = read(built(section=".struct_ops.link")).maps
    assert other.flags == 1 << 13


@pytest.mark.parametrize("name", ["ops", "ops___mine"])
def test_members_go_by_name(name: str) -> None:
    found = the_map(linked(built(name=name)))
    assert found.value_type == KERNEL.find("bpf_struct_ops_ops")
    assert (found.key_size, found.value_size, found.max_entries) == (4, 48, 1)
    assert found.contents == ((bytes(4), struct.pack("<16xQQQII", 0, 0, 0, 7, 0)),)
    assert found.program_slots == ((32, "grow"), (16, "half"))


def test_programs_are_for_members() -> None:
    found = {one.name: one.target for one in linked(built()).programs}
    assert found == {
        "grow": ProgramTarget("ops", member="later"),
        "half": ProgramTarget("ops", member="first"),
    }


def test_a_program_that_is_not_loaded_leaves_its_member_empty() -> None:
    found = the_map(link(read(built()), Kernel(), ["half"]))
    assert found.program_slots == ((16, "half"),)


def test_what_the_kernel_lacks_may_be_zero() -> None:
    members = (*OURS[:1], Member("new", INT, 96), *OURS[1:])
    assert the_map(linked(built(members))).value_size == 48


REFUSED = {
    "no such member": (built((*OURS[:2], Member("new", PTR, 128))), "kernel has no member 'new'"),
    "a value of none": (built((OURS[0], Member("new", INT, 64), OURS[2])), "has no member 'new'"),
    "another size": (
        built((OURS[0], Member("flags", LONG, 64), OURS[2])),
        "member 'flags' is int of 4 bytes in the kernel, not long of 8",
    ),
    "another kind": (
        built((OURS[0], OURS[1], Member("flags", PTR, 128))),
        "member 'flags' is int of 4 bytes in the kernel, not pointer of 8",
    ),
    "a bit-field": (built((*OURS, Member("bits", INT, 96, 3))), "'bits' is a bit-field"),
    "beyond it": (built((*OURS, Member("extra", PTR, 160))), "'extra' goes on beyond the"),
    "no such struct": (built(name="nothing"), "the kernel's types have no struct nothing"),
    "no struct of functions": (built(name="lonely"), "types have no struct bpf_struct_ops_lonely"),
    "within a member": (built(slots=((4, "grow"),)), "'grow' is in the middle of a member"),
    "twice": (
        built(slots=((0, "grow"), (16, "grow"))),
        "program 'grow' is later of ops, and first of ops as well",
    ),
    "in none": (built(slots=((0, "grow"),)), "program 'half' is in no struct of functions"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_by_what_the_kernel_has(case: str) -> None:
    builder, message = REFUSED[case]
    with pytest.raises(LinkError, match=message):
        linked(builder)


def test_refused_by_what_the_object_has() -> None:
    with pytest.raises(BtfError, match="is struct ops, not a struct of 24 bytes"):
        read(built(size=16))
    with pytest.raises(ObjectError, match=r"'mine' goes on beyond section '\.struct_ops'"):
        read(built(size=64, placed=64))
    with pytest.raises(ObjectError, match="'mine' is to be in the map 'mine', but is no program"):
        read(built(slots=((0, "mine"),)))
    builder = ObjectBuilder()
    builder.section(".struct_ops", bytes(8))
    builder.symbol("f", 1, 0, 0, GLOBAL + FUNC)
    with pytest.raises(ObjectError, match="without types: the file has no BTF"):
        read(builder)
