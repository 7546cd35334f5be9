"""What declarations of restricted C declare, and what is said about those that cannot be."""

from __future__ import annotations

import pytest

from c_kernels import KernelWithoutTypes
from c_texts import complaints, declared, in_function
from seismo.c.tree import Constant, Initializer, Variable
from seismo.c.types import (
    BOOL,
    CHAR,
    INT,
    LONG,
    S8,
    S64,
    SHORT,
    U8,
    U16,
    U32,
    U64,
    U128,
    UNSIGNED_LONG,
    VOID,
    Array,
    CType,
    Enumeration,
    Function,
    Integer,
    Member,
    Pointer,
    Record,
)


def type_of(declaration: str) -> CType:
    """The type that `x` has."""
    return declared(f"typedef {declaration};").typedefs["x"]


@pytest.mark.parametrize(
    ("declaration", "type_"),
    [
        ("int x", INT),
        ("unsigned x", U32),
        ("signed char x", S8),
        ("char x", CHAR),
        ("unsigned char x", U8),
        ("short unsigned int x", U16),
        ("signed short x", SHORT),
        ("long x", LONG),
        ("int long unsigned x", UNSIGNED_LONG),
        ("long long int x", S64),
        ("unsigned long long x", U64),
        ("unsigned __int128 x", U128),
        ("_Bool x", BOOL),
        ("const volatile int x", INT),
        ("u32 x", Integer("u32", 4, False)),
        ("__be16 x", Integer("__be16", 2, False)),
        ("size_t x", Integer("size_t", 8, False)),
        ("bool x", BOOL),
        ("void *x", Pointer(VOID)),
        ("const char *const *x", Pointer(Pointer(CHAR))),
        ("char __user *x", Pointer(CHAR, is_user=True)),
        ("char *__user *x", Pointer(Pointer(CHAR), is_user=True)),
        ("int x[3]", Array(INT, 3)),
        ("int x[2][3]", Array(Array(INT, 3), 2)),
        ("int *x[3]", Array(Pointer(INT), 3)),
        ("int (*x)[3]", Pointer(Array(INT, 3))),
        ("char x[TASK_COMM_LEN]", Array(CHAR, 16)),
        ("char x[sizeof(u64) * 2 + (1 << 3)]", Array(CHAR, 24)),
        ("int (*x)(int, char *)", Pointer(Function(INT, (INT, Pointer(CHAR))))),
        ("void x(void)", Function(VOID, ())),
        ("int x(int [4], ...)", Function(INT, (Pointer(INT),), is_variadic=True)),
        ("int *(*x[2])(long)", Array(Pointer(Function(Pointer(INT), (LONG,))), 2)),
        ("typeof(1UL) x", UNSIGNED_LONG),
        ("typeof(char[4]) x", Array(CHAR, 4)),
        ("__typeof__(((struct task_struct *)0)->comm) x", Array(CHAR, 16)),
    ],
)
def test_declarators(declaration: str, type_: CType) -> None:
    assert type_of(declaration) == type_


def test_a_record_of_the_program() -> None:
    record = declared("struct s { u8 a; struct { u32 b : 3, c; }; char d[]; };").records["s"]
    assert (record.size, record.alignment) == (12, 4)
    assert record.names() == ("a", "b", "c", "d")
    assert record.find("b") == Member("b", Integer("u32", 4, False), 32, 3)
    assert record.find("c").offset == 8
    assert record.find("d") == Member("d", Array(CHAR, None), 96)


def test_a_record_may_be_used_before_its_definition() -> None:
    unit = declared("struct a { struct b *b; }; struct b { struct a *a; };")
    pointer = unit.records["a"].find("b").type
    assert pointer == Pointer(unit.records["b"])
    assert unit.records["b"].find("a").type == Pointer(unit.records["a"])


def test_one_definition_is_one_type_for_all_that_it_declares() -> None:
    found = in_function("struct { int x; } a = {}, b = {};")
    assert found["a"].variable.type is found["b"].variable.type


def test_kernel_types_are_there_without_headers() -> None:
    unit = declared("int f(struct task_struct *t) { return t->real_parent->tgid; }")
    task = unit.functions["f"].parameters[0].type
    assert isinstance(task, Pointer)
    assert isinstance(task.target, Record)
    assert task.target.find("tgid").type == Integer("pid_t", 4, True)


def test_a_program_defines_its_own_idea_of_a_kernel_type() -> None:
    unit = declared(
        "struct nsproxy { u64 count; };"
        "int f(struct task_struct *t) { return t->nsproxy->count + sizeof(*t->nsproxy); }"
    )
    task = unit.functions["f"].parameters[0].type
    assert isinstance(task, Pointer)
    assert isinstance(task.target, Record)
    assert task.target.find("nsproxy").type == Pointer(unit.records["nsproxy"])


def test_a_declaration_alone_does_not_hide_what_the_kernel_has() -> None:
    unit = declared("struct task_struct; int f(struct task_struct *t) { return t->pid; }")
    assert unit.records["task_struct"].is_complete


def test_a_definition_within_a_function_is_of_that_function() -> None:
    unit = declared(
        "int f(struct task_struct *t) { { struct task_struct { int my; } v = {}; } return t->pid; }"
    )
    assert "task_struct" not in unit.records


def test_what_the_program_only_declares() -> None:
    unit = declared("struct mine; struct s { struct mine *m; }; struct mine { int x; };")
    pointer = unit.records["s"].find("m").type
    assert isinstance(pointer, Pointer)
    assert isinstance(pointer.target, Record)
    assert pointer.target.names() == ("x",)


def test_types_that_all_kernels_have_take_no_kernel() -> None:
    text = "struct s { u64 a; __u8 b; pid_t c; }; int f(void *ctx) { struct s v = {}; return v.c; }"
    assert declared(text, KernelWithoutTypes()).records["s"].size == 16


def test_constants_of_enums() -> None:
    unit = declared("enum e { A, B = 5, C, D = C * 2, E = sizeof(int) };")
    made = unit.enumerations["e"]
    assert made.constants == (("A", 0), ("B", 5), ("C", 6), ("D", 12), ("E", 4))
    assert made.integer == U32


@pytest.mark.parametrize(
    ("values", "integer"),
    [
        ("A, B = 0xffffffff", U32),
        ("A = -1, B", INT),
        ("A = -1, B = 0xffffffff", S64),
        ("A = 1UL << 40", U64),
    ],
)
def test_an_enum_is_the_integer_that_holds_its_values(values: str, integer: Integer) -> None:
    assert declared(f"enum e {{ {values} }};").enumerations["e"].integer == integer


def test_a_packed_enum_is_as_small_as_can_be() -> None:
    made = declared("enum __attribute__((packed)) e { A = -1, B = 100 };").enumerations["e"]
    assert made == Enumeration("e", S8)


def test_constants_outside_functions() -> None:
    found = in_function("int a[size];", before="static const u8 size = 300;")
    assert found["a"].variable.type == Array(INT, 44)


def test_variables_get_their_values() -> None:
    found = in_function('int a, b = 2; char c[] = "abc"; __auto_type d = 3UL; int e[] = {1, 2};')
    assert found["a"].value is None
    assert isinstance(found["b"].value, Constant)
    assert found["b"].value.value == 2
    assert found["c"].variable.type == Array(CHAR, 4)
    assert found["d"].variable.type == UNSIGNED_LONG
    assert found["e"].variable.type == Array(INT, 2)
    assert isinstance(found["e"].value, Initializer)


def test_functions() -> None:
    unit = declared(
        "static int g(int a);"
        "static inline int g(int b) { return b; }"
        "inline int h(void) { return 1; }"
        "int f(struct pt_regs *ctx, const char __user *name) { return g(1) + h(); }"
    )
    assert unit.functions["g"].is_static
    assert unit.functions["h"].is_static
    assert not unit.functions["f"].is_static
    assert [one.name for one in unit.functions["g"].parameters] == ["b"]
    name = unit.functions["f"].parameters[1]
    assert isinstance(name, Variable)
    assert name.is_parameter
    assert name.type == Pointer(CHAR, is_user=True)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("struct s { int x; int x; };", "1:16: there are two members 'x'"),
        ("struct s { int x; struct { int x; }; };", "1:16: there are two members 'x'"),
        ("struct s { int x:40; };", "1:16: a bit field of 40 bits; int has 32"),
        ("struct s { int x:0; };", "1:16: bit field 'x' has no bits (leave its name out)"),
        ("struct s { int *x:3; };", "1:16: a bit field is an integer, not int *"),
        (
            "struct s { struct s n; };",
            "1:21: struct s is not defined, so it cannot be a member"
            " (a pointer to it needs no definition)",
        ),
        ("struct s { int f(int); };", "1:16: member 'f' is a function (write (*f)(…))"),
        (
            "struct s { int a[]; int b; };",
            "1:16: array 'a' has no size (only the last member may be written 'a[]')",
        ),
        ("struct s { void v; };", "1:17: member 'v' has the type void, which has no values"),
        (
            "struct s { float v; };",
            "1:12: floating point does not exist in BPF (compute in integers, scaled if need be)",
        ),
        ("struct s {}; struct s {};", "1:21: struct s is defined twice"),
        ("union s {}; struct s *f(void);", "1:20: this is declared as 'union s'"),
        ("struct s { int x __attribute__((aligned(3))); };", "1:33: an alignment of 3 is no power"),
        ("typedef int x; typedef long x;", "1:29: 'x' is declared twice, first in line 1"),
        (
            "typedef int x __attribute__((aligned(16)));",
            "1:13: typedefs with an alignment of",
        ),
        ("enum e { A, A };", "1:13: 'A' is declared twice"),
        ("enum nowhere x(void);", "1:1: there is no enum nowhere"),
        ("enum cgroup_subsys_idd x(void);", "1:1: there is no enum cgroup_subsys_idd"),
        ("int x = 3;", "1:5: 'x' is a variable outside functions (keep it in a table: BPF_ARRAY("),
        (
            "static int x;",
            "1:12: 'x' is a variable outside functions (keep it in a table: BPF_ARRAY(",
        ),
        ("const int x;", "1:11: the constant 'x' has no value"),
        (
            "static int x = 3; int f(void) { x = 4; return x; }",
            "1:33: '=' needs a variable or memory, and 'x' is a constant (keep what changes",
        ),
        ('_Static_assert(1 == 2, "no");', '1:1: assertion failed "no"'),
        ("int f(int n, ...) { return 0; }", "1:5: 'f' takes a variable number of arguments"),
        ("int f(void v) { return 0; }", "1:12: parameter 'v' has the type void"),
        (
            "static int f(int n); static long f(int n) { return 0; }",
            "1:34: 'f' was declared otherwise in line 1: int (int)",
        ),
        (
            "int f(struct tracepoint__sched__sched_swich *p) { return 0; }",
            "1:14: there is no tracepoint 'sched:sched_swich' (did you mean 'sched:sched_switch'?)",
        ),
    ],
)
def test_declarations_that_cannot_be(text: str, complaint: str) -> None:
    (found,) = complaints(text)
    assert found.startswith(complaint)


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("int a[n];", "arrays of variable length are not supported (give the size as a constant"),
        ("int a[-1];", "an array of -1 elements"),
        ("int a[];", "array 'a' has no size"),
        ("int a[2] = {1, 2, 3};", "too many values for 'a' (int [2])"),
        ("int a[2] = {[2] = 3};", "[2] is outside of int [2]"),
        ("int a[2] = {[n] = 3};", "the place of an element must be a constant"),
        ("int a[2] = {.x = 3};", "'a' is int [2], which has no members"),
        ("int a[2] = n;", "'a' is an array, and this is no list of values"),
        ("int a[] = {[0 ... 9999999] = 1};", "10000000 values are more than a program can hold"),
        ('char a[2] = "abc";', "the string has 3 bytes, and 'a' has 2"),
        ("int a = {1, 2};", "'a' is int and takes one value"),
        (
            "struct list_head a = {.netx = 0};",
            "struct list_head has no member 'netx' (did",
        ),
        ("struct list_head a = {[1] = 0};", "'a' is struct list_head, which has no elements"),
        ("int n; int n;", "'n' is declared twice, first in line 1"),
        ("static int a;", "'a' is static: no variable of BPF can outlive its function"),
        ("extern int a;", "'a' is extern: no variable of BPF can come from elsewhere"),
        ("struct nowhere a;", "'a': struct nowhere is not defined"),
        ("void a;", "variable 'a' has the type void, which has no values"),
        ("_Atomic int a;", "_Atomic is not supported (__sync_fetch_and_add()"),
    ],
)
def test_variables_that_cannot_be(statement: str, complaint: str) -> None:
    found = complaints(f"int f(int n) {{ {{ {statement} }} return 0; }}")
    assert complaint in found[0]
