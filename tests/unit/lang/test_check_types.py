"""The types of variables, by what is written to them."""

from __future__ import annotations

import pytest

from lang_cases import typed
from seismo.lang.config import Config

INTEGERS = [
    ("$x = 1", "int8"),
    ("$x = 1; $x = 300", "int16"),
    ("$x = 0; $x = pid", "uint32"),
    ("$x = pid; $x = 0", "uint32"),
    ("$x = 1u", "uint8"),
    ("$x = 0xffffffffffffffff", "uint64"),
    ("$x = -1", "int8"),
    ("$x = -9223372036854775808", "int64"),
    ("$x = -1; $x = pid", "int64"),
    ("$x = pid + 1", "uint64"),
    ("$x = pid - 1", "int64"),
    ("$x = pid % 10", "uint64"),
    ("$x = 1; $x++", "int64"),
    ("$x = pid; $x++", "uint64"),
    ("$x = pid; $x -= 1", "int64"),
    ("$x = pid; $x--", "int64"),
    ("$x = nsecs; $x -= 1; $x--", "uint64"),
    ("$x = 1; $x += nsecs", "uint64"),
    ("$x = ~pid", "uint64"),
    ("$x = !pid", "bool"),
    ("$x = pid < 5", "bool"),
    ("$x = true", "bool"),
    ("$x = true; $x = 5", "int8"),
    ("@c = count(); $x = @c", "uint64"),
    ("@c = count(); $x = @c + 1", "uint64"),
    ("@s = sum(-1); $x = @s", "int64"),
]
FOLDED = [
    ("$x = 1 + 2", "int8"),
    ("$x = 200 + 100", "int16"),
    ("$x = 1 << 40", "int64"),
    ("$x = 10 - 20", "int8"),
    ("$x = 10 + -5", "int8"),
    ("$x = ~5", "int8"),
    ("$x = 2 * 3; $x = nsecs", "uint64"),
    ("$x = (uint8)300", "uint8"),
    ("$x = comptime (5 * 5)", "int8"),
    ("$x = sizeof(uint32)", "uint64"),
    ("$x = config.max_strlen", "int16"),
    ("$x = 1 == 1 && 2 > 1", "bool"),
]
DECLARED = [
    ("let $x", "int64"),
    ("let $x; $x = comm", "string[16]"),
    ("let $x: uint8 = 255; $x += 5; $x++", "uint8"),
    ("let $x: uint64 = 5; $x = pid", "uint64"),
    ("let $x: int16; $x = -5", "int16"),
    ("let $x: string = comm", "string[16]"),
    ("let $x: string[64] = comm", "string[64]"),
    ("let $x: typeof(comm)", "string[16]"),
    ("let $x: typeof(pid) = 5", "uint32"),
    ("let $x: uint64 *", "uint64 *"),
    ("let $x: uint8[4] = (uint8[4])5", "uint8[4]"),
]
STRINGS = [
    ('$x = "abc"', "string[4]"),
    ('$x = "é"', "string[3]"),
    ('$x = "abc"; $x = comm', "string[16]"),
    ('$x = pid ? "a" : comm', "string[16]"),
    ("$x = comm[0]", "int8"),
    ("$x = str(0)", "string[64]"),
    ("$x = probe", "string[6]"),
    ("$x = probe()", "string[6]"),
    ("$x = @later; @later = comm", "string[16]"),
]
COMPOSED = [
    ('$x = (1, "a", (pid, comm))', "(int8,string[2],(uint32,string[16]))"),
    ("$x = (1, (pid, 2)).1.0", "uint32"),
    ("$x = (1, comm)[1]", "string[16]"),
    ("$x = (0, 1); $x = (pid, nsecs)", "(uint32,uint64)"),
    ("$x = (pid, nsecs); $x = (0, 1)", "(uint32,uint64)"),
    ('$x = ((0, 1), comm); $x = ((pid, -1), "a")', "((uint32,int8),string[16])"),
    ("$x = ()", "()"),
    ("$x = (a = 1, b = comm)", "(a=int8,b=string[16])"),
    ("$x = (a = 1, b = pid); $x = (b = 0, a = nsecs)", "(a=uint64,b=uint32)"),
    ("$x = (a = 1, b = (c = pid)).b.c", "uint32"),
    ("$x = (1, 2) == (pid, nsecs)", "bool"),
]
CHOSEN = [
    ("$x = pid ? 0 : pid", "uint32"),
    ("$x = pid ?: 5", "uint32"),
    ("$x = if pid { 5 } else { 600 }", "int16"),
    ("$x = if comptime (1 == 1) { 5 } else { comm }", "int8"),
    ("$x = { 5 }", "int8"),
    ("if comptime (sizeof(comm) == 16) { $x = 1 } else { $x = comm; @y = 1 }", "int8"),
    ("if comptime is_str(comm) { $x = comm } else { $x = 1 }", "string[16]"),
    ("if comptime (is_str(@m)) { $x = 1 } else { $x = comm } @m = comm", "int8"),
]
CASTS = [
    ("$x = (int8[])(int64)pid", "int8[8]"),
    ("$x = (uint8[8])12345", "uint8[8]"),
    ("$x = (uint16[4])nsecs", "uint16[4]"),
    ("$x = (uint64)((uint8[8])nsecs)", "uint64"),
    ("$x = (bool)comm", "bool"),
    ("$x = (string[4])comm", "string[4]"),
    ("$x = (string[4])((uint8[4])pid)", "string[4]"),
    ("$x = (int8[])comm", "int8[16]"),
    ("$x = (buffer[4])comm", "buffer[4]"),
    ("$x = (uint64 *)nsecs", "uint64 *"),
    ("$x = (uint64)(void *)5", "uint64"),
    ("$x = *(uint64 *)nsecs", "uint64"),
    ('$x = *kaddr("jiffies")', "uint64"),
    ("$x = *(nsecs + 8)", "uint64"),
    ("$x = ((uint16 *)nsecs)[3]", "uint16"),
    ("$x = ((uint16 *)nsecs) + 3", "uint16 *"),
    ("$x = (int8 *)5 - (int8 *)4", "int64"),
    ("$x = (void *)0; $x = (int8 *)nsecs", "void *"),
    ("$x = (int8 *)0; $x = (int8 *)nsecs", "int8 *"),
]


@pytest.mark.parametrize(
    ("body", "type_"),
    [*INTEGERS, *FOLDED, *DECLARED, *STRINGS, *COMPOSED, *CHOSEN, *CASTS],
)
def test_types_of_variables(body: str, type_: str) -> None:
    (probe,) = typed(f"BEGIN {{ {body} }}").probes
    assert {name: str(one) for name, one in probe.facts.local_types.items()} == {"$x": type_}


@pytest.mark.parametrize(
    ("body", "types"),
    [
        ("for $i : 0..5 { }", {"$i": "int64"}),
        ("for $i : -5..pid { $i = 5 }", {"$i": "int64"}),
        ("for $i : 0..nsecs { }", {"$i": "uint64"}),
        ("for $i : (uint64)0..(uint64)3 { }", {"$i": "uint64"}),
        ("for $i : (uint32)0..3 { }", {"$i": "int64"}),
        ("for $i : 0..3 { } for $i : 0..3 { }", {"$i": "int64", "$i.2": "int64"}),
        ("@m[pid] = comm; for $kv : @m { }", {"$kv": "(uint32,string[16])"}),
        (
            "@m[1, comm] = count(); for $kv : @m { $k = $kv.0.1; $v = $kv.1 }",
            {"$kv": "((int8,string[16]),uint64)", "$k": "string[16]", "$v": "uint64"},
        ),
        ("@m[0] = 1; @m[pid] = 2; for $kv : @m { }", {"$kv": "(uint32,int8)"}),
        ("for $kv : @m { $x = $kv.1 } @m[1] = nsecs", {"$kv": "(int8,uint64)", "$x": "uint64"}),
        ("$i = 0; unroll (3) { $i++ }", {"$i": "int64"}),
        ("let $v; @m[1, 2] = comm; find(@m, (1, 2), $v)", {"$v": "string[16]"}),
        ("$x = pid; $p = &$x; $y = *$p", {"$x": "uint32", "$p": "uint32 *", "$y": "uint32"}),
        ("@m[1] = 1; $p = &@m", {"$p": "void *"}),
        ("$x = { let $y = 5; $y + pid }", {"$y": "int8", "$x": "int64"}),
    ],
)
def test_types_of_many(body: str, types: dict[str, str]) -> None:
    (probe,) = typed(f"BEGIN {{ {body} }}").probes
    assert {name: str(one) for name, one in probe.facts.local_types.items()} == types


def test_typeinfo() -> None:
    config = Config(unstable_typeinfo="enable")
    text = """BEGIN {
      $x = typeinfo(pid);
      if comptime (typeinfo(comm).base_type == "string") { $y = 1 } else { $z = 1 }
    }"""
    (probe,) = typed(text, config).probes
    assert {name: str(one) for name, one in probe.facts.local_types.items()} == {
        "$x": "(btf_id=int8,base_type=string[4],full_type=string[7])",
        "$y": "int8",
    }
