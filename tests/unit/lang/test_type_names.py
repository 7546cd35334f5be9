"""Types as scripts write them."""

from __future__ import annotations

import pytest

from c_cases import NoBtf, read_c, types_of
from seismo.base.errors import CompilerBug
from seismo.base.source import Source, Span
from seismo.lang.ast import Number, TypeExpr
from seismo.lang.ctype import field_type
from seismo.lang.type_names import (
    TypeNameError,
    in_space,
    resolve_type,
    spelled_out,
    with_suffixes,
)
from seismo.lang.types import (
    BOOL,
    INT32,
    INT64,
    UINT8,
    UINT64,
    VOID,
    AggregateType,
    ArrayType,
    BufferType,
    Enumeration,
    IntType,
    PointerType,
    RecordType,
    StringType,
    SymbolicType,
    Type,
)
from seismo.lang.typetable import NO_TYPES
from seismo.probes.format import FormatField

SPAN = Span(Source("t", "(type)x"), 1, 5)


def written(base: str, *suffixes: str) -> TypeExpr:
    return TypeExpr(base, suffixes, SPAN)


@pytest.mark.parametrize(
    ("base", "type_"),
    [
        ("bool", BOOL),
        ("void", VOID),
        ("int8", IntType(8, True)),
        ("uint16", IntType(16, False)),
        ("int", INT32),
        ("unsigned long", UINT64),
        ("long long unsigned int", UINT64),
        ("short int", IntType(16, True)),
        ("char", IntType(8, True)),
        ("size_t", UINT64),
        ("__be16", IntType(16, False)),
        ("uint8_t", UINT8),
        ("inet", SymbolicType("inet", 20)),
        ("macaddr_t", SymbolicType("macaddr", 8)),
        ("timestamp", SymbolicType("timestamp", 8)),
        ("cgroup_path_t", SymbolicType("cgroup_path", 16)),
        ("username_t", SymbolicType("username", 8)),
        ("ksym_t", SymbolicType("ksym_t", 8)),
        ("usym_t", SymbolicType("usym_t", 16)),
        ("count_t", AggregateType("count", UINT64)),
        ("sum_t", AggregateType("sum", INT64)),
        ("usum_t", AggregateType("sum", UINT64)),
        ("umax_t", AggregateType("max", UINT64)),
        ("ustats_t", AggregateType("stats", UINT64)),
        ("string", StringType(0)),
        ("buffer", BufferType(0)),
    ],
)
def test_names_that_are_known_without_a_kernel(base: str, type_: Type) -> None:
    assert resolve_type(written(base), NO_TYPES, "kernel") == type_


@pytest.mark.parametrize(
    ("base", "type_"),
    [
        ("struct path", RecordType("struct path", None, 16)),
        ("atomic_t", RecordType("atomic_t", None, 4)),
        ("gfp_t", IntType(32, False)),
        ("struct mine", RecordType("struct mine", None, 4)),
        ("enum mine", IntType(32, False, Enumeration("enum mine", (("M", 0),)))),
        ("mine_t", PointerType(RecordType("struct mine", None, 4), "user")),
    ],
)
def test_names_of_the_script_and_the_kernel(base: str, type_: Type) -> None:
    types = types_of("struct mine { int x; }; enum mine { M }; typedef struct mine *mine_t;")
    assert resolve_type(written(base), types, "user") == type_


def test_suffixes_apply_from_left_to_right() -> None:
    def pointer(target: Type | None) -> PointerType:
        return PointerType(target, "user")

    for expr, expected in (
        (written("int32", "*", "[4]", "*"), pointer(ArrayType(pointer(INT32), 4))),
        (written("int32", "[2]", "[3]"), ArrayType(ArrayType(INT32, 2), 3)),
        (written("int8", "[]"), ArrayType(IntType(8, True), 0)),
        (written("void", "*"), pointer(None)),
        (written("void", "*", "*"), pointer(pointer(None))),
        (written("string", "[16]"), StringType(16)),
        (written("string", "[16]", "[2]"), ArrayType(StringType(16), 2)),
        (written("string", "*"), pointer(StringType(0))),
        (written("buffer", "[64]", "*"), pointer(BufferType(64))),
        (written("char", "[8]"), StringType(8)),
        (written("char", "*", "[8]"), ArrayType(pointer(IntType(8, True)), 8)),
    ):
        assert resolve_type(expr, NO_TYPES, "user") == expected


def test_typeof() -> None:
    inner = written("int32", "*")
    outer = TypeExpr("", ("[2]",), SPAN, inner)
    assert resolve_type(outer, NO_TYPES, "kernel") == ArrayType(PointerType(INT32, "kernel"), 2)
    assert with_suffixes(UINT8, ("*",), SPAN, "user") == PointerType(UINT8, "user")
    with pytest.raises(CompilerBug):
        resolve_type(TypeExpr("", (), SPAN, Number(1, SPAN)), NO_TYPES, "kernel")


@pytest.mark.parametrize(
    ("expr", "message", "hint"),
    [
        (written("uint33"), "unknown type 'uint33'", "did you mean 'uint32'?"),
        (
            written("struct lst_head", "*"),
            "unknown type 'struct lst_head'",
            "did you mean 'struct list_head'?",
        ),
        (written("struct zzzzzzzzzzzz"), "unknown type 'struct zzzzzzzzzzzz'", ""),
        (written("void", "[4]"), "there are no arrays of void", "write void*[4]"),
        (
            written("int8", "[99999999]"),
            "an array of 99999999 elements",
            "16777216 are the most",
        ),
    ],
)
def test_complaints(expr: TypeExpr, message: str, hint: str) -> None:
    with pytest.raises(TypeNameError) as caught:
        resolve_type(expr, types_of(""), "kernel")
    assert (caught.value.message, caught.value.hint, caught.value.span) == (message, hint, SPAN)


def test_without_btf_the_hint_says_so() -> None:
    types, _ = read_c("", view=NoBtf())
    with pytest.raises(TypeNameError) as caught:
        resolve_type(written("struct task_struct"), types, "kernel")
    assert caught.value.hint == "none here; use another kernel"


def test_without_any_table() -> None:
    with pytest.raises(TypeNameError) as caught:
        resolve_type(written("boole"), NO_TYPES, "kernel")
    assert caught.value.hint == "did you mean 'bool'?"


@pytest.mark.parametrize(
    ("space", "result"), [("user", "user"), ("kernel", "kernel"), ("ctx", "kernel")]
)
def test_what_is_read_takes_the_space_of_the_read(space: str, result: str) -> None:
    deep = PointerType(PointerType(UINT8, ""), "")
    assert in_space(deep, space) == PointerType(PointerType(UINT8, ""), result)
    assert in_space(ArrayType(deep, 2), space) == ArrayType(in_space(deep, space), 2)
    assert in_space(PointerType(UINT8, "user"), space) == PointerType(UINT8, "user")
    assert in_space(UINT8, space) == UINT8


@pytest.mark.parametrize(
    ("c_type", "size", "expected"),
    [
        ("struct path *", 8, PointerType(RecordType("struct path", None, 16), "kernel")),
        ("siginfo_t *", 8, PointerType(RecordType("struct siginfo", None, 128), "kernel")),
        ("sector_t *", 8, PointerType(UINT64, "kernel")),
        ("struct nosuch *", 8, PointerType(RecordType("struct nosuch", None, 0), "kernel")),
        ("enum nosuch", 4, IntType(32, False)),
        ("int", 4, INT32),
    ],
)
def test_the_kernel_spells_out_what_formats_name(c_type: str, size: int, expected: Type) -> None:
    field = FormatField(name="x", c_type=c_type, offset=8, size=size, signed=False)
    assert spelled_out(field_type(field, "kernel"), types_of("")) == expected


def test_the_kernel_spells_out_enums() -> None:
    field = FormatField(name="x", c_type="enum pid_type", offset=8, size=4, signed=False)
    type_ = spelled_out(field_type(field, "kernel"), types_of(""))
    assert isinstance(type_, IntType)
    assert type_.enum is not None
    assert type_.enum.constants[:2] == (("PIDTYPE_PID", 0), ("PIDTYPE_TGID", 1))
    assert spelled_out(type_, NO_TYPES) is type_
