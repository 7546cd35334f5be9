"""What the parser says, where, and that it goes on."""

from __future__ import annotations

import pytest

from parse_cases import parsed


def said(text: str) -> list[str]:
    return [f"{one.span.location}: {one.message}" for one in parsed(text)[1].found]


@pytest.mark.parametrize(
    ("text", "message"),
    [
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
    ("text", "message", "hint"),
    [
        ("BEGIN { if $x = 1 { } }", "15: '=' assigns, and a condition cannot", "=="),
        ("BEGIN { if (x = 1) { } }", "15: '=' assigns, and a condition cannot", "=="),
        ("BEGIN { while $x = 1 { } }", "18: '=' assigns, and a condition cannot", "=="),
        ("t:a:b /pid = 1/ { }", "12: '=' assigns, and a condition cannot", "=="),
        ("BEGIN { if ($x = 1) { } }", "16: expected ')' to close the parenthesis, found '='", "=="),
        ("BEGIN { if { } }", "12: expected a condition after 'if', found '{'", ""),
        ("BEGIN { if 1 f(); }", "14: expected '{' to open the block, found 'f'", "braces"),
        ("BEGIN { if 1 { } else f(); }", "23: expected '{' or 'if' after 'else', found 'f'",
         "braces"),
        ("BEGIN { if 1 { } elif 2 { } }", "18: there is no 'elif'", "else if"),
        ("BEGIN { a && &b }", "14: '&' needs a variable or a map", "&$name"),
        ("BEGIN { a &&& $b }", "11: '&&&' is no operator", "'&&'"),
        ("BEGIN { &@m[1] }", "10: '&' takes a whole map", "&@m"),
        ("BEGIN { 'a' }", "9: unexpected character \"'\"", "double quotes"),
        ('BEGIN { printf "a", 1; }', "15: expected ';' before '\"a\"'", 'printf("a", …)'),
        ("BEGIN { int x = 1; }", "12: expected ';' before 'x'", "let $x : int;"),
        ("BEGIN { pid_t $x = 1; }", "14: expected ';' before '$x'", "let $x : pid_t;"),
        ("BEGIN { if 1 { f(); END { } }", "24: expected ';' before '{'", "'}' missing"),
        ("BEGIN { for ($i = 0; $i < 9; $i++) { f($i) } }", "9: there are no loops as in C",
         "$i : 0..10"),
        ("BEGIN { for (;;) { f() } }", "9: there are no loops as in C", "$i : 0..10"),
        ("BEGIN { for i : 0..2 { } }", "13: expected a variable after 'for', found 'i'", "$i"),
        ("BEGIN { for $i in @m { } }", "16: expected ':' after the loop's variable, found 'in'",
         "$kv : @map"),
        ("BEGIN { for $i : 5 { } }", "18: a loop walks a whole map or a range", "@map"),
        ("BEGIN { for $i : @m[1] { } }", "18: a loop walks a whole map or a range", "@map"),
        ("BEGIN { $x = if 1 { 2 }; }", "14: an 'if' that gives a value needs an 'else'", "else"),
        ("BEGIN { $x = while; }", "14: 'while' is a reserved word", ""),
        ("macro for() { }", "7: 'for' is a reserved word", ""),
        ("macro m(return) { }", "9: 'return' is a reserved word", ""),
        ("macro m(1) { }", "9: expected a parameter: name, $variable or @map, found '1'", ""),
        ("fn f(a) { }", "6: expected a parameter, found 'a'", "$name: type"),
        ("fn f($a) { }", "8: expected ':' between the parameter and its type, found ')'", ": type"),
        ("BEGIN { (struct a *) }", "22: expected an expression, found '}'", ""),
        ("BEGIN { (struct)$x }", "16: expected the name of the struct, found ')'", ""),
        ("BEGIN { let $x : = 1 }", "18: expected a type, found '='", "int64"),
        ("BEGIN { (int8[0])$x }", "15: an array has at least one element", ""),
        ("BEGIN { let @m = hash(1); }", "13: a map is declared outside of blocks", "hash(10)"),
        ("BEGIN { (a = 1, a = 2); }", "17: the record has two fields 'a'", ""),
        ("BEGIN { (a = 1, 2); }", "17: expected a field's name, found '2'", "name = value"),
        ("BEGIN { offsetof(struct a) }", "26: expected ',' before the field, found ')'", "field"),
        ("BEGIN { $0 }", "9: there is no parameter $0", "$1"),
        ("t:a:$0 { }", "1: there is no parameter $0", "$1"),
        ("config = { a } BEGIN { }", "14: expected '=' after the setting's name, found '}'", "key"),
        ("config { a = 1 } BEGIN { }", "8: expected '=' after 'config', found '{'", "config ="),
        ("config = { a = 1 } config = { } t:a:b { }", "20: the script has two config blocks", ""),
        ("BEGIN { } config = { a = 1 }", "11: the config block stands before the first probe",
         "top"),
        ('BEGIN { } import "x";', "11: imports stand before the first probe", "top"),
        ("BEGIN { } #define A", "11: C code stands before the first probe", "top"),
        ("macro m { } struct s { };", "13: C code stands before the first probe", "top"),
        ('import "x" BEGIN { }', "12: expected ';' after the path, found 'BEGIN'", ""),
        ("let $x = 1; BEGIN { }", "5: expected a map after 'let', outside of probes, found '$x'",
         "let @name"),
        ("{ f() }", "1: expected an attach point, as in tracepoint:syscalls:sys_enter_openat, "
         "found '{'", "BEGIN"),
        ("f()", "4: expected '{' or a /predicate/ after the attach point, found end of script",
         "BEGIN"),
        ("t:a:b/pid > 0/ { }",
         "11: expected '{' or a /predicate/ after the attach point, found '>'", "a blank"),
    ],
)  # fmt: skip
def test_usual_mistakes(text: str, message: str, hint: str) -> None:
    found = parsed(text)[1].found
    assert [f"{one.span.location.column}: {one.message}" for one in found][:1] == [message]
    assert hint in found[0].hint


def test_what_is_too_late_is_kept() -> None:
    script, _ = parsed('BEGIN { } config = { a = 1 } import "x"; #define A')
    assert [entry.key for entry in script.config] == ["a"]
    assert [one.path for one in script.imports] == ["x"]
    assert [one.text for one in script.c_text] == ["#define A"]


def test_every_mistake_of_a_config_block() -> None:
    assert said("config = { a = 1 b = 2; c = ; 3 = d; e = 4 } BEGIN { f(; }") == [
        "t:1:18: expected ';' between settings, found 'b'",
        "t:1:29: expected a word, a string, an integer, true or false, found ';'",
        "t:1:31: expected a setting's name, found '3'",
        "t:1:56: expected an expression, found ';'",
    ]


def test_several_mistakes_in_one_run() -> None:
    text = """BEGIN {
  $x = ;
  f(1 2);
  $y = 1
  $z = 2;
  @ok = 1;
  while (1) { $q = ; $r = ; }
  if (1 { g(); }
}
fn f() { ; 1 2 }
t:a:b { 08 }
"""
    assert said(text) == [
        "t:2:8: expected an expression, found ';'",
        "t:3:7: expected ')' to close the call of f, found '2'",
        "t:4:9: expected ';' before '$z'",
        "t:7:20: expected an expression, found ';'",
        "t:7:27: expected an expression, found ';'",
        "t:8:9: expected ')' to close the parenthesis, found '{'",
        "t:10:13: expected ';' before '2'",
        "t:11:9: '08' is not an integer",
    ]
    script, _ = parsed(text)
    assert len(script.probes) == 2
    assert len(script.probes[0].body.statements) == 4


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
        "$x = if 1 {" * 5000,
        "for $i : 0..1 {" * 5000,
        "while 1 {" * 5000,
        "sizeof(" * 5000,
        "sizeof(typeof(" * 5000,
        "(typeof(" * 5000,
        "f(sizeof(@m[" * 5000,
        "(a = " * 5000,
        "(uint8)" * 5000 + "1",
        "comptime " * 5000 + "1",
        "str($1 + " * 5000,
    ],
)
def test_deep_nesting_is_a_diagnostic(body: str) -> None:
    assert any("nested too deeply" in one for one in said(f"BEGIN {{ {body} }}"))
    assert said(f"BEGIN {{ {body}")
