"""A BTF as one header: order, unique names, and what GCC makes of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from seismo.btf.cheader import header
from seismo.btf.errors import BtfError
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
    Type,
    Typedef,
    Union,
    Var,
)
from seismo.btf.write import write

INT = 1


def parts(*types: Type) -> list[str]:
    """The header's declarations, one line each; `types` begin at 2."""
    text = header(Btf.from_bytes(write([Int("int", 4), *types])))
    inside = text.partition("#endif\n")[2].rpartition("#ifdef")[0]
    return [" ".join(part.split()) for part in inside.split("\n\n") if part.strip()]


def test_a_member_by_value_is_defined_first() -> None:
    assert parts(Struct("a", 4, (Member("b", 3, 0),)), Struct("b", 4, (Member("i", INT, 0),))) == [
        "struct b { int i; };",
        "struct a { struct b b; };",
    ]


def test_a_pointer_needs_a_declaration_only() -> None:
    assert parts(
        Struct("a", 8, (Member("b", 4, 0),)), Struct("b", 8, (Member("a", 5, 0),)), Ptr(3), Ptr(2)
    ) == ["struct b;", "struct a { struct b *b; };", "struct b { struct a *a; };"]


def test_a_struct_needs_no_declaration_of_itself() -> None:
    assert parts(Struct("node", 8, (Member("next", 3, 0),)), Ptr(2)) == [
        "struct node { struct node *next; };"
    ]


def test_a_typedef_comes_before_its_use_and_its_struct_before_a_value() -> None:
    assert parts(
        Struct("a", 12, (Member("p", 3, 0), Member("v", 4, 64))),
        Ptr(4),
        Typedef("b_t", 5),
        Struct("b", 4, (Member("i", INT, 0),)),
    ) == [
        "struct b;",
        "typedef struct b b_t;",
        "struct b { int i; };",
        "struct a { b_t *p; b_t v; } __attribute__((packed));",
    ]


def test_a_function_pointer_in_a_typedef_sees_the_struct_around_it() -> None:
    assert parts(
        Struct("head", 8, (Member("end", 3, 0),)),
        Ptr(4),
        Typedef("end_io", 5),
        FuncProto(0, (Param("", 6),)),
        Ptr(2),
    ) == [
        "struct head;",
        "typedef void end_io(struct head *);",
        "struct head { end_io *end; };",
    ]


def test_elements_are_defined_even_behind_a_pointer() -> None:
    assert parts(
        Struct("a", 8, (Member("p", 3, 0),)),
        Ptr(4),
        Array(5, INT, 2),
        Struct("b", 4, (Member("i", INT, 0),)),
    ) == ["struct b { int i; };", "struct a { struct b (*p)[2]; };"]


def test_what_an_unnamed_struct_needs_comes_first() -> None:
    assert parts(
        Typedef("t", 3), Struct("", 4, (Member("e", 4, 0),)), Enum("e", 4, (Enumerator("A", 0),))
    ) == ["enum e { A = 0, };", "typedef struct { enum e e; } t;"]


def test_names_are_unique_in_their_name_space() -> None:
    assert parts(
        Struct("a", 0),
        Union("a", 0),
        Typedef("a", 2),
        Typedef("a", 3),
        Enum("e", 4, (Enumerator("a", 0), Enumerator("B", 1))),
        Enum("", 4, (Enumerator("B", 2),)),
        Struct("a___2", 0),
    ) == [
        "struct a {};",
        "union a___2 {};",
        "typedef struct a a;",
        "typedef union a___2 a___2;",
        "enum e { a___3 = 0, B = 1, };",
        "struct a___2___2 {};",
        "enum { B___2 = 2, };",
    ]


def test_a_declaration_is_of_the_definition_with_its_name() -> None:
    assert parts(Fwd("a"), Struct("a", 0), Fwd("a", is_union=True), Fwd("b"), Fwd("b")) == [
        "struct a {};",
        "union a___2;",
        "struct b;",
    ]


def test_functions_variables_and_builtin_types_are_left_out() -> None:
    assert parts(Func("f", 3), FuncProto(0), Var("v", INT), Typedef("__builtin_va_list", INT)) == []


@pytest.mark.parametrize(
    "types",
    [
        [Struct("a", 4, (Member("a", 2, 0),))],
        [Struct("a", 4, (Member("b", 3, 0),)), Struct("b", 4, (Member("a", 2, 0),))],
        [Typedef("a", 3), Ptr(2)],
        [Typedef("a", 2)],
        [*[Typedef(f"t{id}", id + 1) for id in range(2, 1000)], Typedef("end", INT)],
        [*[Struct(f"s{id}", 4, (Member("a", id + 1, 0),)) for id in range(2, 1000)], Ptr(0)],
    ],
)
def test_circles_are_errors(types: list[Type]) -> None:
    with pytest.raises(BtfError):
        parts(*types)


def test_many_types_of_one_name_are_numbered_quickly() -> None:
    assert parts(*[Struct("a", 0)] * 20_000)[-1] == "struct a___20000 {};"


SAMPLE: list[Type] = [
    Int("int", 4),
    Struct("late", 4, (Member("late", 1, 31, 1),)),
    Struct("mixed", 12, (Member("a", 1, 0, 7), Member("b", 1, 7, 20), Member("c", 4, 40))),
    Int("char", 1),
    Struct("odd", 7, (Member("c", 4, 0), Member("i", 1, 16), Member("b", 1, 48, 5))),
    Struct("holes", 48, (Member("odd", 5, 8), Member("u", 7, 128), Member("i", 1, 256))),
    Union("line", 16, (Member("i", 1, 0), Member("c", 4, 0))),
    Enum("tiny", 1, (Enumerator("TINY", 1),)),
    Struct("of_tiny", 8, (Member("t", 8, 0), Member("t3", 10, 8), Member("i", 1, 32))),
    Array(8, 1, 3),
]

CHECK = """
#include <string.h>
#define BIT(type, field, at) ({{ type it; memset(&it, 0, sizeof(it)); it.field = 1; \\
    ((unsigned char *)&it)[(at) / 8] == 1 << (at) % 8; }})
#define AT(type, field, at) (__builtin_offsetof(type, field) * 8 == (at))
int main(void)
{{
    return !({conditions});
}}
"""


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
def test_gcc_puts_every_member_where_it_is(tmp_path: Path) -> None:
    btf = Btf.from_bytes(write(SAMPLE))
    conditions = []
    for type_ in SAMPLE:
        if isinstance(type_, Struct | Union):
            name = f"{type_.kind.words} {type_.name}"
            conditions.append(f"sizeof({name}) == {type_.size}")
            for member in type_.members:
                macro = "BIT" if member.bit_size else "AT"
                conditions.append(f"{macro}({name}, {member.name}, {member.bit_offset})")
    assert len(conditions) == 6 + 15
    source = tmp_path / "check.c"
    source.write_text(header(btf) + CHECK.format(conditions="\n        && ".join(conditions)))
    program = tmp_path / "check"
    subprocess.run(["gcc", "-Wall", "-Werror", "-o", program, source], check=True)
    assert subprocess.run([program], check=False).returncode == 0
