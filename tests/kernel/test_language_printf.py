"""`printf`: every conversion, its flags, width, precision and lengths, on every type."""

from __future__ import annotations

import pytest
from language_cases import mistakes, printed, run

pytestmark = pytest.mark.kernel

ROWS = {
    "integers": ('"%d %i %u %x %X %o", -1, -2, -3, 255, 255, 8', "-1 -2 4294967293 ff FF 10"),
    "32 bits without a length": (
        '"%x %d %u", 0x12345678abcdef, 3000000000, 3000000000',
        "78abcdef -1294967296 3000000000",
    ),
    "lengths": (
        (
            '"%lx %llx %hx %hhx", 0x12345678abcdef, 0x12345678abcdef, 0x12345678abcdef, '
            "0x12345678abcdef"
        ),
        "12345678abcdef 12345678abcdef cdef ef",
    ),
    "signed lengths": (
        '"%hhd %hd %ld %lld %hhu %hu", 200, 40000, -1, -1, -1, -1',
        "-56 -25536 -1 -1 255 65535",
    ),
    "more lengths": (
        '"%jd %zu %td", 1 << 40, 1 << 40, 1 << 40',
        "1099511627776 1099511627776 1099511627776",
    ),
    "unsigned 64": ('"%llu %lu", (uint64)-1, -1', "18446744073709551615 18446744073709551615"),
    "small types": (
        '"%d %d %d %x %x", (int8)-1, (uint8)255, (uint16)65535, (int8)-1, (int16)-1',
        "-1 255 65535 ffffffff ffffffff",
    ),
    "small types extended": ('"%lld %llx", (int32)-1, (int8)-1', "-1 ffffffffffffffff"),
    "width": ('"[%5d][%-5d][%05d]", 42, 42, 42', "[   42][42   ][00042]"),
    "width of negative": ('"[%6d][%-6d][%06d]", -42, -42, -42', "[   -42][-42   ][-00042]"),
    "signs": ('"[%+d][% d][%+6d][%-+6d]", 42, 42, 42, 42', "[+42][ 42][   +42][+42   ]"),
    "alternate forms": (
        '"%#x %#X %#o %#x %#010x", 255, 255, 8, 0, 255',
        "0xff 0XFF 010 0 0x000000ff",
    ),
    "width from an argument": ('"[%*d][%-*d][%*s]", 5, 42, 5, 42, 4, "ab"', "[   42][42   ][  ab]"),
    "precision of integers": ('"[%.5d][%8.3d][%.*d]", 42, 7, 5, 42', "[00042][     007][00042]"),
    "width of hexadecimal": ('"%08x|%16llx|", 255, 255', "000000ff|              ff|"),
    "characters": ('"%c%c|%3c|%-3c|", 72, 105, 65, 66', "Hi|  A|B  |"),
    "pointers": ('"%p %p %p", 4096, 0, (uint64)-1', "0x1000 0x0 0xffffffffffffffff"),
    "pointers of width": ('"%10p|%-10p|", 4096, 4096', "    0x1000|0x1000    |"),
    "a pointer by other conversions": (
        '"%d %x %s %p", (int8*)16, (int8*)16, (int8*)16, (int8*)16',
        "16 10 0x10 0x10",
    ),
    "bool": ('"%d %s %s %5s|", true, true, 1 == 2, true', "1 true false  true|"),
    "strings": ('"[%s][%5s][%-5s]", "abc", "abc", "abc"', "[abc][  abc][abc  ]"),
    "precision of strings is ignored": (
        '"[%.2s][%-10.2s][%10.10s]", "abc", "abc", "abc"',
        "[abc][abc       ][       abc]",
    ),
    "strings of other types": (
        '"%s %s %s %s", 5, -5, (uint64)-1, (int8*)16',
        "5 -5 18446744073709551615 0x10",
    ),
    "tuples": ('"%s %s %s", (1, "x"), (1, (2, 3)), ()', "(1, x) (1, (2, 3)) ()"),
    "tuples of width": ('"[%10s][%-10s]", (1, 2), (1, 2)', "[    (1, 2)][(1, 2)    ]"),
    "records": ('"%s", (a = 1, b = "x")', "{ .a = 1, .b = x }"),
    "arrays": ('"%s", (uint8[4])(uint32)0x04030201', "[1,2,3,4]"),
    "enums": (
        (
            '"%s %d %5d|%-20s|", BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_HASH, '
            "BPF_MAP_TYPE_HASH"
        ),
        "BPF_MAP_TYPE_HASH 1     1|BPF_MAP_TYPE_HASH   |",
    ),
    "buffers": (
        '"%r|%rx|%rh", buf("a\\x01\\xff", 3), buf("a\\x01\\xff", 3), buf("a\\x01\\xff", 3)',
        "a\\x01\\xff|\\x61\\x01\\xff|61 01 ff",
    ),
    "buffers as strings": ('"%s", buf("ab\\x00", 3)', "ab\\x00"),
    "GFP flags": ('"%gr %gr", 0xcc0, 0xcc0 | 0x100', "GFP_KERNEL GFP_KERNEL|__GFP_ZERO"),
    "percent": ('"100%% %d%%", 5', "100% 5%"),
    "nothing to convert": ('"plain"', "plain"),
    "adjacent conversions": ('"%d%s%d%%%c", 1, "x", 2, 65', "1x2%A"),
    "text right after a conversion": ('"%dms %lluus %xh", 1, 2, 3', "1ms 2us 3h"),
    "escapes": (r'"a\tb\\\"\x41\101 \033[1m"', 'a\tb\\"AA \x1b[1m'),
    "unicode": ('"%s [%5s] é漢", "é", "é"', "é [   é] é漢"),
    "many arguments": (
        f'"{"%d " * 40}|", {", ".join(map(str, range(40)))}',
        " ".join(map(str, range(40))) + " |",
    ),
    "long strings": (f'"%s", "{"x" * 600}"', "x" * 600),
    "several long strings": (
        f'"%s %s %s", "{"x" * 300}", "{"y" * 300}", "{"z" * 300}"',
        f"{'x' * 300} {'y' * 300} {'z' * 300}",
    ),
    "ternaries": ('"%s %d", pid > 0 ? "yes" : "n", pid > 0 ? 5 : 300', "yes 5"),
    "built-ins": ('"%d %s", pid > 0, probe', "1 begin"),
    "expressions": ('"%d %d %d", 1 + 2 * 3, ~0, !5', "7 -1 0"),
}

MISTAKES = {
    "too few": (
        'printf("%d %s", 1)',
        ['printf("%d %s", 1): the format takes 2 arguments, 1 given'],
    ),
    "too many": (
        'printf("%d", 1, 2)',
        ['printf("%d", 1, 2): the format takes 1 argument, 2 given'],
    ),
    "a missing width": (
        'printf("%*d", 1)',
        ['printf("%*d", 1): the format takes 2 arguments, 1 given'],
    ),
    "a string as a number": (
        'printf("%d", "x")',
        ['"x": the conversion takes an integer, a bool or a pointer, not string[2]'],
    ),
    "a string as a character": (
        'printf("%c", "x")',
        ['"x": the conversion takes an integer, a bool or a pointer, not string[2]'],
    ),
    "a tuple as a number": (
        'printf("%d", (1, 2))',
        ["(1, 2): the conversion takes an integer, a bool or a pointer, not (int8,int8)"],
    ),
    "a string as a buffer": (
        'printf("%r", "x")',
        ['"x": the conversion takes a buffer or an array of integers, not string[2]'],
    ),
    "floating point": (
        'printf("%f", 1)',
        ['"%f": in the format, %f prints floating point, which scripts do not have'],
    ),
    "a variable as the format": (
        '$f = "%d"; printf($f, 1)',
        ["$f: the format of printf() must be a literal"],
    ),
    "a number as the format": (
        "printf(5)",
        ["5: the format of printf() must be a string, not int8"],
    ),
    "no format": ("printf()", ["printf(): printf() takes at least 1 argument, not 0"]),
    "a statement as an argument": ('printf("%d", print(1))', ["print(1): print(1) gives no value"]),
    "a histogram": (
        '@h = hist(1); printf("%s", @h)',
        ["@h: @h is a hist, which cannot be read as a value"],
    ),
    "its value": ('$x = printf("a")', ['printf("a"): printf("a") gives no value']),
}

PRINTS = {
    "integers": (
        "print(5); print(-5); print((uint64)-1); print((int8)-1)",
        "5\n-5\n18446744073709551615\n-1",
    ),
    "strings": (r'print("text"); print(""); print("two\nlines")', "text\n\ntwo\nlines"),
    "bool": ("print(true); print(1 == 2)", "true\nfalse"),
    "pointers": ("print((int8*)16); print((int8*)0)", "0x10\n0x0"),
    "tuples": ('print((1, "b", true, (2, 3))); print(())', "(1, b, true, (2, 3))\n()"),
    "records": ('print((a = 1, b = (c = "x")))', "{ .a = 1, .b = { .c = x } }"),
    "arrays": (
        "print((uint16[2])(uint32)0x20001); print(((uint8[2])(uint16)1, 5))",
        "[1,2]\n([1,0], 5)",
    ),
    "enums": ("print(BPF_MAP_TYPE_HASH)", "BPF_MAP_TYPE_HASH"),
    "an expression": ("print(1 + 2); print({ 5 }); print(pid == pid ? 1 : 2)", "3\n5\n1"),
    "colours": (r'print("\033[31mRed\033[0m")', "\x1b[31mRed\x1b[0m"),
}


@pytest.mark.parametrize("name", ROWS)
def test_printf(name: str) -> None:
    arguments, expected = ROWS[name]
    assert printed(f'printf({arguments}); printf("\\n")') == expected


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str) -> None:
    body, expected = MISTAKES[name]
    assert mistakes(f"BEGIN {{ {body} }}") == expected


@pytest.mark.parametrize("name", PRINTS)
def test_print(name: str) -> None:
    body, expected = PRINTS[name]
    assert printed(body) == expected


def test_no_newline_is_added() -> None:
    assert run('BEGIN { printf("a"); printf(""); printf("b\\n"); }').output == "ab\n\n\n"


def test_positional_parameters() -> None:
    assert printed('printf("%d %s %s %d\\n", $1, str($2), $2, $3)', "5", "word") == "5 word word 0"
