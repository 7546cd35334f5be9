"""Block scopes of variables."""

from __future__ import annotations

import pytest

from lang_cases import parsed
from seismo.lang.scope import resolve_variables


def resolved(body: str) -> tuple[list[str], list[str]]:
    """The storage of every variable node in the order in which it is met, and what is said."""
    script, diagnostics = parsed(body if body.startswith("BEGIN") else f"BEGIN {{ {body} }}")
    diagnostics.stop_on_errors()
    scopes = resolve_variables(script.probes[0])
    ordered = sorted(scopes.storage.items(), key=lambda item: item[0].span.start)
    return [name for _, name in ordered], [
        f"{one.span.location.column}: {one.message}" + (f" ({one.hint})" if one.hint else "")
        for one in scopes.misuses.values()
    ]


def test_disjoint_blocks_have_their_own_variables() -> None:
    names, said = resolved("if 1 { $x = 1; f($x) } else { $x = 2; f($x) } $x = 3; { f($x) }")
    assert names == ["$x", "$x", "$x.2", "$x.2", "$x.3", "$x.3"]
    assert said == []


def test_an_inner_block_sets_the_outer_variable() -> None:
    names, said = resolved("$x = 1; if $x { $x = 2; { $x += 3 } } f($x)")
    assert set(names) == {"$x"}
    assert said == []


def test_let_declares_without_a_value() -> None:
    names, said = resolved("let $x; if 1 { $x = 2 } f($x)")
    assert names == ["$x", "$x", "$x"]
    assert said == []


def test_a_value_of_a_let_is_looked_at_before_the_variable_is_there() -> None:
    names, said = resolved("let $x: typeof($y) = 1; $z = { let $q = 1; $q }; $z")
    assert said == ["24: $y is used before it is set (set it first: $y = 0)"]
    assert names == ["$x", "$z", "$q", "$q", "$z"]


def test_loops_have_variables_of_their_own() -> None:
    names, said = resolved("for $i : 0..3 { $x = $i } for $i : 0..3 { $x = $i } @m[1] = 1")
    assert names == ["$i", "$x", "$i", "$i.2", "$x.2", "$i.2"]
    assert said == []


def test_blocks_in_expressions_are_scopes() -> None:
    names, said = resolved("f({ $x = 1; $x + 1 }, { $x = 2; $x })")
    assert names == ["$x", "$x", "$x.2", "$x.2"]
    assert said == []


def test_parameters_are_there_in_the_body() -> None:
    script, diagnostics = parsed("fn f($a: int64, $b: int64) { $c = $a; { $b = 1 } } BEGIN { }")
    diagnostics.stop_on_errors()
    scopes = resolve_variables(script.functions[0])
    ordered = sorted(scopes.storage.items(), key=lambda item: item[0].span.start)
    assert [name for _, name in ordered] == ["$a", "$b", "$c", "$a", "$b"]
    assert not scopes.misuses


_JUMP = "stands in no loop (to end the run of the probe, write return)"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("f($x)", ["11: $x is used before it is set (set it first: $x = 0)"]),
        ("$x = $x + 1", ["14: $x is used before it is set (set it first: $x = 0)"]),
        ("$x += 1", ["9: $x is used before it is set (set it first: $x = 0)"]),
        ("$x++", ["9: $x is used before it is set (set it first: $x = 0)"]),
        (
            "@m[$k] = $v",
            [
                "12: $k is used before it is set (set it first: $k = 0)",
                "18: $v is used before it is set (set it first: $v = 0)",
            ],
        ),
        ("if $c { }", ["12: $c is used before it is set (set it first: $c = 0)"]),
        ("BEGIN / $c / { }", ["9: $c is used before it is set (set it first: $c = 0)"]),
        (
            "if 1 { $x = 1 } f($x)",
            [
                "27: $x is used before it is set "
                "(it is set in a block that has ended: write 'let $x;' before it)"
            ],
        ),
        (
            "$count = 1; f($cuont)",
            ["23: $cuont is used before it is set (did you mean '$count'?)"],
        ),
        ("$x = 1; let $x = 2", ["21: $x exists already (leave out 'let' to set $x)"]),
        ("$x = 1; { let $x; }", ["23: $x exists already (leave out 'let' to set $x)"]),
        (
            "$x = 1; for $x : 0..1 { }",
            ["21: $x exists already (give the loop's variable a name of its own)"],
        ),
        ("break", [f"9: 'break' {_JUMP}"]),
        ("if 1 { continue }", [f"16: 'continue' {_JUMP}"]),
        ("unroll (2) { break }", [f"22: 'break' {_JUMP}"]),
        ("for $i : 0..1 { unroll (2) { if 1 { break } } }", []),
        ("while (1) { continue } break", [f"32: 'break' {_JUMP}"]),
    ],
)
def test_mistakes(body: str, said: list[str]) -> None:
    assert resolved(body)[1] == said
