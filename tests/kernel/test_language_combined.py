"""What goes wrong first in a compiler: types of the whole script, keys, nesting, order, size."""

from __future__ import annotations

import pytest
from language_cases import mistakes, printed, run

pytestmark = pytest.mark.kernel

BODIES = {
    "a chain of copies widens backwards": (
        "$a = 1; $b = $a; $c = $b; print(sizeof($c)); $a = $c; $a = (int32)5",
        "4",
    ),
    "a later key widens an earlier one": (
        (
            '@m[1, "a"] = 1; $t = (1, "a"); print(@m[$t]); @m[100000, "abcdef"] = 2; '
            "print(@m[$t]); print(len(@m)); clear(@m)"
        ),
        "1\n1\n2",
    ),
    "a later value widens a variable": (
        (
            '@m[1] = (1, "a"); $t = @m[1]; @m[2] = (1000, "abcdef"); print($t); $t = (5, "x"); '
            "print($t); clear(@m)"
        ),
        "(1, a)\n(5, x)",
    ),
    "comm meets a longer string": (
        (
            '@k[comm] = 1; @k["a string that is longer than sixteen"] = 2; print(@k[comm]); '
            "print(len(@k)); clear(@k)"
        ),
        "1\n2",
    ),
    "comm in a tuple meets a longer string": (
        (
            '$t = (comm, 1); @k[$t] = 1; @k["a string that is longer than sixteen", 5] = 2; '
            "print(@k[comm, 1]); clear(@k)"
        ),
        "1",
    ),
    "a growing variable as a key": (
        (
            '$s = "a"; @k[$s] = 1; $s = "longer string"; @k[$s] = 2; $s = "a"; print(@k[$s]); '
            'print(@k["longer string"]); clear(@k)'
        ),
        "1\n2",
    ),
    "gaps in keys": (
        (
            '@k[(uint8)1, (uint64)2, (uint8)3, "abc", (uint16)4] = 1; @k[1, 2, 3, "abc", 4]++; '
            "print(@k); clear(@k)"
        ),
        "@k[1, 2, 3, abc, 4]: 2",
    ),
    "gaps in variables as keys": (
        (
            "$t = ((int8)1, (int64)2, (int8)3); @[$t] = 1; @[((int8)1, (int64)2, (int8)3)]++; "
            "@[1, 2, 3]++; print(@); clear(@)"
        ),
        "@[1, 2, 3]: 3",
    ),
    "a loop's pair as a key": (
        (
            '@a[1, "x"] = 5; for $kv : @a { @b[$kv.0] = $kv.1; @c[$kv] = 1 } print(@b); '
            "print(@c); clear(@a); clear(@b); clear(@c)"
        ),
        "@b[1, x]: 5\n@c[(1, x), 5]: 1",
    ),
    "tuples of loop variables": (
        'for $i : 0..2 { $s = "v"; $t = ($i, $s); @m[$t] = ($i, ($s, $i)) } print(@m); clear(@m)',
        "@m[0, v]: (0, (v, 0))\n@m[1, v]: (1, (v, 1))",
    ),
    "a ternary of tuples as a key": (
        (
            '$a = pid > 0 ? (comm, 1) : ("another name", 1000); @m[$a] = 1; print(@m[comm, 1]); '
            "clear(@m)"
        ),
        "1",
    ),
    "the value before the key": (
        "@m[@i++] = @i; @m[@i++] = @i; print(@m); clear(@m); clear(@i)",
        "@m[0]: 0\n@m[1]: 1",
    ),
    "increments within one expression": (
        "$x = 3; $y = $x++ + ++$x; print(($x, $y)); $b = ($x++, $x, ++$x); print($b)",
        "(5, 8)\n(5, 6, 7)",
    ),
    "an increment of what is assigned": (
        "$a = 1; $a += $a++; print($a); $x = 5; $x = $x++; print($x)",
        "2\n5",
    ),
    "operators without spaces": (
        "$x=1;$y=2;print($x+++$y);print($x---$y);print($x<<$y>>1);print(-1- -1)",
        "3\n0\n2\n0",
    ),
    "compound with expressions": (
        (
            "$x = 10; $x -= 3 * 2; print($x); $x *= 2 + 1; print($x); $x <<= 1 + 1; print($x); "
            "$x %= 7; print($x)"
        ),
        "4\n12\n48\n6",
    ),
    "comparisons of comparisons": (
        "print(1 < 2 < 3); print(3 > 2 > 1); print(1 == 1 == 1)",
        "true\nfalse\ntrue",
    ),
    "shifts agree, folded or not": (
        "$a = -7; print((-7 >> 1) == ($a >> 1)); $b = 7; print((7 << 2) == ($b << 2))",
        "true\ntrue",
    ),
    "division agrees, folded or not": (
        "$a = -7; $b = 2; print((-7 / 2) == ($a / $b)); print((-7 % 2) == ($a % $b))",
        "true\ntrue",
    ),
    "blocks in keys, values and arguments": (
        '@m[{ 5 }] = { "a" }; printf("%s %s\\n", { @m[5] }, if 1 { "bb" } else { "c" }); clear(@m)',
        "a bb",
    ),
    "blocks within blocks": (
        (
            "$x = 5; $y = { let $z = $x; { let $w = $z * 2; $w + 1 } }; print($y); "
            "print({ { { 7 } } })"
        ),
        "11\n7",
    ),
    "an effect in a value": (
        '$x = { if (pid > 0) { print("in"); 5 } else { 6 } }; print($x)',
        "in\n5",
    ),
    "records as keys, in any order": (
        (
            '$r = (x = 1, y = (z = "q")); @r[$r] = 1; $s = (y = (z = "q"), x = 1); print(@r[$s]); '
            "print($r == $s); clear(@r)"
        ),
        "1\ntrue",
    ),
    "map values compared as wholes": (
        "@a = (1, 2); @a = (3, 4); print(@a == (3, 4)); print(@a.0 == 3); clear(@a)",
        "true\ntrue",
    ),
    "strings of map values in tuples": (
        (
            '@a[1] = "one"; @a[2] = "two"; print((@a[1], @a[2], @a[3])); @b[@a[1], @a[2]] = 1; '
            'print(@b["one", "two"]); clear(@a); clear(@b)'
        ),
        "(one, two, )\n1",
    ),
    "sums of loops in loops": (
        (
            "$x = 5; for $i : 0..3 { $y = $x + $i; for $j : 0..2 { $z = $y + $j; "
            "@s += $z } } print(@s); clear(@s)"
        ),
        "@s: 39",
    ),
    "loops over a map that grows": (
        (
            "for $i : 0..3 { for $kv : @m { for $j : 0..2 { @n++ } } @m[$i] = 1 } print(@n); "
            "clear(@m); clear(@n)"
        ),
        "@n: 6",
    ),
    "a large map of large values": (
        (
            'for $i : 0..100 { @m[$i] = str_concat("value ", comm) } print(len(@m)); '
            'print(@m[99] == str_concat("value ", comm)); clear(@m)'
        ),
        "100\ntrue",
    ),
    "a wrapped declared type": (
        "let $x : uint8 = 255; $x++; print($x); let $y : int8 = 127; $y += 1; print($y)",
        "0\n-128",
    ),
    "addresses of variables": ("$x = 5; $p = &$x; print(*$p)", "5"),
    "many variables at once": (
        " ".join(f"$v{n} = nsecs + {n};" for n in range(60))
        + " print(("
        + " + ".join(f"($v{n} - $v0 >= {n})" for n in range(60))
        + ") == 60)",
        "true",
    ),
    "many strings at once": (
        " ".join(f'$s{n} = str_concat(comm, "{n}");' for n in range(12))
        + ' print($s11 == str_concat(comm, "11"))',
        "true",
    ),
    "a wide tuple": (
        f"$t = ({', '.join(map(str, range(60)))}); print($t.59); print($t.0)",
        "59\n0",
    ),
    "a deep tuple": (f"$t = {'(1, ' * 20}2{')' * 20}; print($t{'.1' * 20})", "2"),
    "a long string": (
        (
            f'$s = "{"abcdefghij" * 60}"; print(strlen($s)); print($s[599]); @[$s] = 1; '
            f"print(@[$s]); clear(@)"
        ),
        "600\n106\n1",
    ),
    "a long else if": (
        "$x = 39; " + " else ".join(f"if $x == {n} {{ print({n}) }}" for n in range(40)),
        "39",
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_body(name: str) -> None:
    body, expected = BODIES[name]
    assert printed(body) == expected


def test_three_hundred_lines() -> None:
    """Every probe uses macros, a function, maps, strings and loops."""
    head = "macro add(@m, k, v) { @m[k] = sum(v); }\n"
    head += "fn square($n : int64): int64 { return $n * $n; }\n"
    probe = """BEGIN {{
    $name = str_concat("probe ", "{n}");
    for $i : 0..3 {{
        if ($i == 1) {{ continue }}
        add(@sums, {n} % 5, square($i));
    }}
    @names[$name] = ({n}, strlen($name));
    $t = @names[$name];
    @total += $t.0;
}}
"""
    end = """END {
    print(len(@names)); print(@total); print(@sums); clear(@names); clear(@total); clear(@sums)
}"""
    script = head + "".join(probe.format(n=n) for n in range(30)) + end
    assert script.count("\n") > 300
    sums = "".join(f"@sums[{n}]: 24\n" for n in range(5))
    assert run(script).output == f"30\n@total: 435\n{sums}\n\n"


def test_many_probes() -> None:
    script = "".join(f"BEGIN {{ @[{n}] = {n} }}\n" for n in range(120))
    assert run(f"{script} END {{ print(len(@)); clear(@) }}").output.strip("\n") == "120"


def test_all_mistakes_of_a_script_are_told() -> None:
    script = 'BEGIN { print($a); nowhere(); printf("%d"); }\nEND { @x[1] = 1; @x["s"] = 2; }'
    assert mistakes(script) == [
        "$a: $a is used before it is set",
        "nowhere: unknown function 'nowhere'",
        'printf("%d"): the format takes 1 argument, 0 given',
        '"s": this key of @x is int8 at stdin:2:7, but string[2] here',
    ]


def test_the_parser_goes_on_after_a_mistake() -> None:
    script = "BEGIN { $x = ; print(1) }\nEND { print(2 +) }\nBEGIN { for { } }"
    assert [one.split(": ", 1)[1] for one in mistakes(script)] == [
        "expected an expression, found ';'",
        "expected an expression, found ')'",
        "expected a variable after 'for', found '{'",
    ]
