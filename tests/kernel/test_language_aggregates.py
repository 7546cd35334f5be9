"""Aggregations: what they count, how they are printed, read and compared; histograms."""

from __future__ import annotations

import pytest
from language_cases import mistakes, printed, run

pytestmark = pytest.mark.kernel


def bars(*rows: tuple[str, int]) -> str:
    """The rows of a histogram, whose greatest fills 52 characters."""
    top = max(count for _, count in rows)
    return "".join(
        f"{label:<16}{count:>8} |{'@' * (52 * count // top):<52}|\n" for label, count in rows
    )


BODIES = {
    "count": ("@c = count(); @c = count(); print(@c); clear(@c)", "@c: 2"),
    "count by key": (
        '@c["a"] = count(); @c["b"] = count(); @c["b"] = count(); print(@c); clear(@c)',
        "@c[a]: 1\n@c[b]: 2",
    ),
    "count without parentheses": ("@c = count; @c = count; print(@c); clear(@c)", "@c: 2"),
    "sum": ("@s = sum(5); @s = sum(-7); print(@s); clear(@s)", "@s: -2"),
    "sum of unsigned": (
        "@s = sum((uint64)1 << 63); print(@s); clear(@s)",
        "@s: 9223372036854775808",
    ),
    "sum of bool": ("@s = sum(1 == 1); @s = sum(2 == 2); print(@s); clear(@s)", "@s: 2"),
    "avg": ("@a = avg(5); @a = avg(10); print(@a); clear(@a)", "@a: 7"),
    "avg of negative": ("@a = avg(-5); @a = avg(-8); print(@a); clear(@a)", "@a: -6"),
    "min and max": (
        (
            "@a = min(5); @a = min(-3); @a = min(9); @b = max(-5); @b = max(-3); print(@a); "
            "print(@b); clear(@a); clear(@b)"
        ),
        "@a: -3\n@b: -3",
    ),
    "max of what is negative only": ("@b = max(-5); print(@b); clear(@b)", "@b: -5"),
    "min of what is positive only": ("@b = min(5); print(@b); clear(@b)", "@b: 5"),
    "max of unsigned": (
        "@a = max((uint64)-1); @a = max((uint64)5); print(@a); clear(@a)",
        "@a: 18446744073709551615",
    ),
    "max of unsigned and a literal": (
        "@a = max((uint64)-1); @a = max(5); print(@a); clear(@a)",
        "@a: 18446744073709551615",
    ),
    "min of unsigned": (
        "@a = min((uint64)-1); @a = min((uint64)-2); print(@a); clear(@a)",
        "@a: 18446744073709551614",
    ),
    "stats": (
        "@s = stats(5); @s = stats(8); print(@s); clear(@s)",
        "@s: { .count = 2, .average = 6, .total = 13 }",
    ),
    "stats by key": (
        '@s["a"] = stats(4); @s["b"] = stats(2); print(@s); clear(@s)',
        (
            "@s[b]: { .count = 1, .average = 2, .total = 2 }\n"
            "@s[a]: { .count = 1, .average = 4, .total = 4 }"
        ),
    ),
    "stats of negative": (
        "@s = stats(-5); @s = stats(-8); print(@s); clear(@s)",
        "@s: { .count = 2, .average = -6, .total = -13 }",
    ),
    "read": (
        (
            "@c = count(); @s = sum(5); @a = avg(3); @m = min(2); @x = max(9); "
            "print((@c, @s, @a, @m, @x)); clear(@c); clear(@s); clear(@a); clear(@m); clear(@x)"
        ),
        "(1, 5, 3, 2, 9)",
    ),
    "read of an entry": (
        '@c["a"] = count(); $n = @c["a"]; print($n + 1); print(@c["b"]); clear(@c)',
        "2\n0",
    ),
    "cast": ("@c = count(); @c = count(); print((int64)@c); print((uint8)@c); clear(@c)", "2\n2"),
    "compared": (
        (
            "@c = count(); if (@c == 1) { print(1) } if @c > 0 { print(2) } @m = max(5); "
            "print(@m < @c); clear(@c); clear(@m)"
        ),
        "1\n2\nfalse",
    ),
    "as a condition": ('@c = count(); if (@c) { print("counted") } clear(@c)', "counted"),
    "in arithmetic": (
        "@s = sum(6); print(@s * 7); print(-@s); print(@s / 4); clear(@s)",
        "42\n-6\n1",
    ),
    "in printf": (
        '@c = count(); @a = avg(7); printf("%d %s %lld\\n", @c, @a, @a); clear(@c); clear(@a)',
        "1 7 7",
    ),
    "in a tuple": ("@c[1] = count(); print((@c[1], 5)); clear(@c)", "(1, 5)"),
    "as a key": ("@c = count(); @m[@c] = 5; print(@m); clear(@c); clear(@m)", "@m[1]: 5"),
    "into another map": ("@c = count(); @m = @c; @m++; print(@m); clear(@c); clear(@m)", "@m: 2"),
    "top and div": (
        "@c[1] = sum(10); @c[2] = sum(30); @c[3] = sum(20); print(@c, 2, 10); clear(@c)",
        "@c[3]: 2\n@c[2]: 3",
    ),
    "top of averages": (
        "@c[1] = avg(10); @c[2] = avg(30); @c[3] = avg(20); print(@c, 1); clear(@c)",
        "@c[2]: 30",
    ),
    "zero": (
        (
            "@c[1] = count(); @s[1] = stats(5); zero(@c); zero(@s); print(@c); print(@s); "
            "clear(@c); clear(@s)"
        ),
        "@c[1]: 0\n@s[1]: { .count = 0, .average = 0, .total = 0 }",
    ),
    "delete": ("@c[1] = count(); delete(@c, 1); print(len(@c)); print(@c[1])", "0\n0"),
    "has_key": (
        "@c[1] = count(); print(has_key(@c, 1)); print(has_key(@c, 2)); clear(@c)",
        "true\nfalse",
    ),
    "counting in a loop": (
        "for $i : 0..1000 { @c[$i % 3] = count() } print(@c); clear(@c)",
        "@c[1]: 333\n@c[2]: 333\n@c[0]: 334",
    ),
    "cleared and counted on": ("@c = count(); print(@c); clear(@c); print(@c)", "@c: 1\n@c: 0"),
}

HISTOGRAMS = {
    "hist": (
        "@ = hist(-1); @ = hist(0); @ = hist(1); @ = hist(3); @ = hist(3)",
        bars(("(..., 0)", 1), ("[0]", 1), ("[1]", 1), ("[2, 4)", 2)),
    ),
    "gaps are shown": (
        "@ = hist(1); @ = hist(8)",
        bars(("[1]", 1), ("[2, 4)", 0), ("[4, 8)", 0), ("[8, 16)", 1)),
    ),
    "suffixes": (
        "@ = hist(1023); @ = hist(1024); @ = hist(2048)",
        bars(("[512, 1K)", 1), ("[1K, 2K)", 1), ("[2K, 4K)", 1)),
    ),
    "larger suffixes": ("@ = hist(1 << 20)", bars(("[1M, 2M)", 1))),
    "the largest": ("@ = hist(0x7fffffffffffffff)", bars(("[4E, 8E)", 1))),
    "two bits": (
        "@ = hist(5, 2); @ = hist(7, 2); @ = hist(9, 2)",
        bars(("[5]", 1), ("[6]", 0), ("[7]", 1), ("[8, 10)", 1)),
    ),
    "five bits": ("@ = hist(1000000, 5)", bars(("[976K, 992K)", 1))),
    "zero bits": ("@ = hist(5, 0)", bars(("[4, 8)", 1))),
    "lhist": (
        "@ = lhist(5, 0, 10, 2); @ = lhist(0, 0, 10, 2)",
        bars(("[0, 2)", 1), ("[2, 4)", 0), ("[4, 6)", 1)),
    ),
    "lhist outside": (
        "@ = lhist(-1, 0, 4, 2); @ = lhist(4, 0, 4, 2); @ = lhist(100, 0, 4, 2)",
        bars(("(..., 0)", 1), ("[0, 2)", 0), ("[2, 4)", 0), ("[4, ...)", 2)),
    ),
    "lhist below zero": (
        "@ = lhist(-5, -10, 10, 5); @ = lhist(-11, -10, 10, 5)",
        bars(("(..., -10)", 1), ("[-10, -5)", 0), ("[-5, 0)", 1)),
    ),
    "lhist suffixes": ("@ = lhist(2048, 0, 10240, 1024)", bars(("[2K, 3K)", 1))),
    "lhist without suffixes": ("@ = lhist(2000, 0, 10000, 1000)", bars(("[2000, 3000)", 1))),
    "cut bars": (
        "@ = hist(1); @ = hist(1); @ = hist(1); @ = hist(2)",
        bars(("[1]", 3), ("[2, 4)", 1)),
    ),
}

MISTAKES = {
    "count of something": ("@a = count(5)", ["count(5): count() takes no arguments, not 1"]),
    "sum of nothing": ("@a = sum()", ["sum(): sum() takes 1 argument, not 0"]),
    "sum of a string": (
        '@a = sum("x")',
        ['"x": the value of sum() must be a number, not string[2]'],
    ),
    "two functions": (
        "@a = count(); @a = sum(1)",
        ["sum(1): @a is count_t (since stdin:1:9), but this is sum_t"],
    ),
    "then a number": (
        "@a = count(); @a = 1",
        ["1: @a is count_t (since stdin:1:9), but this is int8"],
    ),
    "an increment": ("@a = count(); @a++", ["@a++: '++' needs a number, not count_t"]),
    "in a variable": ("$a = count()", ["count(): count() can only be assigned to a map"]),
    "in an expression": ("print(count())", ["count(): count() can only be assigned to a map"]),
    "hist as a value": (
        "@a = hist(1); $x = @a",
        ["@a: @a is a hist, which cannot be read as a value"],
    ),
    "stats as a value": (
        "@a = stats(1); $x = @a",
        ["@a: @a is a stats, which cannot be read as a value"],
    ),
    "one histogram of many": (
        "@a[1] = hist(1); print(@a[1])",
        ["@a[1]: @a[1] is a hist, which cannot be read as a value"],
    ),
    "hist with six bits": ("@a = hist(1, 6)", ["6: the bits of hist() must be 0 to 5"]),
    "hist with other bits": (
        "@a = hist(1, 2); @a = hist(1, 3)",
        ["hist(1, 3): @a is hist(…, 2) (since stdin:1:9), but this is hist(…, 3)"],
    ),
    "lhist without a step": (
        "@a = lhist(1, 0, 10)",
        ["lhist(1, 0, 10): lhist() takes 4 arguments, not 3"],
    ),
    "lhist with a step of zero": (
        "@a = lhist(1, 0, 10, 0)",
        ["0: the step of lhist() must be at least 1, not 0"],
    ),
    "lhist upside down": (
        "@a = lhist(1, 10, 0, 1)",
        ["lhist(1, 10, 0, 1): the minimum of lhist() must be below the maximum: 10, 0"],
    ),
    "lhist too fine": (
        "@a = lhist(1, 0, 10000, 1)",
        ["lhist(1, 0, 10000, 1): lhist() would have 10000 buckets, more than 1000"],
    ),
    "lhist by a variable": (
        "$x = 5; @a = lhist(1, 0, $x, 1)",
        ["$x: the max of lhist() must be a literal"],
    ),
    "lhist with other bounds": (
        "@a = lhist(1, 0, 10, 1); @a = lhist(1, 0, 20, 1)",
        [
            (
                "lhist(1, 0, 20, 1): @a is lhist(…, 0, 10, 1) (since stdin:1:9), but this is "
                "lhist(…, 0, 20, 1)"
            ),
        ],
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_body(name: str) -> None:
    body, expected = BODIES[name]
    assert printed(body) == expected


@pytest.mark.parametrize("name", HISTOGRAMS)
def test_histogram(name: str) -> None:
    body, expected = HISTOGRAMS[name]
    assert printed(f"{body}; print(@); clear(@)") == f"@:\n{expected}".strip("\n")


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str) -> None:
    body, expected = MISTAKES[name]
    assert mistakes(f"BEGIN {{ {body} }}") == expected


def test_histograms_of_keys_are_sorted_by_their_totals() -> None:
    body = '@["b"] = hist(1); @["a"] = hist(5); @["a"] = hist(5); print(@); print(@, 1); clear(@)'
    b, a = f"@[b]:\n{bars(('[1]', 1))}\n", f"@[a]:\n{bars(('[4, 8)', 2))}\n"
    assert printed(body) == f"{b}{a}{a}".strip("\n")


def test_what_is_printed_at_the_end() -> None:
    script = "BEGIN { @c = count(); @h = hist(1); @l[2] = lhist(1, 0, 2, 1); @s = stats(3); }"
    row = bars(("[1]", 1)) + "\n"
    stats = "@s: { .count = 1, .average = 3, .total = 3 }\n"
    assert run(script).output == f"\n\n@c: 1\n@h:\n{row}@l[2]:\n{row}{stats}"
