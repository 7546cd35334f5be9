"""Control flow: if, ternary, loops, unroll, early ends; which of them are mistakes."""

from __future__ import annotations

import pytest
from language_cases import mistakes, printed, run, warned

pytestmark = pytest.mark.kernel

BODIES = {
    "if with and without parentheses": (
        'if (1) { print("a") } if 1 { print("b") } if pid > 0 { print("c") }',
        "a\nb\nc",
    ),
    "if else if else": (
        '$x = 2; if ($x == 1) { print("a") } else if $x == 2 { print("b") } else { print("c") }',
        "b",
    ),
    "the last else": ('if (0) { } else if (0) { } else { print("c") }', "c"),
    "empty blocks": ("if 1 { } else { } print(1)", "1"),
    "if in if": ('$x = 5; if $x > 1 { if $x > 9 { print("a") } else { print("b") } }', "b"),
    "a variable of an outer block": ("$x = 1; { $x = 2; { $x = 3 } } print($x)", "3"),
    "variables of sibling blocks": (
        'if 1 { $b = 1; print($b) } { $b = "text"; print($b) }',
        "1\ntext",
    ),
    "let in a block": ("{ let $a = 1; print($a) } { let $a = 2; print($a) }", "1\n2"),
    "ternary runs one arm": (
        "$x = 1 ? { @a = 1; 5 } : { @b = 1; 6 }; print($x); print(@a); clear(@a); clear(@b)",
        "5\n@a: 1",
    ),
    "ternary of strings of other sizes": (
        '$x = pid; print($x > 0 ? "a" : "bcdef"); print($x == 0 ? "a" : "bcdef")',
        "a\nbcdef",
    ),
    "ternary of tuples": ('$x = pid; print($x > 0 ? (1, "x") : (1000, "yyy"))', "(1, x)"),
    "ternary of numbers of other sizes": (
        "$x = pid; $y = $x > 0 ? 1 : -100000; print($y); print(sizeof($y))",
        "1\n4",
    ),
    "ternary of pointers": ("$x = pid; $p = $x > 0 ? (int8*)1 : (int8*)2; print($p)", "0x1"),
    "and stops": ("if (0 && @x++) { } if (1 && @x++) { } print(@x); clear(@x)", "@x: 1"),
    "or stops": ("if (1 || @x++) { } if (0 || @x++) { } print(@x); clear(@x)", "@x: 1"),
    "logic yields a bool": ("print(5 && 7); print(0 || 9); print(sizeof(5 && 7))", "true\ntrue\n1"),
    "range": ("for ($i : 0..3) { print($i) } for $i : 5..7 { print($i) }", "0\n1\n2\n5\n6"),
    "an empty range": ("for $i : 3..3 { print($i) } for $i : 3..0 { print($i) } print(9)", "9"),
    "an empty range in a loop": (
        "for $i : 0..2 { for $j : 0..0 { print($j) } for $j : 5..1 { print($j) } } print(9)",
        "9",
    ),
    "a range that is empty for all that the kernel can tell": (
        "$n = (uint8)cpu; for $i : 0..2 { for $j : 0..($n & 0) { print($j) } } print(9)",
        "9",
    ),
    "loops that are never reached": (
        "if (pid > 0x1ffffffff) { for $i : 0..3 { for $j : 0..2 { print($j) } } } print(9)",
        "9",
    ),
    "a range below zero": ("for $i : -2..1 { print($i) }", "-2\n-1\n0"),
    "a range's bounds are read once": (
        "$n = 3; for $i : 0..$n { $n = 10; print($i) } print($n)",
        "0\n1\n2\n10",
    ),
    "bounds that are expressions": ("$a = 2; for $i : ($a - 1)..($a * 2) { print($i) }", "1\n2\n3"),
    "bounds from a map and a built-in": (
        (
            "@n = 2; for $i : 0..@n { print($i) } for $i : 0..ncpus { @c++ } print(@c == ncpus); "
            "clear(@n); clear(@c)"
        ),
        "0\n1\ntrue",
    ),
    "the loop's variable may be changed": ("for $i : 0..3 { $i += 10; print($i) }", "10\n11\n12"),
    "continue and break": (
        "for $i : 0..9 { if $i == 1 { continue } if ($i == 4) { break; } print($i) }",
        "0\n2\n3",
    ),
    "break leaves the inner loop": (
        "for $i : 0..2 { for $j : 0..5 { if $j == 1 { break } print(($i, $j)) } }",
        "(0, 0)\n(1, 0)",
    ),
    "loops in loops in loops": (
        "for $i : 0..3 { for $j : 0..3 { for $k : 0..3 { @n++ } } } print(@n); clear(@n)",
        "@n: 27",
    ),
    "variables of a loop's surroundings": (
        "$s = 0; $t = 1; for $i : 1..6 { $s += $i; $t *= $i } print(($s, $t))",
        "(15, 120)",
    ),
    "a string of a loop's surroundings": (
        '$s = "none"; for $i : 0..3 { if $i == 1 { $s = "second" } } print($s)',
        "second",
    ),
    "a tuple of a loop's surroundings": (
        '$t = (0, "a"); for $i : 0..3 { $t = ($i, "b") } print($t)',
        "(2, b)",
    ),
    "a large range": ("for $i : 0..100000 { @n++ } print(@n); clear(@n)", "@n: 100000"),
    "return in a loop ends the probe": ('for $i : 0..3 { print($i); return } print("never")', "0"),
    "return in a loop in a loop": (
        'for $i : 0..3 { for $j : 0..3 { if $j == 1 { return } print(($i, $j)) } } print("never")',
        "(0, 0)",
    ),
    "exit in a loop ends the probe": ('for $i : 0..3 { print($i); exit() } print("never")', "0"),
    "loop over a map": (
        (
            "@m[1] = 10; @m[2] = 20; $k = 0; $v = 0; for ($kv : @m) { $k += $kv.0; "
            "$v += $kv.1 } print(($k, $v)); clear(@m)"
        ),
        "(3, 30)",
    ),
    "loop over a map of two keys": (
        (
            '@m[1, "a"] = 5; for $kv : @m { print($kv.0.0); print($kv.0.1); print($kv.1); '
            "print($kv) } clear(@m)"
        ),
        "1\na\n5\n((1, a), 5)",
    ),
    "loop over a map of tuples": (
        '@m["k"] = (1, "x"); for $kv : @m { print($kv.1.1); print($kv.0) } clear(@m)',
        "x\nk",
    ),
    "loop over an empty map": (
        "@m[1] = 1; delete(@m, 1); for $kv : @m { print($kv) } print(9)",
        "9",
    ),
    "break and continue over a map": (
        (
            "for $i : 0..10 { @m[$i] = $i } $n = 0; for $kv : @m { if $kv.0 % 2 == 0 { continue } "
            "$n++ } print($n); $n = 0; for $kv : @m { $n++; if ($n == 3) { break } } print($n); "
            "clear(@m)"
        ),
        "5\n3",
    ),
    "delete while looping": (
        "for $i : 0..10 { @m[$i] = 1 } for $kv : @m { delete(@m, $kv.0) } print(len(@m))",
        "0",
    ),
    "a loop over a map in one over another": (
        (
            "@a[1] = 1; @a[2] = 2; @b[3] = 3; $n = 0; for $x : @a { for $y : @b { $n += $x.0 * "
            "$y.0 } } print($n); clear(@a); clear(@b)"
        ),
        "9",
    ),
    "a range in a loop over a map": (
        "@a[2] = 1; for $x : @a { for $i : 0..$x.0 { print($i) } } clear(@a)",
        "0\n1",
    ),
    "a loop over an aggregation": (
        "@c[7] = count(); @c[7] = count(); for $kv : @c { print($kv) } clear(@c)",
        "(7, 2)",
    ),
    "a loop over averages": (
        "@c[7] = avg(4); @c[7] = avg(8); for $kv : @c { print($kv.1) } clear(@c)",
        "6",
    ),
    "unroll": ("$x = 0; unroll(5) { $x += 2 } print($x)", "10"),
    "unroll in unroll": ("unroll(2) { unroll(3) { @n++ } } print(@n); clear(@n)", "@n: 6"),
    "unroll by a constant expression": ("unroll(1 + 2) { @n++ } print(@n); clear(@n)", "@n: 3"),
    "unroll with variables of its own": (
        "unroll(3) { $a = 1; @n += $a } print(@n); clear(@n)",
        "@n: 3",
    ),
    "while": ("$i = 0; while ($i < 3) { print($i); $i++ }", "0\n1\n2"),
    "while with break and continue": (
        "$i = 0; while (1) { $i++; if $i == 2 { continue } if $i > 3 { break } print($i) }",
        "1\n3",
    ),
    "while without parentheses": ("$i = 0; while $i < 2 { $i++ } print($i)", "2"),
    "while in for": (
        "for $i : 0..2 { $j = 0; while ($j < 2) { $j++; @n++ } } print(@n); clear(@n)",
        "@n: 4",
    ),
    "return": ('print(1); return; print("never")', "1"),
    "return in an arm": ('if (pid > 0) { return } print("never")', ""),
    "exit ends the probe": ('print(1); exit(); print("never")', "1"),
    "exit in an arm": ('if (pid > 0) { exit() } print("never")', ""),
    "ternary of statements": ('pid > 0 ? print("a") : print("b")', "a"),
    "if comptime": (
        'if comptime (sizeof(int32) == 4) { print("four") } else { print("other") }',
        "four",
    ),
    "if comptime as a value has one arm": (
        '$x = if comptime (1) { "yes" } else { kstack }; '
        "print(($x, if comptime (0) { ustack } else { 7 }))",
        "(yes, 7)",
    ),
    "if comptime leaves out what cannot compile": (
        'if comptime (0) { print(@never[1].nothing) } else { print("ok") }',
        "ok",
    ),
    "comptime of types": (
        '$a = (uint64)1; if comptime (is_unsigned_integer($a)) { print("unsigned") }',
        "unsigned",
    ),
    "comptime folds": ("print(comptime (1 + 2 * 3)); print(comptime sizeof(int64))", "7\n8"),
}

MISTAKES = {
    "break outside of loops": ("break;", ["break: 'break' stands in no loop"]),
    "continue outside of loops": ("continue;", ["continue: 'continue' stands in no loop"]),
    "unroll nothing": ("unroll(0) { }", ["0: unroll repeats 1 to 100 times"]),
    "unroll too much": ("unroll(101) { }", ["101: unroll repeats 1 to 100 times"]),
    "the loop's variable is taken": ("$i = 1; for $i : 0..3 { }", ["$i: $i exists already"]),
    "the loop's variable is gone": (
        "for $i : 0..3 { } print($i)",
        ["$i: $i is used before it is set"],
    ),
    "a range of strings": (
        'for $i : "a".."b" { }',
        [
            '"a": a range goes from number to number, this is string[2]',
            '"b": a range goes from number to number, this is string[2]',
        ],
    ),
    "a map without keys": (
        "@a = 1; for $kv : @a { }",
        ["@a: @a has no keys (see stdin:1:9) to go over"],
    ),
    "a body without braces": (
        "if (1) print(1)",
        ["print: expected '{' to open the block, found 'print'"],
    ),
    "a variable of an inner block": (
        "if 1 { $b = 1 } print($b)",
        ["$b: $b is used before it is set"],
    ),
    "a variable of both arms": (
        "if 1 { $b = 1 } else { $b = 2 } print($b)",
        ["$b: $b is used before it is set"],
    ),
    "a declared variable again": ("let $a = 1; let $a = 2", ["$a: $a exists already"]),
    "a shadow": ("$a = 1; if 1 { let $a = 2 }", ["$a: $a exists already"]),
    "arms of two kinds": (
        '$a = pid ? "x" : 5',
        ["pid ? \"x\" : 5: the two values of '?' differ: string[2] and int8"],
    ),
    "comptime of what is not known": (
        "if comptime (pid > 1) { }",
        ["pid > 1: this is known only when the script runs"],
    ),
}

WARNINGS = {
    "never reached": ("return; print(1)", ["print(1): this is never reached"]),
    "never reached after exit": ("exit(); print(1)", ["print(1): this is never reached"]),
    "while": ("$i = 0; while ($i < 3) { $i++ }", ["while: while loops are deprecated"]),
}


@pytest.mark.parametrize("name", BODIES)
def test_body(name: str) -> None:
    body, expected = BODIES[name]
    assert printed(body) == expected


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str) -> None:
    body, expected = MISTAKES[name]
    assert mistakes(f"BEGIN {{ {body} }}") == expected


@pytest.mark.parametrize("name", WARNINGS)
def test_warning(name: str) -> None:
    body, expected = WARNINGS[name]
    assert warned(f"BEGIN {{ {body} }}") == expected


@pytest.mark.parametrize(
    ("call", "code"), [("exit()", 0), ("exit(0)", 0), ("exit(7)", 7), ("exit(pid - pid + 3)", 3)]
)
def test_exit_code(call: str, code: int) -> None:
    ran = run(f"BEGIN {{ {call}; }} END {{ print(5); }}")
    assert (ran.output.strip("\n"), ran.code) == ("5", code)
