"""C declarations: what they declare, and what is wrong with others."""

from __future__ import annotations

import pytest

from c_cases import NoBtf, complaints_about_c, fields, types_of
from seismo.lang.types import (
    INT32,
    ArrayType,
    Enumeration,
    IntType,
    PointerType,
    RecordType,
    StringType,
)


def member(declaration: str) -> str:
    """The only member of a struct: its type and place."""
    return fields(types_of(f"struct s {{ {declaration} }};"), "struct s")["x"]


@pytest.mark.parametrize(
    ("declaration", "shown"),
    [
        ("int x;", "int32@0"),
        ("unsigned long long int x;", "uint64@0"),
        ("long unsigned x;", "uint64@0"),
        ("signed x;", "int32@0"),
        ("char unsigned x;", "uint8@0"),
        ("bool x;", "bool@0"),
        ("__u32 x;", "uint32@0"),
        ("u8 x;", "uint8@0"),
        ("uint64_t x;", "uint64@0"),
        ("size_t const volatile x;", "uint64@0"),
        ("gfp_t x;", "uint32@0"),
        ("double x;", "uint8[8]@0"),
        ("__int128 x;", "uint8[16]@0"),
        ("char x;", "int8@0"),
        ("char x[16];", "string[16]@0"),
        ("char x[TASK_COMM_LEN];", "string[16]@0"),
        ("char x[2][8];", "string[8][2]@0"),
        ("char *x[2];", "int8 *[2]@0"),
        ("char x[];", "int8[0]@0"),
        ("signed char x[4];", "int8[4]@0"),
        ("u8 x[6];", "uint8[6]@0"),
        ("int x[2][3];", "int32[3][2]@0"),
        ("int (*x)[3];", "int32[3] *@0"),
        ("int (*x)(void *, char (*)(int));", "void *@0"),
        ("int (*x[4])(int);", "void *[4]@0"),
        ("void **x;", "void * *@0"),
        ("struct list_head x;", "struct list_head@0"),
        ("struct nowhere *x;", "struct nowhere *@0"),
        ("union { int a; char b[3]; } x;", "union (unnamed at t:1:12)@0"),
        ("atomic_t x;", "atomic_t@0"),
        ("enum skb_drop_reason x;", "enum skb_drop_reason@0"),
        ("int : 3; int x : 5;", "int32@0:3+5"),
        ("char a; int x __attribute__((packed));", "int32@1"),
        ("char a; __attribute__((aligned(16))) int x;", "int32@16"),
        ("char a; int x __attribute__((aligned));", "int32@16"),
        ("char a; int x __attribute__((aligned(sizeof(long))));", "int32@8"),
        ('char a; int x __attribute__((deprecated("do, not"), unused));', "int32@4"),
        ("char a; _Alignas(long) char x;", "int8@8"),
    ],
)
def test_members(declaration: str, shown: str) -> None:
    assert member(declaration) == shown


def test_nested_and_unnamed_members() -> None:
    types = types_of(
        """struct outer {
            int a;
            struct { short b; union { char c[4]; u16 d; }; };
            struct inner { int e; } f, *g;
            struct { int h; } i;
        };"""
    )
    assert fields(types, "struct outer") == {
        "a": "int32@0",
        "b": "int16@4",
        "c": "string[4]@6",
        "d": "uint16@6",
        "f": "struct inner@12",
        "g": "struct inner *@16",
        "i": "struct (unnamed at t:5:13)@24",
    }
    outer = types.complete(RecordType("struct outer", None, 0))
    assert outer.size == 32
    assert outer.field("f").type == RecordType("struct inner", None, 4)
    unnamed = outer.field("i").type
    assert isinstance(unnamed, RecordType)
    assert unnamed.field("h").type == INT32


def test_bit_fields() -> None:
    types = types_of(
        """struct natural { int a : 3, b : 30; unsigned char c : 1; };
        struct packed { int a : 3; int b : 30; } __attribute__((packed));
        union either { int a : 3; int b : 30; };"""
    )
    assert fields(types, "struct natural") == {
        "a": "int32@0:0+3",
        "b": "int32@4:0+30",
        "c": "uint8@7:6+1",
    }
    assert fields(types, "struct packed") == {"a": "int32@0:0+3", "b": "int64@0:3+30"}
    assert fields(types, "union either") == {"a": "int32@0:0+3", "b": "int32@0:0+30"}


def test_a_record_of_its_own_pointers() -> None:
    types = types_of(
        "struct node { struct node *next; struct late *late; }; struct late { u8 a; };"
    )
    node = types.complete(RecordType("struct node", None, 0))
    following, late = node.field("next").type, node.field("late").type
    assert isinstance(following, PointerType)
    assert isinstance(late, PointerType)
    assert isinstance(following.target, RecordType)
    assert isinstance(late.target, RecordType)
    assert types.complete(following.target) == node
    assert types.complete(late.target).size == 1


def test_whose_memory_pointers_point_to() -> None:
    text = """struct s {
        char *a; char __user *b; char __attribute__((btf_type_tag("user"))) *c; char __user **d;
    };"""
    record = types_of(text).complete(RecordType("struct s", None, 0))
    char = IntType(8, True)
    assert [one.type for one in record.fields or ()] == [
        PointerType(char, ""),
        PointerType(char, "user"),
        PointerType(char, "user"),
        PointerType(PointerType(char, "user"), ""),
    ]


def test_typedefs() -> None:
    types = types_of(
        """typedef unsigned int id_t, *id_p, ids_t[3];
        typedef struct early early_t;
        struct early { int a; };
        typedef struct { id_t a; ids_t b; } pair_t;
        typedef enum { LOW, HIGH = 9 } level_t;
        struct s { early_t a; pair_t b; level_t c; id_p d; };"""
    )
    assert types.find("id_t") == IntType(32, False)
    assert types.find("id_p") == PointerType(IntType(32, False), "")
    assert types.find("ids_t") == ArrayType(IntType(32, False), 3)
    assert types.find("early_t") == RecordType("struct early", None, 4)
    assert types.find("pair_t") == RecordType("pair_t", None, 16)
    assert fields(types, "pair_t") == {"a": "uint32@0", "b": "uint32[3]@4"}
    assert fields(types, "struct s") == {
        "a": "struct early@0",
        "b": "pair_t@4",
        "c": "level_t@20",
        "d": "uint32 *@24",
    }
    level = IntType(32, False, Enumeration("level_t", (("LOW", 0), ("HIGH", 9))))
    assert types.find("level_t") == level
    assert types.enumerator("HIGH") == (9, level)


@pytest.mark.parametrize(
    ("body", "bits", "signed"),
    [
        ("{ A }", 32, False),
        ("{ A = -1 }", 32, True),
        ("{ A = 0xffffffff }", 32, False),
        ("{ A = 0xffffffff, B }", 64, False),
        ("{ A = 0xffffffff, B = -1 }", 64, True),
        ("{ A = 1L << 40 }", 64, False),
        ("{ A = 255 } __attribute__((packed))", 8, False),
        ("{ A = -129 } __attribute__((packed))", 16, True),
    ],
)
def test_the_types_of_enums(body: str, bits: int, signed: bool) -> None:
    type_ = types_of(f"enum e {body};").find("enum e")
    assert isinstance(type_, IntType)
    assert (type_.bits, type_.signed, str(type_)) == (bits, signed, "enum e")


def test_what_a_header_may_hold_besides() -> None:
    types = types_of(
        """;
        extern int counter, *others[3];
        static const char name[] = "x;y", table[2] = { 1, 2 };
        int f(int a, char *b);
        static inline struct s *g(void) { if (1) { return 0; } }
        _Static_assert(sizeof(int) == 4, "int");
        struct forward;
        struct s { int x; } value = { .x = f(1, 2) };
        enum { LAST = 3 };"""
    )
    assert fields(types, "struct s") == {"x": "int32@0"}
    assert types.enumerator("LAST")[0] == 3


def test_the_semicolon_behind_a_body_may_be_left_out() -> None:
    types = types_of("struct a { int x; }\nstruct b { struct a y; }")
    assert fields(types, "struct b") == {"y": "struct a@0"}


def test_macros_in_declarations() -> None:
    types = types_of("#define N 4\n#define FIELDS int a; int b[N * 2];\nstruct s { FIELDS };\n")
    assert fields(types, "struct s") == {"a": "int32@0", "b": "int32[8]@4"}
    assert types.macro("N") == "4"
    with pytest.raises(KeyError):
        types.macro("M")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("struct s { nosuch_t x; };", "1:12: unknown type 'nosuch_t'"),
        ("struct s { pid_tt x; };", "1:12: unknown type 'pid_tt' (did you mean 'pid_t'?)"),
        (
            "struct s { struct lst_head x; };",
            "1:28: unknown type 'struct lst_head' (did you mean 'struct list_head'?)",
        ),
        ("struct s { enum nosuch_reason x; };", "1:17: unknown type 'enum nosuch_reason'"),
        (
            "struct s { struct s x; };",
            "1:21: 'struct s' contains itself (a pointer is written struct s *)",
        ),
        (
            "struct s { struct s x[2]; };",
            "1:21: 'struct s' contains itself (a pointer is written struct s *)",
        ),
        ("struct s { void x; };", "1:17: void has no size (a pointer is written void *)"),
        (
            "struct s { int x(int); };",
            "1:16: member 'x' is a function (write (*x)(…) for a pointer to one)",
        ),
        ("struct s { int x; char x; };", "1:24: 'struct s' has two members 'x'"),
        ("struct s { struct { int x; }; int x; };", "1:35: 'struct s' has two members 'x'"),
        ("struct s { int x; }; struct s { int y; };", "1:29: 'struct s' is declared twice"),
        ("struct s { int : 40; };", "1:18: a bit-field of 40 bits (its type has 32)"),
        ("struct s { int x : 0; };", "1:20: bit-field 'x' of 0 bits (its type has 32)"),
        ("struct s { char *x : 1; };", "1:22: a bit-field of int8 * (it must be of an integer)"),
        ("struct s { int; long }; int x;", "1:22: expected the name of a member, not '}'"),
        ("struct s { int x", "1:17: expected ';' to end the member, but the C text ends"),
        ("struct s {", "1:10: the '{' of 'struct s' is not closed"),
        (
            "struct { int x; } __attribute__((aligned(3)));",
            "1:41: an alignment of 3 (it must be a power of two)",
        ),
        ("struct s { int x[-1]; };", "1:17: an array of -1 elements"),
        ("struct s { int x[1 << 30]; };", "1:17: an array of 1073741824 elements"),
        ("struct s { unsigned double x; };", "1:12: 'unsigned double' is no type"),
        ("struct s { long char x; };", "1:12: 'long char' is no type"),
        ("enum e { A, A };", "1:13: constant 'A' is declared twice"),
        ("enum e { };", "1:8: 'enum e' has no constants"),
        ("enum e { A B };", "1:12: expected ',' or '}' after the constant, not 'B'"),
        ("enum e { 1 };", "1:10: expected a constant's name, not '1'"),
        ("struct;", "1:7: expected a name or '{' after 'struct', not ';'"),
        ("typedef int;;", ""),
        ("typedef int *;", "1:14: a typedef without a name"),
        ("int x", "1:6: expected ';' to end the declaration, but the C text ends"),
        ("= 3;", "1:1: expected a type, not '='"),
        ("int f(int;", "1:6: '(' is not closed"),
        ("struct s { int x; /* open };", "1:19: a comment is not closed (end it with '*/')"),
        (
            "struct s { int a : 3; u64 b : 64; } __attribute__((packed));",
            "1:10: 'struct s': 64 bits at bit 3 lie in more than 8 bytes",
        ),
    ],
)
def test_complaints(text: str, complaint: str) -> None:
    assert complaints_about_c(text) == ([complaint] if complaint else [])


def test_every_declaration_is_read_after_a_mistake() -> None:
    text = "struct a { int x };\nstruct b { nosuch_t y; }\nstruct c { struct a z; };\nenum e { 1 };"
    assert [one.partition(":")[0] for one in complaints_about_c(text)] == ["1", "2", "3", "4"]


def test_without_btf_the_hint_says_so() -> None:
    assert complaints_about_c("struct s { gfp_t x; };", view=NoBtf()) == [
        "1:12: unknown type 'gfp_t' (none here; use another kernel)"
    ]


def test_a_mistake_in_a_macro_is_shown_where_it_is_used() -> None:
    assert complaints_about_c("#define T nosuch_t\nstruct s { T x; };") == [
        "2:12: unknown type 'nosuch_t'"
    ]


@pytest.mark.parametrize("text", ["struct s {" * 500, "int " + "(" * 2000, "int *" + "(*" * 500])
def test_depth_is_limited(text: str) -> None:
    assert len(complaints_about_c(text)) == 1


def test_a_string_type_of_the_script_is_known_by_its_size() -> None:
    record = types_of("typedef char name_t[8]; struct s { name_t x; };").complete(
        RecordType("struct s", None, 0)
    )
    assert record.field("x").type == StringType(8)
