"""Variables before anything is loaded: values, views, and what a section says."""

from __future__ import annotations

import pytest

from seismo.api.codec import ArrayCodec, IntCodec, TextCodec
from seismo.api.errors import UnknownName, WrongState, WrongType, WrongValue
from seismo.api.globals import DataMap, Global, Globals, Section
from seismo.api.record import Field, RecordCodec
from seismo.base.dataclass import replace
from seismo.isa.map_types import MapType
from seismo.spec.types import MapSpec

U32 = IntCodec("__u32", 4, signed=False)
POINT = RecordCodec("struct point", 8, (Field("x", 0, U32), Field("y", 4, U32)))
LINE = RecordCodec(
    "struct line",
    32,
    (
        Field("from", 0, POINT),
        Field("to", 8, POINT),
        Field("name", 16, TextCodec("char[8]", 8)),
        Field("low", 24, U32, shift=0, bits=4),
        Field("high", 24, U32, shift=4, bits=4),
    ),
)
SIZE = 64


def data(contents: bytes = b"") -> DataMap:
    entries = ((bytes(4), contents),) if contents else ()
    return DataMap(
        MapSpec(
            name="t.data",
            type=MapType.ARRAY,
            key_size=4,
            value_size=SIZE,
            max_entries=1,
            contents=entries,
            section=".data",
        )
    )


@pytest.fixture
def memory() -> DataMap:
    return data(b"\5\0\0\0".ljust(SIZE, b"\0"))


@pytest.fixture
def section(memory: DataMap) -> Section:
    variables = {
        "level": Global("level", memory, 0, U32),
        "table": Global("table", memory, 4, ArrayCodec(U32, 3)),
        "line": Global("line", memory, 16, LINE),
        "points": Global("points", memory, 48, ArrayCodec(POINT, 2)),
    }
    return Section(Globals(variables, ".data"))


def written(memory: DataMap) -> bytes:
    ((key, value),) = memory.contents
    assert key == bytes(4)
    return value


def test_a_variable_has_the_value_of_the_file(section: Section) -> None:
    assert section.level == 5


def test_a_value_goes_into_the_bytes_to_load(section: Section, memory: DataMap) -> None:
    section.level = 0x01020304
    section.table = [1, 2, 3]
    assert written(memory) == b"\4\3\2\1\1\0\0\0\2\0\0\0\3\0\0\0".ljust(SIZE, b"\0")


def test_members_are_set_in_place(section: Section, memory: DataMap) -> None:
    section.line.to.y = 7
    section.line.name = "abc"
    section.line.high = 9
    section.line.low = 1
    assert written(memory)[16:48] == bytes(12) + b"\7\0\0\0abc".ljust(12, b"\0") + b"\x91" + bytes(
        7
    )
    assert section.line.to == POINT.type(y=7)
    assert (section.line.low, section.line.high) == (1, 9)
    assert repr(section.line.to) == "point(x=0, y=7)"


def test_a_whole_struct_can_be_set(section: Section) -> None:
    section.line.to = {"x": 1}
    section.points = [(1, 2), POINT.type(x=3)]
    assert section.line.to == POINT.type(x=1)
    assert tuple(section.points) == (POINT.type(x=1, y=2), POINT.type(x=3))


def test_elements_are_set_in_place(section: Section) -> None:
    section.table[-1] = 9
    section.points[1].x = 4
    assert section.table == [0, 0, 9] and section.table[1:] == (0, 9)
    assert list(section.points) == [POINT.type(), POINT.type(x=4)]
    assert len(section.table) == 3
    with pytest.raises(IndexError):
        section.table[3] = 1


def test_a_section_without_contents_has_none_until_it_is_written() -> None:
    bss = data()
    assert bss.contents == () and bss.read(0, 4) == bytes(4)
    bss.write(8, b"\1")
    assert written(bss) == (bytes(8) + b"\1").ljust(SIZE, b"\0")


def test_a_wrong_name_has_a_near_one(section: Section) -> None:
    with pytest.raises(UnknownName, match=r"no variable 'levle' in \.data\nhint: .*'level'"):
        section.levle = 1
    with pytest.raises(AttributeError):
        section.line.midst = 1
    assert not hasattr(section, "other")
    assert dir(section) == ["level", "line", "points", "table"]


def test_a_variable_of_another_section_is_found(memory: DataMap) -> None:
    level = Global("level", memory, 0, U32)
    with pytest.raises(UnknownName, match=r"no variable 'level' in \.bss\nhint: it is in \.data"):
        Globals({}, ".bss", {"level": level})["level"]


def test_a_wrong_value_names_its_variable(section: Section) -> None:
    with pytest.raises(WrongValue, match="variable 'level': -1 does not fit"):
        section.level = -1
    with pytest.raises(WrongValue, match="member 'low' of struct line: 16 does not fit 4 bits"):
        section.line.low = 16


def test_what_python_cannot_name_is_an_item(section: Section) -> None:
    section.line["from"]["x"] = 3
    section.line["low"] = 4
    assert section.line["from"].x == 3 and section.line.low == 4
    with pytest.raises(UnknownName, match=r"no member 'form' in struct line\nhint: .*'from'"):
        section.line["form"]


def test_a_view_is_a_value_for_another_variable(section: Section) -> None:
    section.line["from"] = {"x": 1, "y": 2}
    section.line.to = section.points[1] = section.line["from"]
    assert (section.line.to.y, section.points[1].x) == (2, 1)
    with pytest.raises(WrongType, match="must be struct point, not RecordView"):
        section.line.to = section.line


def test_slices_of_an_array_are_set_at_once(section: Section) -> None:
    whole = list(section.table)
    section.table[1:] = [9] * (len(whole) - 1)
    assert list(section.table) == [whole[0], *[9] * (len(whole) - 1)]
    with pytest.raises(WrongValue, match="the array has"):
        section.table[1:] = [1]


def test_variables_are_a_mapping_too(section: Section, memory: DataMap) -> None:
    names = Globals({"level": Global("level", memory, 0, U32)}, "t.o")
    names["level"] = 6
    assert dict(names) == {"level": 6} and section.level == 6
    with pytest.raises(WrongState, match="cannot be deleted"):
        del names["level"]


def test_options_of_the_kernel_cannot_be_set() -> None:
    kconfig = data()
    kconfig.spec = replace(kconfig.spec, section=".kconfig")
    with pytest.raises(WrongState, match="options of the kernel's build cannot be set"):
        kconfig.write(0, b"a")
