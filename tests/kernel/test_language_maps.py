"""Maps: keys of every type, values of every type, operators, functions, declarations, printing."""

from __future__ import annotations

import pytest
from language_cases import mistakes, printed, run, warned

pytestmark = pytest.mark.kernel

BODIES = {
    "scalar": ("@a = 1; @a = @a + 1; print(@a); clear(@a)", "@a: 2"),
    "value of one entry": ("@a[1] = 5; print(@a[1]); print(@a[2]); clear(@a)", "5\n0"),
    "a missing string": ('@a[1] = "x"; print(@a[2]); print(@a[2] == ""); clear(@a)', "\ntrue"),
    "a missing tuple": ('@a[1] = (1, "x"); print(@a[2]); clear(@a)', "(0, )"),
    "compound assignment": (
        "@x = 10; @x += 5; @x -= 3; @x *= 2; @x /= 3; @x %= 5; print(@x); clear(@x)",
        "@x: 3",
    ),
    "compound bits": (
        (
            "@x[1] = 12; @x[1] |= 3; @x[1] &= 7; @x[1] ^= 1; @x[1] <<= 4; @x[1] >>= 1; "
            "print(@x[1]); clear(@x)"
        ),
        "48",
    ),
    "compound on what is missing": (
        "@x += 1; @y[1] -= 1; @z |= 4; print((@x, @y[1], @z)); clear(@x); clear(@y); clear(@z)",
        "(1, -1, 4)",
    ),
    "increments": (
        (
            "@x = 5; print((@x++, @x)); print((++@x, @x)); print((@x--, @x)); print((--@x, @x)); "
            "clear(@x)"
        ),
        "(5, 6)\n(7, 7)\n(7, 6)\n(5, 5)",
    ),
    "increments of entries": (
        "@x[1]++; ++@x[1]; @x[2]--; print((@x[1], @x[2])); clear(@x)",
        "(2, -1)",
    ),
    "increment as a key": (
        "@n = 3; @m[@n++] = 1; print(@m); print(@n); clear(@m); clear(@n)",
        "@m[3]: 1\n@n: 4",
    ),
    "a map as a key": (
        "@a = 7; @b[@a] = 1; @b[@b[7]] = 2; print(@b); clear(@a); clear(@b)",
        "@b[7]: 1\n@b[1]: 2",
    ),
    "a map in a map": ("@a[1] = 2; @b[2] = 3; print(@b[@a[1]]); clear(@a); clear(@b)", "3"),
    "several keys": (
        '@m[1, "a", true] = 5; print(@m[1, "a", true]); print(@m); clear(@m)',
        "5\n@m[1, a, true]: 5",
    ),
    "a tuple is several keys": (
        '@m[(1, "a")] = 5; print(@m[1, "a"]); $t = (1, "a"); print(@m[$t]); print(@m); clear(@m)',
        "5\n5\n@m[1, a]: 5",
    ),
    "nested tuples as keys": (
        '@m[1, (2, "x")] = 5; print(@m[1, (2, "x")]); print(@m); clear(@m)',
        "5\n@m[1, (2, x)]: 5",
    ),
    "padding in keys": (
        (
            "@m[(uint8)1, nsecs * 0] = 1; @m[(uint8)1, nsecs * 0]++; $t = ((uint8)1, nsecs * 0); "
            "@m[$t]++; print(len(@m)); print(@m[1, 0]); clear(@m)"
        ),
        "1\n3",
    ),
    "padding at the end of keys": (
        "@m[nsecs * 0, (uint8)1] = 1; @m[nsecs * 0, (uint8)1]++; print(len(@m)); clear(@m)",
        "1",
    ),
    "string keys of other sizes": (
        (
            '@m["ab"] = 1; @m["abcdefgh"] = 2; print(@m["ab"]); print(@m["abcdefgh"]); '
            'print(@m["abc"]); clear(@m)'
        ),
        "1\n2\n0",
    ),
    "a literal finds what str() put": (
        (
            '@m[str("ab")] = 1; print(@m["ab"]); $s = "ab"; print(@m[$s]); print(@m[comm] == 0); '
            "print(len(@m)); clear(@m)"
        ),
        "1\n1\ntrue\n1",
    ),
    "string keys within tuples": (
        (
            '@m[1, "a"] = 1; @m[1000, "abcdef"] = 2; print(@m[1, "a"]); '
            'print(@m[1000, "abcdef"]); clear(@m)'
        ),
        "1\n2",
    ),
    "comm as a key": (
        "@m[comm] = 1; print(@m[comm]); @m[comm]++; print(len(@m)); clear(@m)",
        "1\n1",
    ),
    "negative keys": ("@m[-1] = 1; @m[(int64)-1]++; print(@m); clear(@m)", "@m[-1]: 2"),
    "bool keys": (
        "@m[true] = 1; @m[1 == 2] = 2; print(@m); clear(@m)",
        "@m[true]: 1\n@m[false]: 2",
    ),
    "pointer keys": (
        "@m[(int8*)16] = 1; print(@m); print(@m[(int8*)16]); clear(@m)",
        "@m[0x10]: 1\n1",
    ),
    "enum keys and values": (
        "@m[BPF_MAP_TYPE_HASH] = BPF_MAP_TYPE_ARRAY; print(@m); clear(@m)",
        "@m[BPF_MAP_TYPE_HASH]: BPF_MAP_TYPE_ARRAY",
    ),
    "record keys": (
        "@m[(a = 1, b = 2)] = 5; print(@m); print(@m[(a = 1, b = 2)]); clear(@m)",
        "@m[{ .a = 1, .b = 2 }]: 5\n5",
    ),
    "string values": (
        '@m[1] = "a"; @m[2] = "bcdef"; print(@m[1]); print(@m); clear(@m)',
        "a\n@m[1]: a\n@m[2]: bcdef",
    ),
    "bool values": ("@m = 1 == 1; print(@m); clear(@m)", "@m: true"),
    "tuple values": ('@m[1] = (1, "b"); print(@m[1].1); print(@m); clear(@m)', "b\n@m[1]: (1, b)"),
    "unsigned values": ("@m = (uint64)-1; print(@m); clear(@m)", "@m: 18446744073709551615"),
    "signed values": (
        "@m = -100000; print(@m); @n = (int8)-5; print(@n); clear(@m); clear(@n)",
        "@m: -100000\n@n: -5",
    ),
    "pointer values": (
        "@m = (int32*)16; @m++; print(@m); $p = @m; print($p + 1); clear(@m)",
        "@m: 0x14\n0x18",
    ),
    "sorted by value": (
        "@m[1] = 3; @m[2] = 1; @m[3] = 2; print(@m); clear(@m)",
        "@m[2]: 1\n@m[3]: 2\n@m[1]: 3",
    ),
    "equal values by key": (
        "@m[5] = 1; @m[3] = 1; @m[4] = 1; print(@m); clear(@m)",
        "@m[3]: 1\n@m[4]: 1\n@m[5]: 1",
    ),
    "negative values first": (
        "@m[1] = 5; @m[2] = -5; @m[3] = 0; print(@m); clear(@m)",
        "@m[2]: -5\n@m[3]: 0\n@m[1]: 5",
    ),
    "other values by key": (
        (
            '@m["z"] = "1"; @m["a"] = "2"; @t[3] = (1, 2); @t[1] = (3, 4); print(@m); print(@t); '
            "clear(@m); clear(@t)"
        ),
        "@m[a]: 2\n@m[z]: 1\n@t[1]: (3, 4)\n@t[3]: (1, 2)",
    ),
    "the greatest": (
        (
            "@m[1] = 100; @m[2] = 500; @m[3] = 300; print(@m, 2); print(@m, 1, 10); "
            "print(@m, 5, 100); print(@m, 0); clear(@m)"
        ),
        (
            "@m[3]: 300\n@m[2]: 500\n@m[2]: 50\n@m[1]: 1\n@m[3]: 3\n@m[2]: 5\n@m[1]: 100\n"
            "@m[3]: 300\n@m[2]: 500"
        ),
    ),
    "divided by zero": ("@m[1] = 7; print(@m, 5, 0); clear(@m)", "@m[1]: 7"),
    "print of nothing": ("@m[1] = 1; clear(@m); print(@m); @s = 1; clear(@s); print(@s)", "@s: 0"),
    "print is by reference": ("@m = 1; print(@m); @m = 2; print(@m); clear(@m)", "@m: 2\n@m: 2"),
    "printf is by value": (
        '@m = 1; printf("%d\\n", @m); @m = 2; printf("%d\\n", @m); clear(@m)',
        "1\n2",
    ),
    "clear is asynchronous": ("@m[1] = 1; clear(@m); @m[2] = 2; print(@m)", ""),
    "zero": ('@m["a"] = 5; @m["b"] = -1; zero(@m); print(@m); clear(@m)', "@m[a]: 0\n@m[b]: 0"),
    "has_key": (
        (
            '@m["a"] = 0; print(has_key(@m, "a")); print(has_key(@m, "b")); '
            'print(!has_key(@m, "b")); clear(@m)'
        ),
        "true\nfalse\ntrue",
    ),
    "delete": (
        "@m[1] = 1; print(delete(@m, 1)); print(delete(@m, 1)); print(len(@m))",
        "true\nfalse\n0",
    ),
    "delete, as it was written": ('@m["a", 1] = 1; delete(@m["a", 1]); print(len(@m))', "0"),
    "delete a scalar": (
        "@s = 5; print(delete(@s)); print(delete(@s)); print(@s)",
        "true\nfalse\n@s: 0",
    ),
    "delete as a condition": (
        '@m[1] = 1; if (delete(@m, 1)) { print("gone") } if (!delete(@m, 1)) { print("missing") }',
        "gone\nmissing",
    ),
    "find": (
        (
            "@m[1] = 5; let $v; if (find(@m, 1, $v)) { print($v) } $v = 9; "
            "if (!find(@m, 2, $v)) { print($v) } clear(@m)"
        ),
        "5\n9",
    ),
    "len": ("print(len(@m)); for $i : 0..10 { @m[$i] = 1 } print(len(@m)); clear(@m)", "0\n10"),
    "assign a map to another": (
        '@a = (1, "x"); @b = @a; @c[1] = @a; print(@b); print(@c); clear(@a); clear(@b); clear(@c)',
        "@b: (1, x)\n@c[1]: (1, x)",
    ),
    "an entry to a variable": (
        '@a[1] = "text"; $s = @a[1]; @a[1] = "new"; print($s); clear(@a)',
        "text",
    ),
    "what is read and written at once": (
        "@a[1] = 5; @a[1] = @a[1] + @a[1]; @a[2] = @a[1]; print(@a); clear(@a)",
        "@a[1]: 10\n@a[2]: 10",
    ),
    "many maps": (
        " ".join(f"@m{n} = {n};" for n in range(40))
        + " print(@m39); "
        + " ".join(f"clear(@m{n});" for n in range(40)),
        "@m39: 39",
    ),
    "many keys": (
        "for $i : 0..4096 { @m[$i] = $i } print(len(@m)); print(@m[4095]); clear(@m)",
        "4096\n4095",
    ),
}

SCRIPTS = {
    "maps are printed at the end by name": (
        'BEGIN { @b = 2; @a[1] = "x"; @none[1] = 1; clear(@none); @ = 0 }',
        "@: 0\n@a[1]: x\n@b: 2",
    ),
    "what END clears is not printed": ("BEGIN { @b = 2; @a = 1 } END { clear(@b) }", "@a: 1"),
    "maps are shared by probes": (
        "BEGIN { @a[1] = 5 } BEGIN { @a[1]++ } END { print(@a[1]); clear(@a) }",
        "6",
    ),
    "no maps at the end": ("config = { print_maps_on_exit = false } BEGIN { @a = 1 }", ""),
    "hash": ("let @a = hash(10); BEGIN { @a[1] = 1; @a[2] = 2 }", "@a[1]: 1\n@a[2]: 2"),
    "a hash of a size": (
        "let @a = hash(2); BEGIN { @a[1] = 1; @a[2] = 2; @a[3] = 3; print(len(@a)); clear(@a) }",
        "2",
    ),
    "lruhash": (
        (
            "let @a = lruhash(100); BEGIN { for $i : 0..1000 { @a[$i] = 1 } print(len(@a) <= "
            "100); clear(@a) }"
        ),
        "true",
    ),
    "percpuhash": (
        "let @a = percpuhash(10); BEGIN { @a[1] = count(); @a[1] = count() }",
        "@a[1]: 2",
    ),
    "percpulruhash": (
        "let @a = percpulruhash(10); BEGIN { @a[1] = sum(5); @a[1] = sum(6) }",
        "@a[1]: 11",
    ),
    "a declared scalar": ("let @a = hash(1); BEGIN { @a = 5 }", "@a: 5"),
    "a declaration between probes": (
        "BEGIN { @a[1] = 1 } let @a = hash(10); END { @a[2] = 2 }",
        "@a[1]: 1\n@a[2]: 2",
    ),
}

MISTAKES = {
    "nothing is put into it": ("BEGIN { print(@x) }", ["@x: undefined map: @x"]),
    "keys and none": (
        "BEGIN { @a = 1; @a[1] = 2 }",
        ["@a[1]: @a has 1 key here, but no key at stdin:1:9"],
    ),
    "more keys": (
        "BEGIN { @a[1] = 1; @a[1, 2] = 2 }",
        ["@a[1, 2]: @a has 2 keys here, but 1 key at stdin:1:9"],
    ),
    "keys of two kinds": (
        'BEGIN { @a[1] = 1; @a["x"] = 2 }',
        ['"x": this key of @a is int8 at stdin:1:9, but string[2] here'],
    ),
    "values of two kinds": (
        'BEGIN { @a[1] = 1; @a[2] = "x" }',
        ['"x": @a is int8 (since stdin:1:9), but this is string[2]'],
    ),
    "delete of a map with keys": (
        "BEGIN { @x[1, 2] = 1; delete(@x) }",
        ["delete(@x): @x has no key here, but 2 keys at stdin:1:9"],
    ),
    "delete with too few keys": (
        "BEGIN { @x[1, 2] = 1; delete(@x, 1) }",
        ["delete(@x, 1): @x has 1 key here, but 2 keys at stdin:1:9"],
    ),
    "delete of two": (
        "BEGIN { @x[1] = 1; delete(@x[1], @x[2]) }",
        ["@x[2]: delete() has two keys"],
    ),
    "has_key of a scalar": (
        "BEGIN { @x = 1; print(has_key(@x, 1)) }",
        ["has_key(@x, 1): @x has 1 key here, but no key at stdin:1:9"],
    ),
    "an aggregation in a hash": (
        "let @a = hash(2); BEGIN { @a[1] = count() }",
        ["let @a = hash(2): @a holds count_t, a value for each CPU: a hash has one for all"],
    ),
    "a value in a percpuhash": (
        "let @a = percpuhash(2); BEGIN { @a[1] = 1 }",
        [
            (
                "let @a = percpuhash(2): @a holds int8, one value for all CPUs: a percpuhash has "
                "one for each"
            ),
        ],
    ),
    "an unknown kind": (
        "let @a = array(2); BEGIN { @a[1] = 1 }",
        ["let @a = array(2): there is no map of kind 'array'"],
    ),
    "a size of zero": (
        "let @a = hash(0); BEGIN { @a[1] = 1 }",
        ["0: a map has 1 to 4294967295 entries"],
    ),
    "declared twice": (
        "let @a = hash(5); let @a = hash(6); BEGIN { @a[1] = 1 }",
        ["let @a = hash(6): @a is declared at stdin:1:1 already"],
    ),
    "declared in a block": (
        "BEGIN { let @a = hash(5); @a[1] = 1 }",
        ["@a: a map is declared outside of blocks"],
    ),
    "a whole map as a value": (
        "BEGIN { @a[1] = 1; $x = @a }",
        ["@a: @a has no key here, but 1 key at stdin:1:9"],
    ),
    "a whole map as a key": (
        "BEGIN { @a[1] = 1; @b[@a] = 1 }",
        ["@a: @a has no key here, but 1 key at stdin:1:9"],
    ),
    "a number cleared": ("BEGIN { clear(5) }", ["5: clear() takes a map, not int8"]),
    "an entry cleared": (
        "BEGIN { @a[1] = 1; clear(@a[1]) }",
        ["@a[1]: clear() takes a whole map, not one entry"],
    ),
    "top of a value": (
        "BEGIN { print(5, 5) }",
        ["5: only a whole map is printed with a number of entries and a divisor"],
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_body(name: str) -> None:
    body, expected = BODIES[name]
    assert printed(body) == expected.strip("\n")


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(name: str) -> None:
    script, expected = SCRIPTS[name]
    assert run(script).output.strip("\n") == expected


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str) -> None:
    script, expected = MISTAKES[name]
    assert mistakes(script) == expected


def test_a_full_map_is_told() -> None:
    ran = run("let @a = hash(2); BEGIN { @a[1] = 1; @a[2] = 2; @a[3] = 3; clear(@a) }")
    assert ran.errors == "stdin:1:49: 1 update of @a refused: the map is full (max_map_keys=2)\n"


def test_a_declared_map_that_is_not_used() -> None:
    script = "let @a = hash(5); BEGIN { print(1) }"
    assert warned(script) == ["let @a = hash(5): @a is never used"]
