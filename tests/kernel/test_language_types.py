"""Types: sizes, widening over the whole script, signs, casts, arrays, tuples and records."""

from __future__ import annotations

import pytest
from language_cases import printed, run, warned

pytestmark = pytest.mark.kernel

SIZES = {
    "bool": 1,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "uint16": 2,
    "int32": 4,
    "uint32": 4,
    "int64": 8,
    "uint64": 8,
    "uint64_t": 8,
    "int32_t": 4,
    "string[7]": 7,
    "uint8*": 8,
    "int32[5]": 20,
    "int8[3][2]": 6,
    "int32*[4]": 32,
    "int32[4]*": 8,
    "int32 *": 8,
    "struct task_struct *": 8,
    "struct list_head": 16,
    "struct list_head[3]": 48,
    "1": 1,
    "-1": 1,
    "127": 1,
    "128": 2,
    "-128": 1,
    "-129": 2,
    "1000": 2,
    "100000": 4,
    "0x7fffffffffffffff": 8,
    "1 + 1": 1,
    "pid + 1": 8,
    "1 == 1": 1,
    '"abc"': 4,
    "(1, 2)": 2,
    "(1, 1000, true)": 6,
    "((uint8)1, (uint64)1)": 16,
    "((uint64)1, (uint8)1)": 16,
    "pid": 4,
    "comm": 16,
    "nsecs": 8,
    "curtask": 8,
    "(a = (uint8)1, b = (uint32)1)": 8,
}

TYPES = {
    "a later assignment widens": (
        "$a = 1; print(sizeof($a)); $a = (uint64)2; print(sizeof($a))",
        "8\n8",
    ),
    "widening goes through copies": (
        "$a = 1; $b = $a; $c = ($b, 1); print(sizeof($b)); print(sizeof($c.0)); $a = (int32)1",
        "4\n4",
    ),
    "a narrower value leaves the width": ("$a = (int64)1; $a = (int8)2; print(sizeof($a))", "8"),
    "a loop's sum": ("$s = 0; for $i : 0..300 { $s += $i } print($s)", "44850"),
    "map values": ("@[1] = 1; print(sizeof(@[1])); @[2] = (int32)-1; clear(@)", "4"),
    "map keys": ("@[1] = 1; @[100000] = 2; print(@[1]); print(@[(int64)1]); clear(@)", "1\n1"),
    "keys of any width find each other": (
        "@[(uint8)5] = 1; print(@[(uint64)5]); print(has_key(@, (uint16)5)); clear(@)",
        "1\ntrue",
    ),
    "elements of tuples": (
        '$t = (1, "a"); $t = (100000, "abcdef"); print($t); $t = (2, "b"); print($t)',
        "(100000, abcdef)\n(2, b)",
    ),
    "nested tuples": (
        '$t = (1, (1, "a")); print(sizeof($t)); $t = (1, ((int64)1, "abc")); print($t)',
        "24\n(1, (1, abc))",
    ),
    "tuples of other widths are equal": (
        "$a = ((uint8)1, (uint64)2); $b = ((uint64)1, (uint8)2); print($a == $b); print($a != $b)",
        "true\nfalse",
    ),
    "tuples with padding are equal": (
        "$n = nsecs; $a = ((uint8)1, $n, (uint8)3); $b = ((uint8)1, $n, (uint8)3); print($a == $b)",
        "true",
    ),
    "tuples of strings of other sizes": (
        'print((1, "ab") == (1, "ab")); $s = "abcdef"; $t = (1, $s); $u = (1, "ab"); '
        'print($t == $u); $s = "ab"; print((1, $s) == $u)',
        "true\nfalse\ntrue",
    ),
    "strings grow": ('$s = "a"; print(sizeof($s)); $s = "abcdef"; print($s)', "7\nabcdef"),
    "a string of a map grows": (
        '@s = "a"; @s = "abcdefghij"; printf("%s\\n", @s); clear(@s)',
        "abcdefghij",
    ),
    "records": (
        '$r = (a = 1, b = "x"); print($r); print($r.b); print($r.a + 1)',
        "{ .a = 1, .b = x }\nx\n2",
    ),
    "a record's fields in any order": (
        '$r = (a = 1, b = "x"); $r = (b = "yz", a = 1000); print($r)',
        "{ .a = 1000, .b = yz }",
    ),
    "nested records": (
        "$r = (a = (b = 1, c = (d = 2)), e = (1, 2)); print($r.a.c.d); print($r)",
        "2\n{ .a = { .b = 1, .c = { .d = 2 } }, .e = (1, 2) }",
    ),
    "a record in a map": (
        "@r[1] = (x = 1, y = 2); print(@r[1].y); print(@r); clear(@r)",
        "2\n@r[1]: { .x = 1, .y = 2 }",
    ),
    "tuple fields by dot and index": (
        (
            '$t = (1, "a", (2, 3)); print($t.0); print($t.2.1); print($t[1]); print($t[1 - 1]); '
            "print($t.2[0])"
        ),
        "1\n3\na\n1\n2",
    ),
    "a tuple of a tuple of one": ("$t = ((1,),); print($t.0.0)", "1"),
    "a negative number in an unsigned place": ("$a = (uint32)5; print($a > -1)", "true"),
    "sums have 64 bits": (
        "print((uint8)200 + (uint8)100); print((uint32)0xffffffff + 1)",
        "300\n4294967296",
    ),
    "differences are signed": (
        "print((uint32)5 - (uint32)10); print(5 - 10); $x = (uint8)0; $x--; print($x)",
        "-5\n-5\n-1",
    ),
    "sums of unsigned are unsigned": (
        "$a = (uint64)-1; print($a + 0); print($a * 1)",
        "18446744073709551615\n18446744073709551615",
    ),
    "an increment widens": (
        "$x = (uint8)255; $x++; print($x); $y = (int8)127; ++$y; print($y)",
        "256\n128",
    ),
    "64 bits wrap": ("$x = 0x7fffffffffffffff; $x++; print($x)", "-9223372036854775808"),
    "casts to fewer bits": (
        "print((uint8)300); print((int8)300); print((int8)200); print((uint16)-1)",
        "44\n44\n-56\n65535",
    ),
    "casts to more bits extend the sign": (
        "print((int64)(int8)-1); print((uint64)(int8)-1); print((int64)(uint8)-1)",
        "-1\n18446744073709551615\n255",
    ),
    "casts of casts": ("print((int32)(uint32)-1); print((uint32)(int16)-1)", "-1\n4294967295"),
    "casts to bool": ("print((bool)5); print((bool)0); print((bool)1)", "true\nfalse\ntrue"),
    "casts of bool": ("print((int64)true); print((uint8)(1 == 2)); print(true + 1)", "1\n0\n2"),
    "casts of variables": ('$x = 1 << 16; printf("%d %d\\n", (uint16)$x, $x)', "0 65536"),
    "a cast binds closer than a sum": ("print((uint8)255 + 1); print((uint8)(255 + 1))", "256\n0"),
    "a cast to a kernel's type": (
        "print((uint64_t)1); print((pid_t)-1); print(sizeof((size_t)1))",
        "1\n-1\n8",
    ),
    "a cast to an enum": ("print((enum bpf_map_type)1)", "BPF_MAP_TYPE_HASH"),
    "an enumerator of the kernel": (
        'print(BPF_MAP_TYPE_ARRAY + 0); printf("%d %s\\n", BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_HASH)',
        "2\n1 BPF_MAP_TYPE_HASH",
    ),
    "an integer as an array": (
        '$a = (int8[8])12345; printf("%x %x %d\\n", $a[0], $a[1], (uint64)$a)',
        "39 30 12345",
    ),
    "an array without a size": (
        "$a = (uint8[])(uint32)0x01020304; print($a); print($a[3]); print((uint32)$a)",
        "[4,3,2,1]\n1\n16909060",
    ),
    "an array of words": (
        "print((uint16[4])0x0004000300020001); print((uint32[2])0x200000001)",
        "[1,2,3,4]\n[1,2]",
    ),
    "arrays are compared": (
        (
            "$a = (uint8[4])(uint32)5; print($a == (uint8[4])(uint32)5); "
            "print($a != (uint8[4])(uint32)6)"
        ),
        "true\ntrue",
    ),
    "an array by a variable": (
        ('$a = (uint8[8])0x0807060504030201; for $i : 0..8 { printf("%d", $a[$i]) } printf("\\n")'),
        "12345678",
    ),
    "an array in a map": (
        "@a[1] = (uint8[4])(uint32)1; print(@a[1][0]); print(@a); clear(@a)",
        "1\n@a[1]: [1,0,0,0]",
    ),
    "an array as a key": (
        "@a[(uint8[4])(uint32)1] = 5; print(@a); print(@a[(uint8[4])(uint32)1]); clear(@a)",
        "@a[[1,0,0,0]]: 5\n5",
    ),
    "pointers": (
        (
            "$p = (int32*)16; print($p); print($p + 1); print($p - 1); $p++; print($p); $p += 2; "
            "print($p)"
        ),
        "0x10\n0x14\n0xc\n0x14\n0x1c",
    ),
    "pointers as conditions": (
        (
            '$p = (int8*)0; $q = (int8*)5; print(!$p); if ($q) { print("set") } print($p == 0); '
            "print($q != $p)"
        ),
        "true\nset\ntrue\ntrue",
    ),
    "a pointer's difference to an integer": (
        "$p = (int64*)80; print((uint64)$p - 16); print($p > (int64*)5)",
        "64\ntrue",
    ),
    "a character of a string": (
        '$s = "hello"; print($s[1]); printf("%c\\n", $s[4]); print("/"[0])',
        "101\no\n47",
    ),
    "a character by a variable": (
        '$s = "abc"; for $i : 0..3 { printf("%c-", $s[$i]) } printf("\\n")',
        "a-b-c-",
    ),
    "let with a type": (
        "let $x : int32 = 5; print(sizeof($x)); let $y : uint64; print($y); $y = 3; print($y)",
        "4\n0\n3",
    ),
    "let with a string": (
        'let $s : string[10]; print($s); $s = "abc"; print($s); print(sizeof($s))',
        "\nabc\n10",
    ),
    "let without a value": ("let $x; print($x); $x = (int16)7; print(sizeof($x))", "0\n2"),
    "let with typeof": ("$a = (uint16)1; let $b : typeof($a) = 5; print(sizeof($b))", "2"),
    "sizeof does not run its argument": (
        "print(sizeof(@n++)); print(@n); @n = 0; clear(@n)",
        "8\n@n: 0",
    ),
    "offsetof": (
        (
            "print(offsetof(struct list_head, prev)); $l = (struct list_head *)0; "
            "print(offsetof(*$l, prev))"
        ),
        "8\n8",
    ),
    "offsetof of a field of a field": (
        "print(offsetof(struct task_struct, se.load) > offsetof(struct task_struct, se))",
        "false",
    ),
    "truth": (
        'if (-1) { print("a") } if (0x100000000) { print("b") } if (!0) { print("c") }',
        "a\nb\nc",
    ),
    "bool and integers": (
        "print(true == 1); print((1 == 1) == true); print(false < true)",
        "true\ntrue\ntrue",
    ),
    "whole script": (
        "$x = @late; print($x); print(sizeof($x)); @late = (uint16)0; clear(@late)",
        "0\n2",
    ),
    "key types of a loop": (
        "@m[1] = 1; for $kv : @m { print(sizeof($kv.0)) } @m[100000] = 2; clear(@m)",
        "4",
    ),
}

WARNINGS = {
    "signs differ": (
        "$a = (uint64)1; $b = (int64)-1; $a = $b",
        ["$b: $a is uint64, this is int64: the signs differ"],
    ),
}


@pytest.mark.parametrize("expression", SIZES)
def test_size(expression: str) -> None:
    assert printed(f"print(sizeof({expression}))") == str(SIZES[expression])


@pytest.mark.parametrize("name", TYPES)
def test_type(name: str) -> None:
    body, expected = TYPES[name]
    assert printed(body) == expected.strip("\n")


@pytest.mark.parametrize("name", WARNINGS)
def test_warning(name: str) -> None:
    body, expected = WARNINGS[name]
    assert warned(f"BEGIN {{ {body} }}") == expected


def test_types_flow_between_probes() -> None:
    script = "BEGIN { $x = @m[1]; print(sizeof($x)) } END { @m[1] = (int64)5; clear(@m) }"
    assert run(script).output.strip("\n") == "8"
