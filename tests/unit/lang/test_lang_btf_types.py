"""Types of BTF as types of the language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from c_cases import RECORDED, NoBtf, fields, read_c, types_of
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    Const,
    Enum,
    Enum64,
    Enumerator,
    Float,
    FuncProto,
    Fwd,
    Int,
    IntEncoding,
    Member,
    Ptr,
    Struct,
    Type,
    Typedef,
    TypeTag,
    Union,
    Volatile,
)
from seismo.btf.write import StringTable, write
from seismo.lang.btf_types import BtfTypes
from seismo.lang.type_names import NoSuchType
from seismo.lang.types import (
    BOOL,
    INT32,
    UINT8,
    VOID,
    ArrayType,
    Enumeration,
    IntType,
    PointerType,
    RecordField,
    RecordType,
    StringType,
)
from seismo.views import RecordedView

SIGNED = IntEncoding.SIGNED
CHAR, INT, LONG, BOOLEAN = 1, 2, 3, 4
FIRST = 5


def blob(*types: Type) -> Btf:
    """A BTF with four integers as types 1 to 4; `types` begin at 5."""
    integers = (
        Int("char", 1),
        Int("int", 4, SIGNED),
        Int("long unsigned int", 8),
        Int("_Bool", 1, IntEncoding.BOOL),
    )
    return Btf.from_bytes(write([*integers, *types]))


def table(*types: Type) -> BtfTypes:
    return BtfTypes(blob(*types), {})


def named(*types: Type) -> object:
    """The language's type of a typedef of the first of `types`."""
    return table(*types, Typedef("it", FIRST)).find("it")


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        (Const(INT), INT32),
        (Volatile(LONG), IntType(64, False)),
        (Const(BOOLEAN), BOOL),
        (Const(CHAR), IntType(8, True)),
        (Int("unsigned char", 1), UINT8),
        (Int("__int128", 16, SIGNED), ArrayType(UINT8, 16)),
        (Float("double", 8), ArrayType(UINT8, 8)),
        (Array(CHAR, INT, 16), StringType(16)),
        (Array(CHAR, INT, 0), ArrayType(IntType(8, True), 0)),
        (Array(INT, INT, 3), ArrayType(INT32, 3)),
        (Ptr(0), PointerType(None, "")),
        (Ptr(CHAR), PointerType(IntType(8, True), "")),
        (Const(0), VOID),
        (Struct("s", 24), RecordType("struct s", None, 24)),
        (Union("u", 8), RecordType("union u", None, 8)),
        (Struct("", 8), RecordType("it", None, 8)),
        (Fwd("gone"), RecordType("struct gone", None, 0)),
        (Fwd("gone", is_union=True), RecordType("union gone", None, 0)),
        (
            Enum("e", 4, (Enumerator("A", 0), Enumerator("B", 7))),
            IntType(32, False, Enumeration("enum e", (("A", 0), ("B", 7)))),
        ),
        (
            Enum64("wide", 8, (Enumerator("W", -1),), signed=True),
            IntType(64, True, Enumeration("enum wide", (("W", -1),))),
        ),
        (Enum("", 1, (Enumerator("A", 0),)), IntType(8, False, Enumeration("it", (("A", 0),)))),
    ],
)
def test_kinds(type_: Type, expected: object) -> None:
    assert named(type_) == expected


def test_what_pointers_point_to() -> None:
    assert named(Ptr(6), Ptr(7), Struct("s", 4)) == PointerType(
        PointerType(RecordType("struct s", None, 4), ""), ""
    )
    assert named(Ptr(6), FuncProto(INT)) == PointerType(None, "")
    assert named(Ptr(6), TypeTag("user", 7), Const(CHAR)) == PointerType(IntType(8, True), "user")
    assert named(Ptr(6), TypeTag("rcu", INT)) == PointerType(INT32, "")
    assert named(Array(6, INT, 4), Array(CHAR, INT, 8)) == ArrayType(StringType(8), 4)


def test_a_pointer_to_itself_ends() -> None:
    assert named(Ptr(FIRST)) == PointerType(PointerType(None, ""), "")


def test_names() -> None:
    types = table(
        Struct("x", 4), Union("x", 8), Enum("x", 4), Typedef("x", INT), Typedef("inner", 10),
        Struct("", 12), Typedef("outer", 9)
    )  # fmt: skip
    assert types.find("struct x") == RecordType("struct x", None, 4)
    assert types.find("union x") == RecordType("union x", None, 8)
    assert types.find("x") == INT32
    assert types.find("outer") == RecordType("inner", None, 12)
    assert types.find("long unsigned int") == IntType(64, False)
    for name in ("struct y", "y", "struct", "enum inner", "", "struct inner"):
        with pytest.raises(KeyError):
            types.find(name)


NESTED = (
    Struct(
        "outer",
        24,
        (
            Member("a", INT, 0),
            Member("", 6, 32),
            Member("late", INT, 96, 3),
            Member("named", 8, 128),
            Member("", INT, 160, 7),
        ),
    ),
    Struct("", 8, (Member("b", INT, 0), Member("", 7, 32))),
    Union("", 4, (Member("c", INT, 0), Member("d", 9, 0))),
    Struct("", 4, (Member("deep", INT, 0),)),
    Array(CHAR, INT, 4),
)


def test_the_fields_of_a_record() -> None:
    types = table(*NESTED)
    outer = types.find("struct outer")
    assert isinstance(outer, RecordType)
    record = types.complete(outer)
    deep = RecordType("struct (unnamed 8)", (RecordField("deep", INT32, 0),), 4)
    assert record == RecordType(
        "struct outer",
        (
            RecordField("a", INT32, 0),
            RecordField("b", INT32, 4),
            RecordField("c", INT32, 8),
            RecordField("d", StringType(4), 8),
            RecordField("late", INT32, 12, bit_offset=0, bit_size=3),
            RecordField("named", deep, 16),
        ),
        24,
    )


def test_a_record_is_found_by_its_size_among_those_of_its_name() -> None:
    types = table(
        Struct("s", 4, (Member("a", INT, 0),)),
        Struct("s", 8, (Member("b", LONG, 0),)),
        Typedef("t", 6),
    )
    assert types.find("t") == RecordType("struct s", None, 8)

    def names(size: int) -> list[str]:
        record = types.complete(RecordType("struct s", None, size))
        return [one.name for one in record.fields or ()]

    assert (names(0), names(4), names(8)) == (["a"], ["a"], ["b"])
    with pytest.raises(KeyError):
        names(12)
    with pytest.raises(KeyError):
        types.complete(RecordType("struct gone", None, 0))


@pytest.mark.parametrize(
    ("type_", "at", "width", "size", "place"),
    [
        (INT, 3, 5, 8, (32, 0, 3, 5)),
        (INT, 35, 5, 8, (32, 4, 3, 5)),
        (CHAR, 19 * 8 + 4, 1, 20, (8, 19, 4, 1)),
        # Packed: across two of its integers, and one that ends with its struct.
        (INT, 28, 20, 8, (32, 3, 4, 20)),
        (INT, 30, 32, 16, (64, 0, 30, 32)),
        (INT, 8, 3, 2, (8, 1, 0, 3)),
        (LONG, 4, 12, 2, (16, 0, 4, 12)),
    ],
)
def test_bit_fields(type_: int, at: int, width: int, size: int, place: tuple[int, ...]) -> None:
    types = table(Struct("s", size, (Member("x", type_, at, width),)))
    x = types.complete(RecordType("struct s", None, size)).field("x")
    assert isinstance(x.type, IntType)
    assert (x.type.bits, x.offset, x.bit_offset, x.bit_size) == place


def test_constants() -> None:
    types = table(Enum("", 4, (Enumerator("A", 3),)), Enum("e", 4, (Enumerator("B", 4),)))
    value, type_ = types.enumerator("A")
    assert (value, str(type_)) == (3, "enum (unnamed 5)")
    assert types.enumerator("B") == (4, IntType(32, False, Enumeration("enum e", (("B", 4),))))
    with pytest.raises(KeyError):
        types.enumerator("C")


def test_near_names() -> None:
    types = table(Struct("sock", 4), Struct("sk_buff", 4), Typedef("size_t", LONG))
    assert list(types.near("struct sokc")) == ["struct sock"]
    assert list(types.near("sise_t")) == ["size_t"]


def test_the_recorded_kernel() -> None:
    types = types_of("")
    task = fields(types, "struct task_struct")
    assert task["comm"].startswith("string[16]@")
    assert task["real_parent"].startswith("struct task_struct *@")
    assert task["in_iowait"].endswith("+1")
    assert task["__state"].startswith("uint32@")
    common = fields(types, "struct sock_common")
    assert common["skc_daddr"] == "uint32@0"
    assert common["skc_dport"] == "uint16@12"
    assert common["skc_reuse"] == "uint8@19:0+4"
    assert fields(types, "atomic_t") == {"counter": "int32@0"}
    assert types.enumerator("TCP_LISTEN")[0] == 10


def test_the_scripts_structs_come_before_the_kernels() -> None:
    types = types_of("struct dentry { int mine; }; struct own { struct path p; struct file *f; };")
    assert fields(types, "struct dentry") == {"mine": "int32@0"}
    assert fields(types, "struct own") == {"p": "struct path@0", "f": "struct file *@16"}
    path = types.complete(RecordType("struct path", None, 0))
    dentry = path.field("dentry").type
    assert isinstance(dentry, PointerType)
    assert dentry.target == RecordType("struct dentry", None, 4)


def test_a_struct_within_one_of_the_kernels_is_the_kernels() -> None:
    types = types_of("struct qstr { int mine; };")
    name = types.complete(RecordType("struct dentry", None, 0)).field("d_name").type
    assert isinstance(name, RecordType)
    inner = types.complete(name)
    assert [one.name for one in inner.fields or ()][-1] == "name"


def test_what_is_not_found() -> None:
    types = types_of("")
    for name in ("struct nosuch", "nosuch_t"):
        with pytest.raises(NoSuchType):
            types.find(name)
    gone = types.complete(RecordType("struct nosuch", None, 0))
    assert gone == RecordType("struct nosuch", (), 0)
    assert types.complete(gone) is gone


def test_without_btf() -> None:
    types, _ = read_c("struct s { int x; };", view=NoBtf())
    assert fields(types, "struct s") == {"x": "int32@0"}
    assert types.find("u32") == IntType(32, False)
    with pytest.raises(NoSuchType) as caught:
        types.find("struct task_struct")
    assert caught.value.hint == "none here; use another kernel"
    with pytest.raises(KeyError):
        types.enumerator("TCP_LISTEN")
    assert "struct s" in list(types.near("struct x"))


class Modules(RecordedView):
    """A kernel with one module."""

    def btf(self) -> Btf:
        if self._btf is None:
            self._btf = blob(Struct("common", 4, (Member("a", INT, 0),)), Fwd("module_s"), Ptr(6))
        return self._btf

    def module_btf(self) -> Iterator[Btf]:
        base = self.btf()
        own = Struct("module_s", 8, (Member("x", FIRST, 0), Member("y", 7, 0)))
        strings = StringTable(start=base.string_bytes)
        data = write([own, Typedef("module_t", 8)], strings=strings)
        yield Btf.from_bytes(data, base)


def test_types_of_modules() -> None:
    types, _ = read_c("struct s { struct module_s m; };", view=Modules(RECORDED))
    assert fields(types, "struct s") == {"m": "struct module_s@0"}
    assert fields(types, "struct module_s") == {
        "x": "struct common@0",
        "y": "struct module_s *@0",
    }
    assert fields(types, "struct common") == {"a": "int32@0"}
    with pytest.raises(KeyError):
        types.find("module_t")
