"""Macros, functions of the script, parameters of the command line, conditions of the compiler."""

from __future__ import annotations

import pytest
from language_cases import mistakes, printed, run, warned

pytestmark = pytest.mark.kernel

MACROS = {
    "no parameters": (
        "macro one() { 1 } BEGIN { print(one()); print(one); print(one + one()) }",
        "1\n1\n2",
    ),
    "no parentheses": ("macro one { 1 } BEGIN { print(one()); print(one) }", "1\n1"),
    "an expression": (
        (
            "macro inc(x) { x + 1 } BEGIN { $a = 10; @b = 20; print(inc(1 + 1)); print(inc($a)); "
            "print(inc(@b)); clear(@b) }"
        ),
        "3\n11\n21",
    ),
    "an expression stays one": (
        "macro twice(x) { x * 2 } BEGIN { print(twice(1 + 2)); print(-twice(3)) }",
        "6\n-6",
    ),
    "an expression runs as often as it is named": (
        'macro rep(x) { x; x; x; } BEGIN { rep({ printf("hi") }); printf("\\n") }',
        "hihihi",
    ),
    "bound once": (
        'macro once(x) { let $x = x; $x + $x } BEGIN { print(once({ printf("a"); 3 })) }',
        "a6",
    ),
    "a variable": ("macro inc($x) { $x += 1; } BEGIN { $a = 5; inc($a); inc($a); print($a) }", "7"),
    "a map": (
        "macro inc(@m) { @m += 1; } BEGIN { @a = 5; inc(@a); print(@a); clear(@a) }",
        "@a: 6",
    ),
    "an entry of a map": (
        (
            "macro put(@m, k, v) { @m[k] = v; @m[k] + 1 } BEGIN { print(put(@a, 3, 5)); "
            "print(@a); clear(@a) }"
        ),
        "6\n@a[3]: 5",
    ),
    "all of them": (
        (
            "macro all($a, @b, c) { $a += c; @b += c; } BEGIN { $x = 1; @y = 2; all($x, @y, 10); "
            "print(($x, @y)); clear(@y) }"
        ),
        "(11, 12)",
    ),
    "its own variables": (
        (
            "macro f(x) { let $v = x; $v = $v * 2; $v } BEGIN { $v = 5; print(f($v)); print($v); "
            "print(f(f(1))) }"
        ),
        "10\n5\n4",
    ),
    "a macro in a macro": (
        "macro a(x) { x + 1 } macro b(x) { a(x) * 2 } macro c(x) { b(a(x)) } BEGIN { print(c(1)) }",
        "6",
    ),
    "a macro used before it is written": ("BEGIN { print(late(1)) } macro late(x) { x + 1 }", "2"),
    "by the number of arguments": (
        (
            "macro f() { 0 } macro f(x) { 1 } macro f(x, y) { 2 } BEGIN { print(f()); "
            "print(f(5)); print(f(5, 5)) }"
        ),
        "0\n1\n2",
    ),
    "by the kind of arguments": (
        (
            'macro f($x) { "variable" } macro f(@x) { "map" } macro f(x) { "expression" } BEGIN { '
            "$a = 1; @b = 1; print(f($a)); print(f(@b)); print(f(1)); clear(@b) }"
        ),
        "variable\nmap\nexpression",
    ),
    "instead of a built-in": ("macro pid() { 42 } BEGIN { print(pid); print(pid()) }", "42\n42"),
    "instead of one of the library": ('macro ppid() { "mine" } BEGIN { print(ppid) }', "mine"),
    "in a predicate": (
        'macro big(x) { x > 10 } BEGIN /big(20)/ { print("yes") } BEGIN /big(5)/ { print("no") }',
        "yes",
    ),
    "as statements": (
        'macro show(x) { printf("<%d>", x); } BEGIN { show(1); show(2); printf("\\n") }',
        "<1><2>",
    ),
    "with if": (
        "macro max(a, b) { a > b ? a : b } BEGIN { print(max(3, 7)); $x = max(9, 2); print($x) }",
        "7\n9",
    ),
    "with a loop": (
        (
            "macro fill(@m, n) { for $i : 0..n { @m[$i] = $i } } BEGIN { fill(@a, 3); "
            "print(len(@a)); clear(@a) }"
        ),
        "3",
    ),
    "with aggregations": (
        (
            "macro hit(@m, k) { @m[k] = count(); } BEGIN { hit(@c, 1); hit(@c, 1); print(@c); "
            "clear(@c) }"
        ),
        "@c[1]: 2",
    ),
    "strings": (
        (
            'macro greet(name) { printf("Hello, %s!\\n", name); } BEGIN { greet("you"); '
            'greet(comm == "" ? "a" : "b") }'
        ),
        "Hello, you!\nHello, b!",
    ),
    "unused": ("macro f(x) { x + nowhere } BEGIN { print(1) }", "1"),
    "comptime within": (
        (
            'macro kind(x) { if comptime (is_str(x)) { "string" } else { "other" } } BEGIN { '
            'print(kind("a")); print(kind(1)) }'
        ),
        "string\nother",
    ),
    "the argument's type": (
        "macro size(x) { sizeof(x) } BEGIN { print(size((uint16)1)); print(size(comm)) }",
        "2\n16",
    ),
}

FUNCTIONS = {
    "values": (
        (
            "fn add($a : int64, $b : int64): int64 { return $a + $b; } BEGIN { print(add(1, 2)); "
            "print(add(add(1, 2), 3)) }"
        ),
        "3\n6",
    ),
    "nothing to return": (
        "fn hit(): void { @n++; } BEGIN { hit(); hit(); print(@n); clear(@n) }",
        "@n: 2",
    ),
    "arms": (
        (
            "fn sign($a : int64): int64 { if ($a > 0) { return 1; } else if ($a < 0) { return -1; "
            "} return 0; } BEGIN { print((sign(5), sign(-5), sign(0))) }"
        ),
        "(1, -1, 0)",
    ),
    "loops": (
        (
            "fn total($n : int64): int64 { $s = (int64)0; for $i : 0..$n { $s += $i } return $s; "
            "} BEGIN { print(total(5)); print(total(100)) }"
        ),
        "10\n4950",
    ),
    "return out of a loop": (
        (
            "fn first($n : int64): int64 { for $i : 0..100 { if ($i * $i > $n) { return $i; "
            "} } return -1; } BEGIN { print(first(50)); print(first(100000)) }"
        ),
        "8\n-1",
    ),
    "loops over maps": (
        (
            "fn total(): int64 { $s = (int64)0; for $kv : @m { $s += $kv.1 } return $s; "
            "} BEGIN { @m[1] = 5; @m[2] = 6; print(total()); clear(@m) }"
        ),
        "11",
    ),
    "functions in functions": (
        (
            "fn a($x : int64): int64 { return $x + 1; } fn b($x : int64): int64 { return a($x) * "
            "2; } BEGIN { print(b(3)) }"
        ),
        "8",
    ),
    "in predicates": (
        (
            'fn yes(): bool { return true; } BEGIN /yes()/ { print("in") } BEGIN /!yes()/ { '
            'print("out") }'
        ),
        "in",
    ),
    "in keys and arguments": (
        (
            "fn f($x : int64): int64 { return $x * 10; } BEGIN { @m[f(1)] = f(2); print(@m[10]); "
            'printf("%d\\n", f(3)); clear(@m) }'
        ),
        "20\n30",
    ),
    "small types": ("fn f($a : uint8): int8 { return (int8)$a; } BEGIN { print(f(255)) }", "-1"),
    "bool": (
        (
            "fn even($a : int64): bool { return $a % 2 == 0; } BEGIN { print(even(4)); "
            "if (!even(5)) { print(5) } }"
        ),
        "true\n5",
    ),
    "strings": (
        (
            'fn is_abc($s : string[10]): int64 { return $s == "abc"; '
            '} BEGIN { print(is_abc("abc")); print(is_abc("abd")) }'
        ),
        "1\n0",
    ),
    "pointers": (
        (
            "fn id($t : struct task_struct *): int64 { return $t.pid; "
            "} BEGIN { print(id(curtask) == tid) }"
        ),
        "true",
    ),
    "variables of its own": (
        "fn f(): int64 { $x = 5; return $x; } BEGIN { $x = 1; print(f()); print($x) }",
        "5\n1",
    ),
    "from several probes": (
        (
            "fn f($x : int64): int64 { return $x + 1; } BEGIN { print(f(1)) } BEGIN { print(f(2)) "
            "} END { print(f(3)) }"
        ),
        "2\n3\n4",
    ),
    "written after its use": (
        "BEGIN { print(f(1)) } fn f($x : int64): int64 { return $x + 1; }",
        "2",
    ),
    "unused": ("fn f($x : int64): int64 { return $x; } BEGIN { print(1) }", "1"),
    "printing": (
        'fn say($n : int64): void { printf("n is %d\\n", $n); } BEGIN { say(1); say(2) }',
        "n is 1\nn is 2",
    ),
    "in a loop": (
        "fn f($x : int64): int64 { return $x * $x; } BEGIN { for $i : 0..3 { print(f($i)) } }",
        "0\n1\n4",
    ),
    "macros within": (
        "macro m(x) { x + 1 } fn f($x : int64): int64 { return m($x); } BEGIN { print(f(1)) }",
        "2",
    ),
}

MISTAKES = {
    "a macro's map": (
        "macro m() { @x++ } BEGIN { @x = 1; m() }",
        ["@x: macro m() uses @x, which it has not been given"],
    ),
    "a map for a variable": (
        "macro m($x) { $x++ } BEGIN { @x = 1; m(@x) }",
        ["@x: macro 'm' wants a variable for $x, not a map"],
    ),
    "an expression for a variable": (
        "macro m($x) { $x++ } BEGIN { m(1 + 1) }",
        ["1 + 1: macro 'm' wants a variable for $x, not an expression"],
    ),
    "an expression for a map": (
        "macro m(@x) { @x++ } BEGIN { m(5) }",
        ["5: macro 'm' wants a map for @x, not an expression"],
    ),
    "too many arguments": (
        "macro m(x) { x } BEGIN { print(m(1, 2)) }",
        ["m(1, 2): macro 'm' takes 1 argument, not 2"],
    ),
    "return in a macro": (
        "macro m(x) { return 1; } BEGIN { print(m(1)) }",
        ["return 1: 'return' cannot stand in a macro"],
    ),
    "a macro of itself": (
        "macro m(x) { m(x) } BEGIN { print(m(1)) }",
        ["m(x): a macro calls itself: m > m"],
    ),
    "macros of each other": (
        "macro a(x) { b(x) } macro b(x) { a(x) } BEGIN { print(a(1)) }",
        ["a(x): a macro calls itself: a > b > a"],
    ),
    "a macro twice": (
        "macro m(x) { 1 } macro m(y) { 2 } BEGIN { print(m(1)) }",
        ["m: macro m(y) is never used: an earlier one takes all its arguments"],
    ),
    "a parameter twice": (
        "macro m(x, x) { 1 } BEGIN { print(m(1, 2)) }",
        ["x: macro 'm' has two parameters 'x'"],
    ),
    "an old call": ("macro m() { 1 } BEGIN { m!(); }", [": expected ';' before '!'"]),
    "a function of itself": (
        "fn f($a : int64): int64 { return f($a); } BEGIN { print(f(1)) }",
        ["f: f calls itself"],
    ),
    "the wrong type": (
        'fn f($a : int64): int64 { return $a; } BEGIN { print(f("x")) }',
        ['"x": the $a of f() is declared as int64, this is string[2]'],
    ),
    "too few": (
        "fn f($a : int64): int64 { return $a; } BEGIN { print(f()) }",
        ["f(): f() takes 1 argument, not 0"],
    ),
    "too many": (
        "fn f($a : int64): int64 { return $a; } BEGIN { print(f(1, 2)) }",
        ["f(1, 2): f() takes 1 argument, not 2"],
    ),
    "too large": (
        "fn f($a : uint8): uint8 { return $a; } BEGIN { $x = 300; print(f($x)) }",
        ["$x: the $a of f() is declared as uint8, this is int16"],
    ),
    "no return": (
        "fn f($a : int64): int64 { } BEGIN { print(f(1)) }",
        ["f: f does not return a value on every path"],
    ),
    "return on one path": (
        "fn f($a : int64): int64 { if ($a > 1) { return 1; } } BEGIN { print(f(1)) }",
        ["f: f does not return a value on every path"],
    ),
    "a string for a number": (
        'fn f(): int64 { return "x"; } BEGIN { print(f()) }',
        ['"x": the function gives int64, this is string[2]'],
    ),
    "a value of nothing": (
        "fn f(): void { @n++; } BEGIN { $x = f(); }",
        ["f(): f() gives no value"],
    ),
    "a function twice": (
        "fn f(): void { } fn f(): void { } BEGIN { f() }",
        ["f: f is defined at stdin:1:4 already"],
    ),
    "an unknown function": ("BEGIN { nowhere() }", ["nowhere: unknown function 'nowhere'"]),
}

PARAMETERS = {
    "numbers and words": ("print($1); print($2); print($#)", ["7", "word"], "7\nword\n2"),
    "other numbers": ("print($1); print($2); print($3)", ["0x10", "-5", "1e3"], "16\n-5\n1000"),
    "missing": ('print($1); print(str($1)); print($#); print("end")', [], "0\n\n0\nend"),
    "as text": (
        'print(str($1)); print(str($2)); printf("%s|%d\\n", str($1), $1)',
        ["7", "word"],
        "7\nword\n7|7",
    ),
    "from a character on": ("print(str($1 + 1)); print(str($1 + 0))", ["word"], "ord\nword"),
    "in arithmetic": ("print($1 + 1); print($1 * $2); $x = $1; print($x)", ["7", "3"], "8\n21\n7"),
    "compared": (
        'print(str($1) == "word"); print($1 == "word"); print($2 == 7)',
        ["word", "7"],
        "true\ntrue\ntrue",
    ),
    "as a constant": ("unroll($1) { @n++ } print(@n); clear(@n)", ["4"], "@n: 4"),
    "comptime": ('if comptime ($1 > 5) { print("big") } else { print("small") }', ["7"], "big"),
    "options": (
        (
            'print(getopt("n", 5)); print(getopt("s", "text")); print(getopt("b")); '
            'print(getopt("t", true))'
        ),
        [],
        "5\ntext\nfalse\ntrue",
    ),
    "options that are given": (
        (
            'print(getopt("n", 5)); print(getopt("s", "text")); print(getopt("b")); '
            'print(getopt("t", true))'
        ),
        ["--n=7", "--s=other", "--b", "--t=false"],
        "7\nother\ntrue\nfalse",
    ),
    "spellings of bool": (
        'print(getopt("a")); print(getopt("b")); print(getopt("c")); print(getopt("d"))',
        ["--a=true", "--b=1", "--c=0", "--d=false"],
        "true\ntrue\nfalse\nfalse",
    ),
    "options and words": (
        'print($1); print($2); print(getopt("n", 5)); print($#)',
        ["a", "--n=9", "b"],
        "a\nb\n9\n2",
    ),
    "an option with a description": ('print(getopt("n", 5, "how many"))', ["--n=0x10"], "16"),
    "an option twice": ('print(getopt("n", 5)); print(getopt("n", 5))', ["--n=6"], "6\n6"),
    "a negative option": (
        'print(getopt("n", 5)); $x = getopt("n", 5); print($x - 1)',
        ["--n=-3"],
        "-3\n-4",
    ),
    "an option as a condition": (
        'if (getopt("v")) { print("verbose") } else { print("quiet") }',
        ["--v"],
        "verbose",
    ),
    "a string option compared": (
        'if (getopt("s", "a") == "xyz") { print("same") }',
        ["--s=xyz"],
        "same",
    ),
}


@pytest.mark.parametrize("name", MACROS)
def test_macro(name: str) -> None:
    script, expected = MACROS[name]
    assert run(script).output.strip("\n") == expected


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name: str) -> None:
    script, expected = FUNCTIONS[name]
    assert run(script).output.strip("\n") == expected


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str) -> None:
    script, expected = MISTAKES[name]
    assert mistakes(script) == expected


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters(name: str) -> None:
    body, arguments, expected = PARAMETERS[name]
    assert printed(body, *arguments) == expected


def test_an_option_that_the_script_does_not_have() -> None:
    assert mistakes('BEGIN { print(getopt("a")) }', "--b") == [": the script has no option --b"]


def test_an_option_that_is_no_number() -> None:
    script = 'BEGIN { print(getopt("n", 5)) }'
    assert mistakes(script, "--n=x") == ['getopt("n", 5): --n=x is not a number']


def test_a_discarded_value_is_told() -> None:
    assert warned("BEGIN { @x[1] = 1; has_key(@x, 1); }") == [
        "has_key(@x, 1): this value is not used"
    ]
    assert warned("BEGIN { @x[1] = 1; _ = has_key(@x, 1); }") == []
