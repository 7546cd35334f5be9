"""Strings and bytes: comparing, searching, cutting, joining, reading; buffers and addresses."""

from __future__ import annotations

import ctypes
import os

import pytest
from language_cases import mistakes, printed, run

pytestmark = pytest.mark.kernel

# A pointer to "Linux" in the kernel.
SYSNAME = "(int8 *)((uint64)curtask.nsproxy.uts_ns + offsetof(struct uts_namespace, name.sysname))"

BODIES = {
    "equality": (
        (
            '$s = "hello"; print($s == "hello"); print($s == "help"); print($s != "hello!"); '
            'print("hello" == $s)'
        ),
        "true\nfalse\ntrue\ntrue",
    ),
    "equality of literals": (
        'print("abc" == "abc"); print("abc" == "abcd"); print("" == "")',
        "true\nfalse\ntrue",
    ),
    "equality of variables": (
        '$a = "same"; $b = "same"; $c = "sama"; print($a == $b); print($a == $c); print($a != $c)',
        "true\nfalse\ntrue",
    ),
    "a prefix is not equal": (
        '$a = "abc"; $b = "abcdef"; print($a == $b); print($b == $a); $b = "abc"; print($a == $b)',
        "false\nfalse\ntrue",
    ),
    "equality of map values": (
        '@a = "x"; @b = "x"; print(@a == @b); print(@a == "y"); clear(@a); clear(@b)',
        "true\nfalse",
    ),
    "equality with comm": (
        'print(comm == comm); print(comm == "nobody"); $c = comm; print($c == comm)',
        "true\nfalse\ntrue",
    ),
    "equality of long strings": (
        f'$a = "{"x" * 200}"; $b = "{"x" * 199}y"; print($a == $b); $b = $a; print($a == $b)',
        "false\ntrue",
    ),
    "what follows the end does not count": (
        (
            '$a = "longer text"; $a = "ab"; print($a == "ab"); $t = ($a, 1); '
            'print($t == ("ab", 1)); @m[$a] = 1; print(@m["ab"]); clear(@m)'
        ),
        "true\ntrue\n1",
    ),
    "escapes are bytes": (r'$s = "a\x00b"; print(strlen($s)); print(strlen("\n\t"))', "1\n2"),
    "strlen": (
        (
            'print(strlen("abc")); print(strlen("")); $s = "hello"; print(strlen($s)); $s = "a"; '
            "print(strlen($s))"
        ),
        "3\n0\n5\n1",
    ),
    "strlen of str()": ('print(strlen(str("abcdef", 3))); print(strlen(comm) > 0)', "3\ntrue"),
    "strcap": ('print(strcap("abc")); print(strcap(comm))', "4\n16"),
    "strstr": (
        (
            'print(strstr("hello", "ll")); print(strstr("hello", "h")); '
            'print(strstr("hello", "o")); print(strstr("hello", "x"))'
        ),
        "2\n0\n4\n-1",
    ),
    "strstr of what is longer": ('print(strstr("ab", "abc")); print(strstr("", "a"))', "-1\n-1"),
    "strstr of nothing": ('print(strstr("abc", "")); print(strstr("", ""))', "0\n0"),
    "strstr starts anew": ('print(strstr("aaab", "aab")); print(strstr("ababac", "abac"))', "1\n2"),
    "strstr of variables": (
        (
            '$h = "abcabc"; $n = "ca"; print(strstr($h, $n)); print(strstr($h, "bc")); '
            'print(strstr("xxca", $n))'
        ),
        "2\n1\n2",
    ),
    "strcontains": (
        (
            'print(strcontains("hello", "ell")); print(strcontains("hello", "elk")); '
            'print(!strcontains("a", "b"))'
        ),
        "true\nfalse\ntrue",
    ),
    "strcontains as a condition": ('if (strcontains("hello", "lo")) { print("yes") }', "yes"),
    "strncmp": (
        (
            'print(strncmp("abc", "abd", 2)); print(strncmp("abc", "abd", 3) != 0); '
            'print(strncmp("abc", "abc", 10)); print(strncmp("abc", "abcdef", 3))'
        ),
        "0\ntrue\n0\n0",
    ),
    "strncmp of other lengths": (
        (
            'print(strncmp("abc", "abcd", 4) != 0); print(strncmp("", "", 5)); $s = "hello"; '
            'print(strncmp($s, "help", 3))'
        ),
        "true\n0\n0",
    ),
    "memcmp": (
        (
            'print(memcmp("abc", "abd", 2)); print(memcmp("abc", "abd", 3) < 0); '
            'print(memcmp("abd", "abc", 3) > 0)'
        ),
        "0\ntrue\ntrue",
    ),
    "str_concat": (
        (
            'print(str_concat("abc", "def")); $a = "x"; print(str_concat($a, "yz")); '
            'print(str_concat("", "a")); print(str_concat($a, str_concat($a, $a)))'
        ),
        "abcdef\nxyz\na\nxxx",
    ),
    "a joined string is a string": (
        (
            '$s = str_concat("ab", "cd"); print($s == "abcd"); print(strlen($s)); @m[$s] = 1; '
            'print(@m["abcd"]); clear(@m)'
        ),
        "true\n4\n1",
    ),
    "str of a string": (
        'print(str("abc")); $s = "abcdef"; print(str($s)); print(sizeof(str($s)))',
        "abc\nabcdef\n7",
    ),
    "str is cut": (
        '$s = "abcdefgh"; print(str($s, 4)); print(str($s, 20)); print(strlen(str($s, 4)))',
        "abcd\nabcdefgh\n4",
    ),
    "str of nothing": ("print(str(0)); print(strlen(str(0)))", "\n0"),
    "str with a length of zero": ('print(str("abc", 0))', ""),
    "str with a length from a variable": (
        '$n = 2; for $i : 1..4 { print(str("abcdef", $i)) }',
        "a\nab\nabc",
    ),
    "str of kernel memory": (
        (
            "print(str(curtask.nsproxy.uts_ns.name.sysname)); "
            "print(str(curtask.nsproxy.uts_ns.name.sysname, 3))"
        ),
        "Linux\nLin",
    ),
    "an array of char is a string": (
        (
            '$n = curtask.nsproxy.uts_ns.name.sysname; print($n); print($n == "Linux"); '
            "@m[$n] = 1; print(@m); clear(@m)"
        ),
        "Linux\ntrue\n@m[Linux]: 1",
    ),
    "a character": (
        '$s = "hello"; print($s[0]); print("abc"[1]); printf("%c%c\\n", $s[0], $s[4])',
        "104\n98\nho",
    ),
    "a character beyond": ('$s = "ab"; print($s[2])', "0"),
    "buf": (
        r'print(buf("abc", 3)); print(buf("abc", 2)); print(buf("a\x00\xff", 3))',
        r"abc" "\nab\n" r"a\x00\xff",
    ),
    "buf of an array": (
        "print(buf((uint8[4])(uint32)0x41424344)); print(buf((uint8[4])(uint32)0x41424344, 2))",
        "DCBA\nDC",
    ),
    "buf of kernel memory": (
        (
            "print(buf(curtask.nsproxy.uts_ns.name.sysname, 3)); $n = 2; "
            "print(buf(curtask.nsproxy.uts_ns.name.sysname, $n))"
        ),
        "Lin\nLi",
    ),
    "buf in maps": (
        '@m[buf("ab", 2)] = 1; @v = buf("xy", 2); print(@m); print(@v); clear(@m); clear(@v)',
        "@m[ab]: 1\n@v: xy",
    ),
    "pton": (
        (
            'print(pton("127.0.0.1")); print((uint32)pton("127.0.0.1")); print(pton("::1")[15]); '
            'print(sizeof(pton("::1")))'
        ),
        "[127,0,0,1]\n16777343\n1\n16",
    ),
    "ntop of IPv4": (
        (
            'print(ntop(0x0100007f)); print(ntop(2, 0x0100007f)); print(ntop(pton("10.1.2.3"))); '
            '$a = pton("10.1.2.4"); print(ntop($a))'
        ),
        "127.0.0.1\n127.0.0.1\n10.1.2.3\n10.1.2.4",
    ),
    "ntop of IPv6": (
        (
            'print(ntop(pton("::1"))); print(ntop(10, pton("2001:db8::ff00:42:8329"))); '
            'print(ntop(pton("::ffff:1.2.3.4")))'
        ),
        "::1\n2001:db8::ff00:42:8329\n::ffff:1.2.3.4",
    ),
    "ntop in printf and maps": (
        (
            'printf("[%-15s]\\n", ntop(0x0100007f)); @m[ntop(0x0100007f)] = ntop(pton("::1")); '
            "print(@m); clear(@m)"
        ),
        "[127.0.0.1      ]\n@m[127.0.0.1]: ::1",
    ),
    "macaddr": (
        (
            f'$m = macaddr({SYSNAME}); print($m); printf("%s|%-20s|\\n", $m, $m); @[$m] = 1; '
            f"print(@); clear(@)"
        ),
        "4C:69:6E:75:78:00\n4C:69:6E:75:78:00|4C:69:6E:75:78:00   |\n@[4C:69:6E:75:78:00]: 1",
    ),
    "bswap": (
        (
            "print(bswap((uint8)0x12)); print(bswap((uint16)0x1234) == 0x3412); "
            "print(bswap((uint32)0x12345678) == 0x78563412); print(bswap((uint64)1) == 1 << 56)"
        ),
        "18\ntrue\ntrue\ntrue",
    ),
    "bswap keeps the width": (
        (
            "print(sizeof(bswap((uint16)1))); print(sizeof(bswap((int32)1))); "
            "$x = (uint16)0x0150; print(bswap($x))"
        ),
        "2\n4\n20481",
    ),
    "strerror": (
        "print(strerror(1)); print(strerror(2)); $e = 13; print(strerror($e)); print(strerror(0))",
        "Operation not permitted\nNo such file or directory\nPermission denied\nSuccess",
    ),
    "signal_name": (
        (
            "print(signal_name(9)); print(signal_name(15)); print(signal_name(34)); "
            "print(signal_name(99))"
        ),
        "Killed\nTerminated\nReal-time signal 0\nN/A",
    ),
    "syscall_name": (
        "print(syscall_name(0)); print(syscall_name(1)); $n = 59; print(syscall_name($n))",
        "read\nwrite\nexecve",
    ),
    "names are strings": (
        'print(syscall_name(0) == "read"); @m[signal_name(9)] = 1; print(@m["Killed"]); clear(@m)',
        "true\n1",
    ),
    "long strings in maps": (
        f'@m["{"k" * 300}"] = "{"v" * 300}"; print(@m["{"k" * 300}"] == "{"v" * 300}"); clear(@m)',
        "true",
    ),
    "strings through functions of the library": (
        (
            '$s = "some text"; if (strcontains($s, "me") && strlen($s) == 9 && strstr($s, "text") '
            '== 5) { print("all") }'
        ),
        "all",
    ),
}

MISTAKES = {
    "no address": ('pton("nope")', ['"nope": pton() takes an IPv4 or IPv6 address']),
    "not known before": (
        '$s = "1.2.3.4"; pton($s)',
        ["$s: the address of pton() must be a literal"],
    ),
    "no string": (
        "strlen(5)",
        ["5: the string of strlen() must be a string or an array or a pointer, not int8"],
    ),
    "less than": (
        'print("a" < "b")',
        ['"a" < "b": \'<\' cannot combine string[2] and string[2]'],
    ),
    "added": ('print("a" + "b")', ['"a" + "b": \'+\' cannot combine string[2] and string[2]']),
    "negated": ('print(-"a")', ["-\"a\": '-' does not apply to string[2]"]),
    "with a number": ('print("a" == 5)', ["\"a\" == 5: '==' cannot combine string[2] and int8"]),
    "as a number": ('$s = "a"; $s++', ["$s++: '++' needs a number, not string[2]"]),
    "a negative length": ('print(str("abc", -1))', ["-1: the length of str() is negative"]),
    "a count from a variable": (
        '$n = 2; print(strncmp("a", "b", $n))',
        ["$n: the count of strncmp() must be a literal"],
    ),
    "an escape": (r'print("\q")', [r"\q: '\q' is no escape"]),
}


@pytest.mark.parametrize("name", BODIES)
def test_body(name: str) -> None:
    body, expected = BODIES[name]
    assert printed(body) == expected.strip("\n")


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str) -> None:
    body, expected = MISTAKES[name]
    assert mistakes(f"BEGIN {{ {body} }}") == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("max_strlen = 4", "Linu.."),
        ('max_strlen = 4; str_trunc_trailer = "!"', "Linu!"),
        ('max_strlen = 4; str_trunc_trailer = ""', "Linu"),
        ("max_strlen = 6", "Linux"),
        ("max_strlen = 5000", "Linux"),
    ],
)
def test_the_greatest_length(settings: str, expected: str) -> None:
    script = f"config = {{ {settings} }} BEGIN {{ print(str({SYSNAME})) }}"
    assert run(script).output.strip("\n") == expected


def test_a_length_below_the_greatest_cuts_without_a_mark() -> None:
    script = f"config = {{ max_strlen = 4 }} BEGIN {{ print(str({SYSNAME}, 3)) }}"
    assert run(script).output.strip("\n") == "Lin"


def test_a_long_string_of_a_variable_takes_no_more_of_the_ring_than_it_has() -> None:
    """500 kB would not fit: nobody reads the ring while BEGIN runs."""
    body = f"$s = str({SYSNAME}); for $i : 0..100 {{ print($s) }}"
    script = f"config = {{ max_strlen = 5000; perf_rb_pages = 16 }} BEGIN {{ {body} }}"
    assert run(script).output.split() == ["Linux"] * 100


@pytest.mark.parametrize(
    ("length", "shown"), [(299, "x" * 299), (300, f"{'x' * 300}.."), (301, f"{'x' * 300}..")]
)
def test_a_long_string_of_a_variable_that_was_cut_is_marked(length: int, shown: str) -> None:
    probe = f"tracepoint:syscalls:sys_enter_memfd_create /pid == {os.getpid()}/"
    script = f"config = {{ max_strlen = 300 }} {probe} {{ $s = str(args.uname); print($s) }}"
    name = ctypes.create_string_buffer(b"x" * length)

    def act() -> None:
        # Longer than a name may be: no file is made.
        assert ctypes.CDLL(None).memfd_create(name, 0) == -1

    assert run(script, during=act).output.strip("\n") == shown


def test_words_of_the_command_line() -> None:
    body = "print(str($1)); print(str($1 + 1)); print(str($1 + 4)); print($1); print(str($2))"
    assert printed(body, "word") == "word\nord\n\nword"
