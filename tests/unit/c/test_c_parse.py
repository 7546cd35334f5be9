"""What C and GNU C the parser reads, and where its nodes say that they stand."""

from __future__ import annotations

from typing import Any

import pytest

from c_parsing import body_of, expression_of, shown, shown_type, tree_of
from seismo.c.parse_library import c_ast
from seismo.c.parse_nodes import Asm, Range, attributes_of
from seismo.c.spans import span_of


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a + b * 2 - 1", "((a + (b * 2)) - 1)"),
        ("a - b - 1", "((a - b) - 1)"),
        ("a << 1 + b >> 2", "((a << (1 + b)) >> 2)"),
        ("a & b == 1 | a ^ b", "((a & (b == 1)) | (a ^ b))"),
        ("a && b || !a", "((a && b) || (!a))"),
        ("a = b += a, b", "((a = (b += a)), b)"),
        ("a ? b : a ? 1 : 2", "(a ? b : (a ? 1 : 2))"),
        ("a ?: b ?: 1", "(a ? : (b ? : 1))"),
        ("-a++", "(-(a++))"),
        ("*&a", "(*(&a))"),
        ("&a.b->c[1]", "(&(((a.b)->c)[1]))"),
        ("(u32)a >> 8", "(((u32)a) >> 8)"),
        ("(u32)(a >> 8)", "((u32)(a >> 8))"),
        ("(u32)-a", "((u32)(-a))"),
        ("(a)-b", "(a - b)"),
        ("sizeof a + 1", "((sizeof a) + 1)"),
        ("sizeof(struct s *) * 2", "((sizeof pointer to struct s) * 2)"),
        ("__alignof__(int)", "(_Alignof int)"),
        ("t.lookup(&a, &b)", "(t.lookup)((&a), (&b))"),
        ("f(a)(b)", "f(a)(b)"),
        ("({ a; b; }) + 1", "(({a b}) + 1)"),
        ("offsetof(struct s, x.y[2].z)", "__builtin_offsetof(struct s, (((x.y)[2]).z))"),
        (
            "__builtin_types_compatible_p(int, typeof(a) *)",
            "__builtin_types_compatible_p(int, pointer to typeof(a))",
        ),
        ("__builtin_choose_expr(1, a, b)", "__builtin_choose_expr(1, a, b)"),
        ("__extension__ 1", "1"),
        ('"a" "b"', '"ab"'),
        ("(const char __user *)a", "((pointer to const __user char)a)"),
    ],
)
def test_expressions(text: str, meant: str) -> None:
    assert shown(expression_of(text)) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("int x", "int"),
        ("unsigned long long int x", "unsigned long long int"),
        ("unsigned __int128 x", "unsigned __int128"),
        ("__signed__ char x", "signed char"),
        ("const __volatile__ u32 x", "const volatile u32"),
        ("char *__restrict x", "restrict pointer to char"),
        ("const char __user *x", "pointer to const __user char"),
        ("int *x[3]", "array of 3 pointer to int"),
        ("int (*x)[3]", "pointer to array of 3 int"),
        (
            "int (*x)(struct s *, u64, ...)",
            "pointer to function of (pointer to struct s, u64, ...) giving int",
        ),
        ("int x[0]", "array of 0 int"),
        ("char x[]", "array of char"),
        ("typeof(a + 1) x", "typeof((a + 1))"),
        ("__typeof__(int *) x", "typeof(pointer to int)"),
        ("__auto_type x = 1", "auto"),
        ("struct s x", "struct s"),
        ("struct { int a; } x", "struct <unnamed>"),
        ("enum e x", "enum e"),
        ("u32 u64", "u32"),
        ("bool key_t", "bool"),
    ],
)
def test_types(text: str, meant: str) -> None:
    (declared,) = tree_of(f"{text};")
    assert shown_type(declared.type) == meant


def test_a_name_of_the_kernels_types_may_be_any_other_name() -> None:
    tree = tree_of(
        """
        struct u8 { int u32; u32 bool; };
        static int key_t(u32 u64) { goto bool; bool: return u64 * u64; }
        enum e { u8, };
        """
    )
    assert [type(one).__name__ for one in tree] == ["Decl", "FuncDef", "Decl"]
    assert [one.name for one in tree[0].type.decls] == ["u32", "bool"]
    assert shown(tree[1].body.block_items[1].stmt.expr) == "(u64 * u64)"


def test_a_programs_own_typedef_is_a_type_from_there_on() -> None:
    _, function = tree_of("typedef struct s *mine; int f(mine x) { mine y = (mine)x; return 0; }")
    assert shown_type(function.body.block_items[0].type) == "mine"


def names(node: Any) -> list[str]:
    return [one.name for one in attributes_of(node)]


class TestAttributes:
    def test_of_records(self) -> None:
        before, after, both, enum = tree_of(
            """
            struct __attribute__((packed)) a { int x; };
            struct b { int x; } __attribute__((__packed__, aligned(8))) y;
            __attribute__((unused)) struct { int x; } __attribute__((packed)) z;
            enum e { A } __attribute__((packed));
            """
        )
        assert names(before.type) == ["packed"]
        assert names(after.type.type) == ["packed", "aligned"]
        assert shown(attributes_of(after.type.type)[1].arguments[0]) == "8"
        assert (names(after), names(both), names(both.type.type)) == ([], ["unused"], ["packed"])
        assert names(enum.type) == ["packed"]

    @pytest.mark.parametrize(
        "text",
        [
            "int x __attribute__((section))",
            "int x[3] __attribute__((section))",
            "int __attribute__((section)) x",
            "__attribute__((section)) int x",
            "static __attribute__((section)) int x",
            "static int __attribute__((section)) *x",
            "int x __attribute__((section)) = 1",
            "typedef int x __attribute__((section))",
            "unsigned __attribute__((section)) int x",
            "int f(void) __attribute__((section))",
            "int *x __attribute__((section)), y",
        ],
    )
    def test_of_declarations_stand_in_many_places(self, text: str) -> None:
        assert names(tree_of(f"{text};")[0]) == ["section"]

    def test_of_functions(self) -> None:
        (function,) = tree_of(
            'static inline __attribute__((always_inline)) int __attribute__((section("x")))'
            " f(int a __attribute__((unused))) { return 0; }"
        )
        assert names(function.decl) == ["always_inline", "section"]
        assert names(function.decl.type.args.params[0]) == ["unused"]
        assert function.decl.funcspec == ["inline"]

    def test_of_members(self) -> None:
        (record,) = tree_of(
            """struct s {
                u64 a __attribute__((aligned(16)));
                u32 b : 3 __attribute__((packed));
                struct { int c; } __attribute__((packed));
            };"""
        )
        first, bits, inner = record.type.decls
        assert (names(first), names(bits)) == (["aligned"], ["packed"])
        assert names(inner.type) == ["packed"]

    def test_of_a_table(self) -> None:
        (table,) = tree_of(
            '__attribute__((seismo_table("hash"))) struct { u32 key; u64 leaf; } start'
            " __attribute__((seismo_entries(10240), seismo_flags(1 + 2)));"
        )
        found = {one.name: shown(one.arguments[0]) for one in attributes_of(table)}
        assert found == {
            "seismo_table": '"hash"',
            "seismo_entries": "10240",
            "seismo_flags": "(1 + 2)",
        }

    def test_alone_they_are_an_empty_statement(self) -> None:
        empty, label = body_of("__attribute__((fallthrough)); out: __attribute__((unused));")
        assert isinstance(empty, c_ast.EmptyStatement)
        assert isinstance(label.stmt, c_ast.EmptyStatement)


class TestStatements:
    def test_assembly(self) -> None:
        first, *_ = body_of('asm volatile("r0 = %0" : "=r"(a) : "i"(1) : "memory"); a;')
        assert isinstance(first, Asm)
        assert span_of(first).text.startswith("asm volatile(")
        assert isinstance(tree_of('asm("x");')[0], Asm)

    def test_cases_with_ranges(self) -> None:
        (switch,) = body_of("switch (a) { case 1 ... 4: a; break; case 5: default: b; }")
        first, five, other = switch.stmt.block_items
        assert isinstance(first.expr, Range)
        assert shown(first.expr) == "1 ... 4"
        assert [type(one).__name__ for one in first.stmts] == ["ID", "Break"]
        assert (five.stmts, shown(other.stmts[0])) == ([], "b")

    def test_pragmas_stand_before_their_loop(self) -> None:
        pragma, loop = body_of("\n#pragma unroll 4\nfor (int i = 0; i < 4; i++) ;")
        assert (pragma.string, type(loop)) == ("unroll 4", c_ast.For)

    def test_static_assert(self) -> None:
        assert len(body_of('_Static_assert(1, "x"); static_assert(2);')) == 2


class TestInitialisers:
    def test_designators(self) -> None:
        (declared,) = tree_of("struct s x = { .a.b = 1, [2] = { }, [3 ... 5] = 4, 7, };")
        first, second, third, last = declared.init.exprs
        assert [one.name for one in first.name] == ["a", "b"]
        assert shown(second.name[0].expr) == "2"
        assert second.expr.exprs == []
        assert shown(third.name[0].expr) == "3 ... 5"
        assert shown(last) == "7"

    def test_compound_literals(self) -> None:
        (literal,) = body_of("(struct s){ .a = 1 };")
        assert isinstance(literal, c_ast.CompoundLiteral)


class TestSpans:
    @pytest.mark.parametrize(
        "text",
        [
            "a + b * 2",
            "(a)->b[1].c",
            "f(a, b)",
            "a ?: b",
            "a = b",
            "(u32)a",
            "sizeof(int)",
            "({ a; })",
        ],
    )
    def test_an_expression_has_its_whole_text(self, text: str) -> None:
        assert span_of(expression_of(text)).text == text

    def test_parts_of_an_expression(self) -> None:
        total = expression_of("a + f(b, 1) * (a - 2)")
        assert span_of(total.right).text == "f(b, 1) * (a - 2)"
        assert span_of(total.right.left).text == "f(b, 1)"
        assert span_of(total.right.right).text == "(a - 2)"
        reference = expression_of("a->b->c")
        assert span_of(reference.field).text == "c"

    def test_declarations_and_statements(self) -> None:
        record, function = tree_of("struct s { int x; };\nint f(void) { return 1; }")
        assert span_of(record.type).text == "s"
        assert span_of(record.type.decls[0]).text == "x"
        assert span_of(function.decl).text == "f"
        assert span_of(function.body.block_items[0]).text == "return"
        assert span_of(tree_of("int x = { 1, 2 };")[0].init).text == "{ 1, 2 }"
