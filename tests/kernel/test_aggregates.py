"""Aggregations on the running kernel: what they print, what scripts read."""

from __future__ import annotations

import pytest

from script_runs import output_of

pytestmark = pytest.mark.kernel

ROWS = {
    "count": ("@ = count(); @ = count(); print(@)", "@: 2"),
    "count by keys": (
        '@["a", 1] = count(); @["b", 2] = count(); @["a", 1] = count(); print(@)',
        "@[b, 2]: 1\n@[a, 1]: 2",
    ),
    "sum": ("@ = sum(5); @ = sum(6); print(@)", "@: 11"),
    "sum of negatives": ("@ = sum(-5); @ = sum(2); print(@)", "@: -3"),
    "sum of uint64": (
        "@ = sum((uint64)1 << 63); @ = sum((uint64)1); print(@)",
        "@: 9223372036854775809",
    ),
    "min": ("@ = min(5); @ = min(3); @ = min(9); print(@)", "@: 3"),
    "min keeps the first": ("@ = min(1000); print(@)", "@: 1000"),
    "min of negatives": ("@ = min(5); @ = min(-3); print(@)", "@: -3"),
    "min of unsigned": (
        "@ = min((uint64)0xffffffffffffffff); @ = min((uint64)7); print(@)",
        "@: 7",
    ),
    "min of several types": ("@ = min(pid); @ = min(-1); @ = min(tid); print(@)", "@: -1"),
    "max": ("@ = max(5); @ = max(3); @ = max(9); print(@)", "@: 9"),
    "max keeps a first negative": ("@ = max(-7); print(@)", "@: -7"),
    "max of unsigned": (
        "@ = max((uint64)7); @ = max((uint64)0xffffffffffffffff); print(@)",
        "@: 18446744073709551615",
    ),
    "avg": ("@ = avg(2); @ = avg(4); @ = avg(9); print(@)", "@: 5"),
    "avg of negatives": ("@ = avg(-2); @ = avg(-5); print(@)", "@: -3"),
    "stats": (
        "@ = stats(2); @ = stats(4); @ = stats(9); print(@)",
        "@: { .count = 3, .average = 5, .total = 15 }",
    ),
    "stats by key": (
        "@[1] = stats(-4); @[2] = stats(7); print(@)",
        "@[1]: { .count = 1, .average = -4, .total = -4 }\n"
        "@[2]: { .count = 1, .average = 7, .total = 7 }",
    ),
    "read in the kernel": (
        "@c = count(); @s = sum(-3); @l = min(4); @l = min(-4); @g = max(2); @a = avg(3);"
        '@a = avg(-8); printf("%d %d %d %d %d\\n", @c, @s, @l, @g, @a)',
        "1 -3 -4 2 -2",
    ),
    "read as a number": ('@ = sum(5); if (@ > 4) { printf("%d\\n", (int64)@ + 1) }', "6"),
    "one value of a keyed aggregation": (
        '@["k"] = max(3); print(@["k"]); print((1, @["k"]))',
        "3\n(1, 3)",
    ),
    "clear": ("@ = count(); clear(@); print(@)", "@: 0"),
    "zero": ("@[1] = sum(4); zero(@); print(@)", "@[1]: 0"),
    "delete": ("@[1] = count(); delete(@, 1); @[2] = count(); print(@)", "@[2]: 1"),
    "top and div": (
        "@[1] = sum(10); @[2] = sum(30); @[3] = sum(20); print(@, 2, 10)",
        "@[3]: 2\n@[2]: 3",
    ),
    "wider than a key of the stack": (
        '@[comm, str("a long key on the stack"), (1, 2, 3)] = avg(4);'
        "for ($kv : @) { print($kv.1) }",
        "4",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_prints(name: str) -> None:
    body, expected = ROWS[name]
    assert output_of(body) == expected


def test_min_of_nothing_is_zero() -> None:
    assert output_of('if (ncpus == 0) { @ = min(5) } print(@); printf("%d\\n", @)') == "@: 0\n0"
