"""The shape of a script: its parts, comments, literals, precedence, and what is no script."""

from __future__ import annotations

import pytest
from language_cases import printed, run

pytestmark = pytest.mark.kernel

SCRIPTS = {
    "shebang": ("#!/usr/bin/env seismo\nBEGIN { print(1) }", "1"),
    "comments everywhere": (
        "// a\n/* b */ BEGIN /* c\n */ { /* d */ print(/* e */ 1 /* f */) /* g */; // h\n } // i",
        "1",
    ),
    "comment marks in a string": ('BEGIN { print("/* a */ // b") }', "/* a */ // b"),
    "a comment within a statement": ("BEGIN { print(1 + // one\n 2 /* two */ + 3) }", "6"),
    "a comment at the very end": ("BEGIN { print(1) } // no newline", "1"),
    "no space at all": ("BEGIN{print(1);}BEGIN{print(2)}END{print(3)}", "1\n2\n3"),
    "a line for every token": ("BEGIN\n{\nprint\n(\n1\n+\n2\n)\n;\n}\n", "3"),
    "tabs, carriage returns and form feeds": ("BEGIN\t{\r\n\tprint(1)\r\n\f}\r\n", "1"),
    "case of begin and end": ("begin { print(1) } End { print(3) } bEgIn { print(2) }", "1\n2\n3"),
    "probes run in the order of the script": (
        "END { print(3) } BEGIN { print(1) } BEGIN { print(2) } END { print(4) }",
        "1\n2\n3\n4",
    ),
    "empty body": ("BEGIN { }", ""),
    "empty statements": ("BEGIN { ; ; print(1);; }", "1"),
    "several attach points": ("BEGIN, END { print(probe) }", "begin\nend"),
    "a comma after the last attach point": ("BEGIN, END, { print(1) }", "1\n1"),
    "a named probe": ("hello=BEGIN { print(1) }", "1"),
    "predicate": ("BEGIN /1/ { print(1) } BEGIN /0/ { print(2) }", "1"),
    "predicate with logic": ("BEGIN /pid == pid && !(1 > 2)/ { print(1) }", "1"),
    "predicate that divides": ("BEGIN / 4 / 2 == 2 / { print(1) }", "1"),
    "predicate without spaces": ("BEGIN/1==1/{print(1)}", "1"),
    "predicate over lines": ("BEGIN\n/1 == 1/\n{\n  print(1)\n}", "1"),
    "predicate of a string": ('BEGIN /comm != ""/ { print(1) }', "1"),
    "predicate of a pointer": ("BEGIN /curtask/ { print(1) }", "1"),
    "predicate of a map": ("BEGIN { @x = 1 } BEGIN /@x/ { print(@x); clear(@x) }", "@x: 1"),
    "predicate with an effect": (
        "BEGIN /@n++/ { print(0) } BEGIN /@n++/ { print(1) }",
        "1\n\n\n@n: 2",
    ),
    "semicolon before the brace": ("BEGIN { print(1); }", "1"),
    "no semicolon after a block": (
        "BEGIN { if (1) { print(1) } print(2); { print(3) } }",
        "1\n2\n3",
    ),
    "no semicolon after a loop": (
        "BEGIN { for $i : 0..1 { print($i) } unroll(1) { print(1) } print(2) }",
        "0\n1\n2",
    ),
    "the bare map": ("BEGIN { @ = 5; @++; print(@); clear(@) }", "@: 6"),
    "names": (
        "BEGIN { $_a1 = 1; @_B = 2; $X = 3; print(($_a1, @_B, $X)); clear(@_B) }",
        "(1, 2, 3)",
    ),
    "a map and a variable of one name": (
        "BEGIN { $a = 1; @a = 2; print(($a, @a)); clear(@a) }",
        "(1, 2)",
    ),
    "a variable named like a keyword": ("BEGIN { $if = 1; $for = 2; print($if + $for) }", "3"),
    "a map named like a built-in": (
        "BEGIN { @pid = 1; @count = 2; print((@pid, @count)); clear(@pid); clear(@count) }",
        "(1, 2)",
    ),
    "unicode": ('BEGIN { /* ünï */ $s = "漢字 é"; print($s); print(strlen($s)) }', "漢字 é\n9"),
}

BODIES = {
    "decimal": ("print(0); print(42); print(00)", "0\n42\n0"),
    "hexadecimal": ("print(0x1F); print(0Xff); print(0xFf)", "31\n255\n255"),
    "octal": ("print(0123); print(010)", "83\n8"),
    "separators": ("print(1_000_000); print(0xff_ff)", "1000000\n65535"),
    "exponent": ("print(1e3); print(5e0); print(2e9)", "1000\n5\n2000000000"),
    "the longest exponent": ("print(1e18)", "1000000000000000000"),
    "C suffixes": ("print(1u); print(2l); print(3ll); print(4ul); print(5ull)", "1\n2\n3\n4\n5"),
    "C suffixes in capitals": (
        "print(1U); print(2L); print(3LL); print(4UL); print(5ULL)",
        "1\n2\n3\n4\n5",
    ),
    "short durations": (
        "print(1ns); print(1us); print(1ms); print(1s)",
        "1\n1000\n1000000\n1000000000",
    ),
    "long durations": (
        "print(1m); print(1h); print(1d)",
        "60000000000\n3600000000000\n86400000000000",
    ),
    "the largest": (
        "print(18446744073709551615); print(0xffffffffffffffff)",
        "18446744073709551615\n18446744073709551615",
    ),
    "the smallest": ("print(-9223372036854775808)", "-9223372036854775808"),
    "bool": ("print(true); print(false)", "true\nfalse"),
    "string escapes": (r'print("a\tb\n\\ \"q\" \101\x41\0")', 'a\tb\n\\ "q" AA'),
    "carriage return": (r'printf("a\rb\n")', "a\rb"),
    "octal escapes are three digits at most": (r'print("\1012\060")', "A20"),
    "an empty string": ('print(""); print(strlen(""))', "\n0"),
    "empty tuple": ("print(())", "()"),
    "tuple of one": ("$t = (5,); print($t.0)", "5"),
    "a comma after the last element": ("print((1, 2,))", "(1, 2)"),
    "unary": (
        "print(-5); print(- -5); print(!5); print(!!5); print(~0); print(~5)",
        "-5\n5\nfalse\ntrue\n-1\n-6",
    ),
    "unary binds closer than binary": ("print(-2 + 3); print(!0 + 1); print(~1 & 3)", "1\n2\n2"),
    "products before sums": (
        "print(2 + 3 * 4 - 1); print((2 + 3) * 4); print(7 - 6 / 2)",
        "13\n20\n4",
    ),
    "sums before shifts": ("print(1 << 2 + 1); print(16 >> 1 + 1)", "8\n4"),
    "shifts before comparisons": ("print(1 << 2 > 3); print(8 >> 1 == 4)", "true\ntrue"),
    "comparisons before equality": ("print(1 < 2 == 2 > 1); print(3 > 2 != 1 > 2)", "true\ntrue"),
    "equality before bit and": ("print(5 & 3 == 3)", "1"),
    "and before exclusive or before or": ("print(1 | 2 ^ 3 & 4); print(6 ^ 3 & 1 | 8)", "3\n15"),
    "bits before logic": ("print(1 | 0 && 0); print(0 && 0 | 1)", "false\nfalse"),
    "logical and before or": ("print(1 || 0 && 0); print((1 || 0) && 0)", "true\nfalse"),
    "logic before the ternary": ("print(0 || 1 ? 2 : 3)", "2"),
    "ternary to the right": ("print(0 ? 1 : 0 ? 2 : 3); print(1 ? 0 ? 1 : 2 : 3)", "3\n2"),
    "left to right": (
        "print(10 - 3 - 2); print(100 / 10 / 2); print(2 * 7 % 4); print(1 << 2 << 3)",
        "5\n5\n2\n32",
    ),
    "a short ternary": ("print(3 ?: 5); print(0 ?: 5); $x = 7; print($x ?: 1)", "3\n5\n7"),
    "deep parentheses": (f"print({'(' * 50}1{')' * 50})", "1"),
    "deep blocks": (f"{'{ ' * 40}print(1){' }' * 40}", "1"),
    "a long sum": (f"print({' + '.join(['1'] * 100)})", "100"),
    "block as an expression": ("$x = { let $y = 3; $y + 1 }; print($x); print({ 5 })", "4\n5"),
    "a block's value may be a string": ('print({ $a = "text"; $a })', "text"),
    "nested block expressions": ("print({ $a = { $b = 2; $b * 2 }; $a + { 1 } })", "5"),
    "if as an expression": (
        "$x = if (1) { 5 } else { 6 }; print($x); print(if 0 { 1 } else { 2 })",
        "5\n2",
    ),
    "if else if as an expression": (
        "$y = 2; print(if $y == 1 { 10 } else if $y == 2 { 20 } else { 30 })",
        "20",
    ),
    "discard": ("@x[1] = 1; _ = 1 + 2; _ = has_key(@x, 1); clear(@x); print(1)", "1"),
    "a statement that is a ternary": ('1 ? print("a") : print("b")', "a"),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script(name: str) -> None:
    script, expected = SCRIPTS[name]
    assert run(script).output.strip("\n") == expected


@pytest.mark.parametrize("name", BODIES)
def test_a_body(name: str) -> None:
    body, expected = BODIES[name]
    assert printed(body) == expected.strip("\n")
