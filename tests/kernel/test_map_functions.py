"""Functions on maps, on the running kernel."""

from __future__ import annotations

import pytest

from script_runs import output_of

pytestmark = pytest.mark.kernel

ROWS = {
    "find": ("@m[2] = 7; $v = 1; $f = find(@m, 2, $v); print($f); print($v)", "true\n7"),
    "find leaves the variable": (
        "@m[2] = 7; $v = 1; $f = find(@m, 3, $v); print($f); print($v)",
        "false\n1",
    ),
    "find declares its variable's type": (
        '@m[2] = (1, "hello"); let $v; if (find(@m, 2, $v)) { print($v) }',
        "(1, hello)",
    ),
    "find a string": ('@m["k"] = "value"; let $v; find(@m, "k", $v); print($v)', "value"),
    "find a negative": ("@m[1] = -5; let $v; find(@m, 1, $v); print($v)", "-5"),
    "find a bool": ("@m[1] = true; let $v; find(@m, 1, $v); print($v)", "true"),
    "find by a key of two": (
        '@m[1, "a"] = 3; let $v; if (find(@m, (1, "a"), $v)) { print($v) }',
        "3",
    ),
    "find an aggregation": (
        '@m["k"] = sum(3); @m["k"] = sum(4); let $v; print(find(@m, "k", $v)); print($v)',
        "true\n7",
    ),
    "len": ("@m[1] = 1; @m[2] = 1; @m[2] = 3; print(len(@m))", "2"),
    "len of a scalar map": ("@m = 1; print(len(@m)); delete(@m); print(len(@m))", "1\n0"),
    "len of nothing": ("@m[1] = 1; delete(@m, 1); print(len(@m))", "0"),
    "has_key by a key of two": (
        '@m[1, "a"] = 1; print(has_key(@m, (1, "a"))); print(has_key(@m, (1, "b")))',
        "true\nfalse",
    ),
    "delete by a key of two": (
        '@m[1, "a"] = 1; $one = delete(@m, (1, "a")); $two = delete(@m[1, "a"]);'
        "print(($one, $two))",
        "(true, false)",
    ),
    "delete a scalar map": ("@m = 5; print(delete(@m)); print(delete(@m))", "true\nfalse"),
    "print the greatest": (
        "@m[1] = 30; @m[2] = 10; @m[3] = 20; print(@m, 2)",
        "@m[3]: 20\n@m[1]: 30",
    ),
    "print divided": ("@m[1] = 30; @m[2] = -10; print(@m, 5, 3)", "@m[2]: -3\n@m[1]: 10"),
    "print an entry": ("@m[1] = 30; print(@m[1]); print(@m[2])", "30\n0"),
    "print then clear": (
        "@m[1] = 1; print(@m); clear(@m); @m[2] = 2; print(@m)",
        "@m[1]: 1\n@m[2]: 2",
    ),
    "zero": (
        '@m["a"] = "text"; @n[1] = 3; zero(@m); zero(@n); print(@m); print(@n)',
        "@m[a]: \n@n[1]: 0",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_prints(name: str) -> None:
    body, expected = ROWS[name]
    assert output_of(body) == expected
