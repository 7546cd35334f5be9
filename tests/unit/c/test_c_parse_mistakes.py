"""What the parser says of texts that are no C."""

from __future__ import annotations

import pytest

from c_parsing import KERNEL_TYPES, mistakes_in, tokens_of
from seismo.base.diagnostics import Diagnostics
from seismo.c.parse import parse


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("int f() { int x = 1 return x; }", "1:19: expected ';', found 'return'"),
        ("struct s { int x }", "1:16: expected ';', found '}'"),
        ("int f() { retrun 0; }", "1:16: expected ';', found '0' (did you mean 'return'?)"),
        ("int x", "1:5: expected ';', but the text ends"),
        (
            "int f() { for (;;) { }",
            "1:22: expected '}', but the text ends (the '{' in line 1 is never closed)",
        ),
        ("int f() { return x +; }", "1:21: expected an expression after '+', found ';'"),
        ("int f() { return x[1; }", "1:21: expected ']' after '1', found ';'"),
        ("int f() { return sizeof(int; }", "1:28: expected ')' after 'int', found ';'"),
        ("int f() { if x) return 1; }", "1:14: expected '(' after 'if', found 'x'"),
        (
            "int f() { return u32; }",
            "1:18: expected an expression after 'return', found the type 'u32'",
        ),
        ("int f() { case 1 a; }", "1:18: expected ':' after '1', found 'a'"),
        ("int f() { goto *x; }", "1:16: expected a name after 'goto', found '*'"),
        (
            "int f() { return x; } }",
            "1:23: this '}' closes nothing (is there one too many before it?)",
        ),
        ("foo_t x;", "1:1: unknown type name 'foo_t' (did you mean 'ino_t'?)"),
        (
            "int f() { size_tt x = 1; }",
            "1:11: unknown type name 'size_tt' (did you mean 'size_t'?)",
        ),
        ("int f(zzzzzzz *x) { return 0; }", "1:7: unknown type name 'zzzzzzz'"),
        ("struct s { zzzzzzz y; };", "1:12: unknown type name 'zzzzzzz'"),
        ("int f() { return (zzzzzzz)3; }", "1:19: unknown type name 'zzzzzzz'"),
        (
            "typedef int mine_t; minet x;",
            "1:21: unknown type name 'minet' (did you mean 'mine_t'?)",
        ),
        (
            "BPF_HASHH(start, u32);",
            "1:1: 'BPF_HASHH' is neither a macro nor a type (did you mean 'BPF_HASH'?)",
        ),
        ("x = 3;", "1:1: expected a declaration, found 'x'"),
        ("typedef int t; int t;", "1:20: 't' is the name of a type and of something else here"),
        (
            "int f(a, b) int a; { return 1; }",
            "1:7: this parameter has no type"
            " (write the types of the parameters inside the parentheses)",
        ),
        ("int f() { __label__ a; }", "1:11: '__label__' (local labels) is not supported"),
        ("int f() { x = &&a; }", "1:15: the address of a label ('&&') is not supported"),
        (
            "int f() { return __builtin_va_arg(a, int); }",
            "1:18: variable arguments ('va_arg') are not supported",
        ),
        (
            "struct s { int x; }\nint f() { return 0; }",
            "1:8: two types for one declaration (is a ';' missing before the second?)",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, complaint: str) -> None:
    assert mistakes_in(text) == [complaint]


@pytest.mark.parametrize(
    "place", ["if (pid != %d) { }", "FILTER(%s)", "x = %s;", "%s", "FILTER return 1;"]
)
def test_a_placeholder_that_was_not_replaced_is_recognised(place: str) -> None:
    (complaint,) = mistakes_in(f"int f() {{ {place} }}")
    assert "is this a placeholder that the Python text did not replace?" in complaint


def test_a_function_in_a_function_tells_of_the_missing_brace() -> None:
    (complaint,) = mistakes_in("int f() { if (1) {\n return 0; }\nint g() { return 1; }")
    hint = "a function cannot be inside a function: is a '}' missing before it?"
    assert complaint == f"3:7: expected ';', found '{{' ({hint})"


def test_each_declaration_tells_of_its_first_mistake() -> None:
    text = "int f() { return ; +; }\nint g() { return 1; }\nint h() { x y; }\nint z;"
    assert [one.partition(":")[0] for one in mistakes_in(text)] == ["1", "3"]
    diagnostics = Diagnostics()
    tree = parse(tokens_of(text), KERNEL_TYPES.__contains__, diagnostics)
    assert [getattr(one, "decl", one).name for one in tree.ext] == ["g", "z"]


def test_a_text_nested_too_deeply_is_refused() -> None:
    assert mistakes_in(f"int x = {'(' * 20000}1{')' * 20000};") == [
        "1:1: this is nested too deeply"
    ]
