"""Calls of functions on strings, bytes, addresses and names that are refused or warned of."""

from __future__ import annotations

import pytest

from script_runs import complaints, warnings_of

LITERAL = "must be a literal (what is known only when the script runs cannot stand here)"
FAIL = "(the script itself says so, by fail())"
ASSERT = "(the script itself says so, by static_assert())"
UNSUITED = (
    "the format of fail() does not suit its arguments "
    "(give one literal for every conversion: a number for %d, any for %s)"
)

MISTAKES = {
    # strings
    "$s = str(comm, -1)": "-1: the length of str() is negative (it is the most characters to read)",
    "$s = str((uint16[4])1)": (
        "(uint16[4])1: str() takes a string, but uint16[4] is no characters "
        "(str() reads the string at any address)"
    ),
    "$n = strlen(curtask)": (
        "curtask: strlen() takes a string, but struct task_struct * points to no characters "
        "(str() reads the string at any address)"
    ),
    '$n = strncmp("a", "b", pid)': f"pid: the count of strncmp() {LITERAL}",
    '$n = strncmp("a", "b", -1)': (
        "-1: the count of strncmp() is negative (it is how many characters to compare)"
    ),
    '$n = strstr("a")': (
        'strstr("a"): strstr() takes 2 arguments, not 1 (write strstr(haystack, needle))'
    ),
    # bytes
    "$b = buf(1)": (
        "buf(1): buf() needs to be told how long int8 is "
        "(write buf(address, length); only an array tells its length)"
    ),
    '$b = buf("abc")': (
        'buf("abc"): buf() needs to be told how long string[4] is '
        "(write buf(address, length); only an array tells its length)"
    ),
    '$b = buf("abc", -1)': ("-1: the length of buf() is negative (it is how many bytes to read)"),
    '$n = memcmp("abc", "abd", 5)': '5: memcmp() can use 4 bytes of "abc", not 5',
    '$n = memcmp("abc", "ab", 4)': '4: memcmp() can use 3 bytes of "ab", not 4',
    "$n = strlen((void *)1)": (
        "(void *)1: strlen() takes a string, but void * does not tell what it points to "
        "(str() reads the string at any address)"
    ),
    '$n = memcmp("a", "b", -1)': (
        "-1: the count of memcmp() is negative (it is how many bytes there are)"
    ),
    "$n = memcmp(curtask, curtask, 5000)": (
        "5000: memcmp() can use 1024 bytes of curtask, not 5000 "
        "(config = { max_strlen = 5000 } allows more)"
    ),
    'write_user(curtask, "a", 1)': (
        "write_user: write_user() may change what it traces, or the system (allow it with --unsafe)"
    ),
    # pointers
    "$p = container_of(curtask, struct task_struct, comn)": (
        "comn: struct task_struct has no member 'comn' (did you mean 'comm'?)"
    ),
    "$p = container_of(curtask, int32, x)": (
        "int32: int32 has no members (only a struct or a union contains others)"
    ),
    # network addresses
    '$a = ntop("a")': (
        '"a": an address is not the 2 bytes of string[2] '
        "(IPv4 addresses are 4 bytes, IPv6 addresses 16)"
    ),
    "$a = ntop(curtask)": (
        "curtask: struct task_struct * does not tell how long the address is "
        "(write ntop(AF_INET, address) or ntop(AF_INET6, address))"
    ),
    "$a = ntop(7, 1)": ("7: ntop() knows no address family 7 (AF_INET is 2, AF_INET6 is 10)"),
    '$a = ntop("a", 1)': (
        '"a": the family of ntop() must be a number, not string[2] (AF_INET is 2, AF_INET6 is 10)'
    ),
    '$a = pton("1.2.3")': (
        '"1.2.3": pton() takes an IPv4 or IPv6 address '
        "(an IPv4 address is four numbers with dots between them)"
    ),
    "$a = pton(comm)": f"comm: the address of pton() {LITERAL}",
    '$a = macaddr("abcdef")': (
        '"abcdef": macaddr() takes no literal '
        "(macaddr() makes text of the address in an array or behind a pointer)"
    ),
    "$a = macaddr((uint8[4])1)": (
        "(uint8[4])1: a MAC address is 6 bytes, uint8[4] is 4 "
        "(give the array that holds the whole address)"
    ),
    # symbols
    "$a = kaddr(comm)": f"comm: the symbol of kaddr() {LITERAL}",
    # what is settled when the script is compiled
    'fail("%d of %s", 1, "y")': f'fail("%d of %s", 1, "y"): 1 of y {FAIL}',
    'fail("%-4s|%03d|%x|%c|%%", "ab", 7, 255, 65)': (
        f'fail("%-4s|%03d|%x|%c|%%", "ab", 7, 255, 65): ab  |007|ff|A|% {FAIL}'
    ),
    'fail("%s %d", true, false)': f'fail("%s %d", true, false): true 0 {FAIL}',
    'fail("%d", "y")': f'fail("%d", "y"): {UNSUITED}',
    'fail("%d")': f'fail("%d"): {UNSUITED}',
    'fail("x", 1)': f'fail("x", 1): {UNSUITED}',
    'fail("%d", pid)': f"pid: the value of fail() {LITERAL}",
    'static_assert(1 == 2, "no")': f"1 == 2: no {ASSERT}",
    "static_assert(0)": f"0: it does not hold {ASSERT}",
    'static_assert(pid, "no")': f"pid: the condition of static_assert() {LITERAL}",
    '$x = getopt("a", pid)': f"pid: the default of getopt() {LITERAL}",
}

WARNINGS = {
    "$s = str(comm, 2000)": (
        "2000: str() reads at most 1023 characters (config = { max_strlen = 2001 } allows more)"
    ),
    "$b = buf(curtask, 5000)": (
        "5000: buf() reads at most 1020 bytes (config = { max_strlen = 5004 } allows more)"
    ),
}

FINE = (
    "$s = str(comm, 1023); $s = str(0); $s = str(curtask)",
    'if comptime (1 == 2) { fail("left out") }',
    'static_assert(sizeof(pid) == 4, "pid")',
    "$a = macaddr(comm); $b = ntop(10, curtask)",
    '$n = strstr("a", ""); $m = strncmp("a", "b", 0); $b = buf("a", 0)',
)


@pytest.mark.parametrize("body", MISTAKES)
def test_mistakes(body: str) -> None:
    assert complaints(body) == [MISTAKES[body]]


@pytest.mark.parametrize("body", WARNINGS)
def test_warnings(body: str) -> None:
    assert complaints(body) == []
    assert WARNINGS[body] in warnings_of(body)


@pytest.mark.parametrize("body", FINE)
def test_fine(body: str) -> None:
    assert complaints(body) == []
