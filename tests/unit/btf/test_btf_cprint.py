"""Types as C: declarators, definitions, padding and attributes."""

from __future__ import annotations

import pytest

from seismo.btf.cprint import declare, definition, type_name
from seismo.btf.errors import BtfError
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    Const,
    Datasec,
    DeclTag,
    Enum,
    Enum64,
    Enumerator,
    Func,
    FuncProto,
    Fwd,
    Int,
    Member,
    Param,
    Placement,
    Ptr,
    Restrict,
    Struct,
    Type,
    Typedef,
    TypeTag,
    Union,
    Var,
    Volatile,
)
from seismo.btf.write import write

CHAR, INT, LONG, SHORT, U128 = 1, 2, 3, 4, 5


def table(*types: Type) -> Btf:
    """A BTF with five integers as types 1 to 5; `types` begin at 6."""
    integers = (
        Int("char", 1),
        Int("int", 4),
        Int("long int", 8),
        Int("short int", 2),
        Int("__int128 unsigned", 16),
    )
    return Btf.from_bytes(write([*integers, *types]))


@pytest.mark.parametrize(
    ("types", "text"),
    [
        ([Ptr(0)], "void *x"),
        ([Ptr(7), Ptr(INT)], "int **x"),
        ([Array(INT, INT, 3)], "int x[3]"),
        ([Array(7, INT, 2), Array(INT, INT, 3)], "int x[2][3]"),
        ([Array(INT, INT, 0)], "int x[0]"),
        ([Array(7, INT, 3), Ptr(INT)], "int *x[3]"),
        ([Ptr(7), Array(INT, INT, 3)], "int (*x)[3]"),
        ([Const(INT)], "const int x"),
        ([Const(7), Volatile(INT)], "const volatile int x"),
        ([Const(7), Ptr(INT)], "int *const x"),
        ([Ptr(7), Const(INT)], "const int *x"),
        ([Restrict(7), Const(8), Ptr(INT)], "int *restrict const x"),
        ([Array(7, INT, 2), Const(8), Ptr(INT)], "int *const x[2]"),
        ([Const(7), Array(INT, INT, 2)], "const int x[2]"),
        ([Const(7), Array(8, INT, 2), Const(INT)], "const int x[2]"),
        ([FuncProto(0)], "void x(void)"),
        ([FuncProto(INT, (Param("a", INT), Param("", 0)))], "int x(int a, ...)"),
        ([Ptr(7), FuncProto(INT, (Param("", LONG),))], "int (*x)(long int)"),
        ([Array(7, INT, 2), Ptr(8), FuncProto(0)], "void (*x[2])(void)"),
        ([Ptr(7), FuncProto(8), Ptr(9), FuncProto(INT)], "int (*(*x)(void))(void)"),
        ([Ptr(7), FuncProto(8), Ptr(9), Array(INT, INT, 4)], "int (*(*x)(void))[4]"),
        ([FuncProto(0, (Param("f", 7),)), Ptr(8), FuncProto(0)], "void x(void (*f)(void))"),
        ([Const(7), Ptr(8), FuncProto(0)], "void (*const x)(void)"),
        ([Ptr(7), TypeTag("user", CHAR)], 'char __attribute__((btf_type_tag("user"))) *x'),
        ([Ptr(7), TypeTag("noderef", CHAR, True)], "char __attribute__((noderef)) *x"),
        ([Ptr(7), TypeTag("rcu", 8), Ptr(INT)], 'int *__attribute__((btf_type_tag("rcu"))) *x'),
        ([Ptr(7), Struct("sock", 4)], "struct sock *x"),
        ([Ptr(7), Fwd("sock")], "struct sock *x"),
        ([Ptr(7), Fwd("any", is_union=True)], "union any *x"),
        ([Ptr(7), Enum("e", 4)], "enum e *x"),
        ([Ptr(7), Typedef("t", INT)], "t *x"),
        ([Union("", 4, (Member("a", INT, 0),))], "union {\n\tint a;\n} x"),
        ([Enum("", 4, (Enumerator("A", 0),))], "enum {\n\tA = 0,\n} x"),
    ],
)
def test_declarations(types: list[Type], text: str) -> None:
    assert declare(table(*types), 6, "x") == text


@pytest.mark.parametrize(
    ("types", "text"),
    [
        ([Ptr(7), Struct("sock", 4)], "struct sock *"),
        ([Ptr(7), FuncProto(0)], "void (*)(void)"),
        ([Ptr(7), Array(INT, INT, 3)], "int (*)[3]"),
        ([Array(7, INT, 3), Ptr(INT)], "int *[3]"),
        ([Const(7), Ptr(INT)], "int *const"),
    ],
)
def test_type_names(types: list[Type], text: str) -> None:
    assert type_name(table(*types), 6) == text


@pytest.mark.parametrize(
    ("types", "text"),
    [
        ([Typedef("u32", INT)], "typedef int u32;"),
        ([Typedef("fn", 7), FuncProto(0)], "typedef void fn(void);"),
        ([Fwd("sock")], "struct sock;"),
        ([Enum("later", 4)], "enum later;"),
        ([Struct("empty", 0)], "struct empty {};"),
        ([Func("f", 7), FuncProto(INT, (Param("a", INT),))], "int f(int a);"),
        ([Var("v", INT)], "extern int v;"),
        (
            [Datasec(".data", 8, (Placement(7, 0, 4),)), Var("v", INT)],
            "/* section .data */\nextern int v;",
        ),
        (
            [DeclTag("kfunc", 7), Func("f", 8), FuncProto(0)],
            '/* __attribute__((btf_decl_tag("kfunc"))) on func f */',
        ),
        ([Ptr(INT)], "int *"),
    ],
)
def test_definitions_of_one_line(types: list[Type], text: str) -> None:
    assert definition(table(*types), 6) == text


def test_unnamed_members_are_written_out() -> None:
    btf = table(
        Struct("outer", 24, (Member("a", INT, 0), Member("", 7, 64), Member("next", 9, 128))),
        Union("", 8, (Member("b", 8, 0), Member("c", LONG, 0))),
        Struct("", 8, (Member("d", SHORT, 0), Member("e", INT, 32))),
        Ptr(6),
    )
    assert definition(btf, 6).split("\n") == [
        "struct outer {",
        "\tint a;",
        "\tunion {",
        "\t\tstruct {",
        "\t\t\tshort int d;",
        "\t\t\tint e;",
        "\t\t} b;",
        "\t\tlong int c;",
        "\t};",
        "\tstruct outer *next;",
        "};",
    ]


def body(type_: Type) -> list[str]:
    """The lines of a definition, without its first, and the attribute, if any, at the end."""
    return [line.strip() for line in definition(table(type_), 6).split("\n")[1:]]


@pytest.mark.parametrize(
    ("type_", "lines"),
    [
        pytest.param(
            Struct("s", 16, (Member("a", CHAR, 0), Member("b", INT, 32), Member("c", LONG, 64))),
            ["char a;", "int b;", "long int c;", "};"],
            id="natural",
        ),
        pytest.param(
            Struct("s", 16, (Member("a", INT, 0), Member("b", LONG, 64))),
            ["int a;", "long int b;", "};"],
            id="natural hole",
        ),
        pytest.param(
            Struct("s", 8, (Member("a", CHAR, 0), Member("b", CHAR, 32), Member("c", INT, 32))),
            None,
            id="overlap",
        ),
        pytest.param(
            Struct("s", 16, (Member("a", INT, 0), Member("b", INT, 96))),
            ["int a;", "int: 32;", "int: 32;", "int b;", "};"],
            id="hole",
        ),
        pytest.param(
            Struct("s", 64, (Member("a", LONG, 0),)),
            ["long int a;", *["long long: 64;"] * 7, "};"],
            id="larger than its members",
        ),
        pytest.param(
            Struct("s", 5, (Member("a", CHAR, 0), Member("b", INT, 8))),
            ["char a;", "int b;", "} __attribute__((packed));"],
            id="packed by an offset",
        ),
        pytest.param(
            Struct("s", 5, (Member("a", INT, 0), Member("b", CHAR, 32))),
            ["int a;", "char b;", "} __attribute__((packed));"],
            id="packed by its size",
        ),
        pytest.param(
            Struct("s", 10, (Member("a", CHAR, 0), Member("b", INT, 16), Member("c", INT, 48))),
            ["char a;", "char: 8;", "int b;", "int c;", "} __attribute__((packed));"],
            id="packed with a hole",
        ),
        pytest.param(
            Struct("s", 4, (Member("a", INT, 0, 3), Member("b", INT, 3, 29))),
            ["int a: 3;", "int b: 29;", "};"],
            id="bit-fields",
        ),
        pytest.param(
            Struct("s", 8, (Member("a", INT, 0, 30), Member("b", INT, 32, 3))),
            ["int a: 30;", "int b: 3;", "};"],
            id="bit-field that does not fit the first integer",
        ),
        pytest.param(
            Struct("s", 4, (Member("a", INT, 3, 2), Member("b", INT, 8, 3))),
            ["char: 3;", "int a: 2;", "char: 3;", "int b: 3;", "};"],
            id="unnamed bit-fields",
        ),
        pytest.param(
            Struct("s", 8, (Member("a", INT, 0, 20), Member("b", INT, 20, 20))),
            ["int a: 20;", "int b: 20;", "int: 24;", "} __attribute__((packed));"],
            id="bit-field across two integers",
        ),
        pytest.param(
            Struct("s", 4, (Member("a", INT, 0, 4), Member("b", CHAR, 8))),
            ["int a: 4;", "char b;", "};"],
            id="byte after a bit-field",
        ),
        pytest.param(
            Struct("s", 32, (Member("a", CHAR, 0), Member("b", U128, 128))),
            ["char a;", "__int128 unsigned b;", "};"],
            id="16-byte integer",
        ),
        pytest.param(
            Union("u", 8, (Member("a", INT, 0), Member("b", LONG, 0), Member("c", INT, 0, 3))),
            ["int a;", "long int b;", "int c: 3;", "};"],
            id="union",
        ),
        pytest.param(
            Union("u", 64, (Member("a", INT, 0),)),
            ["int a;", "} __attribute__((aligned(64)));"],
            id="aligned union",
        ),
        pytest.param(
            Union("u", 6, (Member("a", INT, 0), Member("b", CHAR, 0))),
            None,
            id="union of a size that C cannot have",
        ),
        pytest.param(Union("u", 8), ["long long: 64;", "};"], id="union without members"),
        pytest.param(Union("u", 4, (Member("a", INT, 8),)), None, id="union with an offset"),
        pytest.param(Union("u", 4, (Member("a", LONG, 0),)), None, id="union of too small a size"),
        pytest.param(Struct("s", 4, (Member("a", LONG, 0),)), None, id="too small a size"),
    ],
)
def test_the_layout_is_kept(type_: Type, lines: list[str] | None) -> None:
    if lines is None:
        with pytest.raises(BtfError):
            definition(table(type_), 6)
    else:
        assert body(type_) == lines


def test_offsets_are_added_as_comments() -> None:
    btf = table(Struct("s", 16, (Member("a", LONG, 0), Member("b", INT, 69, 3))))
    assert definition(btf, 6, offsets=True).split("\n") == [
        "struct s {",
        "\tlong int a; /* 0, 8 bytes */",
        "\tchar: 5;",
        "\tint b: 3; /* 8 bit 5, 3 bits */",
        "}; /* 16 bytes */",
    ]


@pytest.mark.parametrize(
    ("type_", "last"),
    [
        (Enum("e", 4, (Enumerator("A", -1),), True), ["A = -1,", "};"]),
        (Enum("e", 4, (Enumerator("A", (1 << 32) - 1),)), ["A = 4294967295,", "};"]),
        (Enum("e", 1, (Enumerator("A", 1),)), ["A = 1,", "} __attribute__((mode(QI)));"]),
        (Enum("e", 2, (Enumerator("A", 1),)), ["A = 1,", "} __attribute__((mode(HI)));"]),
        (Enum64("e", 8, (Enumerator("A", 1),)), ["A = 1,", "} __attribute__((mode(DI)));"]),
        (Enum64("e", 8, (Enumerator("A", 1 << 32),)), ["A = 4294967296LL,", "};"]),
        (Enum64("e", 8, (Enumerator("A", (1 << 64) - 1),)), ["A = 18446744073709551615ULL,", "};"]),
        (
            Enum64("e", 8, (Enumerator("A", -(1 << 63)),), True),
            ["A = (-9223372036854775807LL - 1),", "};"],
        ),
    ],
)
def test_enums_keep_their_size(type_: Type, last: list[str]) -> None:
    assert body(type_) == last


@pytest.mark.parametrize(
    ("types", "message"),
    [
        ([Ptr(6)], "type 6 never ends"),
        ([Ptr(7), Func("f", 8), FuncProto(0)], "func f is used as a type"),
        ([Struct("", 8, (Member("a", 6, 0),))], "type 6 contains itself"),
        ([Struct("", 8, (Member("a", 7, 0),)), Ptr(6)], "type 7 unfolds without end"),
        ([FuncProto(6)], "type 6 never ends"),
        ([FuncProto(0, (Param("a", 6),))], "type 6 unfolds without end"),
        ([Struct("s", (1 << 32) - 1)], "type 6 unfolds without end"),
        ([Datasec(".data", 4, (Placement(6, 0, 4),))], "datasec .data is no variable"),
    ],
)
def test_types_without_end_are_errors(types: list[Type], message: str) -> None:
    with pytest.raises(BtfError, match=message):
        definition(table(*types), 6)


def test_what_doubles_at_every_level_is_stopped() -> None:
    depth = 40
    pointers = [Ptr(6 + depth + level + 1) for level in range(depth)]
    structs: list[Type] = [
        Struct("", 16, (Member("a", 6 + level, 0), Member("b", 6 + level, 64)))
        for level in range(depth)
    ]
    btf = table(*pointers, *structs, Struct("end", 0))
    with pytest.raises(BtfError, match="unfolds without end"):
        definition(btf, 6 + depth)
