"""Functions on strings and raw bytes, on the running kernel: body of a BEGIN probe, what it prints.

`number()` is a number that is known only when the script runs, `NAME` a char * to the name of this
thread, which is `python` here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from script_runs import output_of, run_script

pytestmark = pytest.mark.kernel

LONG = "a" * 76 + "b"
NAME = "(int8 *)((uint64)curtask + offsetof(struct task_struct, comm))"


@pytest.fixture(autouse=True)
def is_called_python() -> Iterator[None]:
    """The thread has the same name however the tests are run."""
    comm = Path("/proc/self/comm")
    before = comm.read_text().removesuffix("\n")
    comm.write_text("python")
    yield
    comm.write_text(before)


def number(value: int) -> str:
    return f"((uint64)nsecs > 0 ? {value} : 0)"


STRINGS = {
    "str of a string": (
        'printf("%s|%s|%s|%s|\\n", str("hello", 3), str("hello"), str("", 3), str("hello", 0))',
        "hel|hello|||",
    ),
    "str exactly full": ('printf("%s|%s\\n", str("hello", 5), str("hello", 6))', "hello|hello"),
    "str of a length that runs": (
        f"$n = {number(2)};"
        'printf("%s|%s|%s\\n", str("hello", $n), str("hello", $n + 100), str("hello", $n - 2))',
        "he|hello|",
    ),
    "a negative length is no limit": ('$n = -1; printf("%s\\n", str("hello", $n))', "hello"),
    "str of null": ('printf("%s|%d\\n", str(0), strlen(str(0)))', "|0"),
    "str of what cannot be read": ('printf("%s\\n", str((int8 *)1))', "<unreadable>"),
    "str of an array without NUL": (
        "$a = (uint8[4])0x64636261;"
        f'printf("%s|%s|%s|%s\\n", str($a), str($a, 2), str($a, 9), str($a, {number(3)}))',
        "abcd|ab|abcd|abc",
    ),
    "str of a pointer": (
        f'$p = {NAME}; printf("%s|%s|%s\\n", str($p), str($p, 3), str($p, {number(2)}))',
        "python|pyt|py",
    ),
    "str as a key": (
        '@[str("ab", 1)] = 1; @[str("a")] += 4; @[str($1)] = 9; printf("%d\\n", @["a"])',
        "5",
    ),
    "str of str": (
        '$s = "abcdef"; $t = str($s, 3); printf("%s %s %d\\n", $t, str($t), $t == "abc")',
        "abc abc 1",
    ),
    "strlen": (
        'printf("%d %d %d %d\\n", strlen(str("hello")), strlen(""), strlen("abcdefgh"), '
        'strlen("ab\\0cd"))',
        "5 0 8 2",
    ),
    "strlen of an array": (
        "$a = (uint8[4])0x64636261; $b = (uint8[4])0x6261;"
        'printf("%d %d %d\\n", strlen($a), strlen($b), strlen((uint8[1])0))',
        "4 2 0",
    ),
    "strlen of a pointer": (
        f'$p = {NAME}; printf("%d %d %d\\n", strlen($p), strlen((int8 *)0), strlen((int8 *)1))',
        "6 0 0",
    ),
    "strcap": (
        f"$p = {NAME}; $a = (uint8[4])1;"
        'printf("%d %d %d %d\\n", strcap("abc"), strcap(comm), strcap($p), strcap($a))',
        "4 16 6 4",
    ),
    "strncmp": (
        'printf("%d %d %d %d %d %d\\n", strncmp("abc", "abd", 2), strncmp("abc", "abd", 3), '
        'strncmp("abc", "abc", 100), strncmp("ab", "abc", 10), strncmp("", "", 4), '
        'strncmp("x", "y", 0))',
        "0 1 0 1 0 0",
    ),
    "strncmp by words": (
        '$a = "abcdefghijklmnopqrst"; $b = "abcdefghijklmnopqrsu";'
        'printf("%d %d\\n", strncmp($a, $b, 19), strncmp($a, $b, 20))',
        "0 1",
    ),
    "strncmp goes no further than the shorter": (
        '$a = (uint8[4])0x64636261; printf("%d %d\\n", strncmp($a, "abcdef", 9), strncmp($a, '
        '"abxdef", 9))',
        "0 1",
    ),
    "str_concat": (
        '$a = str_concat("abc", "def"); @[$a] = 1;'
        'printf("%s|%s|%s|%s|%d %d\\n", $a, str_concat("", "x"), str_concat("x", ""), '
        'str_concat("", ""), strlen($a), @["abcdef"])',
        "abcdef|x|x||6 1",
    ),
    "str_concat of arrays": (
        '$a = (uint8[4])0x64636261; printf("%s %s\\n", str_concat($a, $a), str_concat("x", $a))',
        "abcdabcd xabcd",
    ),
    "str_concat of pointers": (
        f'$p = {NAME}; printf("%s\\n", str_concat(str_concat($p, "/"), $p))',
        "python/python",
    ),
    "what stands behind a NUL": (
        "$a = (uint8[8])0x6463620061; $b = (uint8[8])0x7a7a0061;"
        'printf("%d %d %d %d %s %s\\n", strncmp($a, $b, 8), strlen($a), strstr($a, "b"), '
        'strstr("xa", $a), str_concat($a, $b), str($a))',
        "0 1 -1 1 aa a",
    ),
    "strings inside of tuples": (
        '@t = (1, "abcdefg", "hij");'
        'printf("%d %d %s\\n", strlen(@t.1), strstr(@t.2, "j"), str_concat(@t.1, @t.2))',
        "7 2 abcdefghij",
    ),
}

SEARCHES = {
    "strstr": (
        'printf("%d %d %d %d %d %d\\n", strstr("hello world", "world"), strstr("hello", "hello"), '
        'strstr("hello", "lo"), strstr("hello", "hellox"), strstr("", "a"), strstr("abc", ""))',
        "6 0 3 -1 -1 0",
    ),
    "a start that fails": (
        'printf("%d %d\\n", strstr("aab", "ab"), strstr("ababac", "abac"))',
        "1 2",
    ),
    "the first of several": ('printf("%d\\n", strstr("xabab", "ab"))', "1"),
    "a needle behind the NUL": ('printf("%d\\n", strstr("ab\\0cd", "cd"))', "-1"),
    "a needle of many words": (
        'printf("%d %d\\n", strstr("__abcdefghijklmno", "abcdefghijklmno"), '
        'strstr("__abcdefghijklmnx", "abcdefghijklmno"))',
        "2 -1",
    ),
    "a haystack for a loop": (
        f'$s = str("{LONG}");'
        'printf("%d %d %d\\n", strstr($s, "ab"), strstr($s, "b"), strstr($s, "bb"))',
        "75 76 -1",
    ),
    "a needle that runs": (
        '$n = str("lo w"); $m = str(""); $k = str("xyz");'
        'printf("%d %d %d %d %d\\n", strstr("hello world", $n), strstr("hello", $m), '
        'strstr("hello", $k), strstr("lo", $n), strstr("", $m))',
        "3 0 -1 -1 0",
    ),
    "a needle that runs, at the end": (
        '$n = str("ld"); printf("%d %d\\n", strstr("hello world", $n), strstr("hello worl", $n))',
        "9 -1",
    ),
    "a full array": (
        "$a = (uint8[4])0x64636261; $n = (uint8[2])0x6463;"
        'printf("%d %d %d\\n", strstr($a, "cd"), strstr($a, $n), strstr($a, "de"))',
        "2 2 -1",
    ),
    "pointers": (
        f'$p = {NAME}; printf("%d %d %d %d\\n", strstr($p, "thon"), strcontains($p, $p), '
        'strstr("xpython", $p), strstr((int8 *)1, "zz"))',
        "2 1 1 -1",
    ),
    "strcontains": (
        'printf("%d %d %d\\n", strcontains("test", "es"), strcontains("test", "xx"), '
        'strcontains("test", ""))',
        "1 0 1",
    ),
    "in a condition": ('if (strcontains(comm, "ytho")) { print("yes") }', "yes"),
    "in a loop": (
        'for $i : 0..2 { $n = $i == 0 ? "wor" : "hello";'
        'printf("%d ", strstr("hello world", $n)); }',
        "6 0 ",
    ),
    "the largest strings": (
        f"$s = str({NAME}); $t = $s;"
        'printf("%d %d %d %d\\n", strstr($s, $t), strncmp($s, $t, 1024), memcmp($s, $t, 1024), '
        "strlen($s))",
        "0 0 0 6",
    ),
}

BYTES = {
    "buf": (
        'printf("%r|%rx|%rh|%r\\n", buf("hi\\x01z", 4), buf("hi", 2), buf("hi", 2), buf("hi", 0))',
        r"hi\x01z|\x68\x69|68 69|",
    ),
    "buf of an array": (
        '$a = (uint8[4])0x64636261; printf("%r %rh %r\\n", buf($a), buf($a, 2), buf($a, 9))',
        "abcd 61 62 abcd",
    ),
    "buf of a length that runs": (
        f"$n = {number(3)};"
        'printf("%r|%r|%r\\n", buf("hello", $n), buf("hello", $n + 90), buf("hello", $n - 3))',
        r"hel|hello\x00|",
    ),
    "buf of a pointer": (
        f'$p = {NAME}; printf("%r|%r|%r\\n", buf($p, 6), buf($p, {number(3)}), buf((uint64)$p, 2))',
        "python|pyt|py",
    ),
    "buf of what cannot be read": ('printf("%rh\\n", buf((int8 *)1, 3))', "00 00 00"),
    "buf printed and kept": ('print(buf("hi", 2)); @ = buf("abc", 3); print(@)', "hi\n@: abc"),
    "memcmp": (
        'printf("%d %d %d %d %d\\n", memcmp("abc", "abd", 2), memcmp("abc", "abd", 3), '
        'memcmp("abd", "abc", 3), memcmp("b", "aaa", 1), memcmp("a", "b", 0))',
        "0 -1 1 1 0",
    ),
    "memcmp beyond a word": (
        'printf("%d %d %d\\n", memcmp("abcdefghix", "abcdefghiy", 10), '
        'memcmp("zbcdefghia", "abcdefghiy", 10), memcmp("\\xff", "a", 1))',
        "-1 1 1",
    ),
    "memcmp behind a NUL": ('printf("%d\\n", memcmp("a\\0b", "a\\0c", 3))', "-1"),
    "memcmp of a count that runs": (
        f"$n = {number(3)};"
        'printf("%d %d %d %d\\n", memcmp("abc", "abd", $n), memcmp("abc", "abd", $n - 1), '
        'memcmp("abd", "abc", $n), memcmp("a", "b", $n - 3))',
        "-1 0 1 0",
    ),
    "memcmp of pointers": (
        f'$p = {NAME}; $n = {number(6)}; printf("%d %d %d %d\\n", memcmp($p, "python", 6), '
        'memcmp($p, $p, 15), memcmp($p, "python", $n), memcmp("q", $p, $n))',
        "0 0 0 1",
    ),
    "bswap": (
        'printf("%x %x %lx %x %d\\n", bswap((uint16)0x1234), bswap((uint32)0x12345678), '
        "bswap((uint64)0x123456789abcdef0), bswap((uint8)0x12), bswap((int16)-2))",
        "3412 78563412 f0debc9a78563412 12 65279",
    ),
    "container_of": (
        "$l = (uint64)curtask + offsetof(struct task_struct, tasks);"
        "$t = container_of($l, struct task_struct, tasks);"
        'printf("%d %s\\n", $t == curtask, $t->comm)',
        "1 python",
    ),
    "kptr": (f'printf("%s\\n", str(kptr((uint64)({NAME}))))', "python"),
    "uptr does not read the kernel": (
        f'printf("%s\\n", str(uptr((uint64)({NAME}))))',
        "<unreadable>",
    ),
}


@pytest.mark.parametrize("name", STRINGS)
def test_strings(name: str) -> None:
    body, expected = STRINGS[name]
    assert output_of(body) == expected


@pytest.mark.parametrize("name", SEARCHES)
def test_searches(name: str) -> None:
    body, expected = SEARCHES[name]
    assert output_of(body) == expected


@pytest.mark.parametrize("name", BYTES)
def test_bytes(name: str) -> None:
    body, expected = BYTES[name]
    assert output_of(body) == expected


def test_max_strlen_is_the_most_that_is_read() -> None:
    body = f'printf("%s %d\\n", str({NAME}), strlen({NAME}));'
    script = f"config = {{ max_strlen = 4 }} BEGIN {{ {body} }}"
    assert run_script(script).output.split() == ["pyth..", "3"]


def test_strings_of_twice_the_usual_size() -> None:
    script = f"""config = {{ max_strlen = 2048 }} BEGIN {{
        $a = str({NAME}); $b = str({NAME}); $c = str_concat($a, $b);
        printf("%d %d %d\\n", strncmp($a, $b, 5000), strstr($c, "np"), strlen($c));
    }}"""
    assert run_script(script).output.split() == ["0", "5", "12"]


def test_what_cannot_be_read_is_counted() -> None:
    errors = run_script("BEGIN { @ = strlen((int8 *)1); @ = memcmp((int8 *)1, comm, 4); }").errors
    assert "could not be read" in errors
