"""What the parser says, where, and that it goes on."""

from __future__ import annotations

import pytest

from lang_cases import parsed


def said(text: str) -> list[str]:
    return [f"{one.span.location}: {one.message}" for one in parsed(text)[1].found]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t:1:1: the script has no probe"),
        ("// nothing", "t:1:1: the script has no probe"),
        ("BEGIN", "t:1:6: expected '{' or a /predicate/ after the attach point, found end of "
         "script"),
        ("BEGIN {", "t:1:7: this '{' is not closed"),
        ("BEGIN { if 1 { {", "t:1:7: this '{' is not closed"),
        ("BEGIN { } }", "t:1:11: expected an attach point, as in tracepoint:syscalls:sys_enter_"
         "openat, found '}'"),
        ("BEGIN { 1 + }", "t:1:13: expected an expression, found '}'"),
        ("BEGIN { f(1; }", "t:1:12: expected ')' to close the call of f, found ';'"),
        ("BEGIN { @m[1 = 2 }", "t:1:14: expected ']' to close the map's key, found '='"),
        ("BEGIN { @m[] = 2 }", "t:1:12: a map's key is empty"),
        ("BEGIN { $a[1 }", "t:1:14: expected ']' to close the index, found '}'"),
        ("BEGIN { (1, }", "t:1:13: expected an expression, found '}'"),
        ("BEGIN { 1 2 }", "t:1:10: expected ';' before '2'"),
        ("BEGIN { f() = 1 }", "t:1:9: only a variable or a map can be assigned to"),
        ("BEGIN { ++pid }", "t:1:11: '++' needs a variable or a map"),
        ("BEGIN { pid++ }", "t:1:9: '++' needs a variable or a map"),
        ("BEGIN { a. }", "t:1:12: expected a field's name, found '}'"),
        ("BEGIN { 1.5 }", "t:1:9: a number has no fields"),
        ("BEGIN { let x = 1 }", "t:1:13: expected a variable after 'let', found 'x'"),
        ("BEGIN { a ? b }", "t:1:15: expected ':' between the two values of '?', found '}'"),
        ("BEGIN { else { } }", "t:1:9: 'else' without an 'if' before it"),
        ("BEGIN { if { } }", "t:1:12: expected an expression, found '{'"),
        ("BEGIN { if 1 f(); }", "t:1:14: expected '{' to open the block, found 'f'"),
        ("t:a:b /pid { }", "t:1:12: expected '/' and a block after the predicate, found '{'"),
        ("t:a:b /a; BEGIN { }", "t:1:9: expected '/' and a block after the predicate, found ';'"),
        ("{ }", "t:1:1: expected an attach point, as in tracepoint:syscalls:sys_enter_openat, "
         "found '{'"),
        ("BEGIN { $1x }", "t:1:11: expected ';' before 'x'"),
        ('BEGIN { "\\q" }', "t:1:10: '\\q' is no escape"),
        ("BEGIN { 08 }", "t:1:9: '08' is not an integer"),
    ],
)  # fmt: skip
def test_one_mistake_one_message(text: str, message: str) -> None:
    assert said(text)[0] == message
    assert len(said(text)) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("config = { a = 1 }", "1: a config block"),
        ("config={ a = 1 }", "1: a config block"),
        ('import "x";', "1: 'import'"),
        ("macro f(a) { a }", "1: a macro"),
        ("fn f($a: int64): int64 { return 1; }", "1: a function definition"),
        ("let @m = hash(10);", "1: declaring a map"),
        ("struct s { int a; };", "1: a C struct"),
        ("enum e { A = 1 };", "1: a C enum"),
        ("#include <linux/sched.h>", "1: a C preprocessor line"),
        ("#define A \\\n 1", "1: a C preprocessor line"),
        ("n=t:a:b { }", "1: naming a probe"),
        ("BEGIN { for ($i : 0..10) { f($i); } }", "9: a 'for' loop"),
        ("BEGIN { for $kv : @m { } }", "9: a 'for' loop"),
        ("BEGIN { while (1) { f(); break; } }", "9: a 'while' loop"),
        ("BEGIN { unroll(3) { f(); } }", "9: 'unroll'"),
        ("BEGIN { break; }", "9: 'break'"),
        ("BEGIN { continue }", "9: 'continue'"),
        ("BEGIN { if comptime 1 { } }", "12: 'if comptime'"),
        ("BEGIN { $x = if 1 { 2 } else { 3 }; }", "14: an if inside an expression"),
        ("BEGIN { $x = (uint64)1; }", "15: a cast to uint64"),
        ("BEGIN { ((struct sock *)arg0)->a; }", "11: a cast to struct"),
        ("BEGIN { sizeof(uint8); }", "9: sizeof()"),
        ("BEGIN { offsetof(struct a, b); }", "9: offsetof()"),
        ("BEGIN { comptime 1; }", "9: comptime"),
        ("BEGIN { &$x; }", "9: taking an address with '&'"),
        ("BEGIN { 1 ?: 2; }", "11: 'a ?: b'"),
        ("BEGIN { (a = 1, b = 2); }", "10: a record"),
        ("BEGIN { let @m = 1; }", "13: declaring a map"),
        ("BEGIN { let $x : int32 = 1; }", "16: a type in 'let'"),
        ("BEGIN { return 1; }", "16: a value after 'return'"),
    ],
)
def test_what_later_releases_have(text: str, message: str) -> None:
    assert said(text) == [f"t:1:{message} is not supported yet"]
    assert len(parsed(text + "\nBEGIN { f(); }")[0].probes) >= 1


def test_several_mistakes_in_one_run() -> None:
    text = """BEGIN {
  $x = ;
  f(1 2);
  $y = 1
  $z = 2;
  @ok = 1;
  while (1) { $q = ; }
  if (1 { g(); }
}
fn f() { }
t:a:b { 08 }
"""
    assert said(text) == [
        "t:2:8: expected an expression, found ';'",
        "t:3:7: expected ')' to close the call of f, found '2'",
        "t:4:9: expected ';' before '$z'",
        "t:7:3: a 'while' loop is not supported yet",
        "t:8:9: expected ')' to close the parenthesis, found '{'",
        "t:10:1: a function definition is not supported yet",
        "t:11:9: '08' is not an integer",
    ]
    script, _ = parsed(text)
    assert len(script.probes) == 2
    assert len(script.probes[0].body.statements) == 3


def test_a_diagnostic_prints_the_line_and_carets() -> None:
    (one,) = parsed("BEGIN {\n  let foo = 1;\n}")[1].found
    assert str(one) == (
        "t:2:7: error: expected a variable after 'let', found 'foo'\n"
        "      let foo = 1;\n"
        "          ^^^\n"
        "hint: write let $name = value;"
    )


@pytest.mark.parametrize(
    "body",
    [
        "(" * 5000,
        "-(" * 5000,
        "f(" * 5000,
        "@m[" * 5000,
        "!" * 5000 + "1",
        "1+" * 5000 + "1",
        "1?1:" * 5000 + "1",
        "1||1&&1|1^1&1==1<1<<1+1*(" * 500,
        "$x" + "[1]" * 5000,
        "$x" + ".a" * 5000,
        "{" * 5000,
        "if 1 {" * 5000,
        "if 1 { } else " * 5000 + "{ }",
    ],
)
def test_deep_nesting_is_a_diagnostic(body: str) -> None:
    assert any("nested too deeply" in one for one in said(f"BEGIN {{ {body} }}"))
    assert said(f"BEGIN {{ {body}")
