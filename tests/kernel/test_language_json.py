"""`-f json`: the line that every kind of event and every type of value gives, byte by byte."""

from __future__ import annotations

import json

import pytest
from language_cases import events, run

pytestmark = pytest.mark.kernel

VALUES = {
    "number": ("5", "5"),
    "negative": ("-5", "-5"),
    "unsigned": ("(uint64)5", "5"),
    "string": ('"text"', '"text"'),
    "empty string": ('""', '""'),
    "escapes": (r'"a\"b\\\t\n\x01"', r'"a\"b\\\t\n\u0001"'),
    "unicode": ('"é漢"', '"é漢"'),
    "bool": ("1 == 1", "true"),
    "tuple": ('(1, 2, "string")', '[1,2,"string"]'),
    "nested tuple": ('(1, (2, ("x", true)))', '[1,[2,["x",true]]]'),
    "empty tuple": ("()", "[]"),
    "record": ("(m = 2, n = 3)", '{"m": 2, "n": 3}'),
    "nested record": ('(a = (b = "x"), c = (1, 2))', '{"a": {"b": "x"}, "c": [1,2]}'),
    "array": ("(uint8[4])(uint32)1", "[1,0,0,0]"),
    "enum": ("BPF_MAP_TYPE_HASH", "1"),
    "pointer": ("(int8 *)16", "16"),
    "the largest exact number": ("9007199254740992", "9007199254740992"),
    "a number that no double holds": ("9007199254740993", '"9007199254740993"'),
    "a negative number that no double holds": ("-9007199254740993", '"-9007199254740993"'),
    "all bits": ("(uint64)-1", '"18446744073709551615"'),
    "a power of two": ("(uint64)1 << 63", "9223372036854775808"),
    "buffer": (r'buf("a\xff", 2)', "[97,255]"),
    "address": ("ntop(0x0100007f)", '"127.0.0.1"'),
    "time": ('strftime("at %%", nsecs)', '"at %"'),
}

MAPS = {
    "scalar": ("@scalar = 5;", '{"type": "map", "data": {"@scalar": 5}}'),
    "keys": (
        '@map["key1"] = 2; @map["key2"] = 3;',
        '{"type": "map", "data": {"@map": {"key1": 2, "key2": 3}}}',
    ),
    "sorted by value": (
        '@m["a"] = 3; @m["b"] = 1; @m["c"] = 2;',
        '{"type": "map", "data": {"@m": {"b": 1, "c": 2, "a": 3}}}',
    ),
    "keys of two": (
        '@complex["bpftrace", 2] = 5;',
        '{"type": "map", "data": {"@complex": {"bpftrace,2": 5}}}',
    ),
    "keys of tuples": ("@m[(1, 2), 3] = 5;", '{"type": "map", "data": {"@m": {"(1,2),3": 5}}}'),
    "number keys": (
        "@m[-5] = 1; @m[10] = 2;",
        '{"type": "map", "data": {"@m": {"-5": 1, "10": 2}}}',
    ),
    "bool keys": ("@m[true] = 1;", '{"type": "map", "data": {"@m": {"true": 1}}}'),
    "escaped keys": (r'@m["a\"b", 1] = 1;', r'{"type": "map", "data": {"@m": {"a\"b,1": 1}}}'),
    "tuple": (
        '@ = (1, 2, "string", (4, 5));',
        '{"type": "map", "data": {"@": [1,2,"string",[4,5]]}}',
    ),
    "record": (
        '@a = (a = 0, c = "str", d = (5, 6));',
        '{"type": "map", "data": {"@a": {"a": 0, "c": "str", "d": [5,6]}}}',
    ),
    "enum": ("@e = BPF_MAP_TYPE_HASH;", '{"type": "map", "data": {"@e": 1}}'),
    "large numbers": (
        "@m = (uint64)-1;",
        '{"type": "map", "data": {"@m": "18446744073709551615"}}',
    ),
    "count": ('@c["a"] = count();', '{"type": "map", "data": {"@c": {"a": 1}}}'),
    "sum": ("@s = sum(-5);", '{"type": "map", "data": {"@s": -5}}'),
    "min": ("@s = min(5);", '{"type": "map", "data": {"@s": 5}}'),
    "max": ("@s = max(5);", '{"type": "map", "data": {"@s": 5}}'),
    "avg": (
        '@["c"] = avg(3); @["d"] = avg(4);',
        '{"type": "stats", "data": {"@": {"c": 3, "d": 4}}}',
    ),
    "stats": (
        "@stats = stats(4); @stats = stats(8);",
        '{"type": "stats", "data": {"@stats": {"count": 2, "average": 6, "total": 12}}}',
    ),
    "stats by key": (
        '@stats["a"] = stats(4);',
        '{"type": "stats", "data": {"@stats": {"a": {"count": 1, "average": 4, "total": 4}}}}',
    ),
    "hist": (
        "@hist = hist(2); @hist = hist(9);",
        (
            '{"type": "hist", "data": {"@hist": [{"min": 2, "max": 3, "count": 1},{"min": 4, '
            '"max": 7, "count": 0},{"min": 8, "max": 15, "count": 1}]}}'
        ),
    ),
    "hist of small numbers": (
        "@hist = hist(-1); @hist = hist(0); @hist = hist(1);",
        (
            '{"type": "hist", "data": {"@hist": [{"max": -1, "count": 1},{"min": 0, "max": 0, '
            '"count": 1},{"min": 1, "max": 1, "count": 1}]}}'
        ),
    ),
    "hist by key": (
        '@hist["bpftrace"] = hist(2);',
        '{"type": "hist", "data": {"@hist": {"bpftrace": [{"min": 2, "max": 3, "count": 1}]}}}',
    ),
    "lhist": (
        "@h = lhist(2, 0, 10, 5); @h = lhist(50, 0, 10, 5); @h = lhist(-1, 0, 10, 5);",
        (
            '{"type": "hist", "data": {"@h": [{"max": -1, "count": 1},{"min": 0, "max": 4, '
            '"count": 1},{"min": 5, "max": 9, "count": 0},{"min": 10, "count": 1}]}}'
        ),
    ),
}

EVENTS = {
    "printf": ('printf("test %d\\n", 5);', '{"type": "printf", "data": "test 5\\n"}'),
    "printf without a newline": ('printf("test");', '{"type": "printf", "data": "test"}'),
    "time": ('time("now\\n");', '{"type": "time", "data": "now\\n"}'),
    "system": ('system("echo hi");', '{"type": "syscall", "data": "hi\\n"}'),
    "errorf": (
        'errorf("bad %d", 5);',
        '{"type": "errorf", "msg": "bad 5", "filename": "stdin", "line": 1, "col": 9}',
    ),
    "warnf": (
        'warnf("odd");',
        '{"type": "warnf", "msg": "odd", "filename": "stdin", "line": 1, "col": 9}',
    ),
    "division": (
        "$z = 0; $z = 5 / $z;",
        (
            '{"type": "runtime_error", "msg": "division by zero: the result is 1", "filename": '
            '"stdin", "line": 1, "col": 22}'
        ),
    ),
    "print of a map": ("@m = 5; print(@m); clear(@m);", '{"type": "map", "data": {"@m": 5}}'),
    "print with top": (
        "@m[1] = 5; @m[2] = 6; print(@m, 1); clear(@m);",
        '{"type": "map", "data": {"@m": {"2": 6}}}',
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_value(name: str) -> None:
    expression, expected = VALUES[name]
    (line,) = events(f"BEGIN {{ print({expression}) }}")
    assert line == f'{{"type": "value", "data": {expected}}}'
    json.loads(line)


@pytest.mark.parametrize("name", MAPS)
def test_map(name: str) -> None:
    body, expected = MAPS[name]
    (line,) = events(f"BEGIN {{ {body} }}")
    assert line == expected
    json.loads(line)


@pytest.mark.parametrize("name", EVENTS)
def test_event(name: str) -> None:
    body, expected = EVENTS[name]
    (line,) = events(f"BEGIN {{ {body} }}", is_unsafe=True)
    assert line == expected
    json.loads(line)


def test_attached_probes_come_first() -> None:
    output = run("BEGIN { print(1) } END { print(2) }", is_json=True).output
    assert output == (
        '{"type": "attached_probes", "count": 2, "data": {"probes": 2}}\n'
        '{"type": "value", "data": 1}\n{"type": "value", "data": 2}\n'
    )


def test_cat_and_join() -> None:
    (line,) = events('BEGIN { cat("/proc/self/comm"); }')
    assert json.loads(line)["type"] == "cat"


def test_a_time_series_has_the_time_of_day() -> None:
    (line,) = events("BEGIN { @a = tseries(9, 1s, 3); }")
    event = json.loads(line)
    (point,) = event["data"]["@a"]
    assert (event["type"], point["value"]) == ("tseries", 9)
    assert point["interval_start"].startswith("20")
    assert point["interval_start"].endswith(".000000000")
