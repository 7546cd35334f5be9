"""Maps of object files: defined by types, by plain structs, and of global variables."""

from __future__ import annotations

import struct

import pytest
from object_builder import GLOBAL, NOBITS, OBJECT, SECTION, ObjectBuilder

from seismo.btf.errors import BtfError
from seismo.btf.types import (
    Array,
    Datasec,
    FuncProto,
    Int,
    IntEncoding,
    Member,
    Placement,
    Ptr,
    Struct,
    Type,
    Var,
    VarLinkage,
)
from seismo.isa.insn import REGS, Insn
from seismo.isa.map_types import MapType
from seismo.objfile.errors import ObjectError
from seismo.objfile.model import ObjectFile, Variable
from seismo.objfile.read import read_object
from seismo.spec.types import MapSpec

EXIT = Insn(0x95, REGS[0], REGS[0])
INT, LONG = 1, 2
_BASIC: list[Type] = [Int("int", 4, IntEncoding.SIGNED), Int("long", 8, IntEncoding.SIGNED)]


class Types:
    """Types of maps, as the macros of bpf_helpers.h make them."""

    def __init__(self) -> None:
        self.all = list(_BASIC)
        self.maps: list[Placement] = []

    def add(self, type_: Type) -> int:
        self.all.append(type_)
        return len(self.all)

    def number(self, value: int) -> int:
        """`__uint(name, value)`."""
        return self.add(Ptr(self.add(Array(INT, INT, value))))

    def type(self, id: int) -> int:
        """`__type(name, type)`."""
        return self.add(Ptr(id))

    def values(self, id: int) -> int:
        """`__array(name, type)`."""
        return self.add(Array(self.add(Ptr(id)), INT, 0))

    def struct(self, members: dict[str, int]) -> int:
        rows = [Member(name, id, index * 64) for index, (name, id) in enumerate(members.items())]
        size = sum(8 for name in members if name != "values")
        return self.add(Struct("", size, tuple(rows)))

    def map(self, name: str, members: dict[str, int], slots: int = 0) -> int:
        """A map with room for `slots` initial values; where it is in its section."""
        size = sum(8 for one in members if one != "values") + slots * 8
        variable = self.add(Var(name, self.struct(members), VarLinkage.GLOBAL))
        offset = sum(one.size for one in self.maps)
        self.maps.append(Placement(variable, 0, size))
        return offset

    def write(self, builder: ObjectBuilder) -> int:
        """Put the maps into an object; the index of `.maps`."""
        section = builder.section(".maps", bytes(sum(one.size for one in self.maps)))
        offset = 0
        for one in self.maps:
            variable = self.all[one.type - 1]
            builder.symbol(variable.name, section, offset, one.size, GLOBAL + OBJECT)
            offset += one.size
        self.add(Datasec(".maps", 0, tuple(self.maps)))
        builder.types(self.all)
        return section


def read(builder: ObjectBuilder, name: str = "test.bpf.o") -> ObjectFile:
    return read_object(builder.bytes(), name)


def maps(types: Types) -> tuple[MapSpec, ...]:
    builder = ObjectBuilder()
    types.write(builder)
    return read(builder).maps


def test_map_of_types() -> None:
    types = Types()
    key, value = types.type(INT), types.type(LONG)
    members = {
        "type": types.number(1),
        "key": key,
        "value": value,
        "max_entries": types.number(100),
        "map_flags": types.number(5),
        "numa_node": types.number(1),
        "map_extra": types.number(7),
        "pinning": types.number(1),
    }
    types.map("counts", members)
    assert maps(types) == (
        MapSpec(
            name="counts",
            type=MapType.HASH,
            key_size=4,
            value_size=8,
            max_entries=100,
            flags=5,
            extra=7,
            numa_node=1,
            key_type=INT,
            value_type=LONG,
            pin="/sys/fs/bpf/counts",
        ),
    )


def test_numa_node_counts_only_with_its_flag() -> None:
    types = Types()
    types.map("m", {"type": types.number(2), "numa_node": types.number(3)})
    assert maps(types)[0].numa_node == -1


def test_map_of_sizes() -> None:
    types = Types()
    sizes = {"key_size": types.number(3), "value_size": types.number(17)}
    types.map("m", {"type": types.number(9), **sizes})
    (found,) = maps(types)
    assert (found.type, found.key_size, found.value_size) == (MapType.LRU_HASH, 3, 17)
    assert (found.max_entries, found.key_type, found.value_type) == (0, 0, 0)


def test_maps_are_in_order_of_places() -> None:
    types = Types()
    for name in ("first", "second", "third"):
        types.map(name, {"type": types.number(2), "max_entries": types.number(1)})
    types.maps.reverse()
    builder = ObjectBuilder()
    section = types.write(builder)
    assert section == 1
    assert [one.name for one in read(builder).maps] == ["third", "second", "first"]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"type": 0}, "type 0, which is none"),
        ({"type": 99}, "type 99, which is none"),
        ({}, "type 0, which is none"),
        ({"type": 1, "flavour": 1}, "unknown member 'flavour'"),
        ({"type": 1, "pinning": 2}, "pinning 2"),
    ],
)
def test_definitions_that_are_refused(members: dict[str, int], message: str) -> None:
    types = Types()
    rows = {name: types.number(value) for name, value in members.items()}
    rows.setdefault("max_entries", types.number(1))
    types.map("wrong", rows)
    with pytest.raises(BtfError, match=f"map 'wrong': {message}"):
        maps(types)


def test_sizes_that_disagree_with_types() -> None:
    types = Types()
    types.map(
        "wrong", {"type": types.number(1), "key": types.type(LONG), "key_size": types.number(4)}
    )
    with pytest.raises(BtfError, match="key of 8 bytes, but key_size is 4"):
        maps(types)


def test_values_without_a_size() -> None:
    types = Types()
    types.map("wrong", {"type": types.number(1), "value": types.type(0)})
    with pytest.raises(BtfError, match="value of a type without a size: void has no size"):
        maps(types)


def test_number_that_is_none() -> None:
    types = Types()
    types.map("wrong", {"type": INT})
    with pytest.raises(BtfError, match="'type' is no number"):
        maps(types)


def test_map_of_maps_with_initial_values() -> None:
    types = Types()
    inner = {"type": types.number(2), "max_entries": types.number(1), "value": types.type(LONG)}
    inner |= {"key": types.type(INT)}
    pattern = types.struct(inner)
    types.map("one", inner)
    at = types.map(
        "outer",
        {
            "type": types.number(12),
            "max_entries": types.number(3),
            "key_size": types.number(4),
            "values": types.values(pattern),
        },
        slots=3,
    )
    builder = ObjectBuilder()
    section = types.write(builder)
    builder.relocate(section, at + 24 + 16, 1, 2)
    outer = read(builder).maps[1]
    assert outer.map_slots == ((2, "one"),)
    assert outer.value_size == 4
    assert outer.inner == MapSpec(
        name="outer.inner",
        type=MapType.ARRAY,
        key_size=4,
        value_size=8,
        max_entries=1,
        key_type=INT,
        value_type=LONG,
    )


@pytest.mark.parametrize("offset", [8, 28])
def test_initial_value_out_of_place(offset: int) -> None:
    types = Types()
    inner = types.struct({"type": types.number(2)})
    rows = {"type": types.number(12), "max_entries": types.number(3)}
    at = types.map("outer", {**rows, "values": types.values(inner)}, slots=3)
    builder = ObjectBuilder()
    section = types.write(builder)
    builder.relocate(section, at + offset, 1, 2)
    with pytest.raises(ObjectError, match="map 'outer' has no initial values there"):
        read(builder)


def test_what_is_no_map_in_a_map_of_maps() -> None:
    types = Types()
    inner = types.struct({"type": types.number(2)})
    types.map("outer", {"type": types.number(12), "values": types.values(inner)}, slots=1)
    builder = ObjectBuilder()
    section = types.write(builder)
    data = builder.section(".data", bytes(8))
    builder.relocate(section, 8, builder.symbol("x", data, 0, 8, GLOBAL + OBJECT), 2)
    with pytest.raises(ObjectError, match="'x' is to be in a map of maps, but is no map"):
        read(builder)


def test_map_of_programs_with_initial_values() -> None:
    types = Types()
    proto = types.add(FuncProto(INT, ()))
    types.map("jumps", {"type": types.number(3), "values": types.values(proto)}, slots=2)
    builder = ObjectBuilder()
    section = types.write(builder)
    code = builder.code("socket", [EXIT], ("target", 0, 1))
    builder.relocate(section, 16, 2, 2)
    (found,) = read(builder).maps
    assert (found.inner, found.value_size, found.program_slots) == (None, 4, ((1, "target"),))
    builder.relocate(section, 8, builder.symbol("label", code, 0, 0, GLOBAL), 2)
    with pytest.raises(ObjectError, match="'label' is to be in the map 'jumps', but is no program"):
        read(builder)


def test_maps_without_types() -> None:
    builder = ObjectBuilder()
    builder.section(".maps", bytes(32))
    with pytest.raises(ObjectError, match="maps without types") as caught:
        read(builder)
    assert caught.value.hint == "compile with -g"


def plain(data: bytes, section: str = "maps") -> ObjectFile:
    builder = ObjectBuilder()
    index = builder.section(section, data)
    builder.symbol("table", index, 0, len(data), GLOBAL + OBJECT)
    return read(builder)


def test_plain_maps() -> None:
    builder = ObjectBuilder()
    rows = struct.pack("<5I", 1, 4, 8, 10, 1) + struct.pack("<5I", 2, 4, 4, 1, 0)
    section = builder.section("maps", rows)
    builder.symbol("array", section, 20, 0, GLOBAL + OBJECT)
    builder.symbol("hash", section, 0, 0, GLOBAL + OBJECT)
    builder.symbol("", section, 0, 0, SECTION)
    assert read(builder).maps == (
        MapSpec(name="hash", type=MapType.HASH, key_size=4, value_size=8, max_entries=10, flags=1),
        MapSpec(name="array", type=MapType.ARRAY, key_size=4, value_size=4, max_entries=1),
    )


@pytest.mark.parametrize(
    ("data", "pin"),
    [
        (struct.pack("<4I", 1, 4, 8, 10), ""),
        (struct.pack("<7I", 1, 4, 8, 10, 0, 0, 0), ""),
        (struct.pack("<7I", 1, 4, 8, 10, 0, 9, 0), ""),
        (struct.pack("<7I", 1, 4, 8, 10, 0, 0, 1), "/sys/fs/bpf/table"),
        (struct.pack("<9I", 1, 4, 8, 10, 0, 0, 2, 0, 0), "/sys/fs/bpf/tc/globals/table"),
        (struct.pack("<6I256s", 1, 4, 8, 10, 0, 0, b""), ""),
        (struct.pack("<6I256s", 1, 4, 8, 10, 0, 2, b"mine"), "/sys/fs/bpf/mine/globals/table"),
        (struct.pack("<6I256s", 1, 4, 8, 10, 0, 3, b""), ""),
    ],
)
def test_plain_maps_of_other_loaders(data: bytes, pin: str) -> None:
    (found,) = plain(data, "maps/table").maps
    assert (found.type, found.max_entries, found.pin) == (MapType.HASH, 10, pin)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (struct.pack("<3I", 1, 4, 8), "12 bytes, which define no map"),
        (struct.pack("<5I", 77, 4, 8, 1, 0), "type 77, which is none"),
        (struct.pack("<6I", 1, 4, 8, 10, 0, 1), "unknown fields in its 24 bytes"),
        (struct.pack("<7I", 1, 4, 8, 10, 0, 0, 3), "pinning 3, which is none"),
        (struct.pack("<7I", 12, 4, 4, 10, 0, 1, 0), "an inner map that is none"),
        (struct.pack("<6I256s", 1, 4, 8, 10, 0, 2, b"../x"), "in name space '../x'"),
    ],
)
def test_plain_maps_that_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(ObjectError, match=f"map 'table': .*{message}"):
        plain(data)


def test_plain_map_of_maps() -> None:
    builder = ObjectBuilder()
    rows = struct.pack("<7I", 2, 4, 8, 1, 0, 0, 0) + struct.pack("<7I", 12, 4, 4, 2, 4, 0, 1)
    section = builder.section("maps", rows)
    builder.symbol("inner", section, 0, 28, GLOBAL + OBJECT)
    builder.symbol("outer", section, 28, 28, GLOBAL + OBJECT)
    inner, outer = read(builder).maps
    assert (outer.inner, outer.numa_node) == (inner, 1)


def test_data_maps_without_types() -> None:
    builder = ObjectBuilder()
    data = builder.section(".data", b"\1\2\3\4")
    builder.section(".rodata.str1.1", b"text\0")
    builder.section(".rodata", b"\0\0")
    builder.section(".bss", kind=NOBITS, size=1 << 20)
    builder.section(".data.mine!", b"x")
    builder.section(".data", b"")
    builder.section("other", b"zzz")
    builder.symbol("counter", data, 2, 2, GLOBAL + OBJECT)
    file = read(builder, "a/b/a_long-name.bpf.o")
    assert [
        (one.name, one.section, one.value_size, one.flags, one.is_frozen, one.contents)
        for one in file.maps
    ] == [
        ("a_long_n.data", ".data", 4, 0, False, ((bytes(4), b"\1\2\3\4"),)),
        (".rodata.str1.1", ".rodata.str1.1", 5, 128, True, ((bytes(4), b"text\0"),)),
        ("a_long_n.rodata", ".rodata", 2, 128, True, ()),
        ("a_long_n.bss", ".bss", 1 << 20, 0, False, ()),
        (".data.mine_", ".data.mine!", 1, 0, False, ((bytes(4), b"x"),)),
    ]
    assert {(one.type, one.key_size, one.max_entries) for one in file.maps} == {
        (MapType.ARRAY, 4, 1)
    }
    assert file.variables == (
        Variable(name="counter", map="a_long_n.data", offset=2, size=2, type=0),
    )


def test_section_larger_than_a_value() -> None:
    builder = ObjectBuilder()
    builder.section(".bss", kind=NOBITS, size=1 << 60)
    with pytest.raises(ObjectError, match="more than a map's value may have"):
        read(builder)


def test_two_maps_of_one_name() -> None:
    builder = ObjectBuilder()
    builder.section(".data.a-b", b"x")
    builder.section(".data.a+b", b"x")
    assert [one.name for one in read(builder).maps] == [".data.a_b", ".data.a_b@2"]
    section = builder.section("maps", struct.pack("<5I", 2, 4, 4, 1, 0))
    builder.symbol(".data.a_b", section, 0, 20, GLOBAL + OBJECT)
    with pytest.raises(ObjectError, match=r"two maps called '\.data\.a_b'"):
        read(builder)
