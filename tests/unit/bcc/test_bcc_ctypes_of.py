"""ctypes classes of C types lie in memory as GCC has them."""

from __future__ import annotations

import ctypes as ct
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from seismo.bcc.ctypes_of import NoCtypesClass, ctype_class
from seismo.c.layout import Field, lay_out
from seismo.c.types import (
    BOOL,
    CHAR,
    INT,
    LONG,
    S8,
    S64,
    U8,
    U16,
    U32,
    U64,
    U128,
    VOID,
    Array,
    CType,
    Enumeration,
    Integer,
    Pointer,
    Record,
    Table,
)

S128 = Integer("__int128", 16, True)


def record(
    *fields: Field, keyword: str = "struct", tag: str = "made", is_packed: bool = False
) -> Record:
    made = Record(keyword, tag)
    made.complete(*lay_out(keyword, fields, is_packed=is_packed))
    return made


INNER = record(Field("x", U8), Field("y", U32), tag="inner")
EITHER = record(Field("word", U32), Field("bytes", Array(U8, 4)), keyword="union", tag="")

# name: (its C text, the type, what its members are set to in C, what Python reads)
CASES: Mapping[str, tuple[str, Record, str, dict[str, Any]]] = {
    "plain": (
        "struct plain { unsigned char a; unsigned int b; char comm[16]; long long ret; char end; }",
        record(
            *(Field("a", U8), Field("b", U32), Field("comm", Array(CHAR, 16))),
            *(Field("ret", S64), Field("end", CHAR)),
        ),
        '.a = 200, .b = 4000000000u, .comm = "cat", .ret = -5, .end = 65',
        {"a": 200, "b": 4000000000, "comm": b"cat", "ret": -5, "end": b"A"},
    ),
    "packed": (
        "struct __attribute__((packed)) packed { unsigned char a; unsigned long b; short c; }",
        record(Field("a", U8), Field("b", U64), Field("c", U16), is_packed=True),
        ".a = 1, .b = 0x1122334455667788, .c = 7",
        {"a": 1, "b": 0x1122334455667788, "c": 7},
    ),
    "aligned": (
        "struct aligned { char a; int b __attribute__((aligned(16))); char c; }",
        record(Field("a", U8), Field("b", INT, alignment=16), Field("c", U8)),
        ".a = 1, .b = -2, .c = 3",
        {"a": 1, "b": -2, "c": 3},
    ),
    "wide": (
        "struct wide { unsigned int pid; unsigned __int128 address; unsigned short port; }",
        record(Field("pid", U32), Field("address", U128), Field("port", U16)),
        ".pid = 9, .address = ((unsigned __int128)0x0102030405060708 << 64) | 5, .port = 443",
        {"pid": 9, "address[:]": [5, 0x0102030405060708], "port": 443},
    ),
    "bits": (
        "struct bits { unsigned a : 3; int b : 5; unsigned long c : 40; unsigned char d; int : 0;"
        " unsigned short e : 9; }",
        record(
            *(Field("a", U32, bits=3), Field("b", INT, bits=5), Field("c", U64, bits=40)),
            *(Field("d", U8), Field("", INT, bits=0), Field("e", U16, bits=9)),
        ),
        ".a = 5, .b = -7, .c = 0x8123456789, .d = 77, .e = 300",
        {"a": 5, "b": -7, "c": 0x8123456789, "d": 77, "e": 300},
    ),
    "nested": (
        "struct nested { struct { unsigned char x; unsigned y; } pair[2];"
        " union { unsigned word; unsigned char bytes[4]; }; _Bool yes; signed char low; }",
        record(
            *(Field("pair", Array(INNER, 2)), Field("", EITHER)),
            *(Field("yes", BOOL), Field("low", S8)),
        ),
        ".pair = {{1, 2}, {3, 4}}, .word = 0x04030201, .yes = 1, .low = -1",
        {"pair[1].y": 4, "word": 0x04030201, "bytes[2]": 3, "yes": True, "low": -1},
    ),
    "pointing": (
        "struct pointing { void *p; enum { NO, YES = 5 } e; long l[3]; __int128 s; }",
        record(
            *(Field("p", Pointer(VOID)), Field("e", Enumeration("", U32))),
            *(Field("l", Array(LONG, 3)), Field("s", S128)),
        ),
        ".p = (void *)0x7fff12345678, .e = YES, .l = {1, -2, 3}, .s = -1",
        {"p": 0x7FFF12345678, "e": 5, "l[:]": [1, -2, 3], "s[:]": [-1, -1]},
    ),
}


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """The bytes that GCC makes of each case."""
    folder = tmp_path_factory.mktemp("layout")
    return dict(zip(CASES, _run_gcc(folder, [*CASES.items()]), strict=True))


def _run_gcc(folder: Path, cases: Sequence[tuple[str, Any]]) -> list[bytes]:
    lines = ["#include <stdio.h>"]
    lines += [f"{text}; static struct {name} v_{name};" for name, (text, *_) in cases]
    lines += ["int main(void) {"]
    for name, (_, _, values, _) in cases:
        lines.append(f"v_{name} = (struct {name}){{{values}}};")
        lines.append(f"for (unsigned i = 0; i < sizeof v_{name}; i++)")
        lines.append(f'printf("%02x", ((unsigned char *)&v_{name})[i]);')
        lines.append('printf("\\n");')
    source = folder / "layout.c"
    source.write_text("\n".join([*lines, "}"]))
    program = folder / "layout"
    subprocess.run(["gcc", "-O0", "-w", "-o", program, source], check=True)
    shown = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    return [bytes.fromhex(line) for line in shown.split()]


def _read(value: Any, path: str) -> Any:
    return eval(f"value.{path}", {"value": value})


@pytest.mark.parametrize("name", CASES)
def test_the_class_reads_what_gcc_wrote(name: str, memory: Mapping[str, bytes]) -> None:
    _, type_, _, expected = CASES[name]
    class_ = ctype_class(type_)

    assert ct.sizeof(class_) == len(memory[name])
    made = class_.from_buffer_copy(memory[name])
    assert {path: _read(made, path) for path in expected} == expected


@pytest.mark.parametrize("name", CASES)
def test_what_python_writes_is_what_gcc_wrote(name: str, memory: Mapping[str, bytes]) -> None:
    _, type_, _, expected = CASES[name]
    made = ctype_class(type_)()
    for path, value in expected.items():
        exec(f"made.{path} = value", {"made": made, "value": value})

    again = ctype_class(type_).from_buffer_copy(bytes(made))
    assert {path: _read(again, path) for path in expected} == expected
    if name not in ("nested",):  # of which not all members are set
        assert bytes(made) == memory[name]


def test_members_without_padding_of_ours_can_be_given_in_order() -> None:
    class_ = ctype_class(record(Field("a", U8), Field("b", U32)))

    assert [name for name, _ in class_._fields_] == ["a", "b"]
    assert (class_(1, 2).a, class_(1, 2).b) == (1, 2)


def test_a_packed_record_in_another_keeps_its_place() -> None:
    inner = record(Field("a", U8), Field("b", U32), is_packed=True, tag="inner")
    class_ = ctype_class(record(Field("x", U16), Field("in", inner), Field("y", U64)))

    assert ct.sizeof(inner_class := ctype_class(inner)) == 5
    assert inner_class.b.offset == 1
    assert (getattr(class_, "in").offset, class_.y.offset, ct.sizeof(class_)) == (2, 8, 16)


def test_bit_fields_of_a_member_without_a_name_are_the_records_own() -> None:
    flags = record(Field("one", U8, bits=1), Field("two", U8, bits=2), tag="")
    made = ctype_class(record(Field("a", U32), Field("", flags)))(7)

    made.two = 2
    assert (made.a, made.one, made.two) == (7, 0, 2)
    assert bytes(made) == bytes([7, 0, 0, 0, 4, 0, 0, 0])


def test_a_value_too_large_for_a_bit_field_leaves_its_neighbours_alone() -> None:
    made = ctype_class(record(Field("a", U8, bits=4), Field("b", U8, bits=4)))()

    made.b = 15
    made.a = 0x123
    assert (made.a, made.b) == (3, 15)


def test_a_union_is_padded_only_where_its_members_do_not_fill_it() -> None:
    full = ctype_class(record(Field("a", U32), Field("b", U64), keyword="union"))
    assert [name for name, *_ in vars(full)["_fields_"]] == ["a", "b"]
    odd = ctype_class(record(Field("a", U32), Field("c", Array(CHAR, 5)), keyword="union"))
    assert ([name for name, *_ in vars(odd)["_fields_"]], ct.sizeof(odd)) == (["a", "c"], 8)


def test_a_union_with_a_bit_field_has_all_its_bytes() -> None:
    either = record(Field("low", U32, bits=4), Field("all", U64), keyword="union")
    made = ctype_class(either)()

    made.all = 0xF7
    assert (ct.sizeof(made), made.low) == (8, 7)


@pytest.mark.parametrize(
    ("type_", "class_"),
    [
        (CHAR, ct.c_char),
        (Integer("s8", 1, True), ct.c_byte),
        (U8, ct.c_ubyte),
        (BOOL, ct.c_bool),
        (U128, ct.c_uint64 * 2),
        (Array(Array(U16, 2), 3), ct.c_uint16 * 2 * 3),
        (Array(U32, None), ct.c_uint32 * 0),
        (Pointer(CHAR), ct.c_uint64),
        (Enumeration("e", INT), ct.c_int32),
    ],
    ids=str,
)
def test_scalars_and_arrays_have_the_classes_of_ctypes(type_: CType, class_: type) -> None:
    assert ctype_class(type_) is class_


def test_the_class_is_called_like_the_struct() -> None:
    assert ctype_class(record(Field("a", U8), tag="data_t")).__name__ == "data_t"


@pytest.mark.parametrize("type_", [VOID, Table("hash", U32, U64)], ids=str)
def test_what_is_no_data_has_no_class(type_: CType) -> None:
    with pytest.raises(NoCtypesClass, match="is no type of data"):
        ctype_class(type_)
